//! The model: what a store is, in the simplest words there are.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use resque_core::{QueueList, QueueName};

use super::history::{End, Move, QUEUES, WORKERS};
use super::loans::Loans;
use crate::store::queue;

/// A job in the hand of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) queue: usize,
    pub(super) number: u64,
    /// Tells this reservation from all others.
    pub(super) serial: u64,
}

/// A record of a failed job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) queue: usize,
    pub(super) number: u64,
    pub(super) retried: bool,
}

/// Everything that can be seen in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Model {
    /// The queues that exist, by their place among [`QUEUES`].
    pub(super) queues: BTreeMap<usize, VecDeque<u64>>,
    pub(super) stopped: BTreeSet<usize>,
    pub(super) paused: bool,
    pub(super) held: [Option<Held>; WORKERS],
    /// When each registered worker last beat.
    pub(super) beats: [Option<u64>; WORKERS],
    /// Due time, queue and number, in order of time; no two have the same time.
    pub(super) delayed: BTreeMap<u64, (usize, u64)>,
    pub(super) failed: Vec<Failed>,
    pub(super) processed: i64,
    pub(super) failures: i64,
    pub(super) loans: Loans,
    serial: u64,
}

impl Model {
    /// Puts a job at the end of a queue.
    pub(super) fn push(&mut self, queue: usize, number: u64) {
        self.queues.entry(queue).or_default().push_back(number);
    }

    /// The next time that no delayed job has.
    pub(super) fn free_time(&self, mut due: u64) -> u64 {
        while self.delayed.contains_key(&due) {
            due += 1;
        }
        due
    }

    /// The queues that a list serves at present, in order.
    fn serving(&self, list: &QueueList) -> Vec<usize> {
        let known: Vec<QueueName> = self.queues.keys().map(|at| queue(QUEUES[*at])).collect();
        let place = |name: &QueueName| QUEUES.iter().position(|queue| *queue == name.as_str());
        let order = list.resolve(&known);
        let order = order.iter().filter_map(place);
        order
            .filter(|queue| !self.stopped.contains(queue))
            .collect()
    }

    /// The next job of a list.
    pub(super) fn next(&mut self, list: &QueueList) -> Option<(usize, u64)> {
        let order = self.serving(list);
        order
            .into_iter()
            .find_map(|queue| Some((queue, self.queues.get_mut(&queue)?.pop_front()?)))
    }

    /// Takes jobs out for good.
    pub(super) fn pop(&mut self, list: &QueueList, at_most: usize) -> Vec<u64> {
        let jobs = std::iter::from_fn(|| self.next(list));
        jobs.take(at_most).map(|(_, number)| number).collect()
    }

    /// What a slot is given when it asks: what it holds already, else the next job.
    pub(super) fn ask(&mut self, worker: usize, list: &QueueList) -> Option<Held> {
        if self.held[worker].is_none() && !self.paused {
            let (queue, number) = self.next(list)?;
            self.serial += 1;
            let serial = self.serial;
            self.held[worker] = Some(Held {
                queue,
                number,
                serial,
            });
        }
        self.held[worker].clone()
    }

    /// Settles a reservation; answers whether it was still held.
    pub(super) fn settle(&mut self, worker: usize, serial: u64, end: End, due: u64) -> bool {
        let Some(held) = self.held[worker].take_if(|held| held.serial == serial) else {
            return false;
        };
        let Held { queue, number, .. } = held;
        self.end(queue, number, end, due);
        true
    }

    /// Puts a job where its end says, and counts.
    pub(super) fn end(&mut self, queue: usize, number: u64, end: End, due: u64) {
        match end {
            End::Done | End::Discard => {}
            End::Failed => self.failed.push(Failed {
                queue,
                number,
                retried: false,
            }),
            End::Release => self.queues.entry(queue).or_default().push_front(number),
            End::RetryAfter(_) | End::DeferFor(_) => {
                self.delayed.insert(due, (queue, number));
            }
        }
        self.processed += i64::from(end.counts_processed());
        self.failures += i64::from(end.counts_failed());
    }

    /// What an edit of the job at this place of a queue does; answers how many jobs it found.
    pub(super) fn edit(&mut self, from: usize, number: u64, to: Move) -> u64 {
        let Some(jobs) = self.queues.get_mut(&from) else {
            return 0;
        };
        let Some(place) = jobs.iter().position(|job| *job == number) else {
            return 0;
        };
        jobs.remove(place);
        match to {
            Move::Remove => {}
            Move::Front => jobs.push_front(number),
            Move::To(other) => self.push(other, number),
        }
        1
    }

    /// Moves due jobs into their queues; answers how many.
    pub(super) fn promote(&mut self, now: u64, at_most: usize) -> usize {
        let due: Vec<u64> = self
            .delayed
            .range(..=now)
            .map(|(due, _)| *due)
            .take(at_most)
            .collect();
        for due in &due {
            if let Some((queue, number)) = self.delayed.remove(due) {
                self.push(queue, number);
            }
        }
        due.len()
    }

    /// The workers that have not beaten since `before`, and when they last did.
    pub(super) fn dead(&self, before: u64) -> Vec<(usize, u64)> {
        let beats = self.beats.iter().enumerate();
        let silent = beats.filter_map(|(at, beat)| Some((at, (*beat)?)));
        silent.filter(|(_, beat)| *beat < before).collect()
    }

    /// Takes a job from a dead worker; answers whether it still held that one.
    pub(super) fn recover(&mut self, at: usize, serial: u64, release: bool) -> bool {
        let Some(held) = self.held[at].take_if(|held| held.serial == serial) else {
            return false;
        };
        let Held { queue, number, .. } = held;
        if release {
            self.queues.entry(queue).or_default().push_front(number);
        } else {
            self.failed.push(Failed {
                queue,
                number,
                retried: false,
            });
        }
        true
    }
}

impl End {
    /// Whether the attempt counts as processed.
    pub(super) fn counts_processed(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::RetryAfter(_))
    }

    /// Whether it counts as failed.
    pub(super) fn counts_failed(self) -> bool {
        matches!(self, Self::Failed | Self::RetryAfter(_))
    }
}
