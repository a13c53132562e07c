//! Mutants that remember schedules wrongly or fire their ticks wrongly.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use resque_core::{
    Backend, Begin, Enqueue, Fired, Firing, Lead, LeadClaim, Leading, NewSchedule, Result,
    ScheduleListing, ScheduleName,
};

use super::harness::Surroundings;
use super::twist::{Twist, ability, locked};

type Answers = Result<Vec<Result<Fired>>>;

/// Settles nothing: the tick is pushed whatever was pushed before.
#[derive(Debug)]
pub(crate) struct FiresAgain;

#[async_trait]
impl Twist for FiresAgain {
    async fn fire_once(
        &self,
        inner: &Backend,
        holder: &str,
        batch: &[Firing],
        now: SystemTime,
    ) -> Answers {
        let answers = ability!(inner, schedules)
            .fire_once(holder, batch, now)
            .await?;
        for (firing, answer) in batch.iter().zip(&answers) {
            if let (Ok(Fired::Already { .. }), Some(job)) = (answer, &firing.job) {
                inner.queues().push(std::slice::from_ref(job)).await?;
            }
        }
        Ok(answers)
    }
}

/// Looks whether the tick is settled, and pushes in another step.
#[derive(Debug)]
pub(crate) struct FiresInTwoSteps;

#[async_trait]
impl Twist for FiresInTwoSteps {
    async fn fire_once(
        &self,
        inner: &Backend,
        holder: &str,
        batch: &[Firing],
        now: SystemTime,
    ) -> Answers {
        let schedules = ability!(inner, schedules);
        let known = schedules.list().await?;
        tokio::task::yield_now().await;
        let answers = schedules.fire_once(holder, batch, now).await?;
        let mut all = Vec::with_capacity(answers.len());
        for (firing, answer) in batch.iter().zip(answers) {
            let settled = known
                .get(firing.name.as_str())
                .and_then(|entry| entry.settled);
            let seen_open = settled.is_some_and(|settled| settled < firing.tick);
            match (answer, &firing.job) {
                (Ok(Fired::Already { .. }), Some(job)) if seen_open => {
                    inner.queues().push(std::slice::from_ref(job)).await?;
                    all.push(Ok(Fired::Fired));
                }
                (answer, _) => all.push(answer),
            }
        }
        Ok(all)
    }
}

/// Says that everything fired.
#[derive(Debug)]
pub(crate) struct SaysFired;

#[async_trait]
impl Twist for SaysFired {
    async fn fire_once(
        &self,
        inner: &Backend,
        holder: &str,
        batch: &[Firing],
        now: SystemTime,
    ) -> Answers {
        let answers = ability!(inner, schedules)
            .fire_once(holder, batch, now)
            .await?;
        Ok(answers.into_iter().map(|_| Ok(Fired::Fired)).collect())
    }
}

/// Settles the ticks and forgets the jobs.
#[derive(Debug)]
pub(crate) struct FiresWithoutJobs;

#[async_trait]
impl Twist for FiresWithoutJobs {
    async fn fire_once(
        &self,
        inner: &Backend,
        holder: &str,
        batch: &[Firing],
        now: SystemTime,
    ) -> Answers {
        let mut batch = batch.to_vec();
        batch.iter_mut().for_each(|firing| firing.job = None);
        ability!(inner, schedules)
            .fire_once(holder, &batch, now)
            .await
    }
}

/// Pushes something where nothing is to be pushed.
#[derive(Debug)]
pub(crate) struct FiresEmptyTicks;

#[async_trait]
impl Twist for FiresEmptyTicks {
    async fn fire_once(
        &self,
        inner: &Backend,
        holder: &str,
        batch: &[Firing],
        now: SystemTime,
    ) -> Answers {
        let mut batch = batch.to_vec();
        for firing in &mut batch {
            let queue = resque_core::QueueName::new("empty")?;
            firing.job.get_or_insert_with(|| Enqueue::new(queue, "{}"));
        }
        ability!(inner, schedules)
            .fire_once(holder, &batch, now)
            .await
    }
}

/// Fires the ticks of a batch in reverse.
#[derive(Debug)]
pub(crate) struct FiresInReverse;

#[async_trait]
impl Twist for FiresInReverse {
    async fn fire_once(
        &self,
        inner: &Backend,
        holder: &str,
        batch: &[Firing],
        now: SystemTime,
    ) -> Answers {
        let reversed: Vec<_> = batch.iter().rev().cloned().collect();
        let schedules = ability!(inner, schedules);
        let mut answers = schedules.fire_once(holder, &reversed, now).await?;
        answers.reverse();
        Ok(answers)
    }
}

/// All schedules have the ticks of one.
#[derive(Debug)]
pub(crate) struct SharesTicks;

#[async_trait]
impl Twist for SharesTicks {
    async fn fire_once(
        &self,
        inner: &Backend,
        holder: &str,
        batch: &[Firing],
        now: SystemTime,
    ) -> Answers {
        let schedules = ability!(inner, schedules);
        let answers = schedules.fire_once(holder, batch, now).await?;
        for entry in schedules.list().await?.entries {
            for firing in batch.iter().filter(|firing| firing.name != entry.name) {
                let mut other = firing.clone();
                (other.name, other.job) = (entry.name.clone(), None);
                (other.stored, other.master) = (false, false);
                let _ = schedules.fire_once(holder, &[other], now).await?;
            }
        }
        Ok(answers)
    }
}

/// Begins whatever is fired.
#[derive(Debug)]
pub(crate) struct FiresTheUnknown;

#[async_trait]
impl Twist for FiresTheUnknown {
    async fn fire_once(
        &self,
        inner: &Backend,
        holder: &str,
        batch: &[Firing],
        now: SystemTime,
    ) -> Answers {
        let schedules = ability!(inner, schedules);
        let begin = |firing: &Firing| Begin {
            name: firing.name.clone(),
            timing: firing.timing.clone(),
        };
        let begins: Vec<_> = batch.iter().map(begin).collect();
        let long_ago = SystemTime::UNIX_EPOCH;
        for begun in schedules.begin(&begins, long_ago).await? {
            begun?;
        }
        schedules.fire_once(holder, batch, now).await
    }
}

/// Does not look whether a definition is stored still.
#[derive(Debug)]
pub(crate) struct FiresWhatIsNotStored;

#[async_trait]
impl Twist for FiresWhatIsNotStored {
    async fn fire_once(
        &self,
        inner: &Backend,
        holder: &str,
        batch: &[Firing],
        now: SystemTime,
    ) -> Answers {
        let mut batch = batch.to_vec();
        batch.iter_mut().for_each(|firing| firing.stored = false);
        ability!(inner, schedules)
            .fire_once(holder, &batch, now)
            .await
    }
}

/// Notes the tick and not the time as when a schedule fired.
#[derive(Debug)]
pub(crate) struct NotesTheTick;

#[async_trait]
impl Twist for NotesTheTick {
    async fn list_schedules(&self, inner: &Backend) -> Result<ScheduleListing> {
        let mut listing = ability!(inner, schedules).list().await?;
        for entry in &mut listing.entries {
            entry.last_fired = entry.last_fired.and(entry.settled);
        }
        Ok(listing)
    }
}

/// Forgets what it is told to store.
#[derive(Debug)]
pub(crate) struct StoresNothing;

#[async_trait]
impl Twist for StoresNothing {
    async fn put_schedules(&self, _: &Backend, _: &[NewSchedule], _: SystemTime) -> Result<()> {
        Ok(())
    }
}

/// Writes definitions anew.
#[derive(Debug)]
pub(crate) struct RewritesDefinitions;

#[async_trait]
impl Twist for RewritesDefinitions {
    async fn put_schedules(
        &self,
        inner: &Backend,
        batch: &[NewSchedule],
        now: SystemTime,
    ) -> Result<()> {
        let mut batch = batch.to_vec();
        for new in &mut batch {
            let text = String::from_utf8_lossy(&new.definition)
                .replace(": ", ":")
                .replace(' ', "");
            new.definition = text.into();
        }
        ability!(inner, schedules).put(&batch, now).await
    }
}

/// Keeps the first definition of a name.
#[derive(Debug)]
pub(crate) struct KeepsTheFirstDefinition;

#[async_trait]
impl Twist for KeepsTheFirstDefinition {
    async fn put_schedules(
        &self,
        inner: &Backend,
        batch: &[NewSchedule],
        now: SystemTime,
    ) -> Result<()> {
        let schedules = ability!(inner, schedules);
        let known = schedules.list().await?;
        let mut batch = batch.to_vec();
        for new in &mut batch {
            let before = known
                .get(new.name.as_str())
                .and_then(|entry| entry.definition.clone());
            new.definition = before.unwrap_or(new.definition.clone());
        }
        schedules.put(&batch, now).await
    }
}

/// Every schedule that is stored begins anew.
#[derive(Debug)]
pub(crate) struct BeginsAnewWithEveryPut;

#[async_trait]
impl Twist for BeginsAnewWithEveryPut {
    async fn put_schedules(
        &self,
        inner: &Backend,
        batch: &[NewSchedule],
        now: SystemTime,
    ) -> Result<()> {
        let schedules = ability!(inner, schedules);
        let names: Vec<_> = batch.iter().map(|new| new.name.clone()).collect();
        schedules.set_enabled(&names, false, now).await?;
        schedules.put(batch, now).await
    }
}

/// Stores schedules as if they had begun long ago.
#[derive(Debug)]
pub(crate) struct BeginsLongAgo;

#[async_trait]
impl Twist for BeginsLongAgo {
    async fn put_schedules(
        &self,
        inner: &Backend,
        batch: &[NewSchedule],
        _: SystemTime,
    ) -> Result<()> {
        ability!(inner, schedules)
            .put(batch, SystemTime::UNIX_EPOCH)
            .await
    }
}

/// Settles up to now whenever somebody begins.
#[derive(Debug)]
pub(crate) struct BeginsAgainAndAgain;

#[async_trait]
impl Twist for BeginsAgainAndAgain {
    async fn begin(
        &self,
        inner: &Backend,
        batch: &[Begin],
        now: SystemTime,
    ) -> Result<Vec<Result<SystemTime>>> {
        let schedules = ability!(inner, schedules);
        let mut other = batch.to_vec();
        other.iter_mut().for_each(|begin| begin.timing.push('!'));
        schedules.begin(&other, now).await?;
        schedules.begin(batch, now).await
    }
}

/// Goes back in time with whoever's clock is behind.
#[derive(Debug)]
pub(crate) struct GoesBackInTime;

#[async_trait]
impl Twist for GoesBackInTime {
    async fn set_enabled(
        &self,
        inner: &Backend,
        names: &[ScheduleName],
        enabled: bool,
        now: SystemTime,
    ) -> Result<()> {
        let schedules = ability!(inner, schedules);
        if enabled {
            let known = schedules.list().await?;
            let stored = names.iter().filter_map(|name| known.get(name.as_str()));
            let again: Vec<_> = stored
                .filter_map(|entry| {
                    Some(NewSchedule {
                        name: entry.name.clone(),
                        definition: entry.definition.clone()?,
                        timing: "cron 0 * * * *".to_owned(),
                        enabled: true,
                    })
                })
                .collect();
            schedules.remove(names).await?;
            return schedules.put(&again, now).await;
        }
        schedules.set_enabled(names, enabled, now).await
    }
}

/// What was missed while a schedule was off comes when it is on again.
#[derive(Debug)]
pub(crate) struct KeepsWhatItMissed;

#[async_trait]
impl Twist for KeepsWhatItMissed {
    async fn set_enabled(
        &self,
        inner: &Backend,
        names: &[ScheduleName],
        enabled: bool,
        _: SystemTime,
    ) -> Result<()> {
        let schedules = ability!(inner, schedules);
        schedules
            .set_enabled(names, enabled, SystemTime::UNIX_EPOCH)
            .await
    }
}

/// Only what is stored can be switched off.
#[derive(Debug)]
pub(crate) struct SwitchesOnlyTheStored;

#[async_trait]
impl Twist for SwitchesOnlyTheStored {
    async fn set_enabled(
        &self,
        inner: &Backend,
        names: &[ScheduleName],
        enabled: bool,
        now: SystemTime,
    ) -> Result<()> {
        let schedules = ability!(inner, schedules);
        let known = schedules.list().await?;
        let stored = |name: &&ScheduleName| {
            known
                .get(name.as_str())
                .is_some_and(|entry| entry.definition.is_some())
        };
        let names: Vec<_> = names.iter().filter(stored).cloned().collect();
        schedules.set_enabled(&names, enabled, now).await
    }
}

/// Switching on makes up what is not known.
#[derive(Debug)]
pub(crate) struct MakesUpSchedules;

#[async_trait]
impl Twist for MakesUpSchedules {
    async fn set_enabled(
        &self,
        inner: &Backend,
        names: &[ScheduleName],
        enabled: bool,
        now: SystemTime,
    ) -> Result<()> {
        let schedules = ability!(inner, schedules);
        schedules.set_enabled(names, false, now).await?;
        schedules.set_enabled(names, enabled, now).await
    }
}

/// Nothing is ever off.
#[derive(Debug)]
pub(crate) struct ShowsAllAsOn;

#[async_trait]
impl Twist for ShowsAllAsOn {
    async fn list_schedules(&self, inner: &Backend) -> Result<ScheduleListing> {
        let mut listing = ability!(inner, schedules).list().await?;
        listing
            .entries
            .iter_mut()
            .for_each(|entry| entry.enabled = true);
        Ok(listing)
    }
}

/// Removing only switches off.
#[derive(Debug)]
pub(crate) struct RemovesNothing;

#[async_trait]
impl Twist for RemovesNothing {
    async fn remove_schedules(&self, inner: &Backend, names: &[ScheduleName]) -> Result<Vec<bool>> {
        let schedules = ability!(inner, schedules);
        schedules
            .set_enabled(names, false, SystemTime::UNIX_EPOCH)
            .await?;
        Ok(names.iter().map(|_| true).collect())
    }
}

/// A schedule that nobody has heard of is shown.
#[derive(Debug)]
pub(crate) struct ShowsWhatIsNot;

#[async_trait]
impl Twist for ShowsWhatIsNot {
    async fn list_schedules(&self, inner: &Backend) -> Result<ScheduleListing> {
        let mut entries = ability!(inner, schedules).list().await?.entries;
        entries.push(resque_core::ScheduleEntry::new(ScheduleName::new(
            "zombie",
        )?));
        Ok(ScheduleListing::new(entries, Vec::new()))
    }
}

/// Everybody leads.
#[derive(Debug)]
pub(crate) struct LetsAllLead;

#[async_trait]
impl Twist for LetsAllLead {
    async fn lead(&self, inner: &Backend, claim: LeadClaim<'_>) -> Result<Lead> {
        let lead = ability!(inner, schedules).lead(claim).await?;
        Ok(Lead::new(true, claim.holder, lead.version))
    }
}

/// Whoever led first leads for ever.
#[derive(Debug, Default)]
pub(crate) struct LeadsForEver(Mutex<Option<String>>);

#[async_trait]
impl Twist for LeadsForEver {
    async fn lead(&self, inner: &Backend, claim: LeadClaim<'_>) -> Result<Lead> {
        let first = locked(&self.0)
            .get_or_insert(claim.holder.to_owned())
            .clone();
        let version = ability!(inner, schedules).lead(claim).await?.version;
        Ok(Lead::new(first == claim.holder, first, version))
    }
}

/// A leader is followed a few seconds too early.
#[derive(Debug)]
pub(crate) struct TakesOverTooEarly;

#[async_trait]
impl Twist for TakesOverTooEarly {
    async fn lead(&self, inner: &Backend, mut claim: LeadClaim<'_>) -> Result<Lead> {
        claim.until -= Duration::from_secs(2);
        ability!(inner, schedules).lead(claim).await
    }
}

/// Anybody can step down for the leader.
#[derive(Debug, Default)]
pub(crate) struct StepsDownForOthers(Mutex<Option<String>>);

#[async_trait]
impl Twist for StepsDownForOthers {
    async fn lead(&self, inner: &Backend, claim: LeadClaim<'_>) -> Result<Lead> {
        let lead = ability!(inner, schedules).lead(claim).await?;
        *locked(&self.0) = Some(lead.leader.clone());
        Ok(lead)
    }

    async fn step_down(&self, inner: &Backend, holder: &str) -> Result<()> {
        let leader = locked(&self.0).clone().unwrap_or(holder.to_owned());
        ability!(inner, schedules).step_down(&leader).await
    }
}

/// No change of schedules shows.
#[derive(Debug)]
pub(crate) struct HidesChanges;

#[async_trait]
impl Twist for HidesChanges {
    async fn lead(&self, inner: &Backend, claim: LeadClaim<'_>) -> Result<Lead> {
        let mut lead = ability!(inner, schedules).lead(claim).await?;
        lead.version = "1".to_owned();
        Ok(lead)
    }
}

/// Whoever looks does not see that schedules were changed.
#[derive(Debug)]
pub(crate) struct LooksAway;

#[async_trait]
impl Twist for LooksAway {
    async fn leading(&self, inner: &Backend, now: SystemTime) -> Result<Leading> {
        let leading = ability!(inner, schedules).leading(now).await?;
        Ok(Leading::new(leading.leader, "0"))
    }
}

/// Whoever led last is told as the leader, whatever the time.
#[derive(Debug)]
pub(crate) struct NamesTheLast;

#[async_trait]
impl Twist for NamesTheLast {
    async fn leading(&self, inner: &Backend, _now: SystemTime) -> Result<Leading> {
        let schedules = ability!(inner, schedules);
        schedules.leading(SystemTime::UNIX_EPOCH).await
    }
}

/// Whoever looks leads.
#[derive(Debug)]
pub(crate) struct LeadsByLooking;

#[async_trait]
impl Twist for LeadsByLooking {
    async fn leading(&self, inner: &Backend, now: SystemTime) -> Result<Leading> {
        let claim = LeadClaim {
            holder: "looker:1",
            master: false,
            now,
            until: now + Duration::from_secs(10),
        };
        let lead = ability!(inner, schedules).lead(claim).await?;
        Ok(Leading::new(Some(lead.leader), lead.version))
    }
}

/// A clear keeps the schedules.
#[derive(Debug)]
pub(crate) struct ClearsNoSchedules;

#[async_trait]
impl Twist for ClearsNoSchedules {
    async fn clear(&self, inner: &Backend) -> Result<u64> {
        let schedules = ability!(inner, schedules);
        let known = schedules.list().await?.entries;
        let cleared = inner.queues().clear().await?;
        let names: Vec<_> = known.into_iter().map(|entry| entry.name).collect();
        schedules
            .set_enabled(&names, false, SystemTime::UNIX_EPOCH)
            .await?;
        Ok(cleared)
    }
}

/// Stores schedules in all namespaces.
#[derive(Debug)]
pub(crate) struct StoresNextDoor(Backend);

impl StoresNextDoor {
    pub(crate) fn new(surroundings: Surroundings) -> Self {
        Self(surroundings.neighbour)
    }
}

#[async_trait]
impl Twist for StoresNextDoor {
    async fn put_schedules(
        &self,
        inner: &Backend,
        batch: &[NewSchedule],
        now: SystemTime,
    ) -> Result<()> {
        ability!(self.0, schedules).put(batch, now).await?;
        ability!(inner, schedules).put(batch, now).await
    }
}
