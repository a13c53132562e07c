//! Working jobs off in processes of their own.

use std::time::Duration;

use resque::isolation::{Child, Processes};
use resque::{Clock, Handlers, SystemClock, Worker};

use crate::Failure;
use crate::enqueue::fill;
use crate::measure::{Measured, Stopwatch};
use crate::target::{QUEUE, Target};
use crate::work::Running;

/// What a child performs: jobs that do nothing, not even note their number, which only this process
/// could count.
pub(crate) async fn child() -> resque::Result<Child> {
    let handlers = Handlers::new().register_fn("Noop", |_: (usize,), _| async { Ok(()) });
    Ok(Child::new(handlers))
}

/// Works jobs off that were put in beforehand, from the start of the first child until the last job
/// is settled in the store.
pub(crate) async fn drain(
    target: &Target,
    jobs: usize,
    slots: usize,
    jobs_per_child: u32,
) -> Result<Measured, Failure> {
    let worker = Worker::builder(target.backend.clone())
        .queues(QUEUE)
        .concurrency(slots)
        .isolation(Processes::new().jobs_per_child(jobs_per_child))
        .build()?;
    let stats = target.client.stats()?;
    let processed_before = stats.get("processed").await?;
    let wanted = processed_before + i64::try_from(jobs)?;
    fill(target, jobs, 1_000).await?;

    let watch = Stopwatch::start();
    let running = Running::start(worker);
    let clock = SystemClock::new();
    while stats.get("processed").await? < wanted {
        clock.sleep(Duration::from_millis(2)).await;
    }
    let elapsed = watch.elapsed();

    let report = running.stop().await?;
    Ok(Measured {
        jobs,
        elapsed,
        // What a child did not perform has failed.
        lost: usize::try_from(report.failed)?,
        duplicated: usize::try_from(report.processed)?.saturating_sub(jobs),
        ..Measured::default()
    })
}
