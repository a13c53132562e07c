//! Payloads inside other records: a worker's note, a failure entry.
//!
//! Every reader of these records expects an object there: anything else turns Ruby's pages into
//! errors and keeps Ruby's workers from starting. So an object is embedded as it is, and any other
//! bytes travel inside a substitute that says what it can and gives them back exactly:
//!
//! ```json
//! {"class":null,"args":[],"raw":"{oops","raw_hex":"7b6f6f7073"}
//! ```
//!
//! Scripts, which have to be quick, write text as text:
//!
//! ```json
//! {"class":null,"args":[],"raw_text":"{oops"}
//! ```

use std::borrow::Cow;

use super::json::{Kind, members, write_string};

/// The member of a substitute that holds the exact bytes in hexadecimal.
pub const RAW_HEX: &str = "raw_hex";

/// The member of a substitute that holds a payload that is text.
pub const RAW_TEXT: &str = "raw_text";

/// How deep an embedded object may nest: Ruby's JSON reader gives up at 100 levels, and the
/// record around it is one.
pub const MAX_DEPTH: usize = 99;

/// The longest readable text beside the exact bytes.
const MAX_READABLE: usize = 1000;

/// The JSON object that stands for `payload` in a record; [`extract`] gives the bytes back.
///
/// It is the payload itself whenever that is one object that everybody can read, with nothing
/// around it.
#[must_use]
pub fn embed(payload: &[u8]) -> Cow<'_, [u8]> {
    let known = look_into(payload);
    if known.readable {
        Cow::Borrowed(payload)
    } else {
        Cow::Owned(substitute(payload, &known))
    }
}

/// The payload that `value`, the raw text of a record's payload member, stands for.
///
/// The payloads of records that others have written come back as they stand there.
#[must_use]
pub fn extract(value: &[u8]) -> Cow<'_, [u8]> {
    let Ok(members) = members(value) else {
        return Cow::Borrowed(value);
    };
    let (mut hex, mut text) = (None, None);
    for member in members {
        let Ok(member) = member else {
            return Cow::Borrowed(value);
        };
        if member.is(RAW_HEX) {
            hex = member.value().text();
        } else if member.is(RAW_TEXT) {
            text = member.value().text();
        }
    }
    let payload = hex.and_then(|hex| from_hex(hex.as_bytes()));
    match payload.or_else(|| text.map(|text| text.into_owned().into_bytes())) {
        Some(payload) => Cow::Owned(payload),
        None => Cow::Borrowed(value),
    }
}

/// What can be said about a payload without decoding it.
#[derive(Default)]
struct Known<'a> {
    /// Whether everybody reads it as the object that it is.
    readable: bool,
    class: Option<&'a [u8]>,
    args: Option<&'a [u8]>,
}

fn look_into(payload: &[u8]) -> Known<'_> {
    let mut known = Known::default();
    if std::str::from_utf8(payload).is_err() {
        return known;
    }
    let Ok(mut members) = members(payload) else {
        return known;
    };
    let (mut class, mut args) = (None, None);
    let mut marked = false;
    for member in members.by_ref() {
        let Ok(member) = member else { return known };
        if member.is("class") {
            class = Some(member.value().raw());
        } else if member.is("args") && member.value().kind() == Kind::Array {
            args = Some(member.value().raw());
        }
        marked |= member.is(RAW_HEX) || member.is(RAW_TEXT);
    }
    let legible = members.deepest() <= MAX_DEPTH && !members.met_lone_surrogate();
    let bare = payload.first() == Some(&b'{') && payload.last() == Some(&b'}');
    known.readable = legible && bare && !marked;
    if legible {
        (known.class, known.args) = (class, args);
    }
    known
}

fn substitute(payload: &[u8], known: &Known<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(2 * payload.len() + 2 * MAX_READABLE);
    out.extend_from_slice(br#"{"class":"#);
    out.extend_from_slice(known.class.unwrap_or(b"null"));
    out.extend_from_slice(br#","args":"#);
    out.extend_from_slice(known.args.unwrap_or(b"[]"));
    out.extend_from_slice(br#","raw":"#);
    write_string(&mut out, &readable(payload));
    out.extend_from_slice(br#","raw_hex":""#);
    out.extend(
        payload
            .iter()
            .flat_map(|byte| [hex(byte >> 4), hex(byte & 15)]),
    );
    out.extend_from_slice(br#""}"#);
    out
}

/// The beginning of the payload as text, for people.
fn readable(payload: &[u8]) -> Cow<'_, str> {
    match payload.get(..MAX_READABLE) {
        Some(head) => Cow::Owned(String::from_utf8_lossy(head).into_owned() + "…"),
        None => String::from_utf8_lossy(payload),
    }
}

fn hex(digit: u8) -> u8 {
    if digit < 10 {
        b'0' + digit
    } else {
        b'a' + digit - 10
    }
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).expect("UTF-8")
    }

    #[test]
    fn objects_stand_there_as_they_are() {
        for payload in [
            "{}",
            r#"{"class":"A","args":[1.00]}"#,
            r#"{ "x":{"raw_hex":"00"} }"#,
        ] {
            assert!(
                matches!(embed(payload.as_bytes()), Cow::Borrowed(raw) if raw == payload.as_bytes())
            );
            assert_eq!(extract(payload.as_bytes()), payload.as_bytes());
        }
    }

    #[test]
    fn other_bytes_travel_inside_a_substitute() {
        for (payload, expected) in [
            (
                &b"{oops"[..],
                r#"{"class":null,"args":[],"raw":"{oops","raw_hex":"7b6f6f7073"}"#,
            ),
            (b"", r#"{"class":null,"args":[],"raw":"","raw_hex":""}"#),
            (
                b"\xff\0",
                r#"{"class":null,"args":[],"raw":"�\u0000","raw_hex":"ff00"}"#,
            ),
            (
                b"[1]",
                r#"{"class":null,"args":[],"raw":"[1]","raw_hex":"5b315d"}"#,
            ),
            (
                b" {}",
                r#"{"class":null,"args":[],"raw":" {}","raw_hex":"207b7d"}"#,
            ),
        ] {
            assert_eq!(text(&embed(payload)), expected);
            assert_eq!(extract(expected.as_bytes()), payload);
        }
    }

    #[test]
    fn a_text_that_a_script_wrote_comes_back() {
        for (value, payload) in [
            (r#"{"class":null,"args":[],"raw_text":"{oops"}"#, "{oops"),
            (
                r#"{"raw_text":"\u0000\/\u007fé","args":[],"class":null}"#,
                "\0/\u{7f}é",
            ),
        ] {
            assert_eq!(extract(value.as_bytes()), payload.as_bytes());
        }
        let odd = br#"{"raw_text":["no text"]}"#;
        assert_eq!(extract(odd), &odd[..]);
    }

    #[test]
    fn the_class_and_arguments_of_an_object_stay_readable() {
        let padded = br#" {"class":"A","args":[1]}"#;
        assert!(text(&embed(padded)).starts_with(r#"{"class":"A","args":[1],"raw":" {"#));
        assert_eq!(extract(&embed(padded)), &padded[..]);
    }

    #[test]
    fn a_payload_that_looks_like_a_substitute_is_not_mistaken_for_one() {
        let payload = br#"{"class":"A","args":[],"raw\u005fhex":"00"}"#;
        assert_eq!(extract(&embed(payload)), &payload[..]);
        let payload = br#"{"class":"A","args":[],"raw_text":"x"}"#;
        assert_eq!(extract(&embed(payload)), &payload[..]);
        let odd = br#"{"raw_hex":"0"}"#;
        assert_eq!(extract(odd), &odd[..], "no hexadecimal bytes: left alone");
    }

    #[test]
    fn an_object_that_ruby_or_lua_cannot_read_is_wrapped() {
        let deep = |levels: usize| {
            format!(
                r#"{{"class":"A","args":{}{}}}"#,
                "[".repeat(levels),
                "]".repeat(levels)
            )
        };
        let fits = deep(MAX_DEPTH - 1);
        assert_eq!(embed(fits.as_bytes()), fits.as_bytes());
        for payload in [
            deep(MAX_DEPTH),
            deep(100_000),
            r#"{"class":"\ud800"}"#.to_owned(),
        ] {
            let embedded = embed(payload.as_bytes());
            assert!(embedded.starts_with(br#"{"class":null,"args":[],"#));
            assert_eq!(extract(&embedded), payload.as_bytes());
        }
    }

    #[test]
    fn a_long_payload_is_shown_in_part_and_kept_in_full() {
        let payload = vec![b'x'; 10_000_000];
        let embedded = embed(&payload);
        assert!(embedded.len() < 20_002_000);
        assert_eq!(extract(&embedded), payload);
    }

    proptest! {
        #[test]
        fn any_bytes_come_back_from_a_readable_object(
            payload in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..60),
                r#" ?\{("(class|args|raw_hex|raw_text)":(\[1\]|"00"|null|"\\ud800"),?){0,3}\}"#.prop_map(String::into_bytes),
            ]
        ) {
            let embedded = embed(&payload);
            serde_json::from_slice::<serde_json::Map<_, _>>(&embedded).expect("an object");
            prop_assert_eq!(extract(&embedded), &payload[..]);
        }

        #[test]
        fn no_bytes_make_it_panic(value in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = extract(&value);
        }
    }
}
