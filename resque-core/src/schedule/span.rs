//! Spans of time as people and resque-scheduler write them: `1h30m`.

use std::time::Duration;

/// The units, in seconds, and how each may be written. A year and a month are of fixed length, as in
/// rufus-scheduler.
const UNITS: &[(u64, &[&str])] = &[
    (365 * 86_400, &["y", "year", "years"]),
    (30 * 86_400, &["M", "month", "months"]),
    (7 * 86_400, &["w", "week", "weeks"]),
    (86_400, &["d", "day", "days"]),
    (3_600, &["h", "hour", "hours"]),
    (60, &["m", "min", "mins", "minute", "minutes"]),
    (1, &["s", "sec", "secs", "second", "seconds"]),
];

/// What to write instead of what was not understood.
const HINT: &str = "write a number of seconds, or numbers with units: 30s, 15m, 1h30m, 1d, 2w";

/// Reads a span: a number of seconds, or numbers with units.
///
/// # Errors
///
/// What is wrong, and what to write.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no span of time; {HINT}");
    let compact: String = text.split_whitespace().collect();
    if let Ok(seconds) = compact.parse::<f64>() {
        return of_seconds(seconds).ok_or_else(wrong);
    }
    let mut rest = &*compact;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (number, unit) = rest.split_at(digits.ok_or_else(wrong)?);
        let letters = unit.find(|c: char| !c.is_ascii_alphabetic());
        let (unit, behind) = unit.split_at(letters.unwrap_or(unit.len()));
        let number: f64 = number.parse().map_err(|_| wrong())?;
        total += number * unit_of(unit).ok_or_else(wrong)?;
        rest = behind;
    }
    of_seconds(total)
        .filter(|_| !compact.is_empty())
        .ok_or_else(wrong)
}

fn unit_of(unit: &str) -> Option<f64> {
    let known = UNITS.iter().find(|(_, names)| names.contains(&unit));
    known.map(|(seconds, _)| *seconds as f64)
}

/// A span of so many seconds, to the millisecond.
fn of_seconds(seconds: f64) -> Option<Duration> {
    let millis = (seconds * 1_000.0).round();
    // A thousand years are enough for everybody.
    let fits = (0.0..=1_000.0 * 365.0 * 86_400_000.0).contains(&millis);
    fits.then(|| Duration::from_millis(millis as u64))
}

/// Writes a span so that [`parse`] reads the same: `1h30m`.
pub(super) fn text(span: Duration) -> String {
    let mut rest = span.as_secs();
    let mut text = String::new();
    for (unit, name) in [(86_400, 'd'), (3_600, 'h'), (60, 'm')] {
        if rest >= unit {
            text.push_str(&format!("{}{name}", rest / unit));
            rest %= unit;
        }
    }
    match span.subsec_millis() {
        0 if rest == 0 && !text.is_empty() => {}
        0 => text.push_str(&format!("{rest}s")),
        millis => text.push_str(format!("{rest}.{millis:03}").trim_end_matches('0')),
    }
    if span.subsec_millis() > 0 {
        text.push('s');
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spans_of_rufus_scheduler_are_read() {
        for (text, seconds) in [
            ("30s", 30),
            ("1m", 60),
            ("1h30m", 5_400),
            ("1d", 86_400),
            ("2w", 14 * 86_400),
            ("1M", 30 * 86_400),
            ("1y", 365 * 86_400),
            ("1.5h", 5_400),
            ("15mins", 900),
            ("1h1m1s", 3_661),
            ("1 hour 30 minutes", 5_400),
            ("90", 90),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("1.5"), Ok(Duration::from_millis(1_500)));
    }

    #[test]
    fn what_is_no_span_says_what_to_write() {
        for text in [
            "", "100ms", "soon", "1h30", "-5s", "1..5s", "5 µs", "9e99", "nan", "1e5000y",
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains("1h30m"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn a_written_span_is_read_as_the_same(millis in 0_u64..10_000_000_000) {
            let span = Duration::from_millis(millis);
            prop_assert_eq!(parse(&text(span)), Ok(span), "{}", text(span));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,20}") {
            let _ = parse(&text);
        }
    }
}
