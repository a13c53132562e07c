//! How values look on pages; for use in templates.

use std::fmt::Write as _;

use crate::view::Given;

/// What stands between groups of three digits, and does not break a line.
const THIN: char = '\u{202f}';

/// A number in groups of three digits, exactly.
pub(crate) fn count(number: impl Given<u64>) -> String {
    let digits = number.value().to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            out.push(THIN);
        }
        out.push(digit);
    }
    out
}

/// How many a second.
pub(crate) fn rate(rate: impl Given<f64>) -> String {
    let rate = rate.value();
    if rate > 0.0 && rate < 10.0 {
        format!("{rate:.1}")
    } else {
        format!("{rate:.0}")
    }
}

/// How much more or less there is a second; a dash where nothing changes.
pub(crate) fn change(rate: impl Given<f64>) -> String {
    let rate = rate.value();
    let size = match rate.abs() {
        small if small < 0.05 => return "–".to_owned(),
        some if some < 10.0 => format!("{some:.1}"),
        much => format!("{much:.0}"),
    };
    if rate > 0.0 {
        format!("+{size}/s")
    } else {
        format!("−{size}/s")
    }
}

/// Milliseconds.
pub(crate) fn millis(millis: impl Given<f64>) -> String {
    let millis = millis.value();
    if millis < 0.01 {
        "< 0.01".to_owned()
    } else if millis < 10.0 {
        format!("{millis:.2}")
    } else {
        format!("{millis:.0}")
    }
}

/// A size for people.
pub(crate) fn bytes(bytes: impl Given<u64>) -> String {
    let bytes = bytes.value();
    // Rounded for people anyway.
    let large = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", large / 1e3),
        _ => format!("{:.1} MB", large / 1e6),
    }
}

/// Text from elsewhere, with what nobody would see written out: control characters, and those that
/// turn the direction of what comes behind them. It still has to be escaped.
pub(crate) fn plain(text: impl AsRef<str>) -> String {
    let mut out = String::with_capacity(text.as_ref().len());
    for c in text.as_ref().chars() {
        match c {
            '\n' | '\t' => out.push(c),
            c if is_invisible(c) => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Text as the value of a part of an address.
pub(crate) fn part(text: impl AsRef<str>) -> String {
    percent_encoding::utf8_percent_encode(text.as_ref(), percent_encoding::NON_ALPHANUMERIC)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_and_in_groups() {
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1\u{202f}000");
        assert_eq!(
            count(u64::MAX),
            "18\u{202f}446\u{202f}744\u{202f}073\u{202f}709\u{202f}551\u{202f}615"
        );
        assert_eq!(
            (change(0.5), change(-31.4), change(0.0)),
            ("+0.5/s".into(), "−31/s".into(), "–".into())
        );
        assert_eq!(rate(0.0), "0");
        assert_eq!(rate(0.25), "0.2");
        assert_eq!(rate(1234.5), "1234");
        assert_eq!(bytes(1_048_576), "1.0 MB");
        let told = [0.0, 0.456, 12.6].map(millis);
        assert_eq!(told, ["< 0.01", "0.46", "13"]);
    }

    #[test]
    fn what_nobody_would_see_is_written_out() {
        assert_eq!(
            plain("a\0b\u{202e}c\nd\u{1b}[2J"),
            "a\\u{0}b\\u{202e}c\nd\\u{1b}[2J"
        );
        assert_eq!(part("a/b ?&<é"), "a%2Fb%20%3F%26%3C%C3%A9");
    }
}
