//! The slots of a process: under which ids they ask, and what they do.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::identity::Identity;
use super::running::Running;
use super::settings::PoolSettings;
use crate::{Result, WorkerId};

/// What a slot does.
#[derive(Clone, Debug)]
pub(crate) enum Doing {
    /// It waits for a job.
    Nothing,
    /// It performs a job.
    Running(Arc<Running>),
    /// Its job has ended and the store could not be told yet.
    Settling(Arc<Running>),
}

/// One slot.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) pool: usize,
    pub(crate) doing: Doing,
    /// The id under which it asks for a job, until a definite answer has come.
    asked: Option<WorkerId>,
}

/// All slots of a process. Locked once for a batch, never across an await.
#[derive(Debug)]
pub(crate) struct Slots {
    /// The third part of each slot's id.
    queues: Vec<String>,
    table: Mutex<Table>,
}

#[derive(Debug)]
pub(crate) struct Table {
    identity: Identity,
    /// The id that each slot uses for its next job.
    ids: Vec<WorkerId>,
    slots: Vec<Slot>,
}

impl Slots {
    pub(crate) fn new(pools: &[PoolSettings], identity: Identity) -> Result<Self> {
        let mut queues = Vec::new();
        let mut slots = Vec::new();
        for (pool, settings) in pools.iter().enumerate() {
            let id_part = settings.queues.id_part();
            for _ in 0..settings.slots {
                queues.push(id_part.clone());
                slots.push(Slot {
                    pool,
                    doing: Doing::Nothing,
                    asked: None,
                });
            }
        }
        let ids = compose(&identity, &queues)?;
        let table = Table {
            identity,
            ids,
            slots,
        };
        Ok(Self {
            queues,
            table: Mutex::new(table),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ids for the next jobs, one for each slot.
    pub(crate) fn ids(&self) -> Vec<WorkerId> {
        self.lock().ids.clone()
    }

    /// Gives all slots new ids for their next jobs; running jobs keep the old ones.
    pub(crate) fn renew(&self) -> Result<()> {
        let mut table = self.lock();
        let identity = table.identity.renewed();
        table.ids = compose(&identity, &self.queues)?;
        table.identity = identity;
        Ok(())
    }

    /// The jobs that run, in the order in which they were reserved.
    pub(crate) fn running(&self) -> Vec<Arc<Running>> {
        let table = self.lock();
        let running = table.slots.iter().filter_map(|slot| match &slot.doing {
            Doing::Running(running) => Some(running.clone()),
            Doing::Nothing | Doing::Settling(_) => None,
        });
        let mut running: Vec<_> = running.collect();
        running.sort_unstable_by_key(|running| running.number);
        running
    }
}

impl Table {
    /// The name under which the process promotes delayed jobs.
    pub(crate) fn holder(&self) -> String {
        self.identity.holder()
    }

    /// All slots with the ids for their next jobs.
    pub(crate) fn slots(&self) -> impl Iterator<Item = (&WorkerId, &Slot)> {
        self.ids.iter().zip(&self.slots)
    }

    /// All ids that the store has to know as alive: those for the next jobs, and older ones under
    /// which a job still runs or may have been given out.
    pub(crate) fn ids_in_use(&self) -> Vec<WorkerId> {
        let mut ids = self.ids.clone();
        for (current, slot) in self.ids.iter().zip(&self.slots) {
            let held = match &slot.doing {
                Doing::Running(running) | Doing::Settling(running) => {
                    Some(&running.reservation.worker)
                }
                Doing::Nothing => None,
            };
            let asked = slot.asked.as_ref().filter(|asked| Some(*asked) != held);
            let older = held.into_iter().chain(asked);
            ids.extend(older.filter(|id| *id != current).cloned());
        }
        ids
    }

    /// The id under which a slot asks now. One that has had no definite answer asks again under
    /// the same id, so that a job it was given without hearing of it reaches it.
    pub(crate) fn ask(&mut self, slot: usize) -> WorkerId {
        let id = &self.ids[slot];
        self.slots[slot]
            .asked
            .get_or_insert_with(|| id.clone())
            .clone()
    }

    /// The slot has had a definite answer.
    pub(crate) fn answered(&mut self, slot: usize) {
        self.slots[slot].asked = None;
    }

    /// Whether the slot has asked and not had a definite answer.
    pub(crate) fn is_asking(&self, slot: usize) -> bool {
        self.slots[slot].asked.is_some()
    }

    pub(crate) fn set(&mut self, slot: usize, doing: Doing) {
        self.slots[slot].doing = doing;
    }
}

fn compose(identity: &Identity, queues: &[String]) -> Result<Vec<WorkerId>> {
    let ids = queues.iter().enumerate();
    ids.map(|(slot, queues)| identity.worker_id(slot, queues))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Payload, QueueName, Receipt, Reservation};

    fn slots() -> Slots {
        let pool = |queues: &str, slots| PoolSettings {
            queues: queues.parse().unwrap(),
            slots,
        };
        let pools = [pool("critical", 1), pool("high,!low,*", 2)];
        Slots::new(&pools, Identity::of_this_process()).unwrap()
    }

    fn running(slot: usize, worker: WorkerId) -> Arc<Running> {
        let receipt = Receipt::new(worker, "t");
        let queue = QueueName::new("q").unwrap();
        let since = std::time::SystemTime::UNIX_EPOCH;
        let reservation = Reservation::new(queue, Payload::default(), since, receipt);
        Arc::new(Running::new((0, slot), 0, Duration::ZERO, reservation))
    }

    #[test]
    fn each_slot_has_an_id_with_the_queues_of_its_pool() {
        let ids = slots().ids();
        let parts: Vec<_> = ids.iter().map(|id| id.queues()).collect();
        assert_eq!(parts, ["critical", "high,*", "high,*"]);
        assert!(ids[2].pid().ends_with("-2"));
    }

    #[test]
    fn a_running_job_keeps_its_id_through_a_renewal() {
        let slots = slots();
        let old = slots.ids();
        slots
            .lock()
            .set(1, Doing::Running(running(1, old[1].clone())));
        slots.renew().unwrap();
        let (new, in_use) = (slots.ids(), slots.lock().ids_in_use());
        assert!(new.iter().all(|id| !old.contains(id)));
        assert_eq!(in_use, [&new[..], &old[1..2]].concat());
        slots.lock().set(1, Doing::Nothing);
        assert_eq!(slots.lock().ids_in_use(), new);
    }

    #[test]
    fn a_slot_without_a_definite_answer_asks_again_under_the_same_id() {
        let slots = slots();
        let mut table = slots.lock();
        let asked = table.ask(0);
        drop(table);
        slots.renew().unwrap();
        let mut table = slots.lock();
        assert_eq!(table.ask(0), asked);
        assert!(table.ids_in_use().contains(&asked));
        table.answered(0);
        assert_ne!(table.ask(0), asked);
    }
}
