//! Retrying and removing many failed jobs.

use resque::{Error, FailureId, FailureRetry, QueueName};

use super::which::Which;
use crate::confirm::Sure;
use crate::context::Store;
use crate::failure::Failure;
use crate::output::{Changed, count};

/// How many records are changed in one round trip.
const CHUNK: usize = 1_000;

/// What became of the records so far.
#[derive(Debug, Default)]
struct Sum {
    done: u64,
    gone: u64,
    /// What the store said about the first that it could not change.
    trouble: Option<Error>,
    troubles: u64,
}

pub(super) async fn retry(
    store: &Store,
    which: Which,
    into: Option<QueueName>,
    forget: bool,
    sure: Sure,
) -> Result<(), Failure> {
    let ids = which.find(store, true).await?;
    if !which.is_by_id() {
        let number = count(ids.len() as u64, "failed job");
        sure.about(&format!("put {number} back"))?;
    }
    let retry = |id: &FailureId| {
        let mut retry = FailureRetry::new(id.clone());
        if let Some(queue) = &into {
            retry = retry.into_queue(queue.clone());
        }
        if forget { retry.and_remove() } else { retry }
    };
    let failures = store.backend()?.failures();
    let progress = store.out.progress(Some(ids.len() as u64), "putting back");
    let mut sum = Sum::default();
    for chunk in ids.chunks(CHUNK) {
        let now = store.client.store_time().await?;
        let batch: Vec<FailureRetry> = chunk.iter().map(retry).collect();
        let answers = failures.retry(&batch, now).await;
        sum.add(answers.map_err(|error| sum.stopped(error, "put back"))?);
        progress.add(chunk.len() as u64);
    }
    drop(progress);
    sum.tell(store, "job", "put back")
}

pub(super) async fn remove(store: &Store, which: Which, sure: Sure) -> Result<(), Failure> {
    let ids = which.find(store, false).await?;
    let number = count(ids.len() as u64, "failed job");
    sure.about(&format!("remove {number}"))?;
    let failures = store.backend()?.failures();
    let progress = store.out.progress(Some(ids.len() as u64), "removing");
    let mut sum = Sum::default();
    for chunk in ids.chunks(CHUNK) {
        let answers = failures.remove(chunk).await;
        sum.add(answers.map_err(|error| sum.stopped(error, "removed"))?);
        progress.add(chunk.len() as u64);
    }
    drop(progress);
    sum.tell(store, "record", "removed")
}

impl Sum {
    fn add(&mut self, answers: Vec<resque::Result<()>>) {
        for answer in answers {
            match answer {
                Ok(()) => self.done += 1,
                Err(Error::Conflict { .. }) => self.gone += 1,
                Err(error) => {
                    self.troubles += 1;
                    self.trouble.get_or_insert(error);
                }
            }
        }
    }

    fn stopped(&self, error: Error, verb: &str) -> Failure {
        let done = format!("{} {verb}; the same command goes on", self.done);
        Failure::Stopped {
            done,
            source: error,
        }
    }

    fn tell(self, store: &Store, noun: &'static str, verb: &'static str) -> Result<(), Failure> {
        store.out.answer(&Changed::new(self.done, noun, verb))?;
        if let Some(source) = self.trouble {
            let done = format!("{} could not be", count(self.troubles, noun));
            return Err(Failure::Stopped { done, source });
        }
        match self.gone {
            0 => Ok(()),
            gone => Err(Failure::Undone(format!(
                "{} had gone meanwhile, or never was there",
                count(gone, "record")
            ))),
        }
    }
}
