//! Schedules, and the ticks that are settled.

use std::collections::BTreeMap;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use resque_core::{
    Begin, Fired, Firing, Lead, LeadClaim, Leading, NewSchedule, Result, ScheduleEntry,
    ScheduleListing, ScheduleName, ScheduleStore,
};

use crate::jobs::Job;
use crate::store::{State, Store};

/// The schedules by name, and who leads.
#[derive(Default)]
pub(crate) struct Schedules {
    known: BTreeMap<ScheduleName, Known>,
    /// Who leads, and until when.
    leader: Option<(String, SystemTime)>,
    /// How often something was changed by people.
    changes: u64,
}

/// What is known about one schedule.
#[derive(Default)]
struct Known {
    definition: Option<Bytes>,
    disabled: bool,
    /// Since it has begun: when it runs, and up to which time its ticks are settled.
    begun: Option<(String, SystemTime)>,
    last_fired: Option<SystemTime>,
}

impl Known {
    /// Settles the ticks up to `now`, under this timing.
    fn begin(&mut self, timing: &str, now: SystemTime) {
        let settled = self.begun.as_ref().map_or(now, |begun| begun.1.max(now));
        self.begun = Some((timing.to_owned(), settled));
    }

    fn runs(&self, timing: &str) -> bool {
        self.begun.as_ref().is_some_and(|begun| begun.0 == timing)
    }

    fn entry(&self, name: &ScheduleName) -> ScheduleEntry {
        let mut entry = ScheduleEntry::new(name.clone());
        entry.definition.clone_from(&self.definition);
        entry.enabled = !self.disabled;
        entry.settled = self.begun.as_ref().map(|begun| begun.1);
        entry.last_fired = self.last_fired;
        entry
    }
}

impl Schedules {
    /// Takes everything out; the count of changes goes on.
    pub(crate) fn clear_all(&mut self) -> Self {
        let changes = self.changes + 1;
        let empty = Self {
            changes,
            ..Self::default()
        };
        std::mem::replace(self, empty)
    }

    /// The keys that a store in the Resque format would have for this.
    pub(crate) fn keys(&self, keys: &mut Vec<String>) {
        type Holds = fn(&Known) -> bool;
        let some: [(&str, Holds); 4] = [
            ("persistent_schedules", |known| {
                known.definition.is_some() && !known.disabled
            }),
            ("rs:schedules:disabled", |known| known.disabled),
            ("rs:schedules", |known| known.begun.is_some()),
            ("delayed:last_enqueued_at", |known| {
                known.last_fired.is_some()
            }),
        ];
        let some = some
            .iter()
            .filter(|(_, holds)| self.known.values().any(holds));
        keys.extend(some.map(|(key, _)| (*key).to_owned()));
        if self.leader.is_some() {
            keys.push("rs:schedules:lead".to_owned());
        }
    }

    fn put(&mut self, new: &NewSchedule, now: SystemTime) {
        let known = self.known.entry(new.name.clone()).or_default();
        if !known.runs(&new.timing) || (known.disabled && new.enabled) {
            known.begin(&new.timing, now);
        }
        known.definition = Some(new.definition.clone());
        known.disabled = !new.enabled;
    }

    fn set_enabled(&mut self, name: &ScheduleName, enabled: bool, now: SystemTime) {
        if !enabled {
            self.known.entry(name.clone()).or_default().disabled = true;
        } else if let Some(known) = self.known.get_mut(name)
            && known.disabled
        {
            known.disabled = false;
            if let Some((_, settled)) = &mut known.begun {
                *settled = now.max(*settled);
            }
        }
    }

    fn lead(&mut self, claim: LeadClaim<'_>) -> Lead {
        let version = self.changes.to_string();
        match &self.leader {
            Some((leader, until)) if leader != claim.holder && *until > claim.now => {
                Lead::new(false, leader.clone(), version)
            }
            _ => {
                self.leader = Some((claim.holder.to_owned(), claim.until));
                Lead::new(true, claim.holder, version)
            }
        }
    }

    fn leading(&self, now: SystemTime) -> Leading {
        let leader = self.leader.as_ref().filter(|(_, until)| *until > now);
        let leader = leader.map(|(leader, _)| leader.clone());
        Leading::new(leader, self.changes.to_string())
    }

    fn begin(&mut self, begin: &Begin, now: SystemTime) -> SystemTime {
        let known = self.known.entry(begin.name.clone()).or_default();
        if !known.runs(&begin.timing) {
            known.begin(&begin.timing, now);
        }
        known.begun.as_ref().map_or(now, |begun| begun.1)
    }

    /// Settles a tick that is not settled yet; the answer is [`Fired::Fired`] only then.
    fn settle(&mut self, firing: &Firing) -> Fired {
        let Some(known) = self.known.get_mut(&firing.name) else {
            return Fired::Changed;
        };
        if known.disabled {
            return Fired::Disabled;
        }
        let missing = firing.stored && known.definition.is_none();
        match &mut known.begun {
            Some((timing, settled)) if *timing == firing.timing && !missing => {
                if *settled >= firing.tick {
                    return Fired::Already { settled: *settled };
                }
                *settled = firing.tick;
                Fired::Fired
            }
            _ => Fired::Changed,
        }
    }
}

impl State {
    fn fire(&mut self, firing: &Firing, now: SystemTime) -> Fired {
        let fired = self.schedules.settle(firing);
        if let (Fired::Fired, Some(job)) = (fired, &firing.job) {
            if let Some(known) = self.schedules.known.get_mut(&firing.name) {
                known.last_fired = Some(now);
            }
            let waiting = Job {
                payload: job.payload.clone(),
                since: now,
            };
            self.queues.put_back(&job.queue, waiting);
        }
        fired
    }
}

#[async_trait]
impl ScheduleStore for Store {
    async fn list(&self) -> Result<ScheduleListing> {
        let entries = self.step(|state| {
            let known = state.schedules.known.iter();
            known.map(|(name, known)| known.entry(name)).collect()
        });
        Ok(ScheduleListing::new(entries, Vec::new()))
    }

    async fn put(&self, batch: &[NewSchedule], now: SystemTime) -> Result<()> {
        self.step(|state| {
            batch.iter().for_each(|new| state.schedules.put(new, now));
            state.schedules.changes += 1;
        });
        Ok(())
    }

    async fn remove(&self, names: &[ScheduleName]) -> Result<Vec<bool>> {
        Ok(self.step(|state| {
            state.schedules.changes += 1;
            let mut remove = |name| state.schedules.known.remove(name).is_some();
            names.iter().map(&mut remove).collect()
        }))
    }

    async fn set_enabled(
        &self,
        names: &[ScheduleName],
        enabled: bool,
        now: SystemTime,
    ) -> Result<()> {
        self.step(|state| {
            state.schedules.changes += 1;
            for name in names {
                state.schedules.set_enabled(name, enabled, now);
            }
        });
        Ok(())
    }

    async fn lead(&self, claim: LeadClaim<'_>) -> Result<Lead> {
        Ok(self.step(|state| state.schedules.lead(claim)))
    }

    async fn leading(&self, now: SystemTime) -> Result<Leading> {
        Ok(self.step(|state| state.schedules.leading(now)))
    }

    async fn step_down(&self, holder: &str) -> Result<()> {
        self.step(|state| {
            let leader = &mut state.schedules.leader;
            leader.take_if(|(leader, _)| leader == holder);
        });
        Ok(())
    }

    async fn begin(&self, batch: &[Begin], now: SystemTime) -> Result<Vec<Result<SystemTime>>> {
        Ok(self.step(|state| {
            let mut begin = |begin| Ok(state.schedules.begin(begin, now));
            batch.iter().map(&mut begin).collect()
        }))
    }

    async fn fire_once(
        &self,
        _holder: &str,
        batch: &[Firing],
        now: SystemTime,
    ) -> Result<Vec<Result<Fired>>> {
        let fire = |firing| Ok(self.step(|state| state.fire(firing, now)));
        Ok(batch.iter().map(fire).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use resque_core::{Enqueue, QueueBackend, QueueName};

    use super::*;
    use crate::testing::World;

    #[tokio::test]
    async fn everything_about_schedules_goes_with_a_clear() {
        let world = World::new();
        let now = world.now();
        let schedules = world.memory.schedules().unwrap();
        let name = ScheduleName::new("nightly").unwrap();
        let new = NewSchedule {
            name: name.clone(),
            definition: "{}".into(),
            timing: "every 1h".into(),
            enabled: true,
        };
        schedules.put(&[new], now).await.unwrap();
        let firing = Firing {
            name,
            timing: "every 1h".into(),
            tick: now + Duration::from_secs(1),
            job: Some(Enqueue::new(QueueName::new("q").unwrap(), "job")),
            stored: true,
            master: true,
        };
        let fired = schedules.fire_once("h:1", &[firing], now).await.unwrap();
        assert!(matches!(fired[..], [Ok(Fired::Fired)]), "{fired:?}");
        let keys = world.memory.keyspace().unwrap().keys().await.unwrap();
        for key in [
            "persistent_schedules",
            "rs:schedules",
            "delayed:last_enqueued_at",
        ] {
            assert!(keys.iter().any(|there| there == key), "{keys:?}");
        }
        QueueBackend::clear(&world.memory).await.unwrap();
        assert_eq!(schedules.list().await.unwrap(), ScheduleListing::default());
    }
}
