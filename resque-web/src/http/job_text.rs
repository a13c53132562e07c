//! One job as it came over HTTP.

use bytes::Bytes;
use resque_core::wire::json::members;

use super::problem::Problem;

/// How many arrays and objects may be open at once: Ruby's JSON reads no more.
const DEEPEST: usize = 100;

/// One job as it came: its exact bytes, which are a JSON object.
#[derive(Clone, Debug)]
pub(super) struct JobText {
    /// The bytes.
    pub(super) bytes: Bytes,
    /// Whether it names a class, so that workers can perform it.
    pub(super) has_class: bool,
}

impl JobText {
    /// Checks a body or an element of a batch; the bytes stay as they are.
    pub(super) fn new(bytes: Bytes) -> Result<Self, Problem> {
        let wrong = |why: String| Problem::bad(format!("the job must be a JSON object: {why}"));
        if let Err(error) = std::str::from_utf8(&bytes) {
            return Err(wrong(format!("not UTF-8 at byte {}", error.valid_up_to())));
        }
        let mut object = members(&bytes).map_err(|error| wrong(error.to_string()))?;
        let mut has_class = false;
        for member in object.by_ref() {
            let member = member.map_err(|error| wrong(error.to_string()))?;
            if member.is("class") {
                let class = member.value().text();
                has_class = class.is_some_and(|class| !class.is_empty());
            }
        }
        let depth = object.deepest();
        if depth > DEEPEST {
            return Err(wrong(format!(
                "it is nested {depth} deep, and nobody reads more than {DEEPEST}"
            )));
        }
        Ok(Self { bytes, has_class })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> Result<JobText, Problem> {
        JobText::new(Bytes::copy_from_slice(json.as_bytes()))
    }

    #[test]
    fn any_object_is_a_job_and_keeps_its_bytes() {
        for (json, has_class) in [
            ("{}", false),
            (" {\"n\" : 1.00}\n", false),
            (r#"{"class":"Archive","args":[44]}"#, true),
            (r#"{"class":""}"#, false),
            (r#"{"class":7}"#, false),
            (r#"{"x":{"class":"A"}}"#, false),
        ] {
            let job = text(json).unwrap();
            assert_eq!(job.bytes, json.as_bytes());
            assert_eq!(job.has_class, has_class, "{json}");
        }
    }

    #[test]
    fn whatever_is_no_object_is_refused() {
        for json in [
            "",
            "1",
            "[]",
            "\"a\"",
            "null",
            "{",
            "{}{}",
            "not json",
            "{\"a\":01}",
        ] {
            assert!(text(json).is_err(), "{json}");
        }
        assert!(JobText::new(Bytes::from_static(b"{\"a\":\"\xff\"}")).is_err());
    }

    #[test]
    fn what_rubys_json_cannot_read_is_refused() {
        let nested = |depth: usize| {
            let lists = depth - 1;
            format!("{{\"a\":{}{}}}", "[".repeat(lists), "]".repeat(lists))
        };
        assert!(text(&nested(DEEPEST)).is_ok());
        assert!(text(&nested(DEEPEST + 1)).is_err());
        // Depth costs no stack.
        assert!(text(&nested(1_000_000)).is_err());
    }
}
