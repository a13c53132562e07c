//! The jobs that wait for their time.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use foldhash::fast::FixedState;
use resque_core::{
    Cursor, DelayedEdit, DelayedId, DelayedJob, DelayedJobs, DelayedPage, DelayedTo, Payload,
    Promotion, QueueName, Result,
};

use crate::jobs::Job;
use crate::store::{State, Store, gone, unknown};

/// The waiting jobs, by their time and then by their coming.
#[derive(Default)]
pub(crate) struct Delayed {
    jobs: BTreeMap<Place, Waiting>,
    /// When each job is due, by its number.
    due: HashMap<u64, SystemTime, FixedState>,
    last: u64,
}

/// A time and the number of a job.
pub(crate) type Place = (SystemTime, u64);

struct Waiting {
    queue: QueueName,
    payload: Payload,
}

impl Delayed {
    /// Adds a job that waits for `due`.
    pub(crate) fn add(&mut self, due: SystemTime, queue: QueueName, payload: Payload) {
        self.last += 1;
        self.put((due, self.last), Waiting { queue, payload });
    }

    /// Takes everything out; numbers go on.
    pub(crate) fn clear_all(&mut self) -> Self {
        let last = self.last;
        std::mem::replace(
            self,
            Self {
                last,
                ..Self::default()
            },
        )
    }

    /// The times, ascending, each job's own.
    pub(crate) fn times(&self) -> impl Iterator<Item = SystemTime> {
        self.jobs.keys().map(|(due, _)| *due)
    }

    fn put(&mut self, place: Place, job: Waiting) {
        self.due.insert(place.1, place.0);
        self.jobs.insert(place, job);
    }

    fn take_out(&mut self, place: Place) -> Option<Waiting> {
        self.due.remove(&place.1);
        self.jobs.remove(&place)
    }

    fn place(&self, id: &DelayedId) -> Option<Place> {
        let number = id.as_str().parse().ok()?;
        Some((*self.due.get(&number)?, number))
    }

    fn list(&self, cursor: Option<&Cursor>, at_most: usize) -> Result<DelayedPage> {
        let after = cursor.map(place_of).transpose()?;
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.jobs.range((start, Bound::Unbounded)).peekable();
        let mut last = None;
        let mut jobs = Vec::new();
        while jobs.len() < at_most
            && let Some((place, waiting)) = rest.next()
        {
            last = Some(*place);
            jobs.push(waiting.shown_at(*place));
        }
        let next = last.filter(|_| rest.peek().is_some()).map(cursor_behind);
        Ok(DelayedPage::new(jobs, next))
    }
}

impl Waiting {
    fn shown_at(&self, (due, number): Place) -> DelayedJob {
        let id = DelayedId::new(number.to_string());
        DelayedJob::new(id, due, Some(self.queue.clone()), self.payload.clone())
    }
}

/// The cursor behind a place: nanoseconds since 1970 and the number. The time is in it because the
/// job may be gone when the cursor comes back.
pub(crate) fn cursor_behind((due, number): Place) -> Cursor {
    let nanos = match due.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_nanos().to_string(),
        Err(before) => format!("-{}", before.duration().as_nanos()),
    };
    Cursor::new(format!("{nanos}:{number}"))
}

pub(crate) fn place_of(cursor: &Cursor) -> Result<Place> {
    let parse = |text: &str| -> Option<Place> {
        let (nanos, number) = text.split_once(':')?;
        let (before, nanos) = match nanos.strip_prefix('-') {
            Some(nanos) => (true, nanos),
            None => (false, nanos),
        };
        let nanos: u128 = nanos.parse().ok()?;
        let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
        let span = Duration::new(seconds, (nanos % 1_000_000_000) as u32);
        let due = match before {
            true => UNIX_EPOCH.checked_sub(span),
            false => UNIX_EPOCH.checked_add(span),
        };
        Some((due?, number.parse().ok()?))
    };
    parse(cursor.as_str()).ok_or_else(|| gone("the cursor", cursor.as_str()))
}

impl State {
    fn promote(&mut self, now: SystemTime, at_most: usize) -> Promotion {
        let mut promotion = Promotion::default();
        while let Some((&place, _)) = self.delayed.jobs.first_key_value() {
            if place.0 > now || promotion.moved == at_most {
                promotion.next_due = Some(place.0);
                break;
            }
            self.move_into_queue(place, now);
            promotion.moved += 1;
        }
        promotion
    }

    fn move_into_queue(&mut self, place: Place, now: SystemTime) {
        if let Some(Waiting { queue, payload }) = self.delayed.take_out(place) {
            let job = Job {
                payload,
                since: now,
            };
            self.queues.put_back(&queue, job);
        }
    }

    fn edit_delayed(&mut self, edit: &DelayedEdit, now: SystemTime) -> Result<()> {
        let place = self.delayed.place(&edit.id);
        let place = place.ok_or_else(|| gone("the delayed job", edit.id.as_str()))?;
        match edit.to {
            DelayedTo::Nowhere => {
                self.delayed.take_out(place);
            }
            DelayedTo::Queue => self.move_into_queue(place, now),
            DelayedTo::At(due) => {
                if let Some(waiting) = self.delayed.take_out(place) {
                    self.delayed.put((due, place.1), waiting);
                }
            }
            other => return Err(unknown("edit a delayed job", &other)),
        }
        Ok(())
    }
}

#[async_trait]
impl DelayedJobs for Store {
    async fn promote(&self, _holder: &str, now: SystemTime, at_most: usize) -> Result<Promotion> {
        Ok(self.step(|state| state.promote(now, at_most)))
    }

    async fn resign(&self, _holder: &str) -> Result<()> {
        Ok(())
    }

    async fn count(&self) -> Result<u64> {
        Ok(self.step(|state| state.delayed.jobs.len() as u64))
    }

    async fn list(&self, cursor: Option<&Cursor>, at_most: usize) -> Result<DelayedPage> {
        self.step(|state| state.delayed.list(cursor, at_most))
    }

    async fn edit(&self, batch: &[DelayedEdit]) -> Result<Vec<Result<()>>> {
        let now = self.clock.now();
        let edit = |edit| self.step(|state| state.edit_delayed(edit, now));
        Ok(batch.iter().map(edit).collect())
    }
}

#[cfg(test)]
#[path = "delayed_tests.rs"]
mod tests;
