//! One line of a batch.

use std::borrow::Cow;

use resque::{NewJob, QueueName};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::times;

/// A job as a line tells it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow)]
    class: Cow<'a, str>,
    #[serde(borrow, default)]
    args: Option<&'a RawValue>,
    #[serde(borrow, default)]
    queue: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    at: Option<&'a RawValue>,
}

/// Reads a line; `queue` is for lines that name none. An empty line is no job and no mistake.
pub(super) fn read(line: &[u8], queue: Option<&QueueName>) -> Result<Option<NewJob>, String> {
    let line = line.trim_ascii();
    if line.is_empty() {
        return Ok(None);
    }
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| plain(&error))?;
    if line.class.is_empty() {
        return Err("the class is empty".to_owned());
    }
    let job = match line.args {
        None => NewJob::raw(line.class.into_owned(), &()),
        Some(args) if args.get().starts_with('[') => NewJob::raw(line.class.into_owned(), args),
        Some(_) => return Err("`args` is no list".to_owned()),
    };
    let named = line.queue.map(QueueName::new).transpose();
    let named = named.map_err(|error| error.to_string())?;
    let queue = named.as_ref().or(queue);
    let queue = queue.ok_or("there is no `queue`, and no --queue for lines without one")?;
    let job = job.to(queue.as_str());
    let Some(at) = line.at else {
        return Ok(Some(job));
    };
    let text = at.get().trim_matches('"');
    let at = times::time(text).map_err(|wrong| format!("`at` is no time: {wrong}"))?;
    Ok(Some(job.at(at)))
}

/// What is wrong, without the place in a text that was only this line.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line 1 column ") {
        Some((what, column)) => format!("{what} at column {column}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_jobs_or_say_what_is_wrong() {
        let default = QueueName::new("other").unwrap();
        for good in [
            r#"{"class":"A","args":[1e400,"x"],"queue":"q"}"#,
            r#"{"class":"A","queue":"q"}"#,
            r#" {"queue":"q","at":"2026-11-20T23:00:25Z","class":"A","args":[]} "#,
            r#"{"class":"A","queue":"q","at":1795215625}"#,
            r#"{"class":"\u0041","args":[]}"#,
        ] {
            let job = read(good.as_bytes(), Some(&default));
            assert!(matches!(job, Ok(Some(_))), "{good}: {job:?}");
        }
        assert!(matches!(read(b"  \r", None), Ok(None)));
        for (bad, part) in [
            (&b"{"[..], "EOF while parsing an object at column 1"),
            (b"[1]", "column"),
            (b"\xff", "column"),
            (br#"{"args":[]}"#, "missing field `class`"),
            (br#"{"class":"","queue":"q"}"#, "empty"),
            (br#"{"class":"A","args":{},"queue":"q"}"#, "no list"),
            (br#"{"class":"A","args":[]}"#, "--queue"),
            (br#"{"class":"A","queue":"a,b"}"#, "is no queue name"),
            (
                br#"{"class":"A","queue":"q","at":"soon"}"#,
                "`at` is no time",
            ),
            (
                br#"{"class":"A","queue":"q","when":1}"#,
                "unknown field `when`",
            ),
        ] {
            let wrong = read(bad, None).unwrap_err();
            assert!(wrong.contains(part), "{wrong}");
        }
    }
}
