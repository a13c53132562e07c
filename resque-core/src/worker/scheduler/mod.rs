//! Fires the ticks of schedules.
//!
//! One process at a time leads; the others look every few seconds whether it still does. That a tick
//! fires once does not depend on it: the store sees to that.

mod load;
mod plan;
mod settings;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;

use self::plan::Followed;
pub(crate) use self::settings::ScheduleSettings;
use super::Event;
use super::core::Core;
use super::operation::Operation;
use super::outage::{Link, broke};
use crate::{
    Backend, Client, Fired, Firing, LeadClaim, NewSchedule, Result, Schedule, ScheduleStore,
};

/// The shortest time between two looks at schedules that somebody changes.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Ticks of one schedule that are fired with one call at most.
const AT_ONCE: usize = 200;

/// Fires the ticks of schedules.
#[derive(Debug)]
pub(crate) struct Scheduler {
    pub(crate) core: Arc<Core>,
    pub(crate) link: Arc<Link>,
    pub(crate) holder: String,
    /// The client whose hooks the jobs go through.
    pub(crate) client: Client,
    /// Where these hooks run, so that one that blocks holds up no heartbeat.
    pub(crate) hooks_on: Handle,
}

/// What became of some ticks of a schedule, besides those that have fired.
#[derive(Clone, Copy, Debug, Default)]
struct Outcome {
    /// Somebody has changed the schedule, so that all have to be read again.
    changed: bool,
    /// The store has refused one, which is tried again.
    failed: bool,
}

/// What the leader knows.
#[derive(Debug, Default)]
struct Plan {
    /// When to claim to lead again, on the monotonic clock.
    lead_at: Duration,
    leads: bool,
    master: bool,
    /// The version of the schedules as the store told it last.
    version: String,
    /// Whether `followed` is what the store has.
    loaded: bool,
    followed: Vec<Followed>,
}

impl Scheduler {
    /// Fires for ever; in a worker without schedules there is nothing to do.
    pub(crate) async fn run(&self) {
        let Some(settings) = self.core.settings.schedules.clone() else {
            return std::future::pending().await;
        };
        let mut plan = Plan::default();
        let mut announced = false;
        loop {
            let connection = self.link.connection();
            let turn = async {
                if !announced {
                    self.store_declared(&connection.backend, &settings).await?;
                    announced = true;
                }
                self.turn(&connection.backend, &settings, &mut plan).await
            };
            let sleep = match turn.await {
                Ok(sleep) => {
                    self.link.worked();
                    sleep
                }
                Err(error) => {
                    let broke = broke(&error);
                    self.link.failed(Operation::FIRE_SCHEDULES, error);
                    if broke && let Err(error) = self.link.reconnect(&connection).await {
                        self.link.failed(Operation::CONNECT_AGAIN, error);
                    }
                    plan = Plan::default();
                    // Not later than another process would take over.
                    settings.lead_every()
                }
            };
            self.core
                .clock
                .sleep(sleep.max(Duration::from_millis(1)))
                .await;
        }
    }

    /// Stores the declared schedules that are to be stored.
    async fn store_declared(&self, backend: &Backend, settings: &ScheduleSettings) -> Result<()> {
        let persistent = settings.declared.iter().filter(|one| one.is_persistent());
        let batch: Vec<NewSchedule> = persistent.map(Schedule::to_stored).collect();
        if batch.is_empty() {
            return Ok(());
        }
        let now = self.core.store_clock.now();
        store_of(backend)?.put(&batch, now).await
    }

    /// Leads if it may, fires what is due, and answers how long there will be nothing to do.
    async fn turn(
        &self,
        backend: &Backend,
        settings: &ScheduleSettings,
        plan: &mut Plan,
    ) -> Result<Duration> {
        let store = store_of(backend)?;
        if self.core.clock.monotonic() >= plan.lead_at {
            self.lead(store, settings, plan).await?;
        }
        if plan.leads {
            if !plan.loaded {
                self.load(store, settings, plan).await?;
                plan.loaded = true;
            }
            if self.fire(store, settings, plan).await? {
                // Somebody has changed something: find out what, but do not run after it.
                plan.lead_at = Duration::ZERO;
                plan.loaded = false;
                return Ok(LOOK_AGAIN_AFTER);
            }
        }
        let until_lead = plan.lead_at.saturating_sub(self.core.clock.monotonic());
        let fires = plan.followed.iter().filter(|one| plan.may_fire(one));
        let Some(next) = fires.filter_map(Followed::next).min() else {
            return Ok(until_lead);
        };
        let until_next = next.duration_since(self.core.store_clock.now());
        Ok(until_next.unwrap_or_default().min(until_lead))
    }

    /// Claims to lead, and finds out whether schedules have changed.
    async fn lead(
        &self,
        store: &dyn ScheduleStore,
        settings: &ScheduleSettings,
        plan: &mut Plan,
    ) -> Result<()> {
        let now = self.core.store_clock.now();
        let shared = settings.declared.iter().any(Schedule::is_shared_with_ruby);
        let claim = LeadClaim {
            holder: &self.holder,
            master: settings.stored || shared,
            now,
            until: now + settings.lease,
        };
        let lead = store.lead(claim).await?;
        plan.lead_at = self.core.clock.monotonic() + settings.lead_every();
        // Whoever comes to lead, or becomes master, has missed what others did until then.
        let same = plan.leads == lead.leads && plan.master == lead.master;
        if !same || plan.version != lead.version {
            plan.loaded = false;
            plan.followed.clear();
            tracing::debug!(leads = lead.leads, leader = lead.leader, "schedules");
        }
        plan.leads = lead.leads;
        plan.master = lead.master;
        plan.version = lead.version;
        Ok(())
    }

    /// Fires what is due, and answers whether the schedules have to be read again.
    async fn fire(
        &self,
        store: &dyn ScheduleStore,
        settings: &ScheduleSettings,
        plan: &mut Plan,
    ) -> Result<bool> {
        let now = self.core.store_clock.now();
        let mut changed = false;
        let master = plan.master;
        let again = now + settings.lead_every();
        for followed in &mut plan.followed {
            if followed.schedule.is_shared_with_ruby() && !master {
                continue;
            }
            let due = followed.due(now);
            for ticks in due.chunks(AT_ONCE) {
                let outcome = self.fire_ticks(store, followed, ticks, now).await?;
                changed |= outcome.changed;
                if outcome.failed {
                    // What it has not fired stays due; what is behind it would settle it.
                    followed.postpone(again);
                    break;
                }
            }
        }
        Ok(changed)
    }

    /// Fires ticks of one schedule.
    async fn fire_ticks(
        &self,
        store: &dyn ScheduleStore,
        followed: &mut Followed,
        ticks: &[SystemTime],
        now: SystemTime,
    ) -> Result<Outcome> {
        let mut firings: Vec<Firing> = Vec::with_capacity(ticks.len());
        for tick in ticks {
            let lets = self.ask_hooks(followed).await;
            firings.push(followed.firing(*tick, lets));
        }
        let answers = store.fire_once(&self.holder, &firings, now).await?;
        let mut outcome = Outcome::default();
        for (firing, answer) in firings.iter().zip(answers) {
            match answer {
                Ok(Fired::Fired) => {
                    followed.settle(firing.tick);
                    if firing.job.is_some() {
                        self.tell(followed, firing.tick).await;
                    }
                }
                Ok(Fired::Already { settled }) => followed.settle(settled),
                Ok(_) => outcome.changed = true,
                Err(error) => {
                    self.link.failed(Operation::FIRE_A_SCHEDULE, error);
                    outcome.failed = true;
                }
            }
        }
        Ok(outcome)
    }

    /// Whether the hooks of the job let it into its queue; one that fails does not.
    async fn ask_hooks(&self, followed: &Followed) -> bool {
        if !self.client.has_firing_hooks(followed.schedule.class()) {
            return true;
        }
        let (client, schedule) = (self.client.clone(), followed.schedule.clone());
        let queue = followed.queue.clone();
        let asked = async move { client.before_firing(&schedule, queue).await };
        match self.hooks_on.spawn(asked).await {
            Ok(Ok(lets)) => lets,
            Ok(Err(error)) => {
                self.link
                    .failed(Operation::ASK_THE_HOOKS_OF_A_SCHEDULE, error);
                false
            }
            // The runtime of the program has gone, or the hook panicked.
            Err(error) => {
                tracing::error!(%error, "a hook of a schedule");
                false
            }
        }
    }

    /// Tells that a tick has fired.
    async fn tell(&self, followed: &Followed, tick: SystemTime) {
        let schedule = &followed.schedule;
        tracing::debug!(
            schedule = schedule.name().as_str(),
            class = schedule.class(),
            "a schedule has fired"
        );
        self.core.events.announce(|| Event::Fired {
            schedule: schedule.name().clone(),
            tick,
        });
        if !self.client.has_firing_hooks(schedule.class()) {
            return;
        }
        let (client, schedule) = (self.client.clone(), schedule.clone());
        let queue = followed.queue.clone();
        let told = async move { client.after_firing(&schedule, queue).await };
        if let Ok(Err(error)) = self.hooks_on.spawn(told).await {
            self.link
                .failed(Operation::TELL_THE_HOOKS_OF_A_SCHEDULE, error);
        }
    }

    /// Lets another process fire at once.
    pub(crate) async fn step_down(&self) -> Result<()> {
        store_of(&self.link.backend())?
            .step_down(&self.holder)
            .await
    }
}

impl Plan {
    fn may_fire(&self, followed: &Followed) -> bool {
        self.leads && (self.master || !followed.schedule.is_shared_with_ruby())
    }
}

fn store_of(backend: &Backend) -> Result<&dyn ScheduleStore> {
    let store = backend.queues().schedules();
    store.ok_or_else(|| backend.not_offered("recurring jobs", "schedules"))
}
