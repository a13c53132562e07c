//! What a store looked like, minute by minute.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// How long a sample of a minute is kept.
pub const HISTORY_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What one sample stands for.
const MINUTE: Duration = Duration::from_secs(60);

/// The beginning of the minute in which a time lies.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let time = UNIX_EPOCH + Duration::from_secs(130);
/// assert_eq!(resque_core::minute_of(time), UNIX_EPOCH + Duration::from_secs(120));
/// ```
#[must_use]
pub fn minute_of(time: SystemTime) -> SystemTime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let into = Duration::new(since.as_secs() % MINUTE.as_secs(), since.subsec_nanos());
    UNIX_EPOCH + (since - into)
}

/// What waits in all queues together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backlog {
    /// How many jobs; none where nobody can tell at a bounded cost.
    pub jobs: Option<u64>,
    /// Since when the oldest of them waits, where the store knows.
    pub oldest: Option<SystemTime>,
}

impl Backlog {
    /// So many jobs, of which nobody knows since when they wait.
    #[must_use]
    pub fn new(jobs: Option<u64>) -> Self {
        Self { jobs, oldest: None }
    }

    /// Says since when the oldest job waits.
    #[must_use]
    pub fn oldest(mut self, oldest: Option<SystemTime>) -> Self {
        self.oldest = oldest;
        self
    }
}

/// What a store looked like in one minute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sample {
    /// The counter of jobs that were performed, failed ones too.
    pub processed: i64,
    /// The counter of jobs that failed.
    pub failed: i64,
    /// How many jobs waited in all queues, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<u64>,
    /// How many jobs waited for their time, where the store holds such jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delayed: Option<u64>,
    /// How many failed jobs were on record.
    #[serde(default)]
    pub failures: u64,
    /// For how many milliseconds the oldest job had waited, if one did and the store knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
}

impl Sample {
    /// A sample with these counters and nothing else.
    #[must_use]
    pub fn new(processed: i64, failed: i64) -> Self {
        Self {
            processed,
            failed,
            ..Self::default()
        }
    }

    /// Says what waited at `now`.
    #[must_use]
    pub fn backlog(mut self, backlog: Backlog, now: SystemTime) -> Self {
        let waited = |since| now.duration_since(since).unwrap_or_default().as_millis();
        self.queued = backlog.jobs;
        self.latency_ms = backlog
            .oldest
            .map(|since| u64::try_from(waited(since)).unwrap_or(u64::MAX));
        self
    }

    /// The sample as a store keeps it.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        // Numbers under fixed names always can be written.
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    /// Reads what a store kept; `None` for what another version or program wrote and nobody can
    /// read.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        // A list would be taken for the fields in their order.
        let is_object = bytes.trim_ascii_start().first() == Some(&b'{');
        is_object.then(|| serde_json::from_slice(bytes).ok())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_begins_with_its_first_nanosecond() {
        let minute = UNIX_EPOCH + 100 * MINUTE;
        for nanos in [0, 1, 59_999_999_999] {
            assert_eq!(minute_of(minute + Duration::from_nanos(nanos)), minute);
        }
        assert_eq!(minute_of(minute + MINUTE), minute + MINUTE);
        assert_eq!(minute_of(UNIX_EPOCH - MINUTE), UNIX_EPOCH);
    }

    #[test]
    fn a_sample_comes_back_with_all_its_digits() {
        let mut sample = Sample::new(i64::MAX, i64::MIN);
        sample.queued = Some(u64::MAX);
        sample.latency_ms = Some(u64::MAX);
        assert_eq!(Sample::from_bytes(&sample.to_bytes()), Some(sample));
    }

    #[test]
    fn what_is_not_known_is_not_written() {
        let text = Sample::new(5, 1).to_bytes();
        assert_eq!(&text[..], br#"{"processed":5,"failed":1,"failures":0}"#);
    }

    #[test]
    fn a_sample_of_a_later_version_can_be_read_and_other_bytes_cannot() {
        let later = br#"{"processed":5,"failed":1,"workers":9}"#;
        assert_eq!(Sample::from_bytes(later), Some(Sample::new(5, 1)));
        for bytes in [&b""[..], b"\xff", b"{}", b"[1,2]"] {
            assert_eq!(Sample::from_bytes(bytes), None);
        }
    }

    #[test]
    fn latency_is_how_long_the_oldest_job_has_waited() {
        let now = UNIX_EPOCH + Duration::from_secs(100);
        let old = Backlog::new(Some(3)).oldest(Some(now - Duration::from_millis(1_500)));
        assert_eq!(Sample::new(0, 0).backlog(old, now).latency_ms, Some(1_500));
        let ahead = Backlog::new(Some(3)).oldest(Some(now + MINUTE));
        assert_eq!(Sample::new(0, 0).backlog(ahead, now).latency_ms, Some(0));
        let unknown = Sample::new(0, 0).backlog(Backlog::new(None), now);
        assert_eq!((unknown.queued, unknown.latency_ms), (None, None));
    }
}
