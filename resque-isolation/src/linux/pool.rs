//! The children of a worker: those that wait for jobs, and those that start.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use resque_core::worker::{Isolated, Isolation, Leash, Manner, ProcessTitle};
use resque_core::{Clock, Error, JobContext, Result, SystemClock};
use tokio::sync::oneshot;

use super::command::check;
use super::starter::Starter;
use super::warm::{Handed, NotStarted, WarmChild};
use crate::Processes;
use crate::processes::Settings;

/// How long nobody tries to start a child after it could not be started, at first and at most.
const WAITS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How many children may end before they take a job; then the job is the reason.
const MOST_UNFIT: usize = 5;

/// The children of a worker.
#[derive(Debug)]
pub(crate) struct Pool {
    settings: Settings,
    manner: Manner,
    title: Option<ProcessTitle>,
    starter: Starter,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Ready for jobs; the one that was busy last is asked first, because its memory is still warm.
    idle: Vec<WarmChild>,
    /// Who waits for a child.
    waiting: VecDeque<oneshot::Sender<WarmChild>>,
    /// How many children are on their way.
    starting: usize,
    closed: bool,
}

impl Pool {
    fn new(settings: Settings, manner: Manner) -> std::io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            settings,
            title: manner.title_prefix.as_deref().map(ProcessTitle::new),
            manner,
            starter: Starter::new()?,
            state: Mutex::default(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn start_one(&self) -> std::result::Result<WarmChild, NotStarted> {
        WarmChild::start(&self.starter, &self.settings, &self.manner).await
    }

    /// A child that is ready, as soon as there is one.
    async fn lease(self: &Arc<Self>) -> WarmChild {
        loop {
            let awaited = {
                let mut state = self.state();
                match state.idle.pop() {
                    Some(child) => {
                        drop(state);
                        return self.leased(child);
                    }
                    None => {
                        let (sender, awaited) = oneshot::channel();
                        state.waiting.push_back(sender);
                        if state.starting < state.waiting.len() {
                            self.begin_one(&mut state);
                        }
                        awaited
                    }
                }
            };
            if let Ok(child) = awaited.await {
                return self.leased(child);
            }
        }
    }

    /// A child that performs its last job is replaced while it does.
    fn leased(self: &Arc<Self>, child: WarmChild) -> WarmChild {
        if child.is_at_its_last() {
            self.begin_one(&mut self.state());
        }
        child
    }

    /// Begins to start a child, and goes on trying as long as somebody waits for one.
    fn begin_one(self: &Arc<Self>, state: &mut State) {
        if state.closed {
            return;
        }
        state.starting += 1;
        let pool = self.clone();
        tokio::spawn(async move {
            let mut wait = WAITS.0;
            loop {
                match pool.start_one().await {
                    Ok(child) => return pool.began(child),
                    Err(error) => {
                        tracing::error!(%error, "could not start a child");
                        let mut state = pool.state();
                        state.waiting.retain(|waiting| !waiting.is_closed());
                        if state.waiting.is_empty() || state.closed {
                            state.starting -= 1;
                            return;
                        }
                    }
                }
                SystemClock::new().sleep(wait).await;
                wait = (wait * 2).min(WAITS.1);
            }
        });
    }

    fn began(&self, child: WarmChild) {
        self.state().starting -= 1;
        self.offer(child);
    }

    /// Gives a child to whoever waits for one, or lets it wait.
    fn offer(&self, mut child: WarmChild) {
        let mut state = self.state();
        while let Some(waiting) = state.waiting.pop_front() {
            match waiting.send(child) {
                Ok(()) => return,
                Err(back) => child = back,
            }
        }
        if !state.closed {
            state.idle.push(child);
        }
    }

    /// Takes a child back after its job.
    fn give_back(&self, child: WarmChild) {
        if child.may_go_on() {
            self.offer(child);
        } else {
            tokio::spawn(child.retire());
        }
    }

    /// Ends all children that wait.
    async fn close(&self) {
        let idle = {
            let mut state = self.state();
            state.closed = true;
            state.waiting.clear();
            std::mem::take(&mut state.idle)
        };
        futures::future::join_all(idle.into_iter().map(WarmChild::retire)).await;
    }
}

#[async_trait]
impl Isolation for Processes {
    async fn open(&self, slots: usize, manner: Manner) -> Result<()> {
        check(self.settings.program.as_deref())?;
        let cannot = |error: std::io::Error| Error::unavailable("start a child for jobs", error);
        let pool = Pool::new(self.settings.clone(), manner).map_err(cannot)?;
        // If one cannot be started at all, everybody should hear of it now.
        match pool.start_one().await {
            Ok(child) => {
                pool.offer(child);
                // The others get ready while the worker connects.
                let mut state = pool.state();
                (1..slots).for_each(|_| pool.begin_one(&mut state));
            }
            Err(NotStarted::Broken(error)) => return Err(cannot(error)),
            Err(refused @ NotStarted::Refused(_)) => {
                tracing::warn!("{refused}; it is tried again with the first job");
            }
        }
        // A second worker with the same value would be a worker that was cloned, which is not possible.
        let _ = self.pool.set(pool);
        Ok(())
    }

    async fn perform(&self, job: &JobContext, leash: &Leash) -> Isolated {
        let Some(pool) = self.pool.get() else {
            return Isolated::NotStarted;
        };
        let mut unfit = 0;
        loop {
            let mut child = tokio::select! {
                biased;
                () = leash.kill().cancelled() => return Isolated::NotStarted,
                () = leash.term().cancelled() => return Isolated::NotStarted,
                child = pool.lease() => child,
            };
            tracing::debug!(pid = child.id(), "handed to a child");
            if let Some(title) = &pool.title {
                title.show_forked(child.id(), job.clock().now());
            }
            let fails = pool.manner.fails_when_asked_to_stop;
            match child.perform(job, leash, fails).await {
                Handed::Performed(performed) => {
                    pool.give_back(child);
                    return Isolated::Performed(performed);
                }
                Handed::Died(exit) => return Isolated::Died(exit),
                Handed::Unfit(exit) => {
                    unfit += 1;
                    if unfit == MOST_UNFIT {
                        return Isolated::Died(exit);
                    }
                }
            }
        }
    }

    async fn close(&self) {
        if let Some(pool) = self.pool.get() {
            pool.close().await;
        }
    }
}
