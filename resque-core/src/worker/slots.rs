//! The slots of a process: under which ids they ask, and what they do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::JobInfo;
use super::identity::Identity;
use super::settings::PoolSettings;
use crate::limits::Leases;
use crate::wire::payload::decode;
use crate::{JobContext, Receipt, Reservation, Result, WorkerId};

/// A job in one of our slots.
#[derive(Debug)]
pub(crate) struct Running {
    /// The pool of its slot.
    pub(crate) pool: usize,
    /// The slot.
    pub(crate) slot: usize,
    /// The place in the order of all reservations of this process.
    pub(crate) number: u64,
    /// When it was handed to the executor, on the monotonic clock.
    pub(crate) since: Duration,
    pub(crate) reservation: Reservation,
    task: Mutex<Task>,
    stuck: AtomicBool,
    cancelled: AtomicBool,
    leases: OnceLock<Box<Leases>>,
}

/// What can be done to a job that runs. It is let go where the job ends, not where it is settled,
/// because memory is freed most cheaply where it was taken.
#[derive(Debug, Default)]
struct Task {
    over: bool,
    /// Whether it was ever begun.
    begun: bool,
    context: Option<JobContext>,
    handle: Option<AbortHandle>,
    /// Kills the process that performs it, if it is another one.
    kill: Option<CancellationToken>,
}

impl Running {
    pub(crate) fn new(
        (pool, slot): (usize, usize),
        number: u64,
        since: Duration,
        reservation: Reservation,
    ) -> Self {
        Self {
            pool,
            slot,
            number,
            since,
            reservation,
            task: Mutex::default(),
            stuck: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
            leases: OnceLock::new(),
        }
    }

    /// What settles it.
    pub(crate) fn receipt(&self) -> &Receipt {
        &self.reservation.receipt
    }

    /// Notes what the job is told, so that it can be asked to stop.
    pub(crate) fn attach_context(&self, context: JobContext) {
        let mut task = self.task();
        task.begun = true;
        task.context = Some(context);
    }

    /// Notes the task, so that it can be dropped.
    pub(crate) fn attach_handle(&self, handle: AbortHandle) {
        let mut task = self.task();
        if !task.over {
            task.handle = Some(handle);
        }
    }

    /// Notes that the job is performed in another process, and answers what kills that.
    pub(crate) fn attach_kill(&self) -> CancellationToken {
        let kill = CancellationToken::new();
        let mut task = self.task();
        if !task.over {
            task.kill = Some(kill.clone());
        }
        kill
    }

    /// The job runs no more: nothing can be done to it.
    pub(crate) fn end(&self) {
        let mut task = self.task();
        let ended = Task {
            over: true,
            begun: task.begun,
            ..Task::default()
        };
        let before = std::mem::replace(&mut *task, ended);
        drop(task);
        drop(before);
    }

    /// Whether the job was ever begun.
    pub(crate) fn has_begun(&self) -> bool {
        self.task().begun
    }

    /// Whether it was ever handed to the runtime.
    pub(crate) fn has_started(&self) -> bool {
        let task = self.task();
        task.over || task.handle.is_some() || task.context.is_some()
    }

    /// What the job is told, while it runs.
    pub(crate) fn context(&self) -> Option<JobContext> {
        self.task().context.clone()
    }

    /// Notes what the job holds while it runs.
    pub(crate) fn attach_leases(&self, leases: Leases) {
        let _ = self.leases.set(Box::new(leases));
    }

    /// What the job holds while it runs.
    pub(crate) fn leases(&self) -> Option<&Leases> {
        self.leases.get().map(|leases| &**leases)
    }

    /// Asks the job to stop because somebody wants it to end: it is not tried again.
    pub(crate) fn cancel_for_good(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        self.cancel();
    }

    /// Whether somebody wants the job to end.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// Asks the job to stop.
    pub(crate) fn cancel(&self) {
        if let Some(context) = self.context() {
            context.cancel();
        }
    }

    /// Drops the job as soon as it yields. One in another process is killed instead, and its task
    /// sees it die.
    pub(crate) fn abandon(&self) {
        let (kill, handle) = {
            let mut task = self.task();
            match &task.kill {
                Some(kill) => (Some(kill.clone()), None),
                None => (None, task.handle.take()),
            }
        };
        if let Some(kill) = kill {
            kill.cancel();
        }
        if let Some(handle) = handle {
            handle.abort();
        }
    }

    fn task(&self) -> MutexGuard<'_, Task> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that its time is up and it does not yield; answers whether that is new.
    pub(crate) fn mark_stuck(&self) -> bool {
        !self.stuck.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn is_stuck(&self) -> bool {
        self.stuck.load(Ordering::Relaxed)
    }

    /// What to tell about it.
    pub(crate) fn info(&self) -> JobInfo {
        match self.context() {
            Some(context) => (&context).into(),
            None => JobInfo {
                worker: Some(self.reservation.worker.clone()),
                queue: self.reservation.queue.to_string(),
                class: match decode(self.reservation.payload.as_bytes()) {
                    Ok(job) => job.class.into_owned(),
                    Err(_) => String::new(),
                },
                attempt: 1,
            },
        }
    }
}

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
    use super::*;
    use crate::{Payload, QueueName};

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
