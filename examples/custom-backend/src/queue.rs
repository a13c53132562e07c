//! The queues.

use std::time::SystemTime;

use async_trait::async_trait;
use resque::{
    BackendInfo, DelayedJobs, Edit, EditTo, Enqueue, Exchange, Page, Payload, Popped, Pushed,
    QueueBackend, QueueList, QueueListing, QueueName, QueueStatus, Reservation, Result, Settlement,
    WorkerId,
};

use crate::FileBackend;
use crate::settle::settle;
use crate::state::{Bytes, Note, State, nanos};

#[async_trait]
impl QueueBackend for FileBackend {
    fn info(&self) -> BackendInfo {
        BackendInfo::new("file")
            .durable(true)
            .shared(true)
            .atomic_batch(true)
    }

    async fn push(&self, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        self.write("push", |state| {
            Ok(batch.iter().map(|job| push(state, job)).collect())
        })
    }

    async fn exchange(
        &self,
        done: &[Settlement],
        want: &[WorkerId],
        from: &QueueList,
        now: SystemTime,
    ) -> Result<Exchange> {
        self.write("exchange", |state| {
            let mut exchange = Exchange::default();
            let mut released = Vec::new();
            for settlement in done {
                exchange
                    .settled
                    .push(settle(state, settlement, &mut released));
            }
            // The job released first has to be the first to come again.
            for note in released.into_iter().rev() {
                state
                    .queues
                    .entry(note.queue)
                    .or_default()
                    .push_front(note.payload);
            }
            let queues = resolve(state, from);
            exchange.reserved = want
                .iter()
                .filter_map(|worker| reserve(state, worker, &queues, now))
                .collect();
            Ok(exchange)
        })
    }

    async fn pop(&self, from: &QueueList, at_most: usize) -> Result<Vec<Popped>> {
        self.write("pop", |state| {
            let queues = resolve(state, from);
            Ok(std::iter::from_fn(|| take(state, &queues))
                .take(at_most)
                .collect())
        })
    }

    async fn peek(&self, queue: &QueueName, page: Page) -> Result<Vec<Payload>> {
        self.read("peek", |state| {
            let Some(jobs) = state.queues.get(queue.as_str()) else {
                return Vec::new();
            };
            jobs.range(page.range(jobs.len()))
                .cloned()
                .map(Payload::from)
                .collect()
        })
    }

    async fn edit(&self, batch: &[Edit]) -> Result<Vec<u64>> {
        self.write("edit", |state| {
            Ok(batch.iter().map(|one| edit(state, one)).collect())
        })
    }

    async fn queues(&self) -> Result<QueueListing> {
        self.read("list the queues", |state| {
            let status = |(name, jobs): (&String, &std::collections::VecDeque<Bytes>)| {
                Ok(QueueStatus::new(QueueName::new(name)?, jobs.len() as u64))
            };
            Ok(QueueListing::new(
                state.queues.iter().map(status).collect::<Result<_>>()?,
                Vec::new(),
            ))
        })?
    }

    async fn create_queue(&self, queue: &QueueName) -> Result<bool> {
        self.write("create a queue", |state| {
            let new = !state.queues.contains_key(queue.as_str());
            state.queues.entry(queue.to_string()).or_default();
            Ok(new)
        })
    }

    async fn delete_queue(&self, queue: &QueueName) -> Result<u64> {
        self.write("delete a queue", |state| {
            Ok(state
                .queues
                .remove(queue.as_str())
                .map_or(0, |jobs| jobs.len() as u64))
        })
    }

    async fn clear(&self) -> Result<u64> {
        self.write("clear", |state| Ok(state.empty() as u64))
    }

    fn delayed(&self) -> Option<&dyn DelayedJobs> {
        Some(self)
    }
}

fn push(state: &mut State, job: &Enqueue) -> Pushed {
    let (queue, payload) = (job.queue.as_str(), Bytes::from(&job.payload));
    match job.due {
        Some(due) => {
            state.delay(due, queue.to_owned(), payload);
            Pushed::Delayed
        }
        None => Pushed::Queued {
            length: state.queue_up(queue, payload),
        },
    }
}

/// The queues to ask, in order, at this moment.
fn resolve(state: &State, from: &QueueList) -> Vec<QueueName> {
    let known: Vec<QueueName> = state.queues.keys().flat_map(QueueName::new).collect();
    from.resolve(&known)
}

fn take(state: &mut State, queues: &[QueueName]) -> Option<Popped> {
    queues.iter().find_map(|queue| {
        let payload = state.queues.get_mut(queue.as_str())?.pop_front()?;
        Some(Popped {
            queue: queue.clone(),
            payload: payload.into(),
        })
    })
}

/// Gives a slot the job it already holds, or the next one.
fn reserve(
    state: &mut State,
    worker: &WorkerId,
    queues: &[QueueName],
    now: SystemTime,
) -> Option<Reservation> {
    if let Some(note) = state.notes.get(worker.as_str()) {
        let queue = QueueName::new(&note.queue).ok()?;
        return Some(note.clone().reservation(worker, queue).again());
    }
    let Popped { queue, payload } = take(state, queues)?;
    let note = Note {
        queue: queue.to_string(),
        payload: Bytes::from(&payload),
        since: nanos(now),
        token: state.fresh().to_string(),
    };
    state.notes.insert(worker.to_string(), note.clone());
    // A slot that is on no registry must be found too when it falls silent.
    state
        .heartbeats
        .entry(worker.to_string())
        .or_insert(nanos(now));
    Some(note.reservation(worker, queue))
}

fn edit(state: &mut State, edit: &Edit) -> u64 {
    let Some(jobs) = state.queues.get_mut(edit.queue.as_str()) else {
        return 0;
    };
    let wanted = Bytes::from(&edit.payload);
    let mut found = 0;
    jobs.retain(|job| {
        let hit = found < edit.at_most && *job == wanted;
        found += u64::from(hit);
        !hit
    });
    for _ in 0..found {
        match &edit.to {
            EditTo::Front => jobs_of(state, &edit.queue).push_front(wanted.clone()),
            EditTo::Queue(queue) => jobs_of(state, queue).push_back(wanted.clone()),
            _ => {}
        }
    }
    found
}

fn jobs_of<'a>(
    state: &'a mut State,
    queue: &QueueName,
) -> &'a mut std::collections::VecDeque<Bytes> {
    state.queues.entry(queue.to_string()).or_default()
}
