//! Floating point numbers as Ruby writes them.

use std::io::{self, Write};

/// The compact JSON of `serde_json`, with floats as in Ruby.
///
/// Ruby removes a job from a queue by comparing bytes, so the text of a number matters: `1.0`,
/// `1.0e+20` and `1.0e-07` where others write `1`, `1e20` and `1e-7`.
#[derive(Debug, Clone, Copy)]
pub(super) struct RubyFloats;

impl serde_json::ser::Formatter for RubyFloats {
    fn write_f32<W: ?Sized + Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        write_float(writer, value)
    }

    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        write_float(writer, value)
    }
}

/// Writes a finite float with the fewest digits that name it, in Ruby's layout.
fn write_float<W, F>(out: &mut W, value: F) -> io::Result<()>
where
    W: ?Sized + Write,
    F: std::fmt::LowerExp,
{
    // The shortest digits, as `-1.2345e-7`: at most 25 bytes.
    let mut buffer = [0; 32];
    let mut rest = &mut buffer[..];
    write!(rest, "{value:e}")?;
    let length = 32 - rest.len();
    let text = &buffer[..length];
    let (sign, text) = match text.strip_prefix(b"-") {
        Some(text) => (&b"-"[..], text),
        None => (&b""[..], text),
    };
    let Some((mantissa, exponent)) = split(text) else {
        return out.write_all(text);
    };
    let (first, others) = mantissa.split_at(1);
    let others = others.strip_prefix(b".").unwrap_or_default();
    out.write_all(sign)?;
    // Ruby writes out what has its point within 16 digits, or less than four zeros behind it.
    match exponent {
        0..16 => plain(out, first, others, exponent.unsigned_abs().into()),
        -4..0 => {
            out.write_all(b"0.")?;
            out.write_all(&b"000"[..usize::from(exponent.unsigned_abs()) - 1])?;
            out.write_all(first)?;
            out.write_all(others)
        }
        _ => {
            out.write_all(first)?;
            out.write_all(b".")?;
            out.write_all(if others.is_empty() { b"0" } else { others })?;
            write!(out, "e{exponent:+03}")
        }
    }
}

/// Splits `1.5e-7` into digits and exponent.
fn split(text: &[u8]) -> Option<(&[u8], i16)> {
    let at = text.iter().position(|&byte| byte == b'e')?;
    let exponent = std::str::from_utf8(&text[at + 1..]).ok()?.parse().ok()?;
    Some((&text[..at], exponent))
}

/// Writes digits with the point `places` behind the first one.
fn plain<W>(out: &mut W, first: &[u8], others: &[u8], places: usize) -> io::Result<()>
where
    W: ?Sized + Write,
{
    out.write_all(first)?;
    let (before, behind) = others.split_at(places.min(others.len()));
    out.write_all(before)?;
    out.write_all(&b"000000000000000"[..places - before.len()])?;
    out.write_all(b".")?;
    out.write_all(if behind.is_empty() { b"0" } else { behind })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(value: f64) -> String {
        let mut out = Vec::new();
        write_float(&mut out, value).expect("a Vec takes everything");
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn floats_have_rubys_layout() {
        for (value, ruby) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-2.5, "-2.5"),
            (1.5, "1.5"),
            (100.0, "100.0"),
            (1234.5678, "1234.5678"),
            (0.1, "0.1"),
            (0.001, "0.001"),
            (0.0001, "0.0001"),
            (0.000_123, "0.000123"),
            (0.00001, "1.0e-05"),
            (1.0e-7, "1.0e-07"),
            (1.25e-10, "1.25e-10"),
            (1.0e15, "1000000000000000.0"),
            (1.0e16, "1.0e+16"),
            (1.0e20, "1.0e+20"),
            (1.5e300, "1.5e+300"),
            (123_456_789_012_345.67, "123456789012345.67"),
            (1_234_567_890_123_456.7, "1234567890123456.8"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (12_345_678_901_234_567.0, "1.2345678901234568e+16"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5.0e-324, "5.0e-324"),
        ] {
            assert_eq!(text(value), ruby);
        }
    }

    proptest! {
        #[test]
        fn the_text_reads_back_as_the_same_float(value in proptest::num::f64::NORMAL) {
            prop_assert_eq!(text(value).parse::<f64>().expect("a float"), value);
        }
    }
}
