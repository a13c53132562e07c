//! Whether a worker lives, and whether it takes jobs; for probes.

use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Phase;
use super::core::Core;
use super::slots::Doing;

/// How a worker is at one moment; made by [`WorkerHandle::health`](super::WorkerHandle::health).
///
/// A worker **lives** as long as its heartbeat takes turns and its exchanges come to an end. A store
/// that is away changes nothing about that: a restart would not help. One that starts or has ended
/// lives too.
///
/// It is **ready** when it takes jobs: not while it starts, while it is paused, on its way out, or
/// while the store is away or has not noted a heartbeat for long.
///
/// As text it tells in one line what the worker does, or what keeps it from that.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Health {
    /// What the worker does as a whole.
    pub phase: Phase,
    /// Whether the store cannot be reached.
    pub outage: bool,
    /// Whether the store has noted a heartbeat lately, so that jobs may be taken.
    pub registered: bool,
    /// How long ago the heartbeat took a turn, whether it worked or not; `None` while there is none.
    pub heartbeat: Option<Duration>,
    /// How long the oldest exchange has been under way.
    pub exchange: Option<Duration>,
    /// How many slots have a job.
    pub busy: usize,
    /// How many slots there are.
    pub slots: usize,
    /// How many jobs were performed, failed ones too.
    pub processed: u64,
    /// How many of them failed.
    pub failed: u64,
    /// The age at which a heartbeat or an exchange is stuck.
    limit: Duration,
}

impl Health {
    pub(super) fn of(core: &Core) -> Self {
        let (heartbeat, exchange) = core.pulse.ages();
        let (slots, busy) = {
            let table = core.slots.lock();
            let is_busy = |doing: &Doing| !matches!(doing, Doing::Nothing);
            let busy = table.slots().filter(|(_, slot)| is_busy(&slot.doing));
            (table.slots().count(), busy.count())
        };
        let health = Self {
            phase: core.phase(),
            outage: core.outage(),
            registered: core.vitals.may_reserve(),
            heartbeat,
            exchange,
            busy,
            slots,
            processed: core.counters.processed.load(Ordering::Relaxed),
            failed: core.counters.failed.load(Ordering::Relaxed),
            // By then others take this worker for dead.
            limit: core.settings.prune_after,
        };
        core.events.meters().health(&health);
        health
    }

    /// Whether the worker lives. One that does not is best started anew.
    #[must_use]
    pub fn is_live(&self) -> bool {
        let stuck = |age: Option<Duration>| age.is_some_and(|age| age >= self.limit);
        !stuck(self.heartbeat) && !stuck(self.exchange)
    }

    /// Whether the worker takes jobs.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.phase.takes_jobs() && self.registered && !self.outage && self.is_live()
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_live() {
            let part = match self.heartbeat {
                Some(age) if age >= self.limit => ("its heartbeat took its last turn", age),
                age => (
                    "an exchange began",
                    self.exchange.or(age).unwrap_or_default(),
                ),
            };
            return write!(f, "stuck: {} {}s ago", part.0, part.1.as_secs());
        }
        let phase = match self.phase {
            Phase::Starting | Phase::StartingPaused => "starting",
            Phase::Working => "working",
            Phase::Paused => "paused",
            Phase::Finishing => "finishing",
            Phase::Stopping | Phase::Cancelling | Phase::Abandoning => "stopping",
            Phase::Stopped => "stopped",
        };
        let Self { busy, slots, .. } = self;
        write!(f, "{phase}: {busy} of {slots} slots busy, ")?;
        write!(f, "{} processed, {} failed", self.processed, self.failed)?;
        if self.outage {
            f.write_str("; the store cannot be reached")?;
        } else if self.phase.takes_jobs() && !self.registered {
            f.write_str("; the store has noted no heartbeat lately")?;
        }
        Ok(())
    }
}
