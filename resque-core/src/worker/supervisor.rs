//! Feeds what happens into the lifecycle table and performs the actions it answers.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};

use super::core::{Core, Demand};
use super::lifecycle::{Action, LifeEvent, step};
use super::moments::Moment;
use super::own_title::Title;
use super::{Event, Phase, StopCause, StopReason};
use crate::SharedClock;

/// How long a worker in a hurry tries to tell the store what it knows.
pub(crate) const HURRY: Duration = Duration::from_secs(2);

/// How long dropped jobs have to be dropped; only one that does not yield needs longer.
const DROPPING: Duration = Duration::from_millis(250);

/// How long killed processes have to die; only one that the system does not let go needs longer.
const DYING: Duration = Duration::from_secs(2);

/// What the parts of a worker and the people outside tell the supervisor.
#[derive(Clone, Debug)]
pub(crate) enum Note {
    /// Somebody wants something.
    Wish(LifeEvent, StopCause),
    /// A pool has nothing to do.
    Idle {
        pool: usize,
        /// Which look into the queues found nothing.
        look: u64,
        /// Whether the worker is meant to leave then.
        leaves: bool,
    },
    /// A pool has something to do.
    Busy(usize),
    /// No job of a pool runs or waits to be settled any more.
    Drained(usize),
    /// Nobody performs jobs any more.
    NoRuntime,
}

/// What the pools are to do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Orders {
    /// Take jobs.
    pub(crate) fetch: bool,
    /// Look into the queues once more when this changes.
    pub(crate) look: u64,
    /// Settle what there is, then end.
    pub(crate) leave: bool,
    /// End within moments.
    pub(crate) hurry: bool,
}

/// Decides what the worker does as a whole.
pub(crate) struct Supervisor {
    core: Arc<Core>,
    notes: mpsc::UnboundedReceiver<Note>,
    orders: watch::Sender<Orders>,
    moments: mpsc::UnboundedSender<Moment>,
    timers: FuturesUnordered<BoxFuture<'static, LifeEvent>>,
    pools: Vec<Mood>,
    empty: bool,
    /// Whether all pools look once more, no job having come since they found nothing.
    confirming: bool,
    reason: Option<StopReason>,
    leaves: bool,
    title: Title,
}

/// What a pool told last.
#[derive(Clone, Copy, Debug, Default)]
struct Mood {
    idle: Option<u64>,
    leaves: bool,
    drained: bool,
}

impl Supervisor {
    pub(crate) fn new(
        core: Arc<Core>,
        notes: mpsc::UnboundedReceiver<Note>,
        moments: mpsc::UnboundedSender<Moment>,
    ) -> Self {
        let pools = vec![Mood::default(); core.settings.pools.len()];
        Self {
            title: Title::new(&core.settings),
            core,
            notes,
            orders: watch::Sender::new(Orders::default()),
            moments,
            timers: FuturesUnordered::new(),
            pools,
            // A worker that starts on empty queues has not emptied them.
            empty: true,
            confirming: false,
            reason: None,
            leaves: false,
        }
    }

    /// What the pools are told.
    pub(crate) fn orders(&self) -> &watch::Sender<Orders> {
        &self.orders
    }

    /// Whether it is time to leave the registry.
    pub(crate) fn leaves(&self) -> bool {
        self.leaves
    }

    /// Why the worker stops.
    pub(crate) fn reason(&self) -> StopReason {
        self.reason.clone().unwrap_or(StopReason::Idle)
    }

    /// Takes one note or timer.
    pub(crate) async fn turn(&mut self) {
        tokio::select! {
            biased;
            Some(note) = self.notes.recv() => self.take(note),
            Some(event) = self.timers.next() => self.happen(event),
            else => std::future::pending().await,
        }
    }

    /// Goes on taking notes until `work` is done.
    pub(crate) async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = self.turn() => {}
            }
        }
    }

    /// A part of the engine has crashed: gives up in order.
    pub(crate) fn crash(&mut self, what: String) {
        tracing::error!(what, "a part of the worker has crashed");
        self.reason = Some(StopReason::Crashed(what));
        for event in [LifeEvent::StopNow, LifeEvent::StopNow, LifeEvent::Drained] {
            self.happen(event);
        }
    }

    fn take(&mut self, note: Note) {
        match note {
            Note::Wish(event, cause) => {
                self.note_reason(event, cause);
                self.happen(event);
            }
            Note::Idle { pool, look, leaves } => {
                let mood = &mut self.pools[pool];
                mood.idle = Some(look);
                mood.leaves = leaves;
                self.look_for_idleness();
            }
            Note::Busy(pool) => {
                self.title.busy(&self.core);
                self.pools[pool].idle = None;
                self.empty = false;
                self.confirming = false;
            }
            Note::Drained(pool) => {
                self.pools[pool].drained = true;
                if self.pools.iter().all(|pool| pool.drained) {
                    self.happen(LifeEvent::Drained);
                }
            }
            Note::NoRuntime => {
                self.reason.get_or_insert(StopReason::NoRuntime);
                self.happen(LifeEvent::StopNow);
                self.happen(LifeEvent::StopNow);
            }
        }
    }

    fn note_reason(&mut self, event: LifeEvent, cause: StopCause) {
        match (event, &self.reason) {
            (LifeEvent::Quit, None) => self.reason = Some(StopReason::Quit(cause)),
            (LifeEvent::StopNow, None | Some(StopReason::Quit(_) | StopReason::Idle)) => {
                self.reason = Some(StopReason::StopNow(cause));
            }
            _ => {}
        }
    }

    fn look_for_idleness(&mut self) {
        if self.pools.iter().any(|pool| pool.idle.is_none()) {
            return;
        }
        self.title.phase(self.core.phase());
        if !self.empty {
            self.empty = true;
            self.core.events.tell(|| Event::Idle);
            self.tell(Moment::QueueEmpty);
        }
        if !self.pools.iter().all(|pool| pool.leaves) {
            return;
        }
        if !self.confirming {
            // One pool's last job may have filled another pool's queue after that one had looked.
            self.confirming = true;
            self.orders.send_modify(|orders| orders.look += 1);
            return;
        }
        let look = self.orders.borrow().look;
        if self.pools.iter().all(|pool| pool.idle == Some(look)) {
            self.reason.get_or_insert(StopReason::Idle);
            self.happen(LifeEvent::Idle);
        }
    }

    /// Something happened: takes the row of the table and performs its actions.
    pub(crate) fn happen(&mut self, event: LifeEvent) {
        let before = self.core.phase();
        let (phase, actions) = step(before, event);
        if phase != before {
            self.core.set_phase(phase);
            if self.pools.iter().all(|pool| pool.idle.is_some()) || phase == Phase::Paused {
                self.title.phase(phase);
            }
            self.orders.send_modify(|_| {});
        }
        for action in actions {
            self.act(*action);
        }
    }

    fn act(&mut self, action: Action) {
        let settings = &self.core.settings;
        match action {
            Action::StartFetching => self.orders.send_modify(|orders| orders.fetch = true),
            Action::StopFetching => self.orders.send_modify(|orders| orders.fetch = false),
            Action::BeforePause => self.tell(Moment::BeforePause),
            Action::AfterPause => self.tell(Moment::AfterPause),
            Action::Shutdown => self.tell(Moment::Shutdown),
            Action::ArmPatience => {
                self.arm(settings.patience(), LifeEvent::PatienceOver);
            }
            Action::CancelJobs => self.core.set_demand(Demand::Cancel),
            Action::KillJobs => self.core.end_running_jobs(),
            Action::ArmGrace => self.arm(settings.grace(), LifeEvent::GraceOver),
            Action::AbandonJobs => {
                let dropping = match settings.isolation {
                    None => DROPPING,
                    Some(_) => DYING,
                };
                self.core.set_demand(Demand::Abandon);
                self.arm(dropping, LifeEvent::Drained);
            }
            Action::Leave => {
                self.leaves = true;
                self.orders.send_modify(|orders| orders.leave = true);
            }
            Action::Hurry => self.orders.send_modify(|orders| orders.hurry = true),
        }
    }

    fn arm(&mut self, after: Duration, event: LifeEvent) {
        let clock: SharedClock = self.core.clock.clone();
        self.timers.push(
            async move {
                clock.sleep(after).await;
                event
            }
            .boxed(),
        );
    }

    fn tell(&self, moment: Moment) {
        // The runtime may have gone, and with it whoever runs hooks.
        let _ = self.moments.send(moment);
    }
}
