//! Reads times whoever wrote them.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::zone;

/// Reads a time in any form that a Resque of any language and age has written.
///
/// That is ISO 8601 with or without fraction, `T` and zone; Ruby's and Perl's `2026/11/20
/// 23:00:27 CET`; Ruby 1.8's `Fri Mar 19 10:00:00 +0000 2010`; Go's `… +0000 UTC m=+0.001`;
/// JavaScript's `Fri Nov 20 2026 23:11:16 GMT+0000 (…)`; mail dates; and numbers of seconds,
/// milliseconds, microseconds or nanoseconds since 1970, by their size.
///
/// Without a zone it is UTC. What does not name one moment for certain is no time: also when the
/// zone is an abbreviation of several (`IST`) or unknown.
///
/// ```
/// # use resque_core::wire::time::parse_any;
/// let time = parse_any("2026/11/21 00:00:25 CET");
/// assert_eq!(time, parse_any("2026-11-20T23:00:25Z"));
/// assert_eq!(time, parse_any("1795215625"));
/// assert_eq!(parse_any("yesterday"), None);
/// ```
#[must_use]
pub fn parse_any(text: &str) -> Option<SystemTime> {
    let mut parts = Parts::read(text)?;
    if let Some(Zone::Unknown) = parts.zone {
        return None;
    }
    parts.time()
}

/// Reads a time like [`parse_any`], and as UTC where the zone is unknown: for people to look at,
/// where a time that is hours off is better than none.
#[must_use]
pub fn parse_with_any_zone(text: &str) -> Option<SystemTime> {
    Parts::read(text)?.time()
}

/// What has been read of a time so far.
#[derive(Debug, Default)]
struct Parts {
    /// The moment, if it was given as one number.
    moment: Option<Timestamp>,
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    clock: Option<Clock>,
    zone: Option<Zone>,
}

#[derive(Debug, Clone, Copy)]
struct Clock {
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Zone {
    /// Seconds east of Greenwich, given as a number: outdoes any name.
    Offset(i32),
    /// Seconds east of Greenwich, given by name.
    Named(i32),
    Unknown,
}

impl Parts {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut parts = Self {
            moment: epoch(text),
            ..Self::default()
        };
        if parts.moment.is_some() {
            return Some(parts);
        }
        // A comment at the end, in brackets, is JavaScript's name of the zone; `m=` is Go's
        // reading of its monotonic clock.
        let text = text.split('(').next().unwrap_or_default();
        for word in text.split([' ', ',', '\t']).filter(|word| !word.is_empty()) {
            if !word.starts_with("m=") {
                parts.word(word)?;
            }
        }
        Some(parts)
    }

    /// Reads one word; `None` if it is no part of a time, or if there was such a part already.
    fn word(&mut self, word: &str) -> Option<()> {
        let first = word.bytes().next()?;
        if first.is_ascii_alphabetic() {
            return self.name(word);
        }
        if matches!(first, b'+' | b'-') {
            return self.set_zone(Zone::Offset(offset(word)?));
        }
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            return match word.len() {
                1 | 2 => put(&mut self.day, word.parse().ok()?),
                4 => put(&mut self.year, word.parse().ok()?),
                _ => None,
            };
        }
        if let Some(separator) = word.chars().find(|c| matches!(c, '/' | '-' | ':')) {
            if separator == ':' {
                return self.clock(word);
            }
            return self.date(word, separator);
        }
        None
    }

    /// Reads a day of the week, a month, or a zone.
    fn name(&mut self, word: &str) -> Option<()> {
        const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        const MONTHS: [&str; 12] = [
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ];
        let same = |name: &str| word.eq_ignore_ascii_case(name);
        if DAYS.iter().any(|day| same(day)) {
            return Some(());
        }
        if let Some(month) = MONTHS.iter().position(|month| same(month)) {
            return put(&mut self.month, i8::try_from(month + 1).ok()?);
        }
        let sign = word.find(['+', '-']);
        if let Some(sign) = sign {
            // `GMT+0100`
            return self.set_zone(Zone::Offset(offset(&word[sign..])?));
        }
        let plausible = word.len() <= 5 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
        match zone::offset(word) {
            Some(seconds) => self.set_zone(Zone::Named(seconds)),
            None if plausible && self.clock.is_some() => self.set_zone(Zone::Unknown),
            None => None,
        }
    }

    /// Reads `2026-11-20`, and behind a `T` the time of day.
    fn date(&mut self, word: &str, separator: char) -> Option<()> {
        let (date, clock) = match word.split_once(['T', 't']) {
            Some((date, clock)) => (date, Some(clock)),
            None => (word, None),
        };
        let mut numbers = date.split(separator);
        let (year, month, day) = (numbers.next()?, numbers.next()?, numbers.next()?);
        if numbers.next().is_some() || year.len() != 4 {
            return None;
        }
        put(&mut self.year, number(year)?)?;
        put(&mut self.month, number(month)?)?;
        put(&mut self.day, number(day)?)?;
        clock.map_or(Some(()), |clock| self.clock(clock))
    }

    /// Reads `23:11:16.123`, and the zone if it follows at once.
    fn clock(&mut self, word: &str) -> Option<()> {
        let of_clock = |byte: u8| byte.is_ascii_digit() || byte == b':' || byte == b'.';
        let end = word
            .bytes()
            .position(|byte| !of_clock(byte))
            .unwrap_or(word.len());
        let (clock, zone) = word.split_at(end);
        let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
        let mut numbers = whole.split(':');
        let (hour, minute) = (number(numbers.next()?)?, number(numbers.next()?)?);
        // A leap second is the second before it.
        let second = numbers.next().map_or(Some(0), number)?.min(59);
        if numbers.next().is_some() {
            return None;
        }
        put(
            &mut self.clock,
            Clock {
                hour,
                minute,
                second,
                nanosecond: nanoseconds(fraction)?,
            },
        )?;
        if zone.is_empty() {
            Some(())
        } else {
            self.word(zone)
        }
    }

    fn set_zone(&mut self, zone: Zone) -> Option<()> {
        match (self.zone, zone) {
            (None, _) => self.zone = Some(zone),
            // `+0000 UTC`: the number counts.
            (Some(Zone::Offset(_)), Zone::Named(_) | Zone::Unknown) => {}
            _ => return None,
        }
        Some(())
    }

    fn time(&mut self) -> Option<SystemTime> {
        if let Some(moment) = self.moment {
            return Some(moment.into());
        }
        let midnight = Clock {
            hour: 0,
            minute: 0,
            second: 0,
            nanosecond: 0,
        };
        let Clock {
            hour,
            minute,
            second,
            nanosecond,
        } = self.clock.unwrap_or(midnight);
        let (year, month, day) = (self.year?, self.month?, self.day?);
        let civil = DateTime::new(year, month, day, hour, minute, second, nanosecond).ok()?;
        let offset = match self.zone {
            Some(Zone::Offset(seconds) | Zone::Named(seconds)) => {
                Offset::from_seconds(seconds).ok()?
            }
            Some(Zone::Unknown) | None => Offset::UTC,
        };
        Some(offset.to_timestamp(civil).ok()?.into())
    }
}

/// Sets what must not have been set before.
fn put<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// Reads a short number without sign.
fn number<T: std::str::FromStr>(digits: &str) -> Option<T> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// Reads the digits behind a decimal point; what is finer than a nanosecond is cut off.
fn nanoseconds(fraction: &str) -> Option<i32> {
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    Some(digits.fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0')))
}

/// Reads `+01:00`, `+0100` or `+01` as seconds.
fn offset(word: &str) -> Option<i32> {
    let (sign, digits) = match word.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match (digits.len(), digits.split_once(':')) {
        (_, Some((hours, minutes))) => (hours, minutes),
        (4, None) => digits.split_at_checked(2)?,
        (2, None) => (digits, "0"),
        _ => return None,
    };
    let (hours, minutes): (i32, i32) = (number(hours)?, number(minutes)?);
    if hours > 24 || minutes > 59 {
        return None;
    }
    Some(sign * (hours * 60 + minutes) * 60)
}

/// Reads a number since 1970; its size tells seconds from smaller units.
fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    // Four digits alone would be a year.
    if digits.len() <= 4 && digits != "0" && fraction.is_empty() {
        return None;
    }
    number::<i128>(digits)?;
    let whole: i128 = whole.parse().ok()?;
    let nanosecond = i128::from(nanoseconds(fraction)?);
    let second = 1_000_000_000;
    let nanoseconds = match whole.unsigned_abs() {
        // Until the year 5138, and from 1973 on for each smaller unit.
        0..100_000_000_000 => whole * second + if whole < 0 { -nanosecond } else { nanosecond },
        100_000_000_000..100_000_000_000_000 => whole * 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => whole * 1_000,
        _ => whole,
    };
    Timestamp::from_nanosecond(nanoseconds).ok()
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
