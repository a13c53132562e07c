//! Figures for people.

use serde_json::Value;

/// A delay for people.
pub(super) fn delay(report: &Value, name: &str) -> String {
    let us = report[name].as_f64();
    us.map(|us| format!("{us:.0} µs")).unwrap_or_default()
}

/// The one in the middle; 0 of none.
pub(super) fn middle(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or(0.0)
}

/// A rate for people: three digits that mean something.
pub(super) fn rounded(rate: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is no negative number and fits"
    )]
    let whole = rate.clamp(0.0, 1e12) as usize;
    let mut unit = 1;
    while whole / unit >= 1_000 {
        unit *= 10;
    }
    grouped((whole + unit / 2) / unit * unit)
}

/// The number with its thousands apart.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_short() {
        let rates = [0.4, 999.0, 15_532.0, 196_749.0, 2_573_000.0];
        let texts = rates.map(rounded);
        assert_eq!(texts, ["0", "999", "15 500", "197 000", "2 570 000"]);
    }
}
