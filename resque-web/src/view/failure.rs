//! One failed job.

use std::fmt::Write as _;

use resque_core::wire::extra::Death;
use resque_core::{FailureContent, FailureEntry, FailureId, Payload};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{FailureRow, Moment, Redaction, clip};
use crate::fault::Fault;
use crate::state::App;

/// How much of a payload is shown.
const MOST_PAYLOAD: usize = 256 * 1024;
/// How much of bytes that are no text is shown.
const MOST_BYTES: usize = 4 * 1024;
/// How much of a message is shown.
const MOST_ERROR: usize = 64 * 1024;
/// How many frames are shown.
const MOST_FRAMES: usize = 500;
/// How much of a frame is shown.
const MOST_FRAME: usize = 2_000;

/// Which failed job.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FailureQuery {
    /// The record's stable name.
    pub(crate) id: String,
}

/// One failed job, with everything that is known about it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Failure {
    /// When it was read.
    pub(crate) now: Moment,
    /// What lists show of it.
    pub(crate) record: FailureRow,
    /// The error's message.
    pub(crate) error: String,
    /// Where it happened, innermost frame first.
    pub(crate) backtrace: Vec<String>,
    /// The job's bytes.
    pub(crate) payload: PayloadView,
    /// When the first attempt began, if more than one did.
    pub(crate) first_attempt: Option<Moment>,
    /// How the attempt before failed, as the payload tells it.
    pub(crate) before: Option<EarlierError>,
    /// How often a stopping worker has given the job back.
    pub(crate) releases: u32,
    /// The workers that were lost with the job in their hands, the oldest first.
    pub(crate) deaths: Vec<LostWorker>,
}

/// The bytes of a job.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PayloadView {
    /// The bytes as text, to the digit, with hidden arguments; in hexadecimal what is no text.
    pub(crate) text: String,
    /// Whether it is hexadecimal.
    pub(crate) hex: bool,
    /// Whether some arguments are hidden.
    pub(crate) redacted: bool,
    /// Whether it is only the beginning.
    pub(crate) clipped: bool,
    /// How many bytes there are.
    pub(crate) bytes: u64,
}

/// How an earlier attempt failed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct EarlierError {
    /// The kind of error.
    pub(crate) exception: String,
    /// The error's message.
    pub(crate) message: String,
}

/// A worker that was lost with the job in its hands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LostWorker {
    /// When it was found.
    pub(crate) at: Option<Moment>,
    /// Its host.
    pub(crate) host: String,
    /// Its process.
    pub(crate) pid: Option<u32>,
    /// The status with which it ended, if that is known.
    pub(crate) status: Option<i32>,
    /// The signal that ended it, if that is known.
    pub(crate) signal: Option<i32>,
}

impl Failure {
    pub(crate) async fn ask(app: &App, query: &FailureQuery) -> Result<Self, Fault> {
        let id = FailureId::new(query.id.as_str());
        let entry = app.client().failures()?.get(&id).await?;
        let entry = entry.ok_or_else(|| {
            Fault::missing("There is no such failed job; it has been removed, or never was.")
        })?;
        Ok(Self::of(app, &entry))
    }

    fn of(app: &App, entry: &FailureEntry) -> Self {
        let row = FailureRow::new(entry, app.redaction());
        let record = match &entry.content {
            FailureContent::Record(record) => record,
            FailureContent::Unreadable(bytes) => {
                return Self {
                    now: app.now(),
                    error: row.error.clone(),
                    record: row,
                    backtrace: Vec::new(),
                    payload: PayloadView::new(bytes, app.redaction()),
                    first_attempt: None,
                    before: None,
                    releases: 0,
                    deaths: Vec::new(),
                };
            }
        };
        let history = record.history();
        let frames = record.backtrace.iter().take(MOST_FRAMES);
        Self {
            now: app.now(),
            record: row,
            error: clip(&record.error, MOST_ERROR).0.to_owned(),
            backtrace: frames
                .map(|frame| clip(frame, MOST_FRAME).0.to_owned())
                .collect(),
            payload: PayloadView::new(&record.payload, app.redaction()),
            first_attempt: history.first_attempt.map(Moment::new),
            before: history.last_error.map(|error| EarlierError {
                exception: error.exception,
                message: error.message,
            }),
            releases: history.releases,
            deaths: history.deaths.into_iter().map(LostWorker::from).collect(),
        }
    }
}

impl PayloadView {
    pub(crate) fn new(payload: &Payload, redaction: &Redaction) -> Self {
        let bytes = payload.as_bytes();
        let length = bytes.len() as u64;
        let Ok(text) = std::str::from_utf8(bytes) else {
            let shown = &bytes[..bytes.len().min(MOST_BYTES)];
            let mut hex = String::with_capacity(2 * shown.len());
            for byte in shown {
                // Writing to a string does not fail.
                let _ = write!(hex, "{byte:02x}");
            }
            return Self {
                text: hex,
                hex: true,
                redacted: false,
                clipped: shown.len() < bytes.len(),
                bytes: length,
            };
        };
        let shown = redaction.apply(text);
        let redacted = *shown != *text;
        let (shown, clipped) = clip(&shown, MOST_PAYLOAD);
        Self {
            text: shown.to_owned(),
            hex: false,
            redacted,
            clipped,
            bytes: length,
        }
    }
}

impl From<Death> for LostWorker {
    fn from(death: Death) -> Self {
        Self {
            at: death.at.map(Moment::new),
            host: death.host,
            pid: death.pid,
            status: death.status,
            signal: death.signal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(bytes: impl Into<Payload>) -> PayloadView {
        PayloadView::new(&bytes.into(), &Redaction::default())
    }

    #[test]
    fn a_payload_is_shown_to_the_byte_but_for_what_is_hidden() {
        let exact = r#"{ "class":"A",  "args":[12345678901234567890123,1.0e400] }"#;
        let shown = view(exact);
        assert_eq!((shown.text.as_str(), shown.redacted), (exact, false));
        let hidden = view(r#"{"class":"A","args":[{"token":"x"}]}"#);
        assert!(hidden.redacted && !hidden.text.contains("\"x\""));
        let bytes = view(vec![0, 0xff, 0x10]);
        assert_eq!((bytes.text.as_str(), bytes.hex), ("00ff10", true));
        let large = view("x".repeat(1 << 20));
        assert!(large.clipped && large.text.len() <= MOST_PAYLOAD);
        assert_eq!(large.bytes, 1 << 20);
    }
}
