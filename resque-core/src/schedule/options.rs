//! `cron` and `every` with their options: `"1h"`, or `["1h", {"first_in": "5m"}]`.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::{Timing, span};
use crate::wire::time::{TimeFormat, parse_any};

/// Options that mean nothing here: they are about jobs that run inside rufus-scheduler itself.
const WITHOUT_MEANING: &[&str] = &[
    "allow_overlapping",
    "blocking",
    "discard_past",
    "job",
    "mutex",
    "name",
    "overlap",
    "tag",
    "tags",
    "timeout",
];

/// Reads the value of `cron` or `every`.
///
/// # Errors
///
/// What is wrong, and what to write.
pub(super) fn read(field: &str, value: &Value) -> Result<Timing, String> {
    let none = Map::new();
    let (value, options) = match value {
        Value::Array(parts) => match &parts[..] {
            [value] => (value, &none),
            [value, Value::Object(options)] => (value, options),
            _ => {
                return Err(format!(
                    "{value:?} is none; write a text, or a list of a text and options, such as \
                     [\"1h\", {{\"first_in\": \"5m\"}}]",
                    value = Value::Array(parts.clone()).to_string()
                ));
            }
        },
        value => (value, &none),
    };
    let mut timing = match (field, value) {
        ("cron", Value::String(line)) => Timing::cron(line)?,
        ("cron", other) => return Err(format!("{other} is no text; quote the expression")),
        (_, value) => Timing::every(span_of(value)?)?,
    };
    for (name, value) in options {
        // A symbol of Ruby's, in a file that no Ruby has read.
        option(&mut timing, name.trim_start_matches(':'), value)?;
    }
    Ok(timing)
}

fn option(timing: &mut Timing, name: &str, value: &Value) -> Result<(), String> {
    let reason = |reason: String| format!("{name}: {reason}");
    match name {
        "first_in" if timing.cron_line().is_some() => {
            return Err(reason(
                "a cron expression has its own times; write first_at".to_owned(),
            ));
        }
        "first_in" => timing.first_in = Some(span_of(value).map_err(reason)?),
        "first_at" => timing.first_at = Some(time_of(value).map_err(reason)?),
        "last_at" => timing.last_at = Some(time_of(value).map_err(reason)?),
        // A span or a time.
        "first" => match (span_of(value), time_of(value)) {
            (Ok(span), _) => {
                return option(timing, "first_in", &json!(span.as_secs_f64()));
            }
            (_, Ok(time)) => timing.first_at = Some(time),
            (_, Err(error)) => return Err(reason(error)),
        },
        "last" => timing.last_at = Some(time_of(value).map_err(reason)?),
        name if WITHOUT_MEANING.contains(&name) => {}
        "last_in" => {
            let why = "processes that start at different times would not agree; write last_at";
            return Err(reason(why.to_owned()));
        }
        "times" => {
            let why = "how often it ran is not counted; write last_at";
            return Err(reason(why.to_owned()));
        }
        _ => {
            let why = "it is no option; there are first_in, first_at, last_at";
            return Err(reason(why.to_owned()));
        }
    }
    Ok(())
}

/// The span of a number of seconds or a text.
pub(super) fn span_of(value: &Value) -> Result<Duration, String> {
    match value {
        Value::String(text) => span::parse(text),
        other => span::parse(&other.to_string()),
    }
}

fn time_of(value: &Value) -> Result<SystemTime, String> {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    parse_any(&text)
        .ok_or_else(|| format!("{text:?} is no time; write one as 2026-11-21T06:30:00Z"))
}

/// The member of a definition that says when a schedule runs.
pub(super) fn write(timing: &Timing) -> (&'static str, Value) {
    let (field, value) = match (timing.cron_line(), timing.interval()) {
        (Some(line), _) => ("cron", json!(line)),
        (None, interval) => ("every", json!(span::text(interval.unwrap_or_default()))),
    };
    let mut options = Map::new();
    let time = |time| json!(TimeFormat::RunAt.text(time));
    if let Some(first) = timing.first_in {
        options.insert("first_in".to_owned(), json!(span::text(first)));
    }
    if let Some(first) = timing.first_at {
        options.insert("first_at".to_owned(), time(first));
    }
    if let Some(last) = timing.last_at {
        options.insert("last_at".to_owned(), time(last));
    }
    match options.is_empty() {
        true => (field, value),
        false => (field, json!([value, options])),
    }
}
