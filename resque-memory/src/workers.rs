//! The workers and what they hold.

use std::collections::{HashMap, VecDeque};
use std::time::SystemTime;

use foldhash::fast::FixedState;
use resque_core::{
    DeadWorker, HeartbeatMark, Held, Leaving, Left, QueueName, Receipt, Reservation, WorkerId,
    WorkerStatus,
};

use crate::counters::Tallies;
use crate::jobs::Job;

/// Everything that is known under a worker's id, registered or not.
#[derive(Default)]
pub(crate) struct Workers {
    /// Hashed without randomness, and sorted before anybody sees an order.
    workers: HashMap<WorkerId, Worker, FixedState>,
    /// The last number given to a reservation, a heartbeat or an exchange.
    number: u64,
}

#[derive(Default)]
pub(crate) struct Worker {
    /// When it was registered; `None` if it is not.
    pub(crate) started: Option<SystemTime>,
    pub(crate) heartbeat: Option<Heartbeat>,
    pub(crate) note: Option<Note>,
    pub(crate) tallies: Tallies,
}

/// A heartbeat; the number tells two of the same time apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heartbeat {
    at: SystemTime,
    number: u64,
}

/// The note that a worker holds a job.
pub(crate) struct Note {
    pub(crate) queue: QueueName,
    pub(crate) job: Job,
    /// When it was reserved.
    since: SystemTime,
    /// Tells this reservation from all others.
    pub(crate) number: u64,
    /// The exchange that gave it last.
    round: u64,
    /// Whether somebody wants it to end.
    pub(crate) cancelled: bool,
}

impl Workers {
    pub(crate) fn get(&self, id: &WorkerId) -> Option<&Worker> {
        self.workers.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &WorkerId) -> Option<&mut Worker> {
        self.workers.get_mut(id)
    }

    /// What is known under an id, made if need be.
    pub(crate) fn open(&mut self, id: &WorkerId) -> &mut Worker {
        self.workers.entry(id.clone()).or_default()
    }

    /// Forgets an id under which nothing is known.
    pub(crate) fn tidy(&mut self, id: &WorkerId) {
        if self.workers.get(id).is_some_and(Worker::is_blank) {
            self.workers.remove(id);
        }
    }

    /// Forgets all ids; numbers go on.
    pub(crate) fn clear(&mut self) -> Self {
        let number = self.number;
        std::mem::replace(
            self,
            Self {
                number,
                ..Self::default()
            },
        )
    }

    /// All ids in byte order, with what is known under them.
    pub(crate) fn sorted(&self) -> Vec<(&WorkerId, &Worker)> {
        let mut sorted: Vec<_> = self.workers.iter().collect();
        sorted.sort_unstable_by_key(|(id, _)| *id);
        sorted
    }

    /// A number that was never given before.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    fn next_heartbeat(&mut self, at: SystemTime) -> Heartbeat {
        let number = self.next_number();
        Heartbeat { at, number }
    }

    /// Puts workers on the registry and answers what they hold.
    pub(crate) fn register(&mut self, ids: &[WorkerId], now: SystemTime) -> Vec<Held> {
        let heartbeat = self.next_heartbeat(now);
        let mut held = Vec::new();
        for id in ids {
            let worker = self.open(id);
            worker.started.get_or_insert(now);
            worker.heartbeat = Some(heartbeat);
            held.extend(worker.held(id));
        }
        held
    }

    /// Notes that workers live and answers which are not registered.
    pub(crate) fn beat(&mut self, ids: &[WorkerId], now: SystemTime) -> Vec<WorkerId> {
        let heartbeat = self.next_heartbeat(now);
        let mut gone = Vec::new();
        for id in ids {
            match self.workers.get_mut(id) {
                Some(worker) if worker.started.is_some() => worker.heartbeat = Some(heartbeat),
                _ => gone.push(id.clone()),
            }
        }
        gone
    }

    /// Takes one worker off the registry.
    pub(crate) fn unregister(&mut self, leaving: &Leaving) -> Left {
        let Some(worker) = self.workers.get(&leaving.worker) else {
            return Left::Gone;
        };
        if let (Some(mark), Some(heartbeat)) = (&leaving.unless_beaten, worker.heartbeat)
            && !heartbeat.is(mark)
        {
            return Left::Alive;
        }
        if let Some(held) = worker.held(&leaving.worker) {
            return Left::Holding(Box::new(held));
        }
        self.workers.remove(&leaving.worker);
        Left::Gone
    }

    /// The registered workers.
    pub(crate) fn statuses(&self) -> Vec<WorkerStatus> {
        let registered = self.workers.iter().filter(|(_, w)| w.started.is_some());
        registered.map(|(id, worker)| worker.status(id)).collect()
    }

    /// The workers whose last heartbeat is older than `before`.
    pub(crate) fn dead(&self, before: SystemTime) -> Vec<DeadWorker> {
        let dead = |(id, worker): (&WorkerId, &Worker)| {
            let heartbeat = worker.heartbeat.filter(|beat| beat.at < before)?;
            let holds = worker.held(id);
            Some(DeadWorker::new(
                id.clone(),
                heartbeat.at,
                heartbeat.mark(),
                holds,
            ))
        };
        self.sorted().into_iter().filter_map(dead).collect()
    }

    /// Gives a slot the job it holds already or else the next one of the queue, which has one.
    pub(crate) fn fill(
        &mut self,
        id: &WorkerId,
        (name, jobs): (&QueueName, &mut VecDeque<Job>),
        round: &mut Round,
    ) {
        let number = self.next_number();
        let worker = match self.workers.get_mut(id) {
            Some(worker) => worker,
            None => self.workers.entry(id.clone()).or_default(),
        };
        if let Some(note) = &mut worker.note {
            round.redeliver(id, note);
        } else if let Some(job) = jobs.pop_front() {
            if worker.started.is_none() {
                // Nobody would ever find out that an unregistered holder has died.
                let at = round.now;
                worker.heartbeat = Some(Heartbeat { at, number });
            }
            let note = worker.note.insert(Note {
                queue: name.clone(),
                job,
                since: round.now,
                number,
                round: round.number,
                cancelled: false,
            });
            round.reserved.push(note.reservation(id));
        }
    }

    /// Gives a slot the job it holds already, if it does.
    pub(crate) fn redeliver(&mut self, id: &WorkerId, round: &mut Round) {
        let worker = self.workers.get_mut(id);
        if let Some(note) = worker.and_then(|worker| worker.note.as_mut()) {
            round.redeliver(id, note);
        }
    }

    /// Begins an exchange.
    pub(crate) fn round(&mut self, now: SystemTime) -> Round {
        Round {
            number: self.next_number(),
            now,
            reserved: Vec::new(),
        }
    }
}

/// What one exchange gives out.
pub(crate) struct Round {
    number: u64,
    now: SystemTime,
    pub(crate) reserved: Vec<Reservation>,
}

impl Round {
    /// Tells a slot once more what it holds, but once only, however often the slot is named.
    fn redeliver(&mut self, id: &WorkerId, note: &mut Note) {
        if std::mem::replace(&mut note.round, self.number) != self.number {
            self.reserved.push(note.reservation(id).again());
        }
    }
}

impl Worker {
    fn is_blank(&self) -> bool {
        self.started.is_none()
            && self.heartbeat.is_none()
            && self.note.is_none()
            && self.tallies == Tallies::default()
    }

    /// Gives up the note that the receipt names, if it is worth anything.
    pub(crate) fn surrender(&mut self, receipt: &Receipt) -> Option<Note> {
        if let Some(mark) = receipt.guard()
            && !self.heartbeat.is_some_and(|heartbeat| heartbeat.is(mark))
        {
            return None;
        }
        self.note
            .take_if(|note| Some(note.number) == receipt.number())
    }

    pub(crate) fn held(&self, id: &WorkerId) -> Option<Held> {
        let note = self.note.as_ref()?;
        let held = Held::new(
            note.queue.as_str(),
            note.job.payload.clone(),
            note.receipt(id),
        );
        Some(held.since(Some(note.since)))
    }

    fn status(&self, id: &WorkerId) -> WorkerStatus {
        let count = |counter: Option<i64>| u64::try_from(counter.unwrap_or(0)).unwrap_or(0);
        let mut status = WorkerStatus::new(id.clone());
        status.started = self.started;
        status.heartbeat = self.heartbeat.map(|heartbeat| heartbeat.at);
        status.processed = count(self.tallies.processed);
        status.failed = count(self.tallies.failed);
        status.holds = self.held(id);
        status
    }
}

impl Note {
    fn receipt(&self, id: &WorkerId) -> Receipt {
        Receipt::numbered(id.clone(), self.number)
    }

    /// What the worker is told about it.
    fn reservation(&self, id: &WorkerId) -> Reservation {
        let payload = self.job.payload.clone();
        Reservation::new(self.queue.clone(), payload, self.since, self.receipt(id))
    }
}

impl Heartbeat {
    fn mark(self) -> HeartbeatMark {
        HeartbeatMark::new(self.number.to_string())
    }

    fn is(self, mark: &HeartbeatMark) -> bool {
        mark.as_str().parse() == Ok(self.number)
    }
}

#[cfg(test)]
#[path = "workers_tests.rs"]
mod tests;
