//! The job in a queue: `{"class":"Archive","args":[44,"masterbrew"]}`.
//!
//! Reading is as lenient as Resque itself and more tolerant of bad input: what is no job is an
//! [`InvalidPayload`], which becomes a failure record, and stops nobody.

use std::borrow::Cow;

use super::json::{self, Kind, SyntaxError, members};

/// The member of a payload that belongs to us: `"rs":{…}`, always the last one.
///
/// It is written only when a retry is written; other implementations ignore it.
pub const EXTRAS: &str = "rs";

/// The name under which a payload that is no job is recorded as a failure.
///
/// Ruby has several, depending on what exactly it trips over (`NoMethodError`, `TypeError`, or a
/// worker that dies without a record); one name for one situation serves people better.
pub const INVALID_PAYLOAD: &str = "Resque::InvalidPayload";

/// A payload as it reads: the class, and the raw texts of what may be decoded further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobText<'a> {
    /// The class name as written, a leading `::` included. Never empty.
    pub class: Cow<'a, str>,
    /// The raw JSON array of arguments.
    ///
    /// Missing arguments and `null` read as `[]`, and any single value other than an array as an
    /// array of that value.
    pub args: Cow<'a, str>,
    /// The raw JSON of our own [`EXTRAS`], if there are any.
    pub extras: Option<&'a str>,
}

/// Why a payload is no job.
///
/// The message is the error text of the failure record, and [`INVALID_PAYLOAD`] its exception.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPayload {
    /// The bytes are not UTF-8.
    #[error("the payload is no job: not UTF-8 at byte {at}")]
    NotUtf8 {
        /// The offset of the first bad byte.
        at: usize,
    },
    /// The text is not JSON.
    #[error("the payload is no job: {0}")]
    NotJson(SyntaxError),
    /// The text is JSON, but no object.
    #[error("the payload is no job: expected an object, found {}", .0.with_article())]
    NotAnObject(Kind),
    /// The object has no `class`.
    #[error("the payload is no job: it has no class")]
    NoClass,
    /// The `class` is not a string of text.
    #[error("the payload is no job: its class is {}, expected a name", .0.with_article())]
    ClassNotText(Kind),
    /// The `class` is the empty string.
    #[error("the payload is no job: its class is empty")]
    EmptyClass,
}

/// Reads a payload; everything that can be is borrowed from it.
///
/// Unknown members are ignored and the last of equal keys counts. Any depth and size is read in
/// linear time.
///
/// ```
/// # use resque_core::wire::payload::decode;
/// let job = decode(br#"{"class":"Archive","args":[44,"masterbrew"]}"#)?;
/// assert_eq!((&*job.class, &*job.args), ("Archive", r#"[44,"masterbrew"]"#));
/// # Ok::<(), resque_core::wire::payload::InvalidPayload>(())
/// ```
///
/// # Errors
/// When the payload is no job, with the reason.
pub fn decode(payload: &[u8]) -> Result<JobText<'_>, InvalidPayload> {
    let text = std::str::from_utf8(payload).map_err(|error| InvalidPayload::NotUtf8 {
        at: error.valid_up_to(),
    })?;
    let mut class = None;
    let mut args = None;
    let mut extras = None;
    let object = members(payload).map_err(|_| no_object(payload))?;
    for member in object {
        let member = member.map_err(InvalidPayload::NotJson)?;
        if member.is("class") {
            class = Some(member.value());
        } else if member.is("args") {
            args = Some((member.value().kind(), &text[member.value_range()]));
        } else if member.is(EXTRAS) {
            extras = Some(&text[member.value_range()]);
        }
    }
    let class = match class {
        None => return Err(InvalidPayload::NoClass),
        Some(value) if value.kind() == Kind::Null => return Err(InvalidPayload::NoClass),
        Some(value) => value
            .text()
            .ok_or(InvalidPayload::ClassNotText(value.kind()))?,
    };
    if class.is_empty() {
        return Err(InvalidPayload::EmptyClass);
    }
    let args = args.map_or(Cow::Borrowed("[]"), |(kind, raw)| list_of_args(kind, raw));
    Ok(JobText {
        class,
        args,
        extras,
    })
}

/// The raw argument list that `raw`, a valid JSON value of this kind, stands for.
pub(crate) fn list_of_args(kind: Kind, raw: &str) -> Cow<'_, str> {
    match kind {
        Kind::Array => Cow::Borrowed(raw),
        Kind::Null => Cow::Borrowed("[]"),
        _ => Cow::Owned(format!("[{raw}]")),
    }
}

/// Tells why a text does not begin with an object.
fn no_object(payload: &[u8]) -> InvalidPayload {
    let mut scanner = json::Scanner::new(payload);
    scanner.skip_space();
    let value = scanner
        .value()
        .and_then(|(kind, _)| scanner.finish().map(|()| kind));
    value.map_or_else(InvalidPayload::NotJson, InvalidPayload::NotAnObject)
}

/// Writes a payload exactly as Ruby does; `args` is the raw JSON array of arguments.
///
/// ```
/// # use resque_core::wire::payload::encode;
/// assert_eq!(encode("Archive", b"[44]"), br#"{"class":"Archive","args":[44]}"#);
/// ```
#[must_use]
pub fn encode(class: &str, args: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(class.len() + args.len() + 24);
    begin(&mut out, class);
    out.extend_from_slice(args);
    end(&mut out);
    out
}

/// Writes the beginning of a payload, up to where the argument list follows.
///
/// With [`end`] this writes a payload into a buffer that is used again and again.
pub fn begin(out: &mut Vec<u8>, class: &str) {
    out.extend_from_slice(br#"{"class":"#);
    json::write_string(out, class);
    out.extend_from_slice(br#","args":"#);
}

/// Writes the end of a payload, behind the argument list.
pub fn end(out: &mut Vec<u8>) {
    out.push(b'}');
}

/// Whether a payload is a job of this class and, if `args` are given, with these arguments.
///
/// Arguments are compared by content ([`json::same_content`]), not by their bytes, so a job
/// written by another implementation is found too.
#[must_use]
pub fn matches(payload: &[u8], class: &str, args: Option<&[u8]>) -> bool {
    let Ok(job) = decode(payload) else {
        return false;
    };
    job.class == class && args.is_none_or(|args| json::same_content(job.args.as_bytes(), args))
}

#[cfg(test)]
#[path = "payload_tests.rs"]
mod tests;
