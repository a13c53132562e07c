//! Starts whole batches of jobs with as few tasks as possible.
//!
//! A runner takes the jobs of a batch one by one and polls each of them in place; only a job that
//! waits for something becomes a task of its own. So a job that never waits costs no task. And no
//! runner polls a job while others are left in the batch without having called a relief, a second
//! runner that goes on with the rest as soon as any thread of the runtime is free. So a job that
//! blocks its thread holds up no other, just as if each had been a task from the beginning.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::vec;

use super::executor::{Duty, Executor, Legacy, perform};
use super::running::Running;

/// How many jobs a runner polls before it lets other tasks run.
const JOBS_A_TURN: usize = 16;

/// A batch of jobs, as far as nobody has taken them.
pub(super) struct Crew {
    executor: Arc<Executor>,
    jobs: Mutex<vec::IntoIter<Arc<Running>>>,
    /// Whether a relief has been called that has not begun.
    called: AtomicBool,
}

impl Crew {
    /// Starts all jobs of a batch on the runtime that calls this.
    pub(super) fn start(executor: Arc<Executor>, batch: Vec<Arc<Running>>) {
        let crew = Arc::new(Self {
            executor,
            jobs: Mutex::new(batch.into_iter()),
            called: AtomicBool::new(false),
        });
        tokio::spawn(crew.run());
    }

    /// Sees to it that a runner goes on with the rest once a thread is free.
    fn call_relief(self: &Arc<Self>) {
        if !self.called.swap(true, Ordering::AcqRel) {
            tokio::spawn(self.clone().run());
            // The runtime reserves the task that was spawned last for this thread, which may be
            // about to block; another one in its place leaves the relief to whoever is free.
            tokio::spawn(std::future::ready(()));
        }
    }

    async fn run(self: Arc<Self>) {
        self.called.store(false, Ordering::Release);
        // What a job that ended in place leaves serves the next one.
        let (mut place, mut legacy) = (None, None);
        let mut polled = 0;
        while let Some((running, more)) = self.take() {
            if more {
                self.call_relief();
            }
            let left = legacy.take();
            let left = left.unwrap_or_else(|| Legacy::from(self.executor.clone()));
            let mut work = put(perform(left, running.clone()), place.take());
            match poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
                Poll::Ready(left) => (place, legacy) = (Some(work), left),
                Poll::Pending => {
                    let task = tokio::spawn(work);
                    self.executor.attach(&running, task.abort_handle());
                }
            }
            polled += 1;
            if polled % JOBS_A_TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    /// The next job, and whether there are more.
    fn take(&self) -> Option<(Arc<Running>, bool)> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let job = jobs.next()?;
        Some((job, jobs.len() > 0))
    }
}

/// Puts a future on the heap, into the place of another one if there is one.
fn put<F>(future: F, place: Option<Pin<Box<F>>>) -> Pin<Box<F>> {
    match place {
        Some(mut place) => {
            place.set(future);
            place
        }
        None => Box::pin(future),
    }
}

impl Drop for Crew {
    /// The runtime has gone, and nobody will perform the rest.
    fn drop(&mut self) {
        while let Some((running, _)) = self.take() {
            drop(Duty::new(self.executor.clone(), running));
        }
    }
}
