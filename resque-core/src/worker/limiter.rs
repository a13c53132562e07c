//! What the jobs of this worker need before they start, and what they hold while they run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::running::Running;
use crate::limits::{Leases, LimitTable, Wanted, after};
use crate::{Claim, Lease, Need, Payload, Renewal, WorkerId};

/// The limits of a worker that has any.
#[derive(Debug)]
pub(crate) struct Limiter {
    table: LimitTable,
    /// How long a place is held without a heartbeat.
    life: Duration,
    pace: Pace,
}

impl Limiter {
    /// The limits, unless there are none.
    pub(crate) fn new(table: &LimitTable, life: Duration) -> Option<Self> {
        (!table.is_empty()).then(|| Self {
            table: table.clone(),
            life,
            pace: Pace::default(),
        })
    }

    /// What a job that was reserved has to claim before it starts, if anything. Notes what it will
    /// hold.
    pub(crate) fn claim(&self, running: &Running, now: SystemTime) -> Option<Claim> {
        let job = &running.reservation;
        let wanted = self.table.of(job.queue.as_str(), &job.payload)?;
        let leases = wanted.leases(&job.worker);
        let claim = wanted
            .claims()
            .then(|| self.claim_of(&wanted, &leases, now));
        if !leases.is_empty() {
            running.attach_leases(leases);
        }
        claim
    }

    fn claim_of(&self, wanted: &Wanted, leases: &Leases, now: SystemTime) -> Claim {
        let until = after(now, self.life);
        let places = wanted.places.iter().zip(&leases.places);
        let places = places.map(|((name, of), lease)| Need::Place {
            lease: lease.until(until),
            of: *of,
            apart: self.pace.apart(name, *of),
        });
        let tokens = wanted.tokens.iter().map(|(name, rate)| Need::Token {
            name: name.clone(),
            rate: *rate,
        });
        Claim {
            job: wanted.job.clone(),
            needs: places.chain(tokens).collect(),
            frees: wanted.freed_at_start(),
        }
    }

    /// What a worker holds for a job, according to what its class says.
    pub(crate) fn leases_of(
        &self,
        worker: &WorkerId,
        queue: &str,
        job: &Payload,
    ) -> Option<Leases> {
        Some(self.table.of(queue, job)?.leases(worker))
    }

    /// What is to be held on while these jobs run.
    pub(crate) fn renewals(&self, running: &[Arc<Running>], now: SystemTime) -> Vec<Renewal> {
        let mut renewals = Vec::new();
        for leases in running.iter().filter_map(|running| running.leases()) {
            let until = after(now, self.life);
            renewals.extend(leases.places.iter().map(|place| place.until(until)));
            let lock = leases.lock.as_ref();
            renewals.extend(lock.map(|(lock, life)| lock.until(after(now, *life))));
        }
        renewals
    }

    /// Whether it is a place; a lock is held by a job and not by a worker.
    pub(crate) fn is_place(lease: &Lease) -> bool {
        WorkerId::new(&*lease.holder).is_ok()
    }

    /// A job held its places for so long.
    pub(crate) fn held(&self, leases: &Leases, elapsed: Duration) {
        for place in &leases.places {
            self.pace.note(&place.name, elapsed);
        }
    }
}

/// How long places are held on average, by name: who has to wait for one is sent to about the time
/// when one will be free, so that few come in vain and few places stay empty.
#[derive(Debug, Default)]
struct Pace {
    averages: Mutex<HashMap<Arc<str>, Duration>>,
}

impl Pace {
    /// What is assumed of a place about which nothing is known yet.
    const UNKNOWN: Duration = Duration::from_millis(500);
    const SHORTEST: Duration = Duration::from_millis(5);
    /// A free place waits for nobody longer than this.
    const LONGEST: Duration = Duration::from_secs(5);
    /// So many names are remembered; then everything is learnt anew.
    const NAMES: usize = 10_000;

    fn apart(&self, name: &str, of: u32) -> Duration {
        let averages = self.averages.lock().unwrap_or_else(PoisonError::into_inner);
        let average = averages.get(name).copied().unwrap_or(Self::UNKNOWN);
        (average / of.max(1)).clamp(Self::SHORTEST, Self::LONGEST)
    }

    fn note(&self, name: &Arc<str>, elapsed: Duration) {
        let mut averages = self.averages.lock().unwrap_or_else(PoisonError::into_inner);
        if averages.len() >= Self::NAMES && !averages.contains_key(name) {
            averages.clear();
        }
        let average = averages.entry(name.clone()).or_insert(elapsed);
        *average = average.saturating_mul(7).saturating_add(elapsed) / 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_is_sent_to_when_a_place_will_be_free() {
        let pace = Pace::default();
        let name: Arc<str> = "p".into();
        assert_eq!(pace.apart(&name, 5), Duration::from_millis(100));
        for _ in 0..100 {
            pace.note(&name, Duration::from_secs(2));
        }
        assert_eq!(pace.apart(&name, 4), Duration::from_millis(500));
        assert_eq!(pace.apart(&name, 0), Duration::from_secs(2));
        for _ in 0..100 {
            pace.note(&name, Duration::from_secs(600));
        }
        assert_eq!(pace.apart(&name, 1), Pace::LONGEST);
        pace.note(&"q".into(), Duration::ZERO);
        assert_eq!(pace.apart("q", 1), Pace::SHORTEST);
    }
}
