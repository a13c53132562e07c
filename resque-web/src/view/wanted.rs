//! Which failed jobs somebody wants to see or to change.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use resque_core::{FailureFilter, FailureOrder};
use serde::{Deserialize, Serialize};
use std::time::SystemTime;
use utoipa::{IntoParams, ToSchema};

use crate::fault::Fault;

/// Which failed jobs; all conditions must hold, and what is empty is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, IntoParams, ToSchema)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// The job's class.
    pub(crate) class: String,
    /// The kind of error.
    pub(crate) exception: String,
    /// The queue the job came from.
    pub(crate) queue: String,
    /// A text that message, kind of error, worker or payload contain, in upper or lower case.
    pub(crate) text: String,
    /// `yes` for jobs that were put back into a queue, `no` for those that were not.
    pub(crate) retried: String,
    /// Failed at or after this time: RFC 3339, or without a zone in UTC.
    pub(crate) since: String,
    /// Failed before this time.
    pub(crate) until: String,
}

/// Which end of the failed jobs comes first; Ruby's words are understood too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Order {
    /// The newest.
    #[default]
    #[serde(alias = "desc")]
    Newest,
    /// The oldest.
    #[serde(alias = "asc")]
    Oldest,
}

impl From<Order> for FailureOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Newest => Self::NewestFirst,
            Order::Oldest => Self::OldestFirst,
        }
    }
}

impl Wanted {
    /// Whether all failed jobs are wanted.
    pub(crate) fn is_all(&self) -> bool {
        self.pairs().is_empty()
    }

    /// The conditions as the store understands them.
    pub(crate) fn filter(&self) -> Result<FailureFilter, Fault> {
        let mut filter = FailureFilter::default();
        let text = |text: &String| (!text.is_empty()).then(|| text.clone());
        filter.class = text(&self.class);
        filter.exception = text(&self.exception);
        filter.queue = text(&self.queue);
        filter.text = text(&self.text);
        filter.retried = match self.retried.as_str() {
            "" => None,
            "yes" => Some(true),
            "no" => Some(false),
            other => {
                let message = format!("retried is {other:?}; it can be yes, no, or left out.");
                return Err(Fault::misused(message));
            }
        };
        filter.since = time("since", &self.since)?;
        filter.until = time("until", &self.until)?;
        Ok(filter)
    }

    /// The conditions that there are, by their names.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("class", &self.class),
            ("exception", &self.exception),
            ("queue", &self.queue),
            ("text", &self.text),
            ("retried", &self.retried),
            ("since", &self.since),
            ("until", &self.until),
        ];
        all.into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name, value.as_str()))
            .collect()
    }
}

/// A time that somebody typed.
pub(crate) fn time(name: &str, text: &str) -> Result<Option<SystemTime>, Fault> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let in_utc = |time: DateTime| time.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp());
    let zoned = text.parse::<jiff::Timestamp>().ok();
    let plain = || text.parse::<DateTime>().ok().and_then(in_utc);
    let day = || text.parse::<Date>().ok().and_then(|day| in_utc(day.into()));
    match zoned.or_else(plain).or_else(day) {
        Some(time) => Ok(Some(time.into())),
        None => Err(Fault::misused(format!(
            "{name} is {text:?}, which is no time; write it as 2026-11-20T23:00:00Z, or without \
             the Z, in UTC."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn times_are_understood_as_people_and_browsers_write_them() {
        let at = |seconds| Some(UNIX_EPOCH + Duration::from_secs(seconds));
        for (text, expected) in [
            ("", None),
            ("2026-11-20T23:00:25Z", at(1_795_215_625)),
            ("2026-11-21T00:00:25+01:00", at(1_795_215_625)),
            ("2026-11-20T23:00", at(1_795_215_600)),
            (" 2026-11-20 23:00:25 ", at(1_795_215_625)),
            ("2026-11-20", at(1_795_132_800)),
        ] {
            assert_eq!(time("since", text).unwrap(), expected, "{text}");
        }
        for text in ["yesterday", "2026-13-01", "0"] {
            let fault = time("since", text).unwrap_err();
            assert!(fault.message().contains("since"), "{}", fault.message());
        }
    }

    #[test]
    fn what_is_empty_is_no_condition() {
        assert!(Wanted::default().filter().unwrap().is_empty());
        let wanted = Wanted {
            class: "Mail".into(),
            retried: "no".into(),
            ..Wanted::default()
        };
        assert_eq!(wanted.pairs(), [("class", "Mail"), ("retried", "no")]);
        let expected = FailureFilter::default().class("Mail").retried(false);
        assert_eq!(wanted.filter().unwrap(), expected);
        let odd = Wanted {
            retried: "maybe".into(),
            ..Wanted::default()
        };
        assert!(odd.filter().unwrap_err().message().contains("yes, no"));
    }
}
