//! Where every job is, so that none can be missing or be there twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use resque_core::WorkerId;

use crate::store::{Store, number};
use crate::{Verdict, verdict::Broken};

/// One of the places in which a job can be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Queue(String),
    Delayed,
    Held(WorkerId),
    Lent,
    Failed,
    Done,
}

/// The jobs that were put in, and those that are done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    pushed: BTreeSet<u64>,
    done: Vec<u64>,
}

impl Ledger {
    /// Begins with jobs that were pushed under these numbers.
    pub(crate) fn of(numbers: impl IntoIterator<Item = u64>) -> Self {
        Self {
            pushed: numbers.into_iter().collect(),
            done: Vec::new(),
        }
    }

    /// Notes that a job was performed; noting it twice is an error that the balance finds.
    pub(crate) fn done(&mut self, number: u64) {
        self.done.push(number);
    }

    /// Notes that these jobs were performed.
    pub(crate) fn all_done(&mut self, numbers: impl IntoIterator<Item = u64>) {
        self.done.extend(numbers);
    }

    /// How many jobs are done.
    pub(crate) fn count_done(&self) -> usize {
        self.done.len()
    }

    /// Every job that was pushed must be in exactly one place, and nothing else anywhere.
    pub(crate) async fn balances(&self, store: &Store) -> Verdict {
        let mut places = census(store).await?;
        for number in &self.done {
            places.entry(*number).or_default().push(Place::Done);
        }
        let mut wrong = Vec::new();
        for number in &self.pushed {
            match places.remove(number).as_deref() {
                Some([_]) => {}
                Some(places) => wrong.push(format!("job {number} is in {places:?}")),
                None => wrong.push(format!("job {number} has vanished")),
            }
        }
        wrong.extend(
            places
                .keys()
                .map(|number| format!("job {number} was never pushed")),
        );
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Broken::new(Few(&wrong).to_string()))
    }
}

/// All places of all jobs in the store. A record of a job that was retried is no place.
async fn census(store: &Store) -> Verdict<BTreeMap<u64, Vec<Place>>> {
    let mut places: BTreeMap<u64, Vec<Place>> = BTreeMap::new();
    for name in store.queue_names().await? {
        for number in store.numbers_in(&name).await? {
            places
                .entry(number)
                .or_default()
                .push(Place::Queue(name.clone()));
        }
    }
    if store.delayed().is_ok() {
        for number in store.numbers_delayed().await? {
            places.entry(number).or_default().push(Place::Delayed);
        }
    }
    if store.loans().is_ok() {
        for number in store.numbers_lent().await? {
            places.entry(number).or_default().push(Place::Lent);
        }
    }
    for status in store.workers().workers().await?.workers {
        if let Some(number) = status.holds.and_then(|held| number(&held.payload)) {
            places
                .entry(number)
                .or_default()
                .push(Place::Held(status.id));
        }
    }
    for entry in store.failed().await? {
        let Some(record) = entry.content.record() else {
            continue;
        };
        if let (Some(number), None) = (number(&record.payload), record.retried_at) {
            places.entry(number).or_default().push(Place::Failed);
        }
    }
    Ok(places)
}

/// The first few of many sentences.
struct Few<'a>(&'a [String]);

impl fmt::Display for Few<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 5;
        f.write_str(&self.0[..self.0.len().min(SHOWN)].join("; "))?;
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}
