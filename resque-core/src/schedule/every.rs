//! Intervals as callers write them.

use std::time::Duration;

use super::span;

/// An interval: `"1h30m"`, or a [`Duration`].
#[derive(Clone, Debug)]
pub struct Every(pub(super) Result<Duration, String>);

impl From<Duration> for Every {
    fn from(interval: Duration) -> Self {
        Self(Ok(interval))
    }
}

impl From<&str> for Every {
    fn from(text: &str) -> Self {
        Self(span::parse(text))
    }
}

impl From<String> for Every {
    fn from(text: String) -> Self {
        Self::from(&*text)
    }
}
