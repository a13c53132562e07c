//! Leases, buckets and lines.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use resque_core::{
    Claim, Claimed, Enqueue, LONGEST_TURN, Lease, LeaseChanges, Limits, Lock, Need, Pushed,
    Renewal, Result, TURN_KEPT, TURN_LATE,
};

use crate::store::{State, Store, unknown};

/// Everything that is counted, by name.
#[derive(Default)]
pub(crate) struct Counted {
    names: BTreeMap<Arc<str>, Name>,
    /// At how many names those are looked for that have lost their meaning.
    crowded: usize,
}

/// Fewer names are not worth a look.
const CROWDED: usize = 1_000;

/// What is counted under one name.
#[derive(Default)]
struct Name {
    /// Who holds a lease, and until when.
    leases: BTreeMap<Arc<str>, SystemTime>,
    /// Up to when tokens were taken.
    taken: Option<SystemTime>,
    /// Where the line of those who were refused ends.
    line: Option<SystemTime>,
    /// To which time each job in the line was sent last.
    turns: BTreeMap<Arc<str>, SystemTime>,
}

impl Counted {
    /// Gets a lock, unless somebody holds it.
    pub(crate) fn lock(&mut self, lock: &Lock) -> bool {
        self.forget_what_is_over(lock.now);
        let name = self.open(&lock.lease.name);
        name.leases.retain(|_, until| *until > lock.now);
        if !name.leases.is_empty() {
            return false;
        }
        name.leases.insert(lock.lease.holder.clone(), lock.until);
        true
    }

    /// Forgets locks that are over, each time there are twice as many names as were left before, so
    /// that it costs next to nothing: keys of which each is used once must not pile up.
    fn forget_what_is_over(&mut self, now: SystemTime) {
        if self.names.len() < self.crowded.max(CROWDED) {
            return;
        }
        self.names.retain(|_, name| {
            name.leases.retain(|_, until| *until > now);
            !name.is_blank()
        });
        self.crowded = 2 * self.names.len();
    }

    /// Makes the changes of a settlement.
    pub(crate) fn change(&mut self, changes: &LeaseChanges) {
        for lease in &changes.free {
            self.free(lease);
        }
        for renewal in &changes.keep {
            if let Some(until) = self.held(&renewal.lease) {
                *until = renewal.until.max(*until);
            }
        }
    }

    /// The names of what is there, as keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> {
        self.names.iter().flat_map(|(key, name)| {
            let held = (!name.leases.is_empty()).then(|| format!("rs:lease:{key}"));
            let lined = name.taken.is_some() || name.line.is_some();
            let line = lined.then(|| format!("rs:line:{key}"));
            let turns = (!name.turns.is_empty()).then(|| format!("rs:turns:{key}"));
            held.into_iter().chain(line).chain(turns)
        })
    }

    fn open(&mut self, name: &Arc<str>) -> &mut Name {
        self.names.entry(name.clone()).or_default()
    }

    fn held(&mut self, lease: &Lease) -> Option<&mut SystemTime> {
        self.names
            .get_mut(&lease.name)?
            .leases
            .get_mut(&lease.holder)
    }

    fn free(&mut self, lease: &Lease) -> bool {
        let Some(name) = self.names.get_mut(&lease.name) else {
            return false;
        };
        let held = name.leases.remove(&lease.holder).is_some();
        if name.is_blank() {
            self.names.remove(&lease.name);
        }
        held
    }

    fn renew(&mut self, renewal: &Renewal, now: SystemTime) -> bool {
        match self.held(&renewal.lease).filter(|until| **until > now) {
            Some(until) => {
                *until = renewal.until.max(*until);
                true
            }
            None => false,
        }
    }

    fn claim(&mut self, claim: &Claim, now: SystemTime) -> Result<Claimed> {
        let mut refusals = Vec::new();
        for need in &claim.needs {
            if let Some(turn) = self.refusal(need, &claim.job, now)? {
                refusals.push((need.name(), turn.min(later(now, LONGEST_TURN))));
            }
        }
        let Some(wait) = refusals.iter().map(|(_, turn)| *turn).max() else {
            let take = |need| self.take(need, &claim.job, now);
            claim.needs.iter().for_each(take);
            claim.frees.iter().for_each(|lease| {
                self.free(lease);
            });
            return Ok(Claimed::Granted);
        };
        for (name, turn) in refusals {
            let name = self.open(name);
            name.line = name.line.max(Some(turn));
            name.turns.retain(|_, turn| later(*turn, TURN_KEPT) >= now);
            name.turns.insert(claim.job.clone(), turn);
        }
        Ok(Claimed::Wait(wait))
    }

    /// To which time a job is sent because of a need that is not met; `None` if it is.
    fn refusal(&mut self, need: &Need, job: &str, now: SystemTime) -> Result<Option<SystemTime>> {
        let name = self.open(need.name());
        let line = name.line.filter(|line| *line > now);
        let turn = name.turns.get(job);
        let waited = turn.is_some_and(|turn| later(*turn, TURN_KEPT) >= now);
        let jumps = line.is_some() && !waited;
        match need {
            Need::Place { lease, of, apart } => {
                let alive = |until: &SystemTime| *until > now;
                let taken = name.leases.values().filter(|until| alive(until)).count();
                if name.leases.get(&lease.lease.holder).is_some_and(alive) {
                    return Ok(None);
                }
                let full = taken >= *of as usize;
                Ok((full || jumps).then(|| later(line.unwrap_or(now), *apart)))
            }
            Need::Token { rate, .. } => {
                let ahead = rate.every().saturating_mul(rate.at_once() - 1);
                let taken = name.tokens_from(job, now);
                let free = taken.checked_sub(ahead).unwrap_or(now);
                let behind = line.map(|line| later(line, rate.every()));
                Ok((free > now || jumps).then(|| behind.unwrap_or(free).max(free)))
            }
            other => Err(unknown("claim what a job needs", other)),
        }
    }

    /// Takes what a job needs; that it is there was looked at.
    fn take(&mut self, need: &Need, job: &str, now: SystemTime) {
        let name = self.open(need.name());
        match need {
            Need::Place { lease, .. } => {
                name.leases.retain(|_, until| *until > now);
                let until = name.leases.entry(lease.lease.holder.clone());
                let until = until.or_insert(lease.until);
                *until = lease.until.max(*until);
            }
            Need::Token { rate, .. } => {
                let taken = name.tokens_from(job, now);
                name.taken = Some(later(taken, rate.every()));
            }
            _ => {}
        }
    }
}

impl Name {
    /// Up to when tokens are taken, as a job sees it: one that comes to its turn a little late does
    /// not hold up those behind it.
    fn tokens_from(&self, job: &str, now: SystemTime) -> SystemTime {
        let earliest = now.checked_sub(TURN_LATE).unwrap_or(now);
        let turn = self.turns.get(job).filter(|turn| **turn <= now);
        let from = turn.map_or(now, |turn| earliest.max(*turn));
        self.taken.unwrap_or(from).max(from)
    }

    fn is_blank(&self) -> bool {
        self.leases.is_empty()
            && self.turns.is_empty()
            && self.taken.is_none()
            && self.line.is_none()
    }
}

fn later(time: SystemTime, span: Duration) -> SystemTime {
    time.checked_add(span).unwrap_or(time)
}

#[async_trait]
impl Limits for Store {
    async fn claim(&self, claims: &[Claim], now: SystemTime) -> Result<Vec<Claimed>> {
        let one = |state: &mut State, claim| state.counted.claim(claim, now);
        self.step(|state| claims.iter().map(|claim| one(state, claim)).collect())
    }

    async fn push_once(&self, lock: &Lock, batch: &[Enqueue]) -> Result<Option<Vec<Pushed>>> {
        let now = self.clock.now();
        Ok(self.step(|state| {
            if !state.counted.lock(lock) {
                return None;
            }
            let pushed: Vec<_> = batch.iter().map(|job| state.push(job, now)).collect();
            if pushed.iter().all(|pushed| *pushed == Pushed::Duplicate) {
                state.counted.free(&lock.lease);
            }
            Some(pushed)
        }))
    }

    async fn renew(&self, leases: &[Renewal], now: SystemTime) -> Result<Vec<bool>> {
        Ok(self.step(|state| {
            let renew = |renewal| state.counted.renew(renewal, now);
            leases.iter().map(renew).collect()
        }))
    }

    async fn free(&self, leases: &[Lease]) -> Result<u64> {
        Ok(self.step(|state| {
            let held = leases.iter().filter(|lease| state.counted.free(lease));
            held.count() as u64
        }))
    }

    async fn leases(&self, name: &str, now: SystemTime) -> Result<Vec<Renewal>> {
        Ok(self.step(|state| {
            let Some((key, name)) = state.counted.names.get_key_value(name) else {
                return Vec::new();
            };
            let alive = name.leases.iter().filter(|(_, until)| **until > now);
            let lease = |holder: &Arc<str>| Lease::new(key.clone(), holder.clone());
            alive
                .map(|(holder, until)| lease(holder).until(*until))
                .collect()
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn locks_that_are_over_do_not_pile_up() {
        let mut counted = Counted::default();
        for second in 0..100_000 {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
            let lock = Lock {
                lease: Lease::new(format!("key {second}"), "job"),
                now,
                until: now + Duration::from_secs(60),
            };
            assert!(counted.lock(&lock));
            assert!(!counted.lock(&lock));
        }
        assert!(counted.names.len() <= CROWDED, "{}", counted.names.len());
    }
}
