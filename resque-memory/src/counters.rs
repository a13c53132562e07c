//! The counters, by name.

use std::collections::BTreeMap;

use resque_core::{Tally, WorkerId};

use crate::store::State;

/// How many jobs were performed and failed, by one worker or in total; `None` is no counter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tallies {
    pub(crate) processed: Option<i64>,
    pub(crate) failed: Option<i64>,
}

/// The counters that belong to no worker.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) tallies: Tallies,
    others: BTreeMap<String, i64>,
}

/// Where the counter of a name is kept.
enum Place<'a> {
    Total(Field),
    Worker(WorkerId, Field),
    Other(&'a str),
}

#[derive(Clone, Copy)]
enum Field {
    Processed,
    Failed,
}

impl Tallies {
    /// Counts one settlement.
    pub(crate) fn count(&mut self, tally: Tally) {
        let add = |counter: &mut Option<i64>| {
            *counter = Some(counter.unwrap_or(0).saturating_add(1));
        };
        match tally {
            Tally::Nothing => {}
            Tally::Processed => add(&mut self.processed),
            Tally::ProcessedAndFailed => {
                add(&mut self.processed);
                add(&mut self.failed);
            }
        }
    }

    fn get(&self, field: Field) -> Option<i64> {
        match field {
            Field::Processed => self.processed,
            Field::Failed => self.failed,
        }
    }

    fn set(&mut self, field: Field, value: Option<i64>) {
        match field {
            Field::Processed => self.processed = value,
            Field::Failed => self.failed = value,
        }
    }

    /// The names of the counters there are.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let processed = self.processed.map(|_| "processed");
        processed.into_iter().chain(self.failed.map(|_| "failed"))
    }
}

impl Counters {
    /// The names of the counters there are.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.tallies
            .names()
            .chain(self.others.keys().map(String::as_str))
    }
}

impl State {
    /// The value of a counter.
    pub(crate) fn counter(&self, name: &str) -> Option<i64> {
        match Place::of(name) {
            Place::Total(field) => self.counters.tallies.get(field),
            Place::Worker(id, field) => self.workers.get(&id)?.tallies.get(field),
            Place::Other(name) => self.counters.others.get(name).copied(),
        }
    }

    /// Sets or removes a counter.
    pub(crate) fn set_counter(&mut self, name: &str, value: Option<i64>) {
        match Place::of(name) {
            Place::Total(field) => self.counters.tallies.set(field, value),
            Place::Worker(id, field) => {
                self.workers.open(&id).tallies.set(field, value);
                self.workers.tidy(&id);
            }
            Place::Other(name) => match value {
                Some(value) => {
                    self.counters.others.insert(name.to_owned(), value);
                }
                None => {
                    self.counters.others.remove(name);
                }
            },
        }
    }
}

impl<'a> Place<'a> {
    fn of(name: &'a str) -> Self {
        let (first, worker) = match name.split_once(':') {
            Some((first, id)) => (first, Some(id)),
            None => (name, None),
        };
        let field = match first {
            "processed" => Field::Processed,
            "failed" => Field::Failed,
            _ => return Self::Other(name),
        };
        match worker.map(WorkerId::new) {
            None => Self::Total(field),
            Some(Ok(id)) => Self::Worker(id, field),
            Some(Err(_)) => Self::Other(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use resque_core::WorkerRegistry;

    use crate::testing::{World, slot};

    #[tokio::test]
    async fn any_name_counts() {
        let world = World::new();
        let own = format!("failed:{}", slot(0));
        let names = [
            "processed",
            "failed",
            "mails:sent",
            "processed:nobody",
            &own,
        ];
        for name in names {
            assert_eq!(world.stat(name).await, 0, "{name}");
            assert_eq!(world.memory.incr_stat(name, 5).await.unwrap(), 5, "{name}");
            assert_eq!(
                world.memory.incr_stat(name, -7).await.unwrap(),
                -2,
                "{name}"
            );
            world.memory.set_stat(name, 40).await.unwrap();
            assert_eq!(world.memory.incr_stat(name, 2).await.unwrap(), 42, "{name}");
        }
        for name in names {
            assert_eq!(world.stat(name).await, 42, "{name}");
            world.memory.clear_stat(name).await.unwrap();
            assert_eq!(world.stat(name).await, 0, "{name}");
        }
        let (keys, ids) = world.memory.store.step(|state| {
            let ids = state.workers.sorted().len();
            (state.keys(), ids)
        });
        assert!(keys.is_empty(), "{keys:?}");
        assert_eq!(ids, 0);
    }

    #[tokio::test]
    async fn a_counter_may_be_set_before_its_worker_registers() {
        let world = World::new();
        let name = format!("processed:{}", slot(0));
        world.memory.set_stat(&name, 7).await.unwrap();
        assert!(world.memory.workers().await.unwrap().workers.is_empty());
        world.register(&[0]).await;
        let listing = world.memory.workers().await.unwrap();
        assert_eq!(listing.workers[0].processed, 7);
    }

    #[tokio::test]
    async fn a_sum_beyond_the_range_is_refused() {
        let world = World::new();
        world.memory.set_stat("n", i64::MAX).await.unwrap();
        let error = world.memory.incr_stat("n", 1).await.unwrap_err();
        assert!(!error.is_transient(), "{error}");
        assert_eq!(world.stat("n").await, i64::MAX);
    }
}
