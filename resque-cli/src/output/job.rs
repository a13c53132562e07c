//! A job as answers show it.

use resque::QueuedJob;
use serde::Serialize;
use serde_json::value::RawValue;

/// How many columns of the arguments a list shows.
const SHOWN: usize = 60;

/// A job as answers show it: `class` and `args` are null for a payload that is no job.
#[derive(Debug, Serialize)]
pub(crate) struct JobView {
    pub(crate) class: Option<String>,
    pub(crate) args: Option<Box<RawValue>>,
    /// The exact text, undecodable bytes replaced.
    pub(crate) payload: String,
}

impl JobView {
    pub(crate) fn of(payload: &resque::Payload) -> Self {
        // The queue does not matter for reading a payload.
        let job = resque::wire::payload::decode(payload.as_bytes()).ok();
        let args = job.as_ref().map(|job| job.args.clone().into_owned());
        Self {
            class: job.map(|job| job.class.into_owned()),
            args: args.and_then(|args| RawValue::from_string(args).ok()),
            payload: payload.to_text_lossy().into_owned(),
        }
    }

    /// The class, or what stands in its place.
    pub(crate) fn name(&self) -> &str {
        self.class.as_deref().unwrap_or("(no job)")
    }

    /// The arguments for one cell of a table; the payload if it is no job.
    pub(crate) fn arguments(&self) -> String {
        let text = self.args.as_ref().map_or(&*self.payload, |args| args.get());
        // What a terminal cannot show is escaped before it is cut, so that the cut is the last word.
        crate::text::cut(&crate::text::one_line(text), SHOWN).into_owned()
    }
}

impl From<&QueuedJob> for JobView {
    fn from(job: &QueuedJob) -> Self {
        Self::of(job.payload())
    }
}
