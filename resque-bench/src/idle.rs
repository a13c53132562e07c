//! What a worker takes while there is nothing to do.

use std::time::Duration;

use resque::{Clock, SystemClock, Worker};

use crate::Failure;
use crate::enqueue::Noop;
use crate::ledger::Ledger;
use crate::measure::{Measured, Stopwatch, processor_time};
use crate::options::Options;
use crate::target::{QUEUE, Target};
use crate::work::Running;

/// Lets a worker idle and reads this process's own figures.
pub(crate) async fn watch(target: &Target, options: &Options) -> Result<Measured, Failure> {
    let worker = Worker::builder(target.backend.clone())
        .queues(QUEUE)
        .concurrency(options.concurrency)
        .register::<Noop>()
        .state(Ledger::new(0))
        .build()?;
    let running = Running::start(worker);
    let clock = SystemClock::new();
    // Starting up is not idling.
    clock.sleep(Duration::from_secs(1)).await;
    let before = processor_time();
    let watch = Stopwatch::start();
    clock.sleep(Duration::from_secs(options.seconds)).await;
    let elapsed = watch.elapsed();
    let cpu = processor_time()
        .zip(before)
        .map(|(after, before)| after.saturating_sub(before));
    running.stop().await?;
    Ok(Measured {
        elapsed,
        cpu,
        ..Measured::default()
    })
}
