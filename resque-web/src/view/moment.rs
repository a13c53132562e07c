//! A point in time as it is told: RFC 3339 in UTC, to the millisecond.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use askama::filters::HtmlSafe;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use utoipa::openapi::{RefOr, Schema, schema};
use utoipa::{PartialSchema, ToSchema};

use super::Given;

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(SystemTime);

impl Moment {
    pub(crate) fn new(time: SystemTime) -> Self {
        Self(time)
    }

    /// How long before `now` it was; nothing if it comes later.
    pub(crate) fn age(self, now: Self) -> Duration {
        now.0.duration_since(self.0).unwrap_or_default()
    }

    /// For a template, on the moment that the page shows: how long ago something was, or how long
    /// it will take; exactly on hover.
    pub(crate) fn ago(&self, then: impl Given<Self>) -> Ago {
        Ago {
            then: then.value(),
            now: *self,
            style: Style::Ago,
        }
    }

    /// For a template: how long something has been going on.
    pub(crate) fn since(&self, then: impl Given<Self>) -> Ago {
        Ago {
            then: then.value(),
            now: *self,
            style: Style::Since,
        }
    }

    /// To the millisecond, in UTC; years that no calendar knows become the nearest that one does.
    fn timestamp(self) -> Timestamp {
        let nearest = if self.0 < SystemTime::UNIX_EPOCH {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        Timestamp::try_from(self.0).unwrap_or(nearest)
    }
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        Self(time)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.timestamp())
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        let format = schema::SchemaFormat::KnownFormat(schema::KnownFormat::DateTime);
        schema::ObjectBuilder::new()
            .schema_type(schema::Type::String)
            .format(Some(format))
            .into()
    }
}

impl ToSchema for Moment {
    fn name() -> Cow<'static, str> {
        "Moment".into()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Ago,
    Since,
}

/// A moment in relation to now, as an element whose title tells it exactly. The script of the pages
/// keeps it up to date.
#[derive(Debug)]
pub(crate) struct Ago {
    then: Moment,
    now: Moment,
    style: Style,
}

impl HtmlSafe for Ago {}

impl fmt::Display for Ago {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = self.then;
        let style = match self.style {
            Style::Ago => "ago",
            Style::Since => "since",
        };
        write!(
            f,
            "<time datetime=\"{exact}\" title=\"{exact}\" data-time=\"{style}\">"
        )?;
        let past = self.then <= self.now;
        let span = if past {
            self.then.age(self.now)
        } else {
            self.now.age(self.then)
        };
        match (self.style, past) {
            (Style::Since, _) => write!(f, "{}", Span(span))?,
            (Style::Ago, _) if span < Duration::from_secs(1) => f.write_str("now")?,
            (Style::Ago, true) => write!(f, "{} ago", Span(span))?,
            (Style::Ago, false) => write!(f, "in {}", Span(span))?,
        }
        f.write_str("</time>")
    }
}

/// A span of time in at most two units. The script writes it alike.
#[derive(Debug)]
pub(crate) struct Span(pub(crate) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str, u64, &str); 3] = [
            (86_400, "d", 3_600, "h"),
            (3_600, "h", 60, "m"),
            (60, "m", 1, "s"),
        ];
        let seconds = self.0.as_secs();
        for (large, name, small, small_name) in UNITS {
            if seconds >= large {
                let rest = seconds % large / small;
                return write!(f, "{}{name} {rest}{small_name}", seconds / large);
            }
        }
        write!(f, "{seconds}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    #[test]
    fn a_moment_is_told_exactly_and_in_relation() {
        let now = at(1_795_215_625);
        assert_eq!(now.to_string(), "2026-11-20T23:00:25.000Z");
        let ago = now.ago(at(1_795_215_625 - 90_061)).to_string();
        assert!(ago.contains("title=\"2026-11-19T21:59:24.000Z\""), "{ago}");
        assert!(ago.ends_with(">1d 1h ago</time>"), "{ago}");
        assert!(
            now.ago(at(1_795_215_685))
                .to_string()
                .contains(">in 1m 0s<")
        );
        assert!(now.since(at(1_795_215_620)).to_string().contains(">5s<"));
        assert!(now.ago(now).to_string().contains(">now<"));
    }

    #[test]
    fn years_that_no_calendar_knows_are_the_nearest_that_one_does() {
        let far = Moment(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 50));
        assert!(far.to_string().starts_with("9999-12-"), "{far}");
    }
}
