//! Mutants that remember the wrong minutes.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use resque_core::{Backend, Backlog, HISTORY_KEPT, Result, minute_of};

use super::harness::Surroundings;
use super::twist::{Twist, ability, locked};

const MINUTE: Duration = Duration::from_secs(60);

type Samples = Result<Vec<(SystemTime, Bytes)>>;

/// Whoever samples is told that it was the first.
#[derive(Debug)]
pub(crate) struct KeepsAnySample;

#[async_trait]
impl Twist for KeepsAnySample {
    async fn record_sample(&self, inner: &Backend, at: SystemTime, sample: &Bytes) -> Result<bool> {
        ability!(inner, history).record(at, sample).await?;
        Ok(true)
    }
}

/// Looks whether a minute has a sample, and keeps one in another step.
#[derive(Debug)]
pub(crate) struct SamplesInTwoSteps;

#[async_trait]
impl Twist for SamplesInTwoSteps {
    async fn record_sample(&self, inner: &Backend, at: SystemTime, sample: &Bytes) -> Result<bool> {
        let (history, minute) = (ability!(inner, history), minute_of(at));
        let known = history.range(minute, minute + MINUTE, 1).await?;
        tokio::task::yield_now().await;
        if known.is_empty() {
            history.record(at, sample).await?;
        }
        Ok(known.is_empty())
    }
}

/// A sample stands where it was taken and not at the beginning of its minute.
#[derive(Debug, Default)]
pub(crate) struct KeepsTheMoment(Mutex<Vec<SystemTime>>);

#[async_trait]
impl Twist for KeepsTheMoment {
    async fn record_sample(&self, inner: &Backend, at: SystemTime, sample: &Bytes) -> Result<bool> {
        let kept = ability!(inner, history).record(at, sample).await?;
        locked(&self.0).extend(kept.then_some(at));
        Ok(kept)
    }

    async fn sample_range(
        &self,
        inner: &Backend,
        since: SystemTime,
        until: SystemTime,
        at_most: usize,
    ) -> Samples {
        let mut samples = ability!(inner, history)
            .range(since, until, at_most)
            .await?;
        for (minute, _) in &mut samples {
            let taken = locked(&self.0);
            let moment = taken.iter().find(|moment| minute_of(**moment) == *minute);
            *minute = moment.copied().unwrap_or(*minute);
        }
        Ok(samples)
    }
}

/// How a range comes back.
#[derive(Debug)]
pub(crate) enum Ranges {
    /// The newest sample first.
    Backwards,
    /// With what begins at its end.
    WithTheEnd,
    /// Without what begins at its start.
    WithoutTheStart,
    /// As if everything had been asked for.
    Unbounded,
    /// Without what is more than six days older than the newest.
    SixDays,
    /// With a sample of the beginning of time.
    MadeUp,
    /// With each sample that looks like the one before it left out.
    Alike,
}

#[async_trait]
impl Twist for Ranges {
    async fn sample_range(
        &self,
        inner: &Backend,
        since: SystemTime,
        until: SystemTime,
        at_most: usize,
    ) -> Samples {
        let history = ability!(inner, history);
        let (since, until, at_most) = match self {
            Self::WithTheEnd => (since, until + Duration::from_micros(1), at_most),
            Self::WithoutTheStart => (since + Duration::from_micros(1), until, at_most),
            Self::Unbounded => (since, until, usize::MAX),
            _ => (since, until, at_most),
        };
        let mut samples = history.range(since, until, at_most).await?;
        let newest = samples.last().map(|(minute, _)| *minute);
        match self {
            Self::Backwards => samples.reverse(),
            Self::SixDays => samples.retain(|(minute, _)| {
                newest.is_none_or(|newest| *minute + HISTORY_KEPT >= newest + 1440 * MINUTE)
            }),
            Self::MadeUp => samples.insert(0, (SystemTime::UNIX_EPOCH, Bytes::new())),
            Self::Alike => samples.dedup_by(|a, b| a.1 == b.1),
            _ => {}
        }
        Ok(samples)
    }
}

/// Nothing is ever too old.
#[derive(Debug, Default)]
pub(crate) struct RemembersForEver(Mutex<Vec<(SystemTime, Bytes)>>);

#[async_trait]
impl Twist for RemembersForEver {
    async fn record_sample(&self, inner: &Backend, at: SystemTime, sample: &Bytes) -> Result<bool> {
        let kept = ability!(inner, history).record(at, sample).await?;
        locked(&self.0).extend(kept.then(|| (minute_of(at), sample.clone())));
        Ok(kept)
    }

    async fn sample_range(
        &self,
        _: &Backend,
        since: SystemTime,
        until: SystemTime,
        at_most: usize,
    ) -> Samples {
        let mut samples = locked(&self.0).clone();
        samples.retain(|(minute, _)| *minute >= since && *minute < until);
        samples.sort();
        samples.truncate(at_most);
        Ok(samples)
    }

    async fn clear(&self, inner: &Backend) -> Result<u64> {
        locked(&self.0).clear();
        inner.queues().clear().await
    }
}

/// Keeps samples as text.
#[derive(Debug)]
pub(crate) struct KeepsText;

#[async_trait]
impl Twist for KeepsText {
    async fn record_sample(&self, inner: &Backend, at: SystemTime, sample: &Bytes) -> Result<bool> {
        let text = String::from_utf8_lossy(sample).trim_end().to_owned();
        ability!(inner, history).record(at, &text.into()).await
    }
}

/// A clear keeps the history.
#[derive(Debug)]
pub(crate) struct ClearsNoHistory;

#[async_trait]
impl Twist for ClearsNoHistory {
    async fn clear(&self, inner: &Backend) -> Result<u64> {
        let history = ability!(inner, history);
        let now = inner.workers().server_time().await?;
        let known = history.range(SystemTime::UNIX_EPOCH, now + HISTORY_KEPT, 100);
        let known = known.await?;
        let cleared = inner.queues().clear().await?;
        for (minute, sample) in known {
            history.record(minute, &sample).await?;
        }
        Ok(cleared)
    }
}

/// Samples all namespaces.
#[derive(Debug)]
pub(crate) struct SamplesNextDoor(Backend);

impl SamplesNextDoor {
    pub(crate) fn new(surroundings: Surroundings) -> Self {
        Self(surroundings.neighbour)
    }
}

#[async_trait]
impl Twist for SamplesNextDoor {
    async fn sample_range(
        &self,
        inner: &Backend,
        since: SystemTime,
        until: SystemTime,
        at_most: usize,
    ) -> Samples {
        let mut samples = ability!(inner, history)
            .range(since, until, at_most)
            .await?;
        samples.extend(
            ability!(self.0, history)
                .range(since, until, at_most)
                .await?,
        );
        Ok(samples)
    }
}

/// Delayed jobs are part of the backlog.
#[derive(Debug)]
pub(crate) struct CountsTheDelayed;

#[async_trait]
impl Twist for CountsTheDelayed {
    async fn backlog(&self, inner: &Backend) -> Result<Backlog> {
        let backlog = ability!(inner, history).backlog().await?;
        let delayed = ability!(inner, delayed).count().await?;
        Ok(Backlog::new(backlog.jobs.map(|jobs| jobs + delayed)))
    }
}

/// An empty store has waited since the beginning of time.
#[derive(Debug)]
pub(crate) struct WaitsForEver;

#[async_trait]
impl Twist for WaitsForEver {
    async fn backlog(&self, inner: &Backend) -> Result<Backlog> {
        let backlog = ability!(inner, history).backlog().await?;
        let oldest = backlog.oldest.unwrap_or(SystemTime::UNIX_EPOCH);
        Ok(backlog.oldest(Some(oldest)))
    }
}
