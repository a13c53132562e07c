//! JSON strings: from text, as Ruby writes them, and back.

use std::borrow::Cow;

/// Appends `text` as a JSON string in quotes, exactly as Ruby's encoder writes it: only quotes,
/// backslashes and characters below U+0020 are escaped, everything else stays as it is.
///
/// ```
/// let mut out = Vec::new();
/// resque_core::wire::json::write_string(&mut out, "café \"\u{1}\n/");
/// assert_eq!(out, r#""café \"\u0001\n/""#.as_bytes());
/// ```
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut written = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[written..at]);
        written = at + 1;
        write_escape(out, byte);
    }
    out.extend_from_slice(&bytes[written..]);
    out.push(b'"');
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&digits);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// The content of a valid JSON string, given with its quotes, as bytes.
///
/// Half a surrogate pair, which has no UTF-8 form, becomes the three bytes that it would have; so
/// different strings always give different bytes.
pub(super) fn unescape(raw: &[u8]) -> Cow<'_, [u8]> {
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    let Some(first) = inner.iter().position(|&byte| byte == b'\\') else {
        return Cow::Borrowed(inner);
    };
    let mut out = Vec::with_capacity(inner.len());
    out.extend_from_slice(&inner[..first]);
    let mut rest = &inner[first..];
    while let Some((&byte, after)) = rest.split_first() {
        rest = if byte == b'\\' {
            unescape_one(after, &mut out)
        } else {
            out.push(byte);
            after
        };
    }
    Cow::Owned(out)
}

/// The content of a valid JSON string, given with its quotes, when it is text.
pub(crate) fn to_text(raw: &[u8]) -> Option<Cow<'_, str>> {
    match unescape(raw) {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

/// Appends what the escape at the start of `after`, its backslash gone, stands for.
fn unescape_one<'a>(after: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let Some((&letter, rest)) = after.split_first() else {
        return after;
    };
    let plain = match letter {
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => return unescape_unit(rest, out),
        other => other,
    };
    out.push(plain);
    rest
}

fn unescape_unit<'a>(digits: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let Some((unit, rest)) = unit(digits) else {
        return digits;
    };
    let pair = match rest.strip_prefix(b"\\u").and_then(self::unit) {
        Some((low @ 0xDC00..=0xDFFF, rest)) if (0xD800..=0xDBFF).contains(&unit) => {
            Some((0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), rest))
        }
        _ => None,
    };
    let (code, rest) = pair.unwrap_or((unit, rest));
    match char::from_u32(code) {
        Some(letter) => out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend_from_slice(&[
            0xE0 | (code >> 12) as u8,
            0x80 | (code >> 6 & 0x3F) as u8,
            0x80 | (code & 0x3F) as u8,
        ]),
    }
    rest
}

fn unit(digits: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = digits.split_at_checked(4)?;
    let text = std::str::from_utf8(digits).ok()?;
    Some((u32::from_str_radix(text, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn half_a_pair_is_told_from_its_neighbours_and_is_no_text() {
        assert_eq!(unescape(br#""\ud83d""#).as_ref(), b"\xed\xa0\xbd");
        assert_ne!(unescape(br#""\ud83d""#), unescape(br#""\ud83e""#));
        assert_eq!(to_text(br#""\ud83d""#), None);
        assert_eq!(to_text(br#""\ud83d\ude00""#).as_deref(), Some("😀"));
        let ends = to_text(br#""\ud800\udc00\udbff\udfff""#);
        assert_eq!(ends.as_deref(), Some("\u{10000}\u{10ffff}"));
    }

    #[test]
    fn text_without_escapes_is_borrowed() {
        assert!(matches!(
            to_text("\"café\"".as_bytes()),
            Some(Cow::Borrowed("café"))
        ));
    }

    proptest! {
        #[test]
        fn writing_agrees_with_serde_json_and_reading_gives_it_back(text in any::<String>()) {
            let mut out = Vec::new();
            write_string(&mut out, &text);
            prop_assert_eq!(&out, &serde_json::to_vec(&text).expect("a string"));
            prop_assert_eq!(to_text(&out).expect("text"), text);
        }

        #[test]
        fn reading_agrees_with_serde_json(raw in r#""([a-z]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}){0,8}""#) {
            let theirs = serde_json::from_str::<String>(&raw).ok();
            prop_assert_eq!(to_text(raw.as_bytes()).map(Cow::into_owned), theirs);
        }

        #[test]
        fn no_bytes_make_it_panic(raw in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = unescape(&raw);
        }
    }
}
