//! When a schedule runs.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::cron::Cron;
use super::span;

/// When a schedule runs: by a cron expression or at intervals, from some time on and up to another.
#[derive(Clone, Debug)]
pub struct Timing {
    rule: Rule,
    pub(super) first_in: Option<Duration>,
    pub(super) first_at: Option<SystemTime>,
    pub(super) last_at: Option<SystemTime>,
}

#[derive(Clone, Debug)]
enum Rule {
    Cron(Arc<Cron>),
    Every(Duration),
}

impl Timing {
    /// Runs by a cron expression.
    pub(super) fn cron(line: &str) -> Result<Self, String> {
        Ok(Self::of(Rule::Cron(Arc::new(Cron::parse(line)?))))
    }

    /// Runs at intervals.
    pub(super) fn every(interval: Duration) -> Result<Self, String> {
        if interval < Duration::from_secs(1) {
            return Err("the shortest interval is one second".to_owned());
        }
        Ok(Self::of(Rule::Every(interval)))
    }

    fn of(rule: Rule) -> Self {
        Self {
            rule,
            first_in: None,
            first_at: None,
            last_at: None,
        }
    }

    /// The cron expression, if there is one.
    #[must_use]
    pub fn cron_line(&self) -> Option<&str> {
        match &self.rule {
            Rule::Cron(cron) => Some(cron.line()),
            Rule::Every(_) => None,
        }
    }

    /// The interval, if there is one.
    #[must_use]
    pub fn interval(&self) -> Option<Duration> {
        match &self.rule {
            Rule::Cron(_) => None,
            Rule::Every(interval) => Some(*interval),
        }
    }

    /// Whether it depends on the time zone of the machine that asks.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(&self.rule, Rule::Cron(cron) if !cron.has_zone())
    }

    /// The first tick after this time.
    #[must_use]
    pub fn next_after(&self, time: SystemTime) -> Option<SystemTime> {
        let just_before = |first: SystemTime| first.checked_sub(Duration::from_millis(1));
        let time = self
            .first_at
            .and_then(just_before)
            .map_or(time, |first| first.max(time));
        let next = match &self.rule {
            Rule::Cron(cron) => cron.next_after(time)?,
            Rule::Every(interval) => {
                self.tick(*interval, self.ticks_until(*interval, time)? + 1)?
            }
        };
        self.last_at.is_none_or(|last| next <= last).then_some(next)
    }

    /// The last tick that is not after this time.
    #[must_use]
    pub fn last_until(&self, time: SystemTime) -> Option<SystemTime> {
        let time = self.last_at.map_or(time, |last| last.min(time));
        let last = match &self.rule {
            Rule::Cron(cron) => cron.last_until(time)?,
            Rule::Every(interval) => self.tick(*interval, self.ticks_until(*interval, time)?)?,
        };
        self.first_at
            .is_none_or(|first| last >= first)
            .then_some(last)
    }

    /// Where intervals are counted from, in milliseconds since 1970: not from when a process starts,
    /// so that all processes, also those of next week, agree.
    fn anchor(&self) -> i128 {
        match self.first_at {
            Some(first) => millis(first),
            None => self.first_in.map_or(0, |first| first.as_millis() as i128),
        }
    }

    /// The number of the last tick that is not after this time.
    fn ticks_until(&self, interval: Duration, time: SystemTime) -> Option<i128> {
        let since = millis(time).checked_sub(self.anchor())?;
        Some(since.div_euclid(interval.as_millis() as i128))
    }

    fn tick(&self, interval: Duration, number: i128) -> Option<SystemTime> {
        let since = number.checked_mul(interval.as_millis() as i128)?;
        let millis = since.checked_add(self.anchor())?;
        let span = Duration::from_millis(u64::try_from(millis.unsigned_abs()).ok()?);
        match millis < 0 {
            true => UNIX_EPOCH.checked_sub(span),
            false => UNIX_EPOCH.checked_add(span),
        }
    }
}

/// Whole milliseconds since 1970 that have passed.
fn millis(time: SystemTime) -> i128 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_millis() as i128,
        Err(before) => -(before.duration().as_nanos().div_ceil(1_000_000) as i128),
    }
}

/// In one line, as stores remember it: `cron 30 6 * * 1`, `every 1h30m from 5m`.
impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Rule::Cron(cron) => write!(f, "cron {}", cron.line())?,
            Rule::Every(interval) => write!(f, "every {}", span::text(*interval))?,
        }
        if let Some(first) = self.first_in {
            write!(f, ", first in {}", span::text(first))?;
        }
        let second = |time| millis(time).div_euclid(1_000);
        let shown = |time| jiff::Timestamp::from_second(second(time) as i64);
        if let Some(Ok(first)) = self.first_at.map(shown) {
            write!(f, ", first at {first}")?;
        }
        if let Some(Ok(last)) = self.last_at.map(shown) {
            write!(f, ", last at {last}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn second(second: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(second)
    }

    fn every(seconds: u64) -> Timing {
        Timing::every(Duration::from_secs(seconds)).unwrap()
    }

    #[test]
    fn intervals_are_counted_from_1970_and_not_from_the_start_of_a_process() {
        let timing = every(3_600);
        assert_eq!(
            timing.next_after(second(1_795_215_625)),
            Some(second(1_795_219_200))
        );
        assert_eq!(
            timing.last_until(second(1_795_215_625)),
            Some(second(1_795_215_600))
        );
        assert_eq!(
            timing.next_after(second(1_795_215_600)),
            Some(second(1_795_219_200))
        );
        assert_eq!(
            timing.last_until(second(1_795_215_600)),
            Some(second(1_795_215_600))
        );
        assert_eq!(timing.to_string(), "every 1h");
    }

    #[test]
    fn first_in_moves_the_grid() {
        let mut timing = every(3_600);
        timing.first_in = Some(Duration::from_secs(300));
        assert_eq!(
            timing.next_after(second(1_795_215_600)),
            Some(second(1_795_215_900))
        );
        assert_eq!(timing.to_string(), "every 1h, first in 5m");
    }

    #[test]
    fn nothing_runs_before_the_first_time_or_after_the_last() {
        let mut timing = every(60);
        timing.first_at = Some(second(1_000));
        timing.last_at = Some(second(1_120));
        assert_eq!(timing.next_after(second(0)), Some(second(1_000)));
        assert_eq!(timing.next_after(second(1_000)), Some(second(1_060)));
        assert_eq!(timing.next_after(second(1_119)), Some(second(1_120)));
        assert_eq!(timing.next_after(second(1_120)), None);
        assert_eq!(timing.last_until(second(999)), None);
        assert_eq!(timing.last_until(second(9_999)), Some(second(1_120)));
        assert_eq!(
            timing.to_string(),
            "every 1m, first at 1970-01-01T00:16:40Z, last at 1970-01-01T00:18:40Z"
        );
        let mut cron = Timing::cron("* * * * * UTC").unwrap();
        cron.first_at = Some(second(1_020));
        assert_eq!(cron.next_after(second(0)), Some(second(1_020)));
    }

    #[test]
    fn an_interval_of_less_than_a_second_is_refused() {
        assert!(Timing::every(Duration::from_millis(999)).is_err());
    }

    proptest! {
        #[test]
        fn ticks_of_intervals_are_the_same_from_both_sides(
            interval in 1_000_u64..100_000_000,
            phase in 0_u64..10_000_000,
            at in 0_u64..3_000_000_000_000,
        ) {
            let mut timing = Timing::every(Duration::from_millis(interval)).unwrap();
            timing.first_in = Some(Duration::from_millis(phase));
            let at = UNIX_EPOCH + Duration::from_millis(at);
            let next = timing.next_after(at).unwrap();
            prop_assert!(next > at);
            prop_assert!(next - Duration::from_millis(interval) <= at);
            prop_assert_eq!(timing.last_until(next), Some(next));
            prop_assert_eq!(timing.last_until(at), Some(next - Duration::from_millis(interval)));
        }
    }
}
