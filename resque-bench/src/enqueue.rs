//! Putting jobs in.

use futures::future::try_join_all;
use resque::{Client, Job, JobContext, JobResult, Page};
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::ledger::Ledger;
use crate::measure::{Measured, Stopwatch};
use crate::target::{QUEUE, Target};

/// The job of all workloads: it knows its number and does nothing.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Noop(pub(crate) usize);

impl Job for Noop {
    const CLASS: &'static str = "Noop";
    const QUEUE: &'static str = QUEUE;

    async fn perform(self, context: &JobContext) -> JobResult {
        context.state::<Ledger>()?.note(self.0);
        Ok(())
    }
}

/// One awaited call after another.
pub(crate) async fn one_after_another(target: &Target, jobs: usize) -> Result<Measured, Failure> {
    let watch = Stopwatch::start();
    let samples = enqueue_each(&target.client, 0..jobs).await?;
    check(
        target,
        Measured {
            jobs,
            elapsed: watch.elapsed(),
            samples,
            ..Measured::default()
        },
    )
    .await
}

/// Many callers at once, on one client.
pub(crate) async fn concurrently(
    target: &Target,
    jobs: usize,
    callers: usize,
) -> Result<Measured, Failure> {
    let callers = callers.clamp(1, jobs.max(1));
    let watch = Stopwatch::start();
    let tasks = (0..callers).map(|caller| {
        let (client, share) = (target.client.clone(), share(jobs, callers, caller));
        tokio::spawn(async move { enqueue_each(&client, share).await })
    });
    let mut samples = Vec::with_capacity(jobs);
    for part in try_join_all(tasks).await? {
        samples.extend(part?);
    }
    check(
        target,
        Measured {
            jobs,
            elapsed: watch.elapsed(),
            samples,
            ..Measured::default()
        },
    )
    .await
}

/// Many jobs a call.
pub(crate) async fn in_batches(
    target: &Target,
    jobs: usize,
    batch: usize,
) -> Result<Measured, Failure> {
    let watch = Stopwatch::start();
    fill(target, jobs, batch).await?;
    check(
        target,
        Measured {
            jobs,
            elapsed: watch.elapsed(),
            ..Measured::default()
        },
    )
    .await
}

/// Puts the jobs 0 to `jobs` in.
pub(crate) async fn fill(target: &Target, jobs: usize, batch: usize) -> Result<(), Failure> {
    let batch = batch.max(1);
    let mut from = 0;
    while from < jobs {
        let numbers = from..jobs.min(from + batch);
        from = numbers.end;
        let batch: Vec<Noop> = numbers.map(Noop).collect();
        target.client.enqueue_all(&batch).await?;
    }
    Ok(())
}

async fn enqueue_each(
    client: &Client,
    numbers: std::ops::Range<usize>,
) -> resque::Result<Vec<std::time::Duration>> {
    let mut samples = Vec::with_capacity(numbers.len());
    for number in numbers {
        let watch = Stopwatch::start();
        client.enqueue(&Noop(number)).await?;
        samples.push(watch.elapsed());
    }
    Ok(samples)
}

/// The numbers that one of several callers puts in.
pub(crate) fn share(jobs: usize, callers: usize, caller: usize) -> std::ops::Range<usize> {
    jobs * caller / callers..jobs * (caller + 1) / callers
}

/// Reads the queue back: every job has to be there once.
pub(crate) async fn check(target: &Target, mut measured: Measured) -> Result<Measured, Failure> {
    const CHUNK: u32 = 10_000;

    let ledger = Ledger::new(measured.jobs);
    let mut start = 0;
    loop {
        let jobs = target.client.peek(QUEUE, Page::new(start, CHUNK)).await?;
        for job in &jobs {
            let (number,) = job.args::<(usize,)>().map_err(|error| error.to_string())?;
            ledger.note(number);
        }
        if jobs.is_empty() {
            break;
        }
        start += CHUNK;
    }
    measured.lost = ledger.lost();
    measured.duplicated = ledger.duplicated();
    Ok(measured)
}
