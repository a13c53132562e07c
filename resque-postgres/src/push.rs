//! Putting jobs into queues; pushes that come while one is under way go together in the next one.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::time::SystemTime;

use resque_core::{Commit, Enqueue, Error, GroupCommit, Pushed, QueueName, Result};
use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;

use crate::stamp::Stamp;
use crate::store::{Link, counted};

const WHAT: &str = "push";
const TEXT: &str = "select resque.push($1, $2, $3, $4, $5, $6)";
const ONE: &str = "select resque.push_one($1, $2)";
/// The same as [`TEXT`] for jobs of which some have locks; behind the lengths stands a 1 for each job
/// that was put in, and else a 0.
const TEXT_WITH_LOCKS: &str = "select p.lengths || p.put::integer[]::bigint[] \
    from resque.push_locked($7, $8, $9, $10, $11, $1, $2, $3, $4, $5, $6) p";

/// The same under a lock for all of them; nothing if somebody holds it.
pub(crate) const TEXT_ONCE: &str = "select p.lengths || p.put::integer[]::bigint[] \
    from resque.push_once($12, $13, $14, $15, $7, $8, $9, $10, $11, $1, $2, $3, $4, $5, $6) p";

/// How many jobs go together at most, unless a single caller has more.
const TOGETHER: usize = 5_000;

/// So many bytes of a payload weigh as much as a job: what goes together has 20 MB at most, unless a
/// single caller has more.
const HEAVY: usize = 4_096;

/// How many bytes of payloads a push may have: a statement has at most a gigabyte.
const MOST_BYTES: usize = 500_000_000;

/// The pushes of one client.
pub(crate) struct Pushes(GroupCommit<Pusher>);

/// What makes the pushes.
struct Pusher(Arc<Link>);

impl Pushes {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        Self(GroupCommit::new(Pusher(link), TOGETHER))
    }

    /// Puts jobs into queues, all or nothing.
    pub(crate) async fn push(&self, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        // What cannot be written must not spoil the pushes of others.
        check(batch, MOST_BYTES)?;
        let pushed = self.0.call(batch.to_vec()).await;
        pushed.unwrap_or_else(|| Err(abandoned()))
    }
}

impl Commit for Pusher {
    type Call = Vec<Enqueue>;
    type Answer = Result<Vec<Pushed>>;

    fn weight(call: &Vec<Enqueue>) -> usize {
        let weight = |job: &Enqueue| 1 + job.payload.as_bytes().len() / HEAVY;
        call.iter().map(weight).sum()
    }

    /// Makes one push of many and tells each caller what came of its own.
    async fn commit(&self, calls: Vec<Vec<Enqueue>>) -> Vec<Result<Vec<Pushed>>> {
        let sizes: Vec<usize> = calls.iter().map(Vec::len).collect();
        let all: Vec<Enqueue> = calls.into_iter().flatten().collect();
        match self.0.push(&all).await {
            Ok(pushed) => {
                let mut pushed = pushed.into_iter();
                let own = |size: usize| Ok(pushed.by_ref().take(size).collect());
                sizes.into_iter().map(own).collect()
            }
            // Nothing was put in: what is wrong with one must not spoil the pushes of others. What
            // passes, such as a server that is read-only or full, is wrong with all of them.
            Err(Error::Rejected {
                transient: false, ..
            }) if sizes.len() > 1 => self.each_alone(&all, &sizes).await,
            Err(error) => error.for_each(sizes.len()).into_iter().map(Err).collect(),
        }
    }
}

impl Pusher {
    async fn each_alone(&self, all: &[Enqueue], sizes: &[usize]) -> Vec<Result<Vec<Pushed>>> {
        let mut answers = Vec::with_capacity(sizes.len());
        let mut rest = all;
        for size in sizes {
            let (own, others) = rest.split_at(*size);
            rest = others;
            answers.push(self.0.push(own).await);
        }
        answers
    }
}

impl Link {
    /// Makes one push.
    async fn push(&self, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        if let [
            Enqueue {
                queue,
                payload,
                due: None,
                lock: None,
                ..
            },
        ] = batch
        {
            let query = self.statement(ONE);
            let query = query.bind(queue.as_str()).bind(payload.as_bytes());
            let row = self.connections.row(WHAT, query).await?;
            let length = counted(self.get(&row, 0)?);
            return Ok(vec![Pushed::Queued { length }]);
        }
        let sorted = Sorted::new(batch)?;
        let query = sorted.bind(self.statement(sorted.text()));
        let row = self.connections.row(WHAT, query).await?;
        let lengths: Vec<i64> = self.get(&row, 0)?;
        Ok(sorted.answers(batch, lengths))
    }
}

/// A batch as the function takes it.
#[derive(Default)]
pub(crate) struct Sorted<'a> {
    names: Vec<&'a str>,
    /// Which name each job goes to, counted from 1.
    which: Vec<i32>,
    payloads: Vec<&'a [u8]>,
    due_names: Vec<&'a str>,
    due: Vec<Stamp>,
    due_payloads: Vec<&'a [u8]>,
    locks: Option<Locks<'a>>,
}

/// The locks of a batch, one place for each job.
#[derive(Default)]
struct Locks<'a> {
    names: Vec<Option<&'a str>>,
    holders: Vec<Option<&'a str>>,
    now: Vec<Option<Stamp>>,
    until: Vec<Option<Stamp>>,
    /// Where the job stands among those put in at once, or, negative, among the delayed ones.
    places: Vec<i32>,
}

impl<'a> Sorted<'a> {
    pub(crate) fn new(batch: &'a [Enqueue]) -> Result<Self> {
        let mut sorted = Self::default();
        let mut places: HashMap<&QueueName, i32> = HashMap::new();
        let mut last: Option<(&QueueName, i32)> = None;
        for job in batch {
            if let Some(due) = job.due {
                sorted.due_names.push(job.queue.as_str());
                sorted.due.push(Stamp::due(due)?);
                sorted.due_payloads.push(job.payload.as_bytes());
                continue;
            }
            // Most batches go to one queue.
            let place = match last {
                Some((name, place)) if *name == job.queue => place,
                _ => *places.entry(&job.queue).or_insert_with(|| {
                    sorted.names.push(job.queue.as_str());
                    // A batch has not two thousand million queues.
                    i32::try_from(sorted.names.len()).unwrap_or(i32::MAX)
                }),
            };
            last = Some((&job.queue, place));
            sorted.which.push(place);
            sorted.payloads.push(job.payload.as_bytes());
        }
        if batch.iter().any(|job| job.lock.is_some()) {
            sorted.locks = Some(Locks::of(batch)?);
        }
        Ok(sorted)
    }

    /// The same with a place for the lock of each job, though none may have one.
    pub(crate) fn with_locks(batch: &'a [Enqueue]) -> Result<Self> {
        let mut sorted = Self::new(batch)?;
        sorted.locks = Some(Locks::of(batch)?);
        Ok(sorted)
    }

    /// The statement that takes it.
    pub(crate) fn text(&self) -> &'static str {
        match &self.locks {
            None => TEXT,
            Some(_) => TEXT_WITH_LOCKS,
        }
    }

    /// Binds everything to the [`text`](Self::text) in some schema.
    pub(crate) fn bind<'q>(
        &self,
        query: Query<'q, Postgres, PgArguments>,
    ) -> Query<'q, Postgres, PgArguments> {
        let query = query
            .bind(&self.names)
            .bind(&self.which)
            .bind(&self.payloads)
            .bind(&self.due_names)
            .bind(&self.due)
            .bind(&self.due_payloads);
        match &self.locks {
            None => query,
            Some(locks) => query
                .bind(&locks.names)
                .bind(&locks.holders)
                .bind(&locks.now)
                .bind(&locks.until)
                .bind(&locks.places),
        }
    }

    /// What to tell of each job, given how long the queues are afterwards and, if there are locks,
    /// which jobs were put in.
    pub(crate) fn answers(&self, batch: &[Enqueue], mut lengths: Vec<i64>) -> Vec<Pushed> {
        let put = lengths.split_off(self.names.len().min(lengths.len()));
        let mut put = put.iter().rev();
        let mut which = self.which.iter().rev();
        let mut answers: Vec<Pushed> = batch
            .iter()
            .rev()
            .map(|job| {
                let put = put.next() != Some(&0);
                let place = match job.due {
                    None => which.next(),
                    Some(_) => None,
                };
                match job.due {
                    _ if !put => return Pushed::Duplicate,
                    Some(_) => return Pushed::Delayed,
                    None => {}
                }
                let place = place.and_then(|place| usize::try_from(place - 1).ok());
                let length = place.and_then(|place| lengths.get_mut(place));
                // Before this job there was one less.
                let length = length.map_or(0, |length| mem::replace(length, *length - 1));
                Pushed::Queued {
                    length: counted(length).max(1),
                }
            })
            .collect();
        answers.reverse();
        answers
    }
}

impl<'a> Locks<'a> {
    fn of(batch: &'a [Enqueue]) -> Result<Self> {
        let mut locks = Self::default();
        let (mut at_once, mut delayed) = (0, 0);
        for job in batch {
            let lock = job.lock.as_deref();
            locks.names.push(lock.map(|lock| &*lock.lease.name));
            locks.holders.push(lock.map(|lock| &*lock.lease.holder));
            let stamp = |time: Option<SystemTime>| time.map(Stamp::of).transpose();
            locks.now.push(stamp(lock.map(|lock| lock.now))?);
            locks.until.push(stamp(lock.map(|lock| lock.until))?);
            if job.due.is_some() {
                delayed -= 1;
                locks.places.push(delayed);
            } else {
                at_once += 1;
                locks.places.push(at_once);
            }
        }
        Ok(locks)
    }
}

fn check(batch: &[Enqueue], most_bytes: usize) -> Result<()> {
    let bytes: usize = batch.iter().map(|job| job.payload.as_bytes().len()).sum();
    if bytes > most_bytes {
        return Err(Error::Rejected {
            what: WHAT.to_owned(),
            reason: format!(
                "the payloads have {bytes} bytes together, and Postgres takes {most_bytes} at once; push \
                 fewer jobs in one call, or keep what is so large elsewhere and name it in the job"
            ),
            transient: false,
        });
    }
    batch.iter().try_for_each(|job| {
        if let Some(due) = job.due {
            Stamp::due(due)?;
        }
        if let Some(lock) = &job.lock {
            Stamp::of(lock.now)?;
            Stamp::of(lock.until)?;
        }
        Ok(())
    })
}

fn abandoned() -> Error {
    Error::outcome_unknown(WHAT, "the runtime that was pushing has ended")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(bytes: usize) -> Enqueue {
        Enqueue::new("q".parse().unwrap(), vec![b'x'; bytes])
    }

    #[test]
    fn a_push_that_fits_no_statement_is_refused_before_it_is_sent() {
        assert!(check(&[job(60), job(40)], 100).is_ok());
        let error = check(&[job(60), job(41)], 100).unwrap_err();
        assert!(!error.is_transient());
        assert!(error.to_string().contains("101 bytes together"), "{error}");
    }

    #[test]
    fn large_payloads_weigh_more() {
        assert_eq!(Pusher::weight(&vec![job(0), job(100), job(HEAVY - 1)]), 3);
        assert_eq!(Pusher::weight(&vec![job(2 * HEAVY), job(1)]), 4);
    }
}
