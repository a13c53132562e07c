//! Small pushes, which go together when many come at once.

use std::fmt;

use resque_core::{Commit, Enqueue, Error, GroupCommit, Pushed, QueueName, Result};

use crate::connect::Connection;
use crate::driver::{Batch, Value};
use crate::keys::Keys;
use crate::refusal;
use crate::scripts::PUSH_QUEUE;
use crate::store::number_of;

const WHAT: &str = "push jobs";

/// How many bytes of jobs go together at most. More would not be faster, and would hold up whatever
/// else uses the connection.
const TOGETHER: usize = 64 * 1024;

/// What a job weighs beside its bytes.
const OVERHEAD: usize = 64;

/// How many jobs a push may have that goes together with others.
const SMALL: usize = 64;

/// The small pushes of one client.
#[derive(Debug)]
pub(crate) struct Pushes(GroupCommit<Pusher>);

impl Pushes {
    /// The pushes over a connection.
    pub(crate) fn new(connection: Connection, keys: Keys) -> Self {
        Self(GroupCommit::new(Pusher { connection, keys }, TOGETHER))
    }

    /// Puts jobs into their queue, all of them or none; `None` if they are not for one queue, or so
    /// many that they go better by themselves.
    pub(crate) async fn push(&self, batch: &[Enqueue]) -> Option<Result<Vec<Pushed>>> {
        let queue = &batch.first()?.queue;
        let plain = |job: &Enqueue| job.due.is_none() && job.lock.is_none() && job.queue == *queue;
        if batch.len() > SMALL || bytes(batch) > TOGETHER || !batch.iter().all(plain) {
            return None;
        }
        let ended = || Error::outcome_unknown(WHAT, "the runtime that was pushing has ended");
        let length = self.0.call(batch.to_vec()).await;
        Some(length.unwrap_or_else(|| Err(ended())).map(|length| {
            let before = length.saturating_sub(batch.len() as u64);
            let lengths = before + 1..=length;
            lengths.map(|length| Pushed::Queued { length }).collect()
        }))
    }
}

/// What makes the pushes.
struct Pusher {
    connection: Connection,
    keys: Keys,
}

impl Commit for Pusher {
    /// Jobs of one queue.
    type Call = Vec<Enqueue>;
    /// How long the queue is with them.
    type Answer = Result<u64>;

    fn weight(call: &Vec<Enqueue>) -> usize {
        bytes(call) + OVERHEAD * call.len()
    }

    /// Makes one script call for each queue, all in one round trip.
    async fn commit(&self, calls: Vec<Vec<Enqueue>>) -> Vec<Result<u64>> {
        let groups = Group::of(&calls);
        let mut batch = Batch::with_capacity(calls.len() + 4, 64 + bytes_of(&calls));
        for group in &groups {
            let jobs = group.calls.iter().flat_map(|&call| &calls[call]);
            add_push(&mut batch, &self.keys, group.queue, jobs);
        }
        let lengths = self.run(&batch, groups.len()).await;
        let mut answers: Vec<_> = calls.iter().map(|_| Ok(0)).collect();
        for (group, length) in groups.iter().zip(lengths) {
            group.answer(&calls, length, &mut answers);
        }
        answers
    }
}

impl Pusher {
    /// What came of each script.
    async fn run(&self, batch: &Batch, scripts: usize) -> Vec<Result<u64>> {
        let place = self.connection.place();
        match self.connection.run(batch).await {
            Ok(replies) => {
                let mut replies = replies.into_iter();
                let next = || replies.next().unwrap_or(Value::Nil);
                std::iter::repeat_with(next)
                    .take(scripts)
                    .map(|reply| refusal::script_reply(&self.keys, place, WHAT, reply))
                    .map(|reply| reply.map(|length| number_of(&length)))
                    .collect()
            }
            Err(error) => {
                let errors = error.during(WHAT).for_each(scripts);
                errors.into_iter().map(Err).collect()
            }
        }
    }
}

/// Adds a call of the script that puts jobs into one queue.
pub(crate) fn add_push<'a>(
    batch: &mut Batch,
    keys: &Keys,
    queue: &QueueName,
    jobs: impl IntoIterator<Item = &'a Enqueue>,
) {
    batch.script(&PUSH_QUEUE, 0).arg(keys.prefix());
    batch.arg(queue.as_str());
    for job in jobs {
        batch.arg(job.payload.clone().into_bytes());
    }
}

/// The pushes into one queue.
struct Group<'a> {
    queue: &'a QueueName,
    /// Their places, in order.
    calls: Vec<usize>,
}

impl<'a> Group<'a> {
    /// Few clients push into many queues at the very same time, so they are searched one by one.
    fn of(calls: &'a [Vec<Enqueue>]) -> Vec<Self> {
        let mut groups: Vec<Self> = Vec::new();
        for (place, call) in calls.iter().enumerate() {
            let Some(queue) = call.first().map(|job| &job.queue) else {
                continue;
            };
            match groups.iter_mut().find(|group| group.queue == queue) {
                Some(group) => group.calls.push(place),
                None => groups.push(Self {
                    queue,
                    calls: vec![place],
                }),
            }
        }
        groups
    }

    /// Tells each push how long the queue was with it.
    fn answer(&self, calls: &[Vec<Enqueue>], length: Result<u64>, answers: &mut [Result<u64>]) {
        match length {
            Ok(mut length) => {
                for &call in self.calls.iter().rev() {
                    answers[call] = Ok(length);
                    length = length.saturating_sub(calls[call].len() as u64);
                }
            }
            Err(error) => {
                let errors = error.for_each(self.calls.len());
                for (&call, error) in self.calls.iter().zip(errors) {
                    answers[call] = Err(error);
                }
            }
        }
    }
}

pub(crate) fn bytes(jobs: &[Enqueue]) -> usize {
    jobs.iter().map(|job| job.payload.as_bytes().len()).sum()
}

fn bytes_of(calls: &[Vec<Enqueue>]) -> usize {
    calls.iter().map(|call| bytes(call)).sum()
}

impl fmt::Debug for Pusher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pusher").finish_non_exhaustive()
    }
}
