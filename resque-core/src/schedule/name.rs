//! The name of a schedule.

use std::fmt;
use std::sync::Arc;

use crate::{Error, Result};

/// The name of a schedule: UTF-8 of 1–255 bytes without control characters.
///
/// resque-scheduler takes any text; most people write `send_emails` or the name of the class.
/// Cloning is cheap.
///
/// ```
/// use resque_core::ScheduleName;
///
/// let name: ScheduleName = "clear leaderboards".parse()?;
/// assert_eq!(name.as_str(), "clear leaderboards");
/// assert!("".parse::<ScheduleName>().is_err());
/// # Ok::<(), resque_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScheduleName(Arc<str>);

impl ScheduleName {
    /// Checks and takes a name.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSchedule`] when the name is empty, longer than 255 bytes, or contains a
    /// control character.
    pub fn new(name: impl AsRef<str>) -> Result<Self> {
        let name = name.as_ref();
        match flaw(name) {
            Some(reason) => Err(Error::schedule(name, "name", reason)),
            None => Ok(Self(name.into())),
        }
    }

    /// Checks and takes a name as a store holds it.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSchedule`] as for [`ScheduleName::new`], and when the bytes are not UTF-8.
    pub fn from_bytes(name: &[u8]) -> Result<Self> {
        match std::str::from_utf8(name) {
            Ok(name) => Self::new(name),
            Err(_) => {
                let name = String::from_utf8_lossy(name);
                Err(Error::schedule(name, "name", "it is not UTF-8"))
            }
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn flaw(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("it is empty")
    } else if name.len() > 255 {
        Some("it is longer than 255 bytes")
    } else if name.chars().any(char::is_control) {
        Some("it contains a control character")
    } else {
        None
    }
}

impl fmt::Display for ScheduleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ScheduleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl AsRef<str> for ScheduleName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for ScheduleName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for ScheduleName {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::new(name)
    }
}

impl TryFrom<&str> for ScheduleName {
    type Error = Error;

    fn try_from(name: &str) -> Result<Self> {
        Self::new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cannot_work_say_why() {
        for (name, why) in [
            ("", "empty"),
            (&*"x".repeat(256), "255 bytes"),
            ("a\0b", "control character"),
            ("a\nb", "control character"),
        ] {
            let error = ScheduleName::new(name).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        assert!(ScheduleName::from_bytes(b"\xff").is_err());
        assert_eq!(ScheduleName::new("a, b: ü").unwrap().as_str(), "a, b: ü");
    }
}
