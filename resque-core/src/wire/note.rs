//! The note of a worker, which says what it holds: the key `worker:<id>`.
//!
//! ```json
//! {"queue":"file_serve","run_at":"2026-11-20T23:00:25Z","payload":{"class":"Archive","args":[44]}}
//! ```
//!
//! Ours end with one member more, the receipt of the reservation:
//! `{…,"payload":{…},"rs":{"receipt":"…"}}`. Everything before and behind the payload can be
//! prepared, so that a script makes a note by joining three texts, and checks a receipt by
//! comparing the end of the note.

use std::borrow::Cow;
use std::time::SystemTime;

use super::embed::{embed, extract};
use super::json::{Kind, Scanner, Value, members, to_text, write_string};
use super::sha1_hex;
use super::time::{TimeFormat, parse_any};

const BEFORE_QUEUE: &[u8] = br#"{"queue":"#;
const BEFORE_TIME: &[u8] = br#","run_at":"#;
const BEFORE_PAYLOAD: &[u8] = br#","payload":"#;
const BEFORE_RECEIPT: &[u8] = br#","rs":{"receipt":"#;
const END: &[u8] = b"}}";

/// A receipt is looked for only so far from the end of a note.
const LONGEST_SUFFIX: usize = 1000;

/// What a note says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note<'a> {
    /// The queue the job came from; empty if the note does not say.
    pub queue: Cow<'a, str>,
    /// Since when the worker has it, if the note says so in any known form.
    pub run_at: Option<SystemTime>,
    /// The job's bytes exactly as they were popped.
    pub payload: Cow<'a, [u8]>,
    /// Our receipt; none on notes of foreign workers.
    pub receipt: Option<Cow<'a, str>>,
}

/// Writes a note.
///
/// ```
/// # use std::time::SystemTime;
/// # use resque_core::wire::note::{decode, encode};
/// let note = encode("q", SystemTime::UNIX_EPOCH, b"{oops", "r1");
/// let read = decode(&note).expect("a note");
/// assert_eq!((&*read.payload, read.receipt.as_deref()), (&b"{oops"[..], Some("r1")));
/// ```
#[must_use]
pub fn encode(queue: &str, run_at: SystemTime, payload: &[u8], receipt: &str) -> Vec<u8> {
    let mut note = Vec::with_capacity(payload.len() + queue.len() + receipt.len() + 80);
    write_prefix(&mut note, queue, run_at);
    note.extend_from_slice(&embed(payload));
    write_suffix(&mut note, receipt);
    note
}

/// Writes what stands before the payload. The payload itself must be an object that everybody can
/// read ([`embed`]).
pub fn write_prefix(out: &mut Vec<u8>, queue: &str, run_at: SystemTime) {
    out.extend_from_slice(BEFORE_QUEUE);
    write_string(out, queue);
    out.extend_from_slice(BEFORE_TIME);
    out.push(b'"');
    TimeFormat::RunAt.write(out, run_at);
    out.push(b'"');
    out.extend_from_slice(BEFORE_PAYLOAD);
}

/// Writes what stands behind the payload. A note belongs to a receipt if it ends with this.
pub fn write_suffix(out: &mut Vec<u8>, receipt: &str) {
    out.extend_from_slice(BEFORE_RECEIPT);
    write_string(out, receipt);
    out.extend_from_slice(END);
}

/// Reads a note of any implementation, whatever else it says.
///
/// What is no object with a payload cannot be read by anybody.
#[must_use]
pub fn decode(note: &[u8]) -> Option<Note<'_>> {
    decode_ours(note).or_else(|| decode_any(note))
}

/// What tells the reservation of this note from all others: our receipt, or the digest of a note
/// that someone else wrote.
#[must_use]
pub fn token(note: &[u8]) -> String {
    match decode(note).and_then(|note| note.receipt) {
        Some(receipt) => receipt.into_owned(),
        None => sha1_hex(&[note]),
    }
}

/// Reads a note of exactly our shape without looking into the payload.
///
/// Scripts test payloads with Lua's reader, which takes some texts for JSON that are not; they
/// come back all the same.
fn decode_ours(note: &[u8]) -> Option<Note<'_>> {
    let (queue, rest) = leading_string(note.strip_prefix(BEFORE_QUEUE)?)?;
    let (run_at, rest) = leading_string(rest.strip_prefix(BEFORE_TIME)?)?;
    let rest = rest.strip_prefix(BEFORE_PAYLOAD)?;
    let searched = rest.len().saturating_sub(LONGEST_SUFFIX);
    let mut windows = rest[searched..].windows(BEFORE_RECEIPT.len());
    let at = searched + windows.rposition(|window| window == BEFORE_RECEIPT)?;
    let (receipt, end) = leading_string(&rest[at + BEFORE_RECEIPT.len()..])?;
    (end == END).then(|| Note {
        queue,
        run_at: parse_any(&run_at),
        payload: extract(&rest[..at]),
        receipt: Some(receipt),
    })
}

fn leading_string(text: &[u8]) -> Option<(Cow<'_, str>, &[u8])> {
    let string = Scanner::new(text).string().ok()?;
    let (string, rest) = text.split_at(string.end);
    Some((to_text(string)?, rest))
}

/// Reads a note with its members in any order.
fn decode_any(note: &[u8]) -> Option<Note<'_>> {
    let (mut queue, mut run_at, mut payload) = (None, None, None);
    for member in members(note).ok()? {
        let member = member.ok()?;
        if member.is("queue") {
            queue = Some(member.value());
        } else if member.is("run_at") {
            run_at = Some(member.value());
        } else if member.is("payload") {
            payload = Some(member.value());
        }
    }
    Some(Note {
        queue: queue.map(Value::readable).unwrap_or_default(),
        run_at: run_at.and_then(time_of),
        payload: extract(payload?.raw()),
        receipt: None,
    })
}

/// The time that a value says, be it text or a number.
fn time_of(value: Value<'_>) -> Option<SystemTime> {
    match value.kind() {
        Kind::String | Kind::Number => parse_any(&value.readable()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::wire::golden;

    fn at() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_215_625)
    }

    #[test]
    fn a_note_is_rubys_with_a_receipt_at_the_end() {
        let note = encode(
            "file serve",
            at(),
            br#"{"class":"Archive","args":[44]}"#,
            "r-1",
        );
        let expected = concat!(
            r#"{"queue":"file serve","run_at":"2026-11-20T23:00:25Z","#,
            r#""payload":{"class":"Archive","args":[44]},"rs":{"receipt":"r-1"}}"#
        );
        assert_eq!(String::from_utf8_lossy(&note), expected);
        let mut suffix = Vec::new();
        write_suffix(&mut suffix, "r-1");
        assert!(note.ends_with(&suffix));
    }

    #[test]
    fn recorded_notes_of_ruby_and_perl_read() {
        let notes = golden::written(
            &[
                "08_job_success_fork",
                "09_working_on_snapshot",
                "perl_05_worker_success_fork",
            ],
            |command, key| command.eq_ignore_ascii_case("set") && !key.ends_with(":started"),
        );
        let notes: Vec<_> = notes.iter().filter(|note| note.starts_with('{')).collect();
        assert_eq!(notes.len(), 3, "{notes:?}");
        for text in notes {
            let note = decode(text.as_bytes()).expect(text);
            assert!(!note.queue.is_empty(), "{text}");
            assert!(text.contains(&*String::from_utf8_lossy(&note.payload)));
            crate::wire::payload::decode(&note.payload).expect(text);
            assert_eq!(note.receipt, None);
            assert_eq!(token(text.as_bytes()), sha1_hex(&[text.as_bytes()]));
        }
    }

    #[test]
    fn foreign_notes_read_with_any_times_and_members() {
        let times = [
            r#""2026/11/20 23:00:25 UTC""#,
            r#""Fri Nov 20 2026 23:00:25 GMT+0000 (Coordinated Universal Time)""#,
            r#""2026-11-20T23:00:25.000000000Z""#,
            "1795215625",
        ];
        for time in times {
            let text = format!(
                r#"{{"run_at":{time},"queue":"q","payload":{{"class":"A","args":{{}}}},"worker":"h:1"}}"#
            );
            let note = decode(text.as_bytes()).expect(&text);
            assert_eq!(note.run_at, Some(at()), "{text}");
            assert_eq!(&*note.payload, br#"{"class":"A","args":{}}"#);
        }
        let bare = decode(br#"{"payload":5}"#).expect("a note");
        assert_eq!(
            (&*bare.queue, bare.run_at, &*bare.payload),
            ("", None, &b"5"[..])
        );
        assert_eq!(
            decode(br#"{"queue":7,"payload":null}"#)
                .expect("a note")
                .queue,
            "7"
        );
    }

    #[test]
    fn what_is_no_note_is_none_and_has_a_token_all_the_same() {
        for text in ["", "{oops", "[]", "null", r#"{"queue":"q"}"#] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
            assert_eq!(token(text.as_bytes()).len(), 40);
        }
    }

    #[test]
    fn a_payload_that_only_lua_takes_for_json_comes_back() {
        let mut text = Vec::new();
        write_prefix(&mut text, "q", at());
        let payload = b"{\"class\":\"A\",\"args\":[nan,0x1F,\"\xff\"]}";
        text.extend_from_slice(payload);
        write_suffix(&mut text, "r");
        let note = decode(&text).expect("a note");
        assert_eq!(
            (&*note.payload, note.receipt.as_deref()),
            (&payload[..], Some("r"))
        );
    }

    #[test]
    fn a_payload_of_ours_in_a_foreign_note_is_not_mistaken_for_our_note() {
        let payload = r#"{"class":"A","args":[],"rs":{"receipt":"x"}}"#;
        let text =
            format!(r#"{{"queue":"q","run_at":"2026-11-20T23:00:25Z","payload":{payload}}}"#);
        let note = decode(text.as_bytes()).expect("a note");
        assert_eq!((&*note.payload, note.receipt), (payload.as_bytes(), None));
    }

    proptest! {
        #[test]
        fn any_payload_comes_back(
            queue in any::<String>(),
            payload in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..60),
                r#" ?\{("(class|rs|raw_hex|raw_text)":(\{"receipt":"x"\}|"00"|null),?){0,3}\}"#
                    .prop_map(String::into_bytes),
            ],
            receipt in "[!-~]{0,40}",
        ) {
            let note = encode(&queue, at(), &payload, &receipt);
            let read = decode(&note).expect("a note");
            prop_assert_eq!(&*read.queue, queue);
            prop_assert_eq!(read.run_at, Some(at()));
            prop_assert_eq!(&*read.payload, payload);
            prop_assert_eq!(read.receipt.as_deref(), Some(&*receipt));
            serde_json::from_slice::<serde_json::Map<_, _>>(&note).expect("an object");
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = decode(&bytes);
            let _ = decode(&[BEFORE_QUEUE, b"\"\"", BEFORE_TIME, &bytes].concat());
            let _ = decode(&[b"{\"payload\":", &bytes[..]].concat());
        }
    }
}
