//! A job as pages and JSON show it.

use resque_core::Payload;
use resque_core::wire::payload::decode;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{Redaction, clip};

/// How much of a class name is shown.
const MOST_CLASS: usize = 300;
/// How much of the arguments a page shows.
const MOST_TEXT: usize = 4 * 1024;
/// How large arguments may be to be told as JSON.
const MOST_ARGS: usize = 64 * 1024;

/// A job: its class and arguments, or why it is none.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct JobView {
    /// The class; none if the payload is no job.
    pub(crate) class: Option<String>,
    /// The arguments, to the digit; none if the payload is no job or they are very large.
    #[schema(value_type = Option<Vec<serde_json::Value>>)]
    pub(crate) args: Option<Box<RawValue>>,
    /// The beginning of the arguments as text, or of the payload if it is no job.
    pub(crate) text: String,
    /// Whether the text is only the beginning.
    pub(crate) clipped: bool,
    /// How many bytes the payload has.
    pub(crate) bytes: u64,
    /// Why the payload is no job.
    pub(crate) flaw: Option<String>,
}

impl JobView {
    /// A payload, with hidden arguments.
    pub(crate) fn new(payload: &Payload, redaction: &Redaction) -> Self {
        let bytes = payload.as_bytes();
        match decode(bytes) {
            Ok(job) => {
                let args = redaction.apply(&job.args);
                let (text, clipped) = clip(&args, MOST_TEXT);
                let is_small = args.len() <= MOST_ARGS;
                let raw = is_small.then(|| RawValue::from_string(args.to_string()).ok());
                Self {
                    class: Some(clip(&job.class, MOST_CLASS).0.to_owned()),
                    text: text.to_owned(),
                    clipped,
                    args: raw.flatten(),
                    bytes: bytes.len() as u64,
                    flaw: None,
                }
            }
            Err(flaw) => {
                // Only the beginning becomes text, however large it is.
                let beginning = &bytes[..bytes.len().min(MOST_TEXT)];
                let clipped = beginning.len() < bytes.len();
                let text = String::from_utf8_lossy(beginning);
                Self {
                    class: None,
                    args: None,
                    text: redaction.apply(&text).into_owned(),
                    clipped,
                    bytes: bytes.len() as u64,
                    flaw: Some(flaw.to_string()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(payload: &str) -> JobView {
        JobView::new(&Payload::new(payload.to_owned()), &Redaction::default())
    }

    #[test]
    fn arguments_are_exact_and_hidden_where_asked() {
        let job = view(r#"{"class":"Pay","args":[123456789012345678901,1.10,{"token":"x"}]}"#);
        let json = serde_json::to_string(&job).unwrap();
        assert!(
            json.contains(r#""args":[123456789012345678901,1.10,{"token":"[redacted]"}]"#),
            "{json}"
        );
        assert_eq!(job.class.as_deref(), Some("Pay"));
        assert!(!job.clipped && job.flaw.is_none());
    }

    #[test]
    fn what_is_no_job_of_ours_is_hidden_too() {
        let job = view(r#"{"password":"hunter2","n":1}"#);
        assert_eq!(job.text, r#"{"password":"[redacted]","n":1}"#);
        let cut = view(r#"{"password":"hunter2","n":"#);
        assert!(!cut.text.contains("hunter2"), "{}", cut.text);
        let long = format!(r#"{{"password":"{}"}}"#, "hunter2".repeat(1000));
        assert!(!view(&long).text.contains("hunter2"));
    }

    #[test]
    fn what_is_large_is_clipped_and_what_is_no_job_is_told() {
        let large = view(&format!(
            r#"{{"class":"Big","args":["{}"]}}"#,
            "x".repeat(1 << 20)
        ));
        assert!(large.clipped && large.args.is_none() && large.text.len() <= MOST_TEXT);
        assert_eq!(large.bytes, (1 << 20) + 27);
        let none = view("[1,");
        assert_eq!((none.class.as_deref(), none.text.as_str()), (None, "[1,"));
        assert!(none.flaw.is_some());
    }
}
