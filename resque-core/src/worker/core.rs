//! What all parts of a running worker share.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::events::Events;
use super::identity::Identity;
use super::limiter::Limiter;
use super::outage::Link;
use super::pulse::Pulse;
use super::report::Counters;
use super::settings::Settings;
use super::slots::Slots;
use super::store_clock::StoreClock;
use super::vitals::Vitals;
use super::{Event, Phase};
use crate::limits::LimitTable;
use crate::{Result, SharedClock};

/// What all parts of a running worker share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) clock: SharedClock,
    pub(crate) store_clock: StoreClock,
    pub(crate) slots: Slots,
    pub(crate) vitals: Vitals,
    pub(crate) pulse: Pulse,
    pub(crate) events: Events,
    pub(crate) counters: Counters,
    /// What jobs need before they start; `None` if no class has limits.
    pub(crate) limiter: Option<Limiter>,
    links: OnceLock<Links>,
    phase: Mutex<Phase>,
    demand: AtomicU8,
    next_number: AtomicU64,
}

/// The connections of the engine.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    /// For exchanges and for waiting.
    pub(crate) exchange: Arc<Link>,
    /// For everything else, so that a heartbeat never stands behind an exchange.
    pub(crate) upkeep: Arc<Link>,
}

/// What is demanded of running jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Demand {
    /// Nothing: they run to their end.
    Nothing,
    /// To end soon.
    Cancel,
    /// To be dropped.
    Abandon,
}

impl Core {
    pub(crate) fn new(
        settings: Settings,
        clock: SharedClock,
        events: Events,
        limits: &LimitTable,
    ) -> Result<Self> {
        Ok(Self {
            limiter: Limiter::new(limits, settings.prune_after),
            store_clock: StoreClock::new(clock.clone()),
            slots: Slots::new(&settings.pools, Identity::of_this_process())?,
            vitals: Vitals::new(clock.clone(), settings.stale_after()),
            pulse: Pulse::new(clock.clone()),
            counters: Counters::default(),
            links: OnceLock::new(),
            phase: Mutex::new(Phase::Starting),
            demand: AtomicU8::new(0),
            next_number: AtomicU64::new(0),
            settings,
            clock,
            events,
        })
    }

    /// Notes the connections, to tell whether the store is away.
    pub(crate) fn set_links(&self, links: Links) {
        let _ = self.links.set(links);
    }

    /// Whether the store cannot be reached.
    pub(crate) fn outage(&self) -> bool {
        self.links
            .get()
            .is_some_and(|links| links.exchange.is_down() || links.upkeep.is_down())
    }

    /// What the worker does as a whole.
    pub(crate) fn phase(&self) -> Phase {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a new phase and tells it.
    pub(crate) fn set_phase(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
        tracing::debug!(?phase, "worker");
        self.events.tell(|| Event::Phase(phase));
    }

    /// What is demanded of running jobs, also of those that start only now.
    pub(crate) fn demand(&self) -> Demand {
        match self.demand.load(Ordering::SeqCst) {
            0 => Demand::Nothing,
            1 => Demand::Cancel,
            _ => Demand::Abandon,
        }
    }

    /// Demands something of the running jobs and of those that start later.
    pub(crate) fn set_demand(&self, demand: Demand) {
        self.demand.fetch_max(demand as u8, Ordering::SeqCst);
        for running in self.slots.running() {
            running.cancel();
            if demand == Demand::Abandon {
                running.abandon();
            }
        }
    }

    /// Ends the jobs that run now: those of other processes are killed, unless they are to be asked
    /// first, and those of this one are cancelled. Jobs that start later are not concerned.
    pub(crate) fn end_running_jobs(&self) {
        for running in self.slots.running() {
            running.cancel();
        }
    }

    /// The first of `count` consecutive numbers for reservations.
    pub(crate) fn numbers(&self, count: usize) -> u64 {
        self.next_number.fetch_add(count as u64, Ordering::Relaxed)
    }
}
