//! What a case says when a promise is broken.

use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;

use resque_core::Error;

/// What a case ends with.
pub type Verdict<T = ()> = Result<T, Broken>;

/// A broken promise: what was found and where the suite noticed.
#[derive(Debug)]
pub struct Broken {
    message: String,
    at: Option<&'static Location<'static>>,
}

impl Broken {
    /// Says what is wrong.
    #[track_caller]
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            at: Some(Location::caller()),
        }
    }

    /// Passes on what was said elsewhere, with its place.
    pub(crate) fn elsewhere(message: String) -> Self {
        Self { message, at: None }
    }

    /// The same, found while something larger was under way.
    pub(crate) fn within(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// The same, with the place that asked for it.
    pub(crate) fn at(mut self, place: &'static Location<'static>) -> Self {
        self.at = Some(place);
        self
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.at {
            Some(at) => write!(f, " ({}:{})", at.file(), at.line()),
            None => Ok(()),
        }
    }
}

impl StdError for Broken {}

impl From<Error> for Broken {
    /// A call that had to succeed and did not.
    #[track_caller]
    fn from(error: Error) -> Self {
        Self::new(with_causes(&error))
    }
}

impl From<tokio::task::JoinError> for Broken {
    /// A task that panicked.
    #[track_caller]
    fn from(error: tokio::task::JoinError) -> Self {
        Self::new(error.to_string())
    }
}

/// An error and its causes in one line.
pub(crate) fn with_causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

/// Breaks the promise unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::verdict::Broken::new(format!($($message)+)));
        }
    };
}

/// Breaks the promise unless both are equal: what was found, what belongs there, what it is about.
macro_rules! ensure_eq {
    ($found:expr, $expected:expr, $($about:tt)+) => {
        match (&$found, &$expected) {
            (found, expected) => {
                if *found != *expected {
                    return Err($crate::verdict::Broken::new(format!(
                        "{}: found {found:?}, expected {expected:?}",
                        format_args!($($about)+),
                    )));
                }
            }
        }
    };
}

/// Breaks the promise unless the value matches the pattern.
macro_rules! ensure_matches {
    ($found:expr, $pattern:pat $(if $guard:expr)?, $($about:tt)+) => {
        match $found {
            $pattern $(if $guard)? => {}
            other => {
                return Err($crate::verdict::Broken::new(format!(
                    "{}: found {other:?}, expected {}",
                    format_args!($($about)+),
                    stringify!($pattern),
                )));
            }
        }
    };
}
