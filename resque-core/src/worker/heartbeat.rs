//! Tells the store that the slots live, and takes new ids when that may have been in doubt.

use std::collections::HashSet;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Event;
use super::core::Core;
use super::leaving;
use super::operation::Operation;
use super::outage::{Backoff, Link, broke};
use super::upkeep;
use super::vitals::Moment;
use crate::{Heartbeats, Result, WorkerId};

/// The heartbeat of all slots.
#[derive(Debug)]
pub(crate) struct Heart {
    core: Arc<Core>,
    link: Arc<Link>,
    /// Every id that this process has put on the registry and not taken off again.
    registered: HashSet<WorkerId>,
    /// The last heartbeat that the store has noted.
    last: Option<Moment>,
}

impl Heart {
    pub(crate) fn new(core: Arc<Core>, link: Arc<Link>) -> Self {
        Self {
            core,
            link,
            registered: HashSet::new(),
            last: None,
        }
    }

    /// Puts the slots on the registry for the first time.
    pub(crate) async fn register(&mut self) -> Result<()> {
        let asked = self.core.clock.monotonic();
        let told = self.link.backend().workers().server_time().await?;
        let answered = self.core.clock.monotonic();
        self.core.store_clock.set(told, asked, answered);
        self.put_on_registry().await
    }

    /// Every id that is on the registry, or may be.
    pub(crate) fn into_registered(self) -> Vec<WorkerId> {
        let mut registered: Vec<_> = self.registered.into_iter().collect();
        registered.sort_unstable();
        registered
    }

    /// Beats until it is stopped; answers the ids that are on the registry then.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Vec<WorkerId> {
        let core = self.core.clone();
        self.beat_until(stop).await;
        core.pulse.rest();
        self.into_registered()
    }

    async fn beat_until(&mut self, stop: CancellationToken) {
        let mut backoff = Backoff::new(self.core.settings.retry_between);
        let mut wait = self.core.settings.heartbeat_every;
        loop {
            let core = self.core.clone();
            core.pulse.turn();
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = core.vitals.wanted() => {}
                () = core.clock.sleep(wait) => {}
            }
            core.pulse.turn();
            let connection = self.link.connection();
            let began = core.clock.monotonic();
            let beaten = tokio::select! {
                biased;
                // Whatever is cut off here is settled by leaving the registry.
                () = stop.cancelled() => return,
                beaten = self.beat() => beaten,
            };
            let took = core.clock.monotonic().saturating_sub(began);
            core.events.meters().heartbeat(took, beaten.is_ok());
            wait = match beaten {
                Ok(()) => {
                    backoff.reset();
                    self.link.worked();
                    self.core.settings.heartbeat_every
                }
                Err(error) => {
                    let broke = broke(&error);
                    self.link.failed(Operation::SEND_A_HEARTBEAT, error);
                    if broke && let Err(error) = self.link.reconnect(&connection).await {
                        self.link.failed(Operation::CONNECT_AGAIN, error);
                    }
                    backoff.wait().min(self.core.settings.heartbeat_every)
                }
            };
        }
    }

    /// One heartbeat, and new ids if the old ones are in doubt.
    async fn beat(&mut self) -> Result<()> {
        let core = self.core.clone();
        let ids = core.slots.lock().ids_in_use();
        let sent = Moment::of(&core.clock);
        let workers = self.link.backend().workers().clone();
        let Heartbeats { server_time, gone } =
            workers.heartbeat(&ids, core.store_clock.now()).await?;
        let answered = Moment::of(&core.clock);
        core.store_clock
            .set(server_time, sent.monotonic(), answered.monotonic());
        let stalled = self
            .last
            .is_none_or(|last| answered.since(last) >= core.settings.stale_after());
        if stalled || !gone.is_empty() {
            // New ids that could not be put on the registry yet are still as good as new.
            if self.last.take().is_some() {
                tracing::warn!(
                    stalled,
                    gone = gone.len(),
                    "somebody may have taken this worker for dead: its slots take new ids"
                );
                core.vitals.suspend();
                core.slots.renew()?;
            }
            self.put_on_registry().await?;
        } else {
            self.last = Some(sent);
            core.vitals.beaten(sent);
        }
        self.drop_old_ids().await?;
        upkeep::of_running_jobs(&core, &self.link.backend()).await
    }

    /// Registers every id in use. For those that are on the registry already it is a heartbeat.
    async fn put_on_registry(&mut self) -> Result<()> {
        let ids = self.core.slots.lock().ids_in_use();
        self.registered.extend(ids.iter().cloned());
        let sent = Moment::of(&self.core.clock);
        let now = self.core.store_clock.now();
        // What they hold is known: running jobs, and jobs whose reply was lost, which come again
        // when their slot asks again.
        let _held = self.link.backend().workers().register(&ids, now).await?;
        self.last = Some(sent);
        self.core.vitals.beaten(sent);
        self.core.events.announce(|| Event::Registered {
            workers: self.core.slots.ids(),
        });
        Ok(())
    }

    /// Takes ids off the registry under which nothing runs any more.
    async fn drop_old_ids(&mut self) -> Result<()> {
        let in_use: HashSet<_> = self.core.slots.lock().ids_in_use().into_iter().collect();
        let old: Vec<_> = self.registered.difference(&in_use).cloned().collect();
        if old.is_empty() {
            return Ok(());
        }
        leaving::unregister(&self.core, &self.link.backend(), &old, &[]).await?;
        self.registered.retain(|id| in_use.contains(id));
        Ok(())
    }
}
