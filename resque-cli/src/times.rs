//! Times and durations as people type and read them.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use resque::wire::time::parse_any;

/// A moment that was typed: a time, or so long from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// At this time.
    At(SystemTime),
    /// So long before now.
    Ago(Duration),
}

impl Typed {
    /// The moment, seen from `now`.
    pub(crate) fn from(self, now: SystemTime) -> SystemTime {
        match self {
            Self::At(time) => time,
            Self::Ago(ago) => now.checked_sub(ago).unwrap_or(SystemTime::UNIX_EPOCH),
        }
    }
}

/// Reads a time.
pub(crate) fn time(text: &str) -> Result<SystemTime, String> {
    parse_any(text.trim()).ok_or_else(|| {
        "write it as 2026-11-20T23:00:25Z, 2026-11-20 23:00:25 +01:00, or in seconds since 1970"
            .to_owned()
    })
}

/// Reads a time, or how long ago it was.
pub(crate) fn time_or_ago(text: &str) -> Result<Typed, String> {
    // Digits alone are seconds since 1970.
    if let Some(time) = parse_any(text.trim()) {
        return Ok(Typed::At(time));
    }
    duration(text).map(Typed::Ago).map_err(|_| {
        "write a time as 2026-11-20T23:00:25Z, or how long ago it was, as 90m or 7d".to_owned()
    })
}

/// Reads a duration: `30`, `1.5`, `90s`, `15m`, `1h 30m`, `7d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string());
    }
    let wrong = || "write it in seconds, or as 90s, 15m, 1h30m, 7d".to_owned();
    if text.is_empty() {
        return Err(wrong());
    }
    let mut whole = SignedDuration::ZERO;
    let mut rest = String::new();
    // Days and weeks are of 24 hours here, which a duration without a calendar does not know.
    for part in parts(text) {
        let unit = part.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
        let hours = match unit.trim() {
            "d" | "day" | "days" => 24,
            "w" | "week" | "weeks" => 24 * 7,
            _ => {
                rest.push_str(part);
                continue;
            }
        };
        let count: i64 = part[..part.len() - unit.len()]
            .parse()
            .map_err(|_| wrong())?;
        let seconds = count.checked_mul(hours * 3600).ok_or_else(wrong)?;
        whole = whole
            .checked_add(SignedDuration::from_secs(seconds))
            .ok_or_else(wrong)?;
    }
    if !rest.is_empty() {
        let rest = SignedDuration::from_str(&rest).map_err(|_| wrong())?;
        whole = whole.checked_add(rest).ok_or_else(wrong)?;
    }
    Duration::try_from(whole).map_err(|_| wrong())
}

/// Cuts `1d12h` before each number.
fn parts(text: &str) -> Vec<&str> {
    let is_number = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    let bytes = text.as_bytes();
    let mut starts: Vec<usize> = (1..bytes.len())
        .filter(|&at| is_number(bytes[at]) && !is_number(bytes[at - 1]))
        .collect();
    starts.insert(0, 0);
    starts.push(text.len());
    starts
        .windows(2)
        .map(|pair| &text[pair[0]..pair[1]])
        .collect()
}

/// A time for programs, to the millisecond: `2026-11-20T23:00:25.250Z`.
pub(crate) fn stamp(time: SystemTime) -> String {
    Timestamp::try_from(time).map_or_else(|_| String::new(), |time| format!("{time:.3}"))
}

/// A time for people, to the second: `2026-11-20 23:00:25Z`.
pub(crate) fn shown(time: SystemTime) -> String {
    let Ok(time) = Timestamp::try_from(time) else {
        return String::new();
    };
    format!("{time:.0}").replace('T', " ")
}

/// How long something lasts, in one or two units: `42s`, `5m 3s`, `3h 20m`, `12d 4h`.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m {}s", seconds % 60),
        3600..86_400 => format!("{hours}h {}m", minutes % 60),
        _ => format!("{days}d {}h", hours % 24),
    }
}

/// How long ago a time was; a time in the future is now.
pub(crate) fn ago(time: SystemTime, now: SystemTime) -> String {
    span(now.duration_since(time).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("0", 0.0),
            ("1.5", 1.5),
            ("90s", 90.0),
            ("15m", 900.0),
            ("1h30m", 5400.0),
            ("1h 30m", 5400.0),
            ("7d", 604_800.0),
            ("1d12h", 129_600.0),
            ("2w", 1_209_600.0),
            ("250ms", 0.25),
        ] {
            let expected = Duration::from_secs_f64(seconds);
            assert_eq!(duration(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "soon",
            "-5",
            "-5m",
            "5x",
            "1d-2h",
            "99999999999999999d",
            "nan",
            "d",
            "ä",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn moments_are_times_or_a_while_ago() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_215_625);
        let same = time_or_ago("2026-11-20T23:00:25Z").unwrap();
        assert_eq!(same.from(now), now);
        assert_eq!(time_or_ago("1795215625").unwrap().from(now), now);
        let hour = time_or_ago("1h").unwrap().from(now);
        assert_eq!(now.duration_since(hour).unwrap().as_secs(), 3600);
        assert!(time_or_ago("yesterday").is_err());
    }

    #[test]
    fn times_are_written_for_programs_and_for_people() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_215_625_250);
        assert_eq!(stamp(time), "2026-11-20T23:00:25.250Z");
        assert_eq!(shown(time), "2026-11-20 23:00:25Z");
        assert_eq!(span(Duration::from_secs(303)), "5m 3s");
        assert_eq!(span(Duration::from_secs(12 * 86_400 + 4 * 3600)), "12d 4h");
        assert_eq!(ago(time, time - Duration::from_secs(5)), "0s");
    }
}
