//! Putting jobs into queues; pushes that come while one is under way go together in the next one.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use resque_core::{Enqueue, Error, Pushed, QueueName, Result};
use tokio::sync::oneshot;

use crate::stamp::Stamp;
use crate::store::{Link, counted};

const WHAT: &str = "push";
const TEXT: &str = "select resque.push($1, $2, $3, $4, $5, $6)";

/// How many jobs go together at most, unless a single caller has more.
const TOGETHER: usize = 5_000;

/// The pushes of one client.
pub(crate) struct Pushes {
    shared: Arc<Shared>,
}

struct Shared {
    link: Arc<Link>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Whether a push is under way.
    busy: bool,
    gathered: Vec<Gathered>,
}

/// A push that waits for the one under way.
struct Gathered {
    batch: Vec<Enqueue>,
    answer: oneshot::Sender<Result<Vec<Pushed>>>,
}

/// The right to push. When it ends, even by being dropped half-way, whoever has gathered goes next.
struct Turn {
    shared: Arc<Shared>,
}

impl Pushes {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        let state = Mutex::default();
        Self {
            shared: Arc::new(Shared { link, state }),
        }
    }

    /// Puts jobs into queues, all or nothing.
    pub(crate) async fn push(&self, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        // What cannot be written must not spoil the pushes of others.
        check(batch)?;
        let waiting = {
            let mut state = self.shared.state();
            if state.busy {
                let (answer, waiting) = oneshot::channel();
                let batch = batch.to_vec();
                state.gathered.push(Gathered { batch, answer });
                Some(waiting)
            } else {
                state.busy = true;
                None
            }
        };
        match waiting {
            Some(waiting) => waiting.await.unwrap_or_else(|_| Err(abandoned())),
            None => {
                let _turn = Turn {
                    shared: Arc::clone(&self.shared),
                };
                self.shared.link.push(batch).await
            }
        }
    }
}

impl Shared {
    /// The lock is never held while waiting.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what goes together, in the order of coming.
    fn next(&self) -> Vec<Gathered> {
        let mut state = self.state();
        let mut jobs = 0;
        let fitting = state.gathered.iter().take_while(|push| {
            jobs += push.batch.len();
            jobs <= TOGETHER
        });
        let count = fitting.count().max(1).min(state.gathered.len());
        let rest = state.gathered.split_off(count);
        mem::replace(&mut state.gathered, rest)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        if state.gathered.is_empty() {
            state.busy = false;
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            // The runtime is gone, and with it the connections: who waits is told so.
            state.busy = false;
            state.gathered.clear();
            return;
        };
        drop(state);
        let turn = Self {
            shared: Arc::clone(&self.shared),
        };
        runtime.spawn(async move {
            let pushes = turn.shared.next();
            turn.shared.link.push_together(pushes).await;
        });
    }
}

impl Link {
    /// Makes one push of many and tells each caller what came of its own.
    async fn push_together(&self, pushes: Vec<Gathered>) {
        let all: Vec<Enqueue> = pushes
            .iter()
            .flat_map(|push| push.batch.iter().cloned())
            .collect();
        match self.push(&all).await {
            Ok(pushed) => {
                let mut pushed = pushed.into_iter();
                for push in pushes {
                    let own = pushed.by_ref().take(push.batch.len()).collect();
                    // Who does not wait any more need not know.
                    let _ = push.answer.send(Ok(own));
                }
            }
            Err(error) => {
                for push in pushes {
                    let _ = push.answer.send(Err(same(&error)));
                }
            }
        }
    }

    /// Makes one push.
    async fn push(&self, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        let sorted = Sorted::new(batch)?;
        let query = self
            .statement(TEXT)
            .bind(&sorted.names)
            .bind(&sorted.which)
            .bind(&sorted.payloads)
            .bind(&sorted.due_names)
            .bind(&sorted.due)
            .bind(&sorted.due_payloads);
        let row = self.connections.row(WHAT, query).await?;
        let lengths: Vec<i64> = self.get(&row, 0)?;
        Ok(sorted.answers(batch, lengths))
    }
}

/// A batch as the function takes it.
#[derive(Default)]
struct Sorted<'a> {
    names: Vec<&'a str>,
    /// Which name each job goes to, counted from 1.
    which: Vec<i32>,
    payloads: Vec<&'a [u8]>,
    due_names: Vec<&'a str>,
    due: Vec<Stamp>,
    due_payloads: Vec<&'a [u8]>,
}

impl<'a> Sorted<'a> {
    fn new(batch: &'a [Enqueue]) -> Result<Self> {
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
        Ok(sorted)
    }

    /// What to tell of each job, given how long the queues are afterwards.
    fn answers(&self, batch: &[Enqueue], mut lengths: Vec<i64>) -> Vec<Pushed> {
        let mut which = self.which.iter().rev();
        let mut answers: Vec<Pushed> = batch
            .iter()
            .rev()
            .map(|job| {
                if job.due.is_some() {
                    return Pushed::Delayed;
                }
                let place = which
                    .next()
                    .and_then(|place| usize::try_from(place - 1).ok());
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

fn check(batch: &[Enqueue]) -> Result<()> {
    let mut times = batch.iter().filter_map(|job| job.due);
    times.try_for_each(|due| Stamp::due(due).map(drop))
}

fn abandoned() -> Error {
    Error::outcome_unknown(WHAT, "the runtime that was pushing has ended")
}

/// The same error once more, for another of those whom it concerns.
fn same(error: &Error) -> Error {
    let cause = std::error::Error::source(error).map(|cause| cause.to_string().into());
    match error {
        Error::Unavailable { what, .. } => Error::Unavailable {
            what: what.clone(),
            source: cause,
        },
        Error::OutcomeUnknown { what, .. } => Error::OutcomeUnknown {
            what: what.clone(),
            source: cause,
        },
        Error::Corrupt {
            place,
            found,
            expected,
        } => Error::Corrupt {
            place: place.clone(),
            found: found.clone(),
            expected: expected.clone(),
        },
        Error::Rejected {
            what,
            reason,
            transient,
        } => Error::Rejected {
            what: what.clone(),
            reason: reason.clone(),
            transient: *transient,
        },
        other => Error::Rejected {
            what: WHAT.to_owned(),
            reason: other.to_string(),
            transient: other.is_transient(),
        },
    }
}
