//! Writes times exactly as Ruby's Resque does on a host in UTC.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// How a time is written, by the place where it stands.
///
/// ```
/// use resque_core::wire::time::TimeFormat;
/// # use std::time::{Duration, SystemTime};
///
/// let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_215_625);
/// assert_eq!(TimeFormat::RunAt.text(time), "2026-11-20T23:00:25Z");
/// assert_eq!(TimeFormat::FailedAt.text(time), "2026/11/20 23:00:25 UTC");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeFormat {
    /// `run_at` of a worker's note: `2026-11-20T23:00:25Z`.
    RunAt,
    /// `worker:<id>:started`, and resque-scheduler's `last_enqueued_at`:
    /// `2026-11-20 23:00:25 +0000`.
    Started,
    /// A heartbeat as Ruby writes it: `2026-11-20T23:00:25+00:00`.
    Heartbeat,
    /// A heartbeat to the millisecond, which Ruby reads as well: `2026-11-20T23:00:25.123+00:00`.
    HeartbeatMillis,
    /// `failed_at`, and `retried_at` in the list `failed`: `2026/11/20 23:00:25 UTC`.
    FailedAt,
    /// `retried_at` in the lists per queue: `2026/11/20 23:00:25`.
    RetriedAtPerQueue,
}

impl TimeFormat {
    /// Appends `time`; what is smaller than the format's last digit is cut off.
    pub fn write(self, out: &mut Vec<u8>, time: SystemTime) {
        let civil = civil(time);
        match self {
            Self::RunAt => {
                moment(out, civil, b'-', b'T');
                out.push(b'Z');
            }
            Self::Started => {
                moment(out, civil, b'-', b' ');
                out.extend_from_slice(b" +0000");
            }
            Self::Heartbeat => {
                moment(out, civil, b'-', b'T');
                out.extend_from_slice(b"+00:00");
            }
            Self::HeartbeatMillis => {
                moment(out, civil, b'-', b'T');
                out.push(b'.');
                digits::<3>(out, civil.millisecond());
                out.extend_from_slice(b"+00:00");
            }
            Self::FailedAt => {
                moment(out, civil, b'/', b' ');
                out.extend_from_slice(b" UTC");
            }
            Self::RetriedAtPerQueue => moment(out, civil, b'/', b' '),
        }
    }

    /// The text of `time`.
    #[must_use]
    pub fn text(self, time: SystemTime) -> String {
        let mut out = Vec::with_capacity(32);
        self.write(&mut out, time);
        out.into_iter().map(char::from).collect()
    }
}

/// The date and time of day in UTC; a time that no calendar knows becomes the nearest one it does.
fn civil(time: SystemTime) -> DateTime {
    let timestamp = Timestamp::try_from(time).unwrap_or_else(|_| {
        if time < SystemTime::UNIX_EPOCH {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        }
    });
    Offset::UTC.to_datetime(timestamp)
}

/// Appends date and time of day to the second.
fn moment(out: &mut Vec<u8>, civil: DateTime, in_date: u8, between: u8) {
    digits::<4>(out, civil.year());
    out.push(in_date);
    digits::<2>(out, civil.month().into());
    out.push(in_date);
    digits::<2>(out, civil.day().into());
    out.push(between);
    digits::<2>(out, civil.hour().into());
    out.push(b':');
    digits::<2>(out, civil.minute().into());
    out.push(b':');
    digits::<2>(out, civil.second().into());
}

/// Appends the last `N` decimal digits of a number; years before 0 become 0.
fn digits<const N: usize>(out: &mut Vec<u8>, number: i16) {
    let mut rest = number.max(0).unsigned_abs();
    let mut text = [b'0'; N];
    for digit in text.iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&text);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ALL: [(TimeFormat, &str); 6] = [
        (TimeFormat::RunAt, "%Y-%m-%dT%H:%M:%SZ"),
        (TimeFormat::Started, "%Y-%m-%d %H:%M:%S +0000"),
        (TimeFormat::Heartbeat, "%Y-%m-%dT%H:%M:%S+00:00"),
        (TimeFormat::HeartbeatMillis, "%Y-%m-%dT%H:%M:%S.%3f+00:00"),
        (TimeFormat::FailedAt, "%Y/%m/%d %H:%M:%S UTC"),
        (TimeFormat::RetriedAtPerQueue, "%Y/%m/%d %H:%M:%S"),
    ];

    #[test]
    fn every_format_is_rubys() {
        // Leap days, ends of years, times before 1970.
        for second in [
            0,
            951_782_400,
            1_795_215_625,
            4_102_444_799,
            -1,
            -2_208_988_800,
        ] {
            for millisecond in [0, 999] {
                let timestamp = Timestamp::new(second, millisecond * 1_000_000).expect("a time");
                for (format, pattern) in ALL {
                    let expected = timestamp.strftime(pattern).to_string();
                    assert_eq!(format.text(timestamp.into()), expected, "{format:?}");
                }
            }
        }
    }

    #[test]
    fn times_that_no_calendar_knows_have_a_text() {
        let far = Duration::from_secs(1 << 60);
        for (format, _) in ALL {
            assert!(
                format
                    .text(SystemTime::UNIX_EPOCH + far)
                    .starts_with("9999")
            );
            assert!(
                format
                    .text(SystemTime::UNIX_EPOCH - far)
                    .starts_with("0000")
            );
        }
    }

    #[test]
    fn a_buffer_is_used_again() {
        let mut buffer = b"kept ".to_vec();
        TimeFormat::RunAt.write(&mut buffer, SystemTime::UNIX_EPOCH);
        assert_eq!(buffer, b"kept 1970-01-01T00:00:00Z");
    }
}
