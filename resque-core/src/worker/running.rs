//! A job in one of the slots of a process, and what can be done to it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::JobInfo;
use crate::limits::Leases;
use crate::wire::payload::decode;
use crate::{JobContext, Receipt, Reservation};

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
    /// Whether it is to be dropped or killed as soon as that is possible.
    unwanted: bool,
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

    /// Notes the task, so that it can be dropped; drops it now if it was to be before it had one.
    pub(crate) fn attach_handle(&self, handle: AbortHandle) {
        let mut task = self.task();
        if task.over {
            return;
        }
        if task.unwanted && task.kill.is_none() {
            drop(task);
            handle.abort();
        } else {
            task.handle = Some(handle);
        }
    }

    /// Notes that the job is performed in another process, and answers what kills that.
    pub(crate) fn attach_kill(&self) -> CancellationToken {
        let kill = CancellationToken::new();
        let mut task = self.task();
        if task.unwanted {
            kill.cancel();
        }
        if !task.over {
            task.kill = Some(kill.clone());
        }
        kill
    }

    /// The job runs no more: nothing can be done to it. Where somebody else ended it, what it was
    /// told is kept for its failure hooks.
    pub(crate) fn end(&self, was_dropped: bool) {
        let mut task = self.task();
        let is_kept = was_dropped || self.is_cancelled();
        let ended = Task {
            over: true,
            begun: task.begun,
            context: task.context.take_if(|_| is_kept),
            ..Task::default()
        };
        let before = std::mem::replace(&mut *task, ended);
        drop(task);
        drop(before);
    }

    /// Notes that whoever should have performed the job never began with it.
    pub(crate) fn has_not_begun(&self) {
        self.task().begun = false;
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

    /// What the job is told, while it runs, and after that if somebody else ended it.
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

    /// Drops the job as soon as it yields, for the first time too. One in another process is killed
    /// instead, and its task sees it die.
    pub(crate) fn abandon(&self) {
        let (kill, handle) = {
            let mut task = self.task();
            task.unwanted = true;
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

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::SystemTime;

    use super::*;
    use crate::{Payload, QueueName, WorkerId};

    fn running() -> Running {
        let worker = WorkerId::new("h~abcde:1-0:q").unwrap();
        let receipt = Receipt::new(worker, "t");
        let queue = QueueName::new("q").unwrap();
        let at = SystemTime::UNIX_EPOCH;
        let reservation = Reservation::new(queue, Payload::default(), at, receipt);
        Running::new((0, 0), 0, Duration::ZERO, reservation)
    }

    #[tokio::test]
    async fn a_job_that_was_to_be_dropped_before_it_first_yielded_is_dropped_when_it_does() {
        let running = running();
        running.abandon();
        let task = tokio::spawn(pending::<()>());
        running.attach_handle(task.abort_handle());
        assert!(task.await.unwrap_err().is_cancelled());
    }

    #[tokio::test]
    async fn a_process_that_was_to_be_killed_before_it_began_is_killed_and_its_task_sees_it_die() {
        let running = running();
        running.abandon();
        assert!(running.attach_kill().is_cancelled());
        let (done, sees) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(sees);
        running.attach_handle(task.abort_handle());
        done.send(()).unwrap();
        task.await.unwrap().unwrap();
    }
}
