//! The entry of a failed job, in the list `failed` or a list per queue.
//!
//! ```json
//! {"failed_at":"2026/11/20 23:00:27 UTC","payload":{"class":"Archive","args":[44]},
//!  "exception":"RuntimeError","error":"boom","backtrace":["file:1:in `perform'"],
//!  "worker":"host:1:file_serve","queue":"file_serve"}
//! ```
//!
//! A retry adds `retried_at`. Ours may end with an `id`.

use std::borrow::Cow;
use std::time::SystemTime;

use super::embed::{embed, extract};
use super::json::{self, Kind, SyntaxError, Value, members, write_string};
use super::sha1_hex;
use super::time::{TimeFormat, parse_with_any_zone};
use crate::{FailureContent, FailureRecord, Payload};

const ID: &str = "id";
const RETRIED_AT: &str = "retried_at";

/// Writes an entry in Ruby's order of keys, and behind it the entry's own `id` if it has one.
///
/// The payload becomes an object that everybody can read ([`embed`]).
///
/// ```
/// use resque_core::wire::failure::{decode, encode};
/// use resque_core::{FailureContent, FailureRecord, Payload};
/// # use std::time::SystemTime;
///
/// let record = FailureRecord::new(SystemTime::UNIX_EPOCH, Payload::from("{oops"), "E", "no JSON");
/// let entry = encode(&record, None);
/// assert_eq!(decode(&entry), FailureContent::Record(Box::new(record)));
/// ```
#[must_use]
pub fn encode(record: &FailureRecord, id: Option<&str>) -> Vec<u8> {
    let payload = embed(record.payload.as_bytes());
    let mut out = Vec::with_capacity(payload.len() + record.error.len() + 300);
    out.push(b'{');
    write_time(
        &mut out,
        "failed_at",
        TimeFormat::FailedAt,
        record.failed_at,
    );
    out.extend_from_slice(br#","payload":"#);
    out.extend_from_slice(&payload);
    write_text(&mut out, "exception", &record.exception);
    write_text(&mut out, "error", &record.error);
    out.extend_from_slice(br#","backtrace":["#);
    for (at, frame) in record.backtrace.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_string(&mut out, frame);
    }
    out.push(b']');
    write_text(&mut out, "worker", &record.worker);
    write_text(&mut out, "queue", &record.queue);
    if let Some(time) = record.retried_at {
        out.push(b',');
        write_time(&mut out, RETRIED_AT, TimeFormat::FailedAt, time);
    }
    if let Some(id) = id {
        write_text(&mut out, ID, id);
    }
    out.push(b'}');
    out
}

fn write_time(out: &mut Vec<u8>, name: &str, format: TimeFormat, time: SystemTime) {
    write_string(out, name);
    out.extend_from_slice(b":\"");
    format.write(out, time);
    out.push(b'"');
}

fn write_text(out: &mut Vec<u8>, name: &str, text: &str) {
    out.push(b',');
    write_string(out, name);
    out.push(b':');
    write_string(out, text);
}

/// Reads an entry of any implementation: members may be missing, null, or of another kind.
///
/// Only what is no JSON object is unreadable. A time that is missing or no time reads as 1970; an
/// entry whose `retried_at` says anything at all has been retried.
#[must_use]
pub fn decode(entry: &[u8]) -> FailureContent {
    match read(entry) {
        Ok(record) => FailureContent::Record(Box::new(record)),
        Err(_) => FailureContent::Unreadable(Payload::from(entry.to_vec())),
    }
}

fn read(entry: &[u8]) -> Result<FailureRecord, SyntaxError> {
    let mut record = FailureRecord::new(SystemTime::UNIX_EPOCH, Payload::default(), "", "");
    let text = |value: Value<'_>| value.readable().into_owned();
    for member in members(entry)? {
        let member = member?;
        let value = member.value();
        match &*member.key() {
            b"failed_at" => record.failed_at = time_of(value),
            b"payload" => record.payload = extract(value.raw()).into_owned().into(),
            b"exception" => record.exception = text(value),
            b"error" => record.error = text(value),
            b"backtrace" => record.backtrace = frames(value),
            b"worker" => record.worker = text(value),
            b"queue" => record.queue = text(value),
            b"retried_at" => {
                record.retried_at = (value.kind() != Kind::Null).then(|| time_of(value));
            }
            _ => {}
        }
    }
    Ok(record)
}

fn time_of(value: Value<'_>) -> SystemTime {
    parse_with_any_zone(&value.readable()).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The frames of a backtrace, be it a list, one text of several lines, or nothing.
fn frames(value: Value<'_>) -> Vec<String> {
    if value.kind() != Kind::Array {
        return value.readable().lines().map(str::to_owned).collect();
    }
    value
        .elements()
        .map(|frame| frame.readable().into_owned())
        .collect()
}

/// The stable name of an entry: its own `id`, or else the digest of everything but `retried_at`.
///
/// Marking an entry as retried does not change its name. Two entries that say exactly the same
/// and have no `id` have the same name.
#[must_use]
pub fn id(entry: &[u8]) -> String {
    own_id(entry).unwrap_or_else(|| {
        let bare = json::without_member(entry, RETRIED_AT).unwrap_or(Cow::Borrowed(entry));
        sha1_hex(&[&bare])
    })
}

fn own_id(entry: &[u8]) -> Option<String> {
    let mut id = None;
    for member in members(entry).ok()? {
        let member = member.ok()?;
        if member.is(ID) {
            id = member.value().text().filter(|id| !id.is_empty());
        }
    }
    id.map(Cow::into_owned)
}

/// The entry with `retried_at` set to `time`, every other byte as it was.
///
/// # Errors
/// When the entry is no JSON object.
pub fn mark_retried(
    entry: &[u8],
    time: SystemTime,
    format: TimeFormat,
) -> Result<Vec<u8>, SyntaxError> {
    let mut value = vec![b'"'];
    format.write(&mut value, time);
    value.push(b'"');
    json::set_member(entry, RETRIED_AT, &value)
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
