//! The engine of a worker: everything that talks to the store, on a thread, a runtime and
//! connections of its own.
//!
//! A handler that blocks every thread of the application so silences no heartbeat, and a busy
//! application slows no exchange.

use std::future::pending;
use std::sync::Arc;
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::core::{Core, Links};
use super::executor::Finished;
use super::heartbeat::Heart;
use super::janitor::Janitor;
use super::lifecycle::LifeEvent;
use super::moments::Moment;
use super::operation::Operation;
use super::outage::{Backoff, Link, Persisted, persist};
use super::pool::{Ends, Pool, Remains};
use super::promoter::Promoter;
use super::running::Running;
use super::scheduler::Scheduler;
use super::stop;
use super::supervisor::{Note, Supervisor};
use super::{HeardSignals, StopReport, signals};
use crate::{Backend, Client, Error, Performer, Result, WorkerId};

/// What the engine is made of.
pub(crate) struct Engine {
    pub(crate) core: Arc<Core>,
    pub(crate) backend: Backend,
    pub(crate) performer: Performer,
    /// The client whose hooks the jobs of schedules go through, and where these run.
    pub(crate) client: Client,
    pub(crate) hooks_on: Handle,
    pub(crate) notes: mpsc::UnboundedSender<Note>,
    pub(crate) moments: mpsc::UnboundedSender<Moment>,
    /// Where the jobs go that are to be performed.
    pub(crate) jobs: mpsc::UnboundedSender<Vec<Arc<Running>>>,
    /// Where they come back, pool by pool.
    pub(crate) results: Vec<mpsc::UnboundedReceiver<Finished>>,
    /// Tells when jobs can be performed.
    pub(crate) prepared: oneshot::Receiver<Result<()>>,
    /// Signals that were heard before the worker ran.
    pub(crate) heard: Option<HeardSignals>,
}

/// The engine's thread, and its end.
pub(crate) struct Started {
    pub(crate) thread: thread::JoinHandle<()>,
    pub(crate) end: oneshot::Receiver<Result<StopReport>>,
}

/// The tasks of the engine. None of them ends by itself.
pub(crate) struct Parts {
    pub(crate) links: Links,
    pub(crate) pools: JoinSet<Remains>,
    pub(crate) promoter: Arc<Promoter>,
    pub(crate) promotes: JoinHandle<()>,
    pub(crate) scheduler: Arc<Scheduler>,
    pub(crate) schedules: JoinHandle<()>,
    pub(crate) janitor: JoinHandle<()>,
    pub(crate) heart: JoinHandle<Vec<WorkerId>>,
    pub(crate) heart_stop: CancellationToken,
    pub(crate) moments: mpsc::UnboundedSender<Moment>,
}

impl Engine {
    /// Starts the engine's thread. From now on signals are obeyed.
    pub(crate) fn start(mut self, inbox: mpsc::UnboundedReceiver<Note>) -> Result<Started> {
        let failed = |error| Error::unavailable("start the thread of the worker's engine", error);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        {
            let _inside = runtime.enter();
            signals::obey(self.core.settings.signals, self.heard.take(), &self.notes)?;
        }
        let (sender, end) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("resque-engine".to_owned())
            .spawn(move || {
                let report = runtime.block_on(self.run(inbox));
                // Whoever wanted the report may have gone.
                let _ = sender.send(report);
            })
            .map_err(failed)?;
        Ok(Started { thread, end })
    }

    async fn run(mut self, inbox: mpsc::UnboundedReceiver<Note>) -> Result<StopReport> {
        let core = self.core.clone();
        let began = core.clock.monotonic();
        let mut supervisor = Supervisor::new(core.clone(), inbox, self.moments.clone());
        let mut still_running = Vec::new();
        let prepared = std::mem::replace(&mut self.prepared, oneshot::channel().1);
        let entered = enter(&core, &self.backend, prepared, &mut supervisor).await?;
        if let Some((links, heart)) = entered {
            let mut parts = self.start_parts(links, heart, &supervisor);
            supervisor.happen(LifeEvent::Ready);
            while !supervisor.leaves() {
                tokio::select! {
                    biased;
                    () = supervisor.turn() => {}
                    what = parts.crash() => supervisor.crash(what),
                }
            }
            still_running = stop::stop(&core, parts, &mut supervisor).await;
        }
        let lasted = core.clock.monotonic().saturating_sub(began);
        let still_running = still_running.iter().map(|job| job.info()).collect();
        Ok(core
            .counters
            .report(supervisor.reason(), lasted, still_running))
    }

    fn start_parts(self, links: Links, heart: Heart, supervisor: &Supervisor) -> Parts {
        let mut pools = JoinSet::new();
        for (index, results) in self.results.into_iter().enumerate() {
            let ends = Ends {
                link: links.exchange.clone(),
                orders: supervisor.orders().subscribe(),
                results,
                jobs: self.jobs.clone(),
                notes: self.notes.clone(),
                moments: self.moments.clone(),
            };
            pools.spawn(Pool::new(self.core.clone(), index, ends).run());
        }
        let promoter = Arc::new(Promoter {
            core: self.core.clone(),
            link: links.upkeep.clone(),
            holder: self.core.slots.lock().holder(),
        });
        let scheduler = Arc::new(Scheduler {
            core: self.core.clone(),
            link: links.upkeep.clone(),
            holder: promoter.holder.clone(),
            client: self.client,
            hooks_on: self.hooks_on,
        });
        let janitor = Janitor {
            core: self.core,
            link: links.upkeep.clone(),
            performer: self.performer,
            moments: self.moments.clone(),
        };
        let heart_stop = CancellationToken::new();
        let promotes = promoter.clone();
        let schedules = scheduler.clone();
        Parts {
            links,
            pools,
            promotes: tokio::spawn(async move { promotes.run().await }),
            promoter,
            schedules: tokio::spawn(async move { schedules.run().await }),
            scheduler,
            janitor: tokio::spawn(janitor.run()),
            heart: tokio::spawn(heart.run(heart_stop.clone())),
            heart_stop,
            moments: self.moments,
        }
    }
}

impl Parts {
    /// Ends when a part ends that should not have, and says which and why.
    async fn crash(&mut self) -> String {
        let (part, why): (_, Option<JoinError>) = tokio::select! {
            Some(end) = self.pools.join_next() => ("a pool", end.err()),
            end = &mut self.promotes => ("the promoter", end.err()),
            end = &mut self.schedules => ("the scheduler", end.err()),
            end = &mut self.janitor => ("the janitor", end.err()),
            end = &mut self.heart => ("the heartbeat", end.err()),
        };
        match why {
            Some(error) => format!("{part}: {error}"),
            None => format!("{part} ended"),
        }
    }
}

/// Connects and registers once jobs can be performed, however long the store is away; `None` if the
/// worker was told to stop meanwhile.
///
/// # Errors
///
/// Whatever cannot become better by waiting, such as a wrong password, and what kept jobs from being
/// performed.
async fn enter(
    core: &Arc<Core>,
    backend: &Backend,
    prepared: oneshot::Receiver<Result<()>>,
    supervisor: &mut Supervisor,
) -> Result<Option<(Links, Heart)>> {
    let link = || Link::new(backend.clone(), core.clock.clone(), core.events.clone());
    let links = Links {
        exchange: link(),
        upkeep: link(),
    };
    core.set_links(links.clone());
    let mut heart = Heart::new(core.clone(), links.upkeep.clone());
    let entered = {
        let backoff = || Backoff::new(core.settings.retry_between);
        let mut entering = Box::pin(async {
            match prepared.await {
                Ok(prepared) => prepared?,
                // Whoever prepares has gone, and a note says so.
                Err(_) => pending().await,
            }
            for link in [&links.upkeep, &links.exchange] {
                let connect = async |_| link.reconnect(&link.connection()).await;
                refusal(persist(link, backoff(), pending(), Operation::CONNECT, connect).await)?;
            }
            let register = async |_| heart.register().await;
            refusal(
                persist(
                    &links.upkeep,
                    backoff(),
                    pending(),
                    Operation::REGISTER,
                    register,
                )
                .await,
            )
        });
        loop {
            tokio::select! {
                biased;
                entered = &mut entering => break entered?,
                () = supervisor.turn(), if !supervisor.leaves() => {}
                // The registry is left below if it was entered at all.
                () = std::future::ready(()), if supervisor.leaves() => break None,
            }
        }
    };
    if entered.is_none() {
        stop::leave_early(core, &links, heart.into_registered(), supervisor).await;
        return Ok(None);
    }
    Ok(Some((links, heart)))
}

fn refusal<T>(persisted: Persisted<T>) -> Result<Option<T>> {
    match persisted {
        Persisted::Done(value) => Ok(Some(value)),
        Persisted::Refused(error) => Err(error),
        Persisted::GaveUp => Ok(None),
    }
}
