//! Numbers over time.

use std::time::{Duration, SystemTime};

use resque_core::{Error, Sample, minute_of};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Moment;
use crate::fault::Fault;
use crate::state::App;

const MINUTE: Duration = Duration::from_secs(60);

/// Over how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub(crate) enum Span {
    /// The last hour, by the minute.
    #[serde(rename = "1h")]
    Hour,
    /// The last six hours, by five minutes.
    #[default]
    #[serde(rename = "6h")]
    SixHours,
    /// The last day, by fifteen minutes.
    #[serde(rename = "1d")]
    Day,
    /// The last seven days, by two hours.
    #[serde(rename = "7d")]
    Week,
}

impl Span {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Hour, Self::SixHours, Self::Day, Self::Week];

    /// As addresses say it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::SixHours => "6h",
            Self::Day => "1d",
            Self::Week => "7d",
        }
    }

    /// For people.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Hour => "1 hour",
            Self::SixHours => "6 hours",
            Self::Day => "1 day",
            Self::Week => "7 days",
        }
    }

    /// How many minutes one point stands for, and how many points there are.
    fn shape(self) -> (u32, u32) {
        match self {
            Self::Hour => (1, 60),
            Self::SixHours => (5, 72),
            Self::Day => (15, 96),
            Self::Week => (120, 84),
        }
    }
}

/// Over how long.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatsQuery {
    /// `1h`, `6h`, `1d` or `7d`.
    #[serde(default)]
    #[param(inline)]
    pub(crate) span: Span,
}

/// Numbers, now and over time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Stats {
    /// When it was read.
    pub(crate) now: Moment,
    /// How many jobs wait in all queues.
    pub(crate) pending: u64,
    /// How many attempts have ended, ever.
    pub(crate) processed: u64,
    /// How many of them failed, ever.
    pub(crate) failed: u64,
    /// How many records of failed jobs there are.
    pub(crate) failures: u64,
    /// How many jobs wait for their time, where that can be.
    pub(crate) delayed: Option<u64>,
    /// How many queues there are.
    pub(crate) queues: u64,
    /// How many workers there are.
    pub(crate) workers: u64,
    /// How many of them work.
    pub(crate) working: u64,
    /// Over how long the history goes.
    pub(crate) span: Span,
    /// How many minutes one point of it stands for.
    pub(crate) minutes: u32,
    /// The history, the oldest point first; none where the backend keeps none. Workers sample once
    /// a minute; a time in which none was running has a point without numbers.
    pub(crate) history: Option<Vec<Point>>,
}

/// One point of the history. What is not known is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Point {
    /// When it begins.
    pub(crate) at: Moment,
    /// How many attempts ended in it.
    pub(crate) processed: Option<u64>,
    /// How many of them failed.
    pub(crate) failed: Option<u64>,
    /// How many jobs waited in all queues, at most.
    pub(crate) queued: Option<u64>,
    /// How many jobs waited for their time, at most.
    pub(crate) delayed: Option<u64>,
    /// How many records of failed jobs there were, at most.
    pub(crate) failures: Option<u64>,
    /// For how many milliseconds the oldest waiting job had waited, at most, where the backend
    /// knows.
    pub(crate) latency_ms: Option<u64>,
}

impl Stats {
    pub(crate) async fn ask(app: &App, query: StatsQuery) -> Result<Self, Fault> {
        let glance = app.glance().await?;
        Ok(Self {
            now: app.now(),
            pending: glance.pending(),
            processed: glance.processed,
            failed: glance.failed,
            failures: glance.failures,
            delayed: glance.delayed,
            queues: glance.queues.queues.len() as u64,
            workers: glance.workers.workers.len() as u64,
            working: glance.working(),
            span: query.span,
            minutes: query.span.shape().0,
            history: history(app, query.span).await?,
        })
    }
}

async fn history(app: &App, span: Span) -> Result<Option<Vec<Point>>, Fault> {
    let history = match app.client().history() {
        Ok(history) => history,
        Err(Error::NotOffered { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let (minutes, points) = span.shape();
    let width = minutes * MINUTE;
    let now = app.client().store_time().await?;
    let end = floor(now, width) + width;
    let start = end.checked_sub(points * width).unwrap_or(end);
    // One sample more, because what was done is the difference of two.
    let before = start.checked_sub(5 * MINUTE).unwrap_or(start);
    let samples = history.samples(before, end).await?;
    Ok(Some(gathered(&samples, start, width, points)))
}

/// The beginning of the stretch of this width in which a time lies.
fn floor(time: SystemTime, width: Duration) -> SystemTime {
    let minute = minute_of(time);
    let since = minute.duration_since(SystemTime::UNIX_EPOCH);
    let into = since.unwrap_or_default().as_secs() % width.as_secs().max(1);
    minute - Duration::from_secs(into)
}

/// Samples in points of so many minutes. Where the sample of a minute is missing, what was done in it
/// counts to the next one.
fn gathered(
    samples: &[(SystemTime, Sample)],
    start: SystemTime,
    width: Duration,
    points: u32,
) -> Vec<Point> {
    let mut gathered: Vec<Point> = (0..points)
        .map(|number| Point::new((start + number * width).into()))
        .collect();
    let mut last: Option<&Sample> = None;
    for (minute, sample) in samples {
        let before = last.replace(sample);
        let Ok(since) = minute.duration_since(start) else {
            continue;
        };
        let number = since.as_secs() / width.as_secs().max(1);
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        if let Some(point) = gathered.get_mut(index) {
            point.add(before, sample);
        }
    }
    gathered
}

impl Point {
    fn new(at: Moment) -> Self {
        Self {
            at,
            processed: None,
            failed: None,
            queued: None,
            delayed: None,
            failures: None,
            latency_ms: None,
        }
    }

    fn add(&mut self, before: Option<&Sample>, sample: &Sample) {
        if let Some(before) = before {
            // A counter that was set back tells nothing of what was done.
            let done = |now: i64, then: i64| u64::try_from(now.saturating_sub(then)).unwrap_or(0);
            sum(
                &mut self.processed,
                done(sample.processed, before.processed),
            );
            sum(&mut self.failed, done(sample.failed, before.failed));
        }
        most(&mut self.queued, sample.queued);
        most(&mut self.delayed, sample.delayed);
        most(&mut self.failures, Some(sample.failures));
        most(&mut self.latency_ms, sample.latency_ms);
    }
}

fn sum(total: &mut Option<u64>, more: u64) {
    *total = Some(total.unwrap_or(0).saturating_add(more));
}

fn most(most: &mut Option<u64>, other: Option<u64>) {
    *most = (*most).max(other);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: u32) -> SystemTime {
        SystemTime::UNIX_EPOCH + minute * MINUTE
    }

    fn sample(minute: u32, processed: i64, queued: u64) -> (SystemTime, Sample) {
        let mut sample = Sample::new(processed, processed / 10);
        sample.queued = Some(queued);
        (at(minute), sample)
    }

    #[test]
    fn what_was_done_is_the_difference_of_two_samples() {
        let samples = [
            sample(9, 100, 5),
            sample(10, 130, 7),
            sample(11, 180, 3),
            sample(14, 200, 0),
            sample(15, 10, 1),
        ];
        let points = gathered(&samples, at(10), 5 * MINUTE, 3);
        let told: Vec<_> = points
            .iter()
            .map(|point| (point.processed, point.failed, point.queued))
            .collect();
        let expected = [
            (Some(100), Some(10), Some(7)),
            // The counters were set back.
            (Some(0), Some(0), Some(1)),
            (None, None, None),
        ];
        assert_eq!(told, expected);
        assert_eq!(points[1].at, at(15).into());
    }

    #[test]
    fn the_first_sample_of_all_tells_nothing_of_what_was_done() {
        let points = gathered(&[sample(3, 50, 2)], at(0), MINUTE, 5);
        assert_eq!((points[3].processed, points[3].queued), (None, Some(2)));
    }

    #[test]
    fn every_span_ends_with_now() {
        for span in Span::ALL {
            let (minutes, points) = span.shape();
            let width = minutes * MINUTE;
            let end = floor(at(100_001), width) + width;
            assert!(end > at(100_001) && end <= at(100_001) + width);
            assert!(width * points <= resque_core::HISTORY_KEPT);
        }
    }
}
