//! The name of a queue.

use std::sync::Arc;

use crate::checked_text::{self, checked_text};
use crate::{Error, Result};

/// The name of a queue: UTF-8 of 1–255 bytes without comma, NUL and control characters.
///
/// Colons, slashes, spaces and any script are fine. A comma cannot work, because worker ids and
/// queue lists are split at it. Cloning is cheap.
///
/// ```
/// use resque_core::QueueName;
///
/// let queue: QueueName = "mails:urgent".parse()?;
/// assert_eq!(queue.as_str(), "mails:urgent");
/// assert!("a,b".parse::<QueueName>().is_err());
/// # Ok::<(), resque_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueName(Arc<str>);

checked_text!(QueueName);

impl QueueName {
    /// Checks and takes a name.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidQueueName`] when the name is empty, longer than 255 bytes, or contains a
    /// comma, NUL or a control character.
    pub fn new(name: impl AsRef<str>) -> Result<Self> {
        let name = name.as_ref();
        match flaw(name) {
            Some(reason) => Err(Error::queue_name(name.as_bytes(), reason)),
            None => Ok(Self(name.into())),
        }
    }

    /// Checks and takes a name as a store holds it.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidQueueName`] as for [`QueueName::new`], and when the bytes are not UTF-8.
    pub fn from_bytes(name: &[u8]) -> Result<Self> {
        match std::str::from_utf8(name) {
            Ok(name) => Self::new(name),
            Err(_) => Err(Error::queue_name(name, "it is not UTF-8")),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn flaw(name: &str) -> Option<&'static str> {
    let comma = "it contains a comma, at which worker ids and queue lists are split";
    checked_text::flaw(name).or(name.contains(',').then_some(comma))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_old_fleets_are_fine() {
        for name in [
            "file_serve",
            "other:queue",
            "with space",
            "a/b",
            "größe",
            "*",
            "!x",
            &"q".repeat(255),
        ] {
            assert_eq!(QueueName::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn names_that_cannot_work_say_why() {
        for (name, why) in [
            (&b""[..], "empty"),
            (b"a,b", "comma"),
            (b"a\0b", "control"),
            (b"a\nb", "control"),
            (b"\xff\xfe", "UTF-8"),
            (&[b'q'; 256], "255"),
        ] {
            let error = QueueName::from_bytes(name).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
