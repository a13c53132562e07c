//! The waiting jobs of all queues.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::SystemTime;

use resque_core::{Edit, EditTo, Page, Payload, Popped, QueueList, QueueName, QueueStatus, Result};

use crate::store::unknown;
use crate::wait::Bell;

/// One waiting job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) payload: Payload,
    /// Since when it waits.
    pub(crate) since: SystemTime,
}

/// The queues that exist, in byte order, and which of them give nothing.
#[derive(Default)]
pub(crate) struct Queues {
    queues: BTreeMap<QueueName, Queue>,
    /// May name queues that do not exist.
    pub(crate) stopped: BTreeSet<QueueName>,
    pub(crate) paused: bool,
    pub(crate) bell: Bell,
}

#[derive(Default)]
pub(crate) struct Queue {
    pub(crate) jobs: VecDeque<Job>,
    /// The bell's moment when a job last came in.
    pub(crate) rung: u64,
}

impl Queues {
    /// Puts a job at the end of a queue and answers how long it is now.
    pub(crate) fn put_back(&mut self, name: &QueueName, job: Job) -> usize {
        self.put(name, |jobs| jobs.push_back(job))
    }

    /// Puts a job at the front of a queue.
    pub(crate) fn put_front(&mut self, name: &QueueName, mut job: Job) {
        self.put(name, |jobs| {
            if let Some(front) = jobs.front() {
                // The front tells since when the oldest job waits, even from behind a younger one.
                job.since = job.since.min(front.since);
            }
            jobs.push_front(job);
        });
    }

    /// Puts something into a queue, which is made if need be, and rings for it.
    fn put(&mut self, name: &QueueName, add: impl FnOnce(&mut VecDeque<Job>)) -> usize {
        let queue = match self.queues.get_mut(name) {
            Some(queue) => queue,
            // Not always by `entry`, which wants a name of its own.
            None => self.queues.entry(name.clone()).or_default(),
        };
        add(&mut queue.jobs);
        self.bell.ring(name, &mut queue.rung);
        queue.jobs.len()
    }

    /// The queue, if it exists.
    pub(crate) fn get(&self, name: &QueueName) -> Option<&Queue> {
        self.queues.get(name)
    }

    /// All queues in byte order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&QueueName, &Queue)> {
        self.queues.iter()
    }

    /// The queue, if it exists and gives jobs.
    pub(crate) fn serving(&mut self, name: &QueueName) -> Option<&mut Queue> {
        if self.stopped.contains(name) {
            return None;
        }
        self.queues.get_mut(name)
    }

    /// The queues to serve for a list, in order.
    pub(crate) fn order<'a>(&self, from: &'a QueueList) -> Cow<'a, [QueueName]> {
        if let Some(names) = from.names() {
            return Cow::Borrowed(names);
        }
        let filled = self.queues.iter().filter(|(_, q)| !q.jobs.is_empty());
        let known: Vec<QueueName> = filled.map(|(name, _)| name.clone()).collect();
        Cow::Owned(from.resolve(&known))
    }

    /// Takes jobs out for good.
    pub(crate) fn pop(&mut self, from: &QueueList, at_most: usize) -> Vec<Popped> {
        self.take_out(from, at_most, |queue, job| Popped {
            queue: queue.clone(),
            payload: job.payload,
        })
    }

    /// Takes jobs out of the queues of a list, in order, and makes something of each.
    pub(crate) fn take_out<T>(
        &mut self,
        from: &QueueList,
        at_most: usize,
        mut make: impl FnMut(&QueueName, Job) -> T,
    ) -> Vec<T> {
        let mut taken = Vec::new();
        for name in self.order(from).iter() {
            let Some(queue) = self.serving(name) else {
                continue;
            };
            let count = queue.jobs.len().min(at_most - taken.len());
            taken.extend(queue.jobs.drain(..count).map(|job| make(name, job)));
        }
        taken
    }

    /// Puts jobs back to the front of their queues, in their order.
    pub(crate) fn release(&mut self, released: Vec<(QueueName, Job)>) {
        // The last one first, so that the first one ends up in front.
        for (queue, job) in released.into_iter().rev() {
            self.put_front(&queue, job);
        }
    }

    /// How many jobs a queue has.
    pub(crate) fn length(&self, name: &QueueName) -> usize {
        self.queues.get(name).map_or(0, |queue| queue.jobs.len())
    }

    /// The payloads of one part of a queue.
    pub(crate) fn peek(&self, name: &QueueName, page: Page) -> Vec<Payload> {
        let Some(queue) = self.queues.get(name) else {
            return Vec::new();
        };
        let part = queue.jobs.range(page.range(queue.jobs.len()));
        part.map(|job| job.payload.clone()).collect()
    }

    /// Removes or moves the jobs of exactly these bytes and answers how many there were.
    pub(crate) fn edit(&mut self, edit: &Edit, now: SystemTime) -> Result<usize> {
        let found = match &edit.to {
            EditTo::Nowhere | EditTo::Front | EditTo::Queue(_) => self.take(edit),
            other => return Err(unknown("edit a queue", other)),
        };
        let count = found.len();
        for job in found {
            match &edit.to {
                EditTo::Front => self.put_front(&edit.queue, job),
                EditTo::Queue(other) => {
                    self.put_back(other, Job { since: now, ..job });
                }
                _ => {}
            }
        }
        Ok(count)
    }

    /// Takes out the jobs that an edit means.
    fn take(&mut self, edit: &Edit) -> Vec<Job> {
        let at_most = usize::try_from(edit.at_most).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        if let Some(queue) = self.queues.get_mut(&edit.queue) {
            queue.jobs.retain(|job| {
                let wanted = found.len() < at_most && job.payload == edit.payload;
                if wanted {
                    found.push(job.clone());
                }
                !wanted
            });
        }
        found
    }

    /// Makes a queue exist; answers whether it is new.
    pub(crate) fn create(&mut self, name: &QueueName) -> bool {
        let new = !self.queues.contains_key(name);
        if new {
            self.queues.insert(name.clone(), Queue::default());
        }
        new
    }

    /// Takes a queue away.
    pub(crate) fn delete(&mut self, name: &QueueName) -> Option<Queue> {
        let queue = self.queues.remove(name)?;
        // With the queue goes the note that it was rung for.
        self.bell.ring_all();
        Some(queue)
    }

    /// Takes all queues away and ends the pause; who waits for jobs stays.
    pub(crate) fn clear(&mut self) -> Self {
        self.bell.ring_all();
        let bell = std::mem::take(&mut self.bell);
        let old = std::mem::take(self);
        self.bell = bell;
        old
    }

    /// The state of all queues.
    pub(crate) fn statuses(&self) -> Vec<QueueStatus> {
        let status = |(name, queue): (&QueueName, &Queue)| {
            QueueStatus::new(name.clone(), queue.jobs.len() as u64)
                .stopped(self.stopped.contains(name))
                .oldest(queue.jobs.front().map(|job| job.since))
        };
        self.queues.iter().map(status).collect()
    }

    pub(crate) fn set_stopped(&mut self, name: &QueueName, stopped: bool) {
        if stopped {
            self.stopped.insert(name.clone());
        } else if self.stopped.remove(name)
            && let Some(queue) = self.queues.get_mut(name)
        {
            self.bell.ring(name, &mut queue.rung);
        }
    }

    pub(crate) fn set_paused(&mut self, paused: bool) {
        if self.paused && !paused {
            self.bell.ring_all();
        }
        self.paused = paused;
    }
}

#[cfg(test)]
#[path = "jobs_tests.rs"]
mod tests;
