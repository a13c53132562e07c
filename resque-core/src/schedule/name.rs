//! The name of a schedule.

use std::sync::Arc;

use crate::checked_text::{checked_text, flaw};
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

checked_text!(ScheduleName);

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
