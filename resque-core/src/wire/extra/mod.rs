//! What we add to a payload: `"rs":{…}`, spliced in before its last brace.
//!
//! ```json
//! {"class":"Archive","args":[44],"rs":{"attempts":2,"first_at":1763733600123,
//!  "error":{"exception":"IOError","message":"disk full"}}}
//! ```
//!
//! It is written only when a job goes back to wait for another attempt, never when a job is first
//! enqueued, unless the client puts a [`crate::Stamp`] on it or says how long it may run: a job that
//! needs no retry is byte for byte what any other Resque would have written, and those ignore the
//! member. Whatever stands in it, nothing there can break a job: what cannot be read counts as absent,
//! and members that only a newer version knows stay as they are.

mod death;
mod millis;

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

pub use self::death::Death;
use super::json::{self, SyntaxError, Value, members, write_string};
use super::payload::EXTRAS;
use crate::Payload;

/// The longest name of an exception that is kept, in bytes.
const LONGEST_EXCEPTION: usize = 200;

/// The longest message that is kept, in bytes: the whole one is in the log and, in the end, in the
/// failed list.
const LONGEST_MESSAGE: usize = 1_000;

/// How many deaths are told in full.
pub(crate) const MOST_DEATHS: usize = 10;

/// What happened to a job before, as its payload tells.
///
/// ```
/// use resque_core::wire::extra::Extras;
///
/// let mut extras = Extras::read(br#"{"class":"Archive","args":[44]}"#);
/// assert_eq!(extras, Extras::default());
/// extras.attempts += 1;
/// let payload = extras.write(br#"{"class":"Archive","args":[44]}"#)?;
/// assert_eq!(payload, br#"{"class":"Archive","args":[44],"rs":{"attempts":1}}"#);
/// assert_eq!(Extras::read(&payload).attempts, 1);
/// # Ok::<(), resque_core::wire::json::SyntaxError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extras {
    /// How many attempts have come to an end.
    pub attempts: u32,
    /// When the first of them began, to the millisecond.
    pub first_attempt: Option<SystemTime>,
    /// How the last of them failed.
    pub last_error: Option<LastError>,
    /// How often a stopping worker has given the job back.
    pub releases: u32,
    /// The workers that were lost with the job in their hands, oldest first; of many, the last.
    pub deaths: Vec<Death>,
    /// Whether this is the account of a life that has ended in the failed list. A job that is put
    /// back from there begins a new one.
    pub ended: bool,
    /// To which trace the job belongs, in W3C's form, if whoever enqueued it says so.
    pub traceparent: Option<String>,
    /// When it became visible in its queue for the first time, if whoever enqueued it says so.
    pub enqueued_at: Option<SystemTime>,
    /// How long each attempt may run, to the millisecond, if whoever enqueued it says so.
    pub timeout: Option<Duration>,
    /// The members nobody here knows, as they stand in the text, each behind a comma.
    unknown: Vec<u8>,
}

/// How an attempt failed; what is too long is cut.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct LastError {
    /// The kind of error.
    pub exception: String,
    /// The error's message.
    pub message: String,
}

impl LastError {
    /// Keeps what fits.
    #[must_use]
    pub fn new(exception: &str, message: &str) -> Self {
        Self {
            exception: cut(exception, LONGEST_EXCEPTION),
            message: cut(message, LONGEST_MESSAGE),
        }
    }
}

impl Extras {
    /// Reads what a payload tells; nothing if it tells nothing, or is no job.
    #[must_use]
    pub fn read(payload: &[u8]) -> Self {
        let Ok(members) = members(payload) else {
            return Self::default();
        };
        let mut extras = None;
        for member in members {
            let Ok(member) = member else {
                return Self::default();
            };
            if member.is(EXTRAS) {
                extras = Some(member.value().raw());
            }
        }
        extras.map(Self::parse).unwrap_or_default()
    }

    /// Reads the member's value; what makes no sense counts as absent.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let mut extras = Self::default();
        for member in members(text).into_iter().flatten() {
            // Half an object would be half a truth.
            let Ok(member) = member else {
                return Self::default();
            };
            let value = member.value();
            match &*member.key() {
                b"attempts" => extras.attempts = plain(value).unwrap_or_default(),
                b"first_at" => extras.first_attempt = plain(value).and_then(millis::to_time),
                b"error" => extras.last_error = plain(value),
                b"releases" => extras.releases = plain(value).unwrap_or_default(),
                b"deaths" => extras.deaths = value.elements().filter_map(plain).collect(),
                b"traceparent" => {
                    extras.traceparent = plain(value).filter(|text: &String| is_short(text))
                }
                b"enqueued_at" => extras.enqueued_at = plain(value).and_then(millis::to_time),
                b"timeout" => extras.timeout = plain(value).map(Duration::from_millis),
                b"ended" => extras.ended = plain(value).unwrap_or_default(),
                _ => {
                    extras.unknown.push(b',');
                    extras.unknown.extend_from_slice(&text[member.range()]);
                }
            }
        }
        extras
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds the account of one more worker that was lost with this job.
    pub fn add_death(&mut self, death: Death) {
        self.deaths.push(death);
        let surplus = self.deaths.len().saturating_sub(MOST_DEATHS);
        self.deaths.drain(..surplus);
    }

    /// Forgets everything except what the job was enqueued with and what nobody here knows: the job
    /// begins a new life.
    pub(crate) fn begin_again(&mut self) {
        *self = Self {
            traceparent: self.traceparent.take(),
            enqueued_at: self.enqueued_at,
            timeout: self.timeout,
            unknown: std::mem::take(&mut self.unknown),
            ..Self::default()
        };
    }

    /// The payload with exactly this account in it, every other byte as it was; with nothing to
    /// tell, without the member.
    ///
    /// # Errors
    /// When the payload is no JSON object; such a thing is no job and cannot be tried again.
    pub fn write(&self, payload: &[u8]) -> Result<Vec<u8>, SyntaxError> {
        if self.is_empty() {
            return json::without_member(payload, EXTRAS).map(Into::into);
        }
        json::set_member(payload, EXTRAS, &self.to_json())
    }

    /// The payload as it is recorded as failed by whoever knows nothing about the job: an account
    /// that it has tells of this attempt too, and is ended, so that whoever puts the job back begins
    /// a new life. A payload without one stays what it is.
    #[must_use]
    pub fn end(payload: &Payload) -> Payload {
        let before = Self::read(payload.as_bytes());
        let mut extras = before.clone();
        if extras.ended {
            extras.begin_again();
        } else if extras.attempts > 0 || extras.releases > 0 || !extras.deaths.is_empty() {
            extras.attempts = extras.attempts.saturating_add(1);
            // The record itself tells the last error.
            extras.last_error = None;
            extras.ended = true;
        }
        let changed = (extras != before).then(|| extras.write(payload.as_bytes()));
        match changed {
            Some(Ok(written)) => written.into(),
            Some(Err(_)) | None => payload.clone(),
        }
    }

    fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(100 + self.unknown.len());
        if self.attempts > 0 {
            put(&mut out, "attempts", &self.attempts);
        }
        if let Some(first) = self.first_attempt.and_then(millis::of_time) {
            put(&mut out, "first_at", &first);
        }
        if let Some(error) = &self.last_error {
            put(&mut out, "error", error);
        }
        if self.releases > 0 {
            put(&mut out, "releases", &self.releases);
        }
        if !self.deaths.is_empty() {
            put(&mut out, "deaths", &self.deaths);
        }
        if self.ended {
            put(&mut out, "ended", &true);
        }
        if let Some(traceparent) = &self.traceparent {
            put(&mut out, "traceparent", traceparent);
        }
        if let Some(put_at) = self.enqueued_at.and_then(millis::of_time) {
            put(&mut out, "enqueued_at", &put_at);
        }
        if let Some(timeout) = self.timeout {
            let millis = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
            put(&mut out, "timeout", &millis);
        }
        out.extend_from_slice(&self.unknown);
        // Every member stands behind a comma; the first one needs none.
        match out.first_mut() {
            Some(comma) => *comma = b'{',
            None => out.push(b'{'),
        }
        out.push(b'}');
        out
    }
}

/// A value of a plain type, if that is what it is.
fn plain<T: serde::de::DeserializeOwned>(value: Value<'_>) -> Option<T> {
    serde_json::from_slice(value.raw()).ok()
}

/// Whether a traceparent may be one: those of today have 55 bytes.
fn is_short(traceparent: &str) -> bool {
    traceparent.len() <= LONGEST_EXCEPTION
}

fn put(out: &mut Vec<u8>, name: &str, value: &impl Serialize) {
    let before = out.len();
    out.push(b',');
    write_string(out, name);
    out.push(b':');
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(before);
    }
}

fn cut(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(longest)])
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
