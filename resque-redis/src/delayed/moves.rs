//! Moving delayed jobs, each only if it is still where it was seen.

use bytes::Bytes;
use resque_core::{Error, FailureRecord, QueueName, Result};

use crate::driver::{Batch, Value};
use crate::scripts::MOVE_DELAYED;
use crate::store::{Store, list_of};

/// Moves made in one step at most.
pub(super) const AT_ONCE: usize = 500;

/// For how many seconds the lock of resque-scheduler's master is held while there is more to move.
const HOLD: u64 = 15;

/// A delayed job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// One of our own, by its number.
    Own(String),
    /// An item of resque-scheduler in the list of a second.
    Item { second: String, item: Bytes },
}

/// Where a delayed job goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    /// Nowhere.
    Nowhere,
    /// The queue it was put in for; of one of our own jobs the store knows it.
    OwnQueue,
    /// A queue, with these bytes.
    Queue(QueueName, Bytes),
    /// The failed list.
    Failed(Box<FailureRecord>),
    /// Our own set at another time, in milliseconds.
    OwnAt(u64),
    /// Our own set from elsewhere: time, queue, bytes.
    Own(u64, QueueName, Bytes),
    /// Another second of resque-scheduler's.
    Second(u64),
}

/// One move.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Move {
    /// A job goes somewhere.
    Job(Job, Place),
    /// A second without items goes.
    Clean(String),
}

/// Who moves, where that matters.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mover<'a> {
    /// A person, who may do so at any time.
    Anybody,
    /// The promoting process. It keeps the master's lock if there is more to move.
    Promoter { holder: &'a str, more: bool },
}

/// What became of a move.
#[derive(Debug)]
pub(super) enum Moved {
    /// It is done.
    Done,
    /// The job was not there.
    Gone,
    /// A key was in the way; nothing changed.
    Blocked(Error),
}

impl Store {
    /// Makes at most [`AT_ONCE`] moves. `None`: another process is the master.
    pub(super) async fn move_delayed(
        &self,
        moves: &[Move],
        mover: Mover<'_>,
    ) -> Result<Option<Vec<Moved>>> {
        let mut call = self.call(&MOVE_DELAYED, 6 * moves.len() + 4, 200 * moves.len());
        match mover {
            Mover::Anybody => call.arg("").arg("").arg(0),
            Mover::Promoter { holder, more } => {
                let hold = if more { HOLD } else { 0 };
                call.arg(self.master_lock()).arg(holder).arg(hold)
            }
        };
        for step in moves {
            self.add_move(&mut call, step);
        }
        match self.script("move delayed jobs", &call).await? {
            Value::Int(_) => Ok(None),
            reply => Ok(Some(
                list_of(reply)
                    .into_iter()
                    .map(|reply| self.moved(reply))
                    .collect(),
            )),
        }
    }

    fn moved(&self, reply: Value) -> Moved {
        match reply {
            Value::Int(0) => Moved::Gone,
            Value::Array(trouble) if trouble.len() == 2 => {
                Moved::Blocked(self.spoiled(&trouble[0], &trouble[1]))
            }
            _ => Moved::Done,
        }
    }

    fn add_move(&self, call: &mut Batch, step: &Move) {
        let (job, place) = match step {
            Move::Clean(second) => {
                call.arg("ie").arg(second);
                return;
            }
            Move::Job(job, place) => (job, place),
        };
        let letter = match place {
            Place::Nowhere => 'n',
            Place::OwnQueue | Place::Queue(..) => 'q',
            Place::Failed(_) => 'f',
            Place::OwnAt(_) | Place::Second(_) => 'a',
            Place::Own(..) => 'o',
        };
        match job {
            Job::Own(number) => call.arg(format!("o{letter}")).arg(number),
            Job::Item { second, item } => call.arg(format!("i{letter}")).arg(second).arg(item),
        };
        match place {
            Place::Nowhere | Place::OwnQueue => {}
            Place::Queue(queue, job) => {
                call.arg(queue.as_str()).arg(job);
            }
            Place::Failed(record) => self.add_failure(call, record),
            Place::OwnAt(due) | Place::Second(due) => {
                call.arg(*due);
            }
            Place::Own(due, queue, job) => {
                call.arg(*due).arg(queue.as_str()).arg(job);
            }
        }
    }
}
