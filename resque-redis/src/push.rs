//! Putting jobs into queues.

use std::collections::HashMap;
use std::time::SystemTime;

use resque_core::wire::delayed;
use resque_core::{Enqueue, Lock, Pushed, Result};

use crate::driver::{Batch, Value};
use crate::due;
use crate::limits::micros;
use crate::pushes::{add_push, bytes};
use crate::scripts::{PUSH, PUSH_LOCKED};
use crate::store::{Store, list_of, number_of};

impl Store {
    /// Puts all jobs in or none, and answers in their order.
    pub(crate) async fn push_jobs(&self, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(pushed) = self.pushes.push(batch).await {
            return pushed;
        }
        if batch.iter().any(|job| job.lock.is_some()) {
            let pushed = self.push_locked(None, batch).await?;
            return Ok(pushed.unwrap_or_default());
        }
        let groups = Groups::of(batch);
        let lengths = match &groups {
            Groups {
                queues,
                items,
                delayed,
            } if queues.len() == 1 && items.is_empty() && delayed.is_empty() => {
                vec![self.push_to_queue(batch).await?]
            }
            _ => {
                let call = self.push_call(batch, &groups);
                list_of(self.script("push jobs", &call).await?)
            }
        };
        let mut pushed = vec![Pushed::Delayed; batch.len()];
        for ((_, jobs), length) in groups.queues.iter().zip(&lengths) {
            let before = number_of(length).saturating_sub(jobs.len() as u64);
            for (place, length) in jobs.iter().zip(before + 1..) {
                pushed[*place] = Pushed::Queued { length };
            }
        }
        Ok(pushed)
    }

    /// Puts jobs that all belong to one queue into it.
    async fn push_to_queue(&self, batch: &[Enqueue]) -> Result<Value> {
        let mut call = Batch::with_capacity(batch.len() + 5, bytes(batch) + 64);
        add_push(&mut call, &self.keys, &batch[0].queue, batch);
        self.script("push jobs", &call).await
    }

    /// Puts in those jobs whose locks nobody else holds; answers nothing if somebody holds the lock
    /// for all of them.
    pub(crate) async fn push_locked(
        &self,
        once: Option<&Lock>,
        batch: &[Enqueue],
    ) -> Result<Option<Vec<Pushed>>> {
        let bytes = batch.iter().map(|job| job.payload.as_bytes().len() + 160);
        let mut call = self.call(&PUSH_LOCKED, 8 * batch.len() + 4, bytes.sum());
        add_lock(&mut call, once);
        for job in batch {
            add_lock(&mut call, job.lock.as_deref());
            let item = job.due.and_then(|due| item_of(job, due));
            match (job.due, item) {
                (_, Some((second, item))) => call.arg("i").arg(second).arg(item),
                (Some(due), None) => {
                    call.arg("o").arg(due::millis(due)).arg(job.queue.as_str());
                    call.arg(job.payload.clone().into_bytes())
                }
                (None, None) => {
                    call.arg("q").arg(job.queue.as_str());
                    call.arg(job.payload.clone().into_bytes())
                }
            };
        }
        let answers = list_of(self.script("push jobs", &call).await?);
        if answers == [Value::Int(-2)] {
            return Ok(None);
        }
        let answers = answers.iter().zip(batch);
        let pushed = answers.map(|(answer, job)| match (answer, job.due) {
            (Value::Int(-1), _) => Pushed::Duplicate,
            (_, Some(_)) => Pushed::Delayed,
            (length, None) => Pushed::Queued {
                length: number_of(length),
            },
        });
        Ok(Some(pushed.collect()))
    }

    fn push_call(&self, batch: &[Enqueue], groups: &Groups<'_>) -> Batch {
        let payload = |place: usize| batch[place].payload.clone().into_bytes();
        let bytes = batch.iter().map(|job| job.payload.as_bytes().len() + 40);
        let args = batch.len() + 3 * groups.queues.len() + 8;
        let mut call = self.call(&PUSH, args, bytes.sum());
        call.arg(groups.queues.len())
            .arg(groups.items.len())
            .arg(groups.delayed.len());
        for (queue, jobs) in &groups.queues {
            call.arg(*queue).arg(jobs.len());
            for &place in jobs {
                call.arg(payload(place));
            }
        }
        for (second, item) in &groups.items {
            call.arg(*second).arg(item);
        }
        for &(due, place) in &groups.delayed {
            call.arg(due)
                .arg(batch[place].queue.as_str())
                .arg(payload(place));
        }
        call
    }
}

fn add_lock(call: &mut Batch, lock: Option<&Lock>) {
    match lock {
        None => call.arg(""),
        Some(lock) => call
            .arg(&*lock.lease.name)
            .arg(&*lock.lease.holder)
            .arg(micros(lock.now))
            .arg(micros(lock.until)),
    };
}

/// The jobs of a batch by where they go.
#[derive(Default)]
struct Groups<'a> {
    /// The places in the batch of each queue's jobs, queues in order of their first job.
    queues: Vec<(&'a str, Vec<usize>)>,
    /// Seconds and items for resque-scheduler's lists.
    items: Vec<(u64, Vec<u8>)>,
    /// Due times in milliseconds and places in the batch, for our own delayed set.
    delayed: Vec<(u64, usize)>,
}

impl<'a> Groups<'a> {
    fn of(batch: &'a [Enqueue]) -> Self {
        let mut groups = Self::default();
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        for (place, job) in batch.iter().enumerate() {
            let name = job.queue.as_str();
            match job.due {
                None => {
                    let number = groups.number_of(name, place, &mut numbers);
                    groups.queues[number].1.push(place);
                }
                Some(due) => match item_of(job, due) {
                    Some(item) => groups.items.push(item),
                    None => groups.delayed.push((due::millis(due), place)),
                },
            }
        }
        groups
    }

    /// The number of a queue. Most batches have one queue, most others long runs of each.
    fn number_of(
        &mut self,
        name: &'a str,
        place: usize,
        numbers: &mut HashMap<&'a str, usize>,
    ) -> usize {
        if let Some((last, jobs)) = self.queues.last()
            && *last == name
            && jobs.last() == place.checked_sub(1).as_ref()
        {
            return self.queues.len() - 1;
        }
        let queues = &mut self.queues;
        *numbers.entry(name).or_insert_with(|| {
            queues.push((name, Vec::new()));
            queues.len() - 1
        })
    }
}

/// The second and the item of a job that resque-scheduler can promote as well as we: a plain one,
/// due at a whole second.
fn item_of(job: &Enqueue, due: SystemTime) -> Option<(u64, Vec<u8>)> {
    let second = due::whole_second(due)?;
    let item = delayed::encode(job.payload.as_bytes(), job.queue.as_str())?;
    Some((second, item))
}
