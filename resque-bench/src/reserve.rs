//! A push and a reservation without a worker.

use std::time::Duration;

use resque::{Clock, QueueList, Settlement, SystemClock, WorkerId};

use crate::Failure;
use crate::enqueue::Noop;
use crate::ledger::Ledger;
use crate::measure::{Measured, Stopwatch};
use crate::target::{QUEUE, Target};

/// Pushes a job every 20 ms and reserves it, by the very calls that a client and a worker make, but
/// one after the other on one task: nobody waits, is woken or hands anything over. What a worker
/// needs beyond this is its own.
pub(crate) async fn push_and_reserve(target: &Target, jobs: usize) -> Result<Measured, Failure> {
    let queues = target.backend.queues();
    let slot = [WorkerId::compose(
        "bench",
        "token",
        std::process::id(),
        0,
        QUEUE,
    )?];
    let from: QueueList = QUEUE.parse()?;
    let clock = SystemClock::new();
    let ledger = Ledger::new(jobs);
    let mut samples = Vec::with_capacity(jobs);
    let watch = Stopwatch::start();
    for number in 0..jobs {
        clock.sleep(Duration::from_millis(20)).await;
        let called = clock.monotonic();
        target.client.enqueue(&Noop(number)).await?;
        let given = queues.exchange(&[], &slot, &from, clock.now()).await?;
        samples.push(clock.monotonic().saturating_sub(called));
        let job = given.reserved.into_iter().next();
        let done = [Settlement::done(
            job.ok_or("the job was not given")?.receipt,
        )];
        queues.exchange(&done, &[], &from, clock.now()).await?;
        ledger.note(number);
    }
    target
        .backend
        .workers()
        .unregister(&slot.map(resque::Leaving::new))
        .await?;
    Ok(Measured {
        jobs,
        elapsed: watch.elapsed(),
        samples,
        lost: ledger.lost(),
        duplicated: ledger.duplicated(),
        cpu: None,
        pages: None,
    })
}
