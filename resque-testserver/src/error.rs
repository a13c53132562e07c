//! Why there is no server.

use std::fmt;
use std::sync::Arc;

/// The result of starting or steering a server.
pub type Result<T> = std::result::Result<T, Error>;

/// Says why a test has no server, or why the server did not obey.
///
/// `Debug` prints the same text as `Display`, with the causes, because a failed test shows `Debug`.
#[derive(Clone)]
pub struct Error {
    message: String,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn caused_by(
        message: impl Into<String>,
        cause: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self {
            message: message.into(),
            source: Some(Arc::new(cause)),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            write!(f, "\n  caused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_causes_and_display_does_not() {
        let error = Error::caused_by("could not start", std::io::Error::other("no space"));
        assert_eq!(error.to_string(), "could not start");
        assert_eq!(
            format!("{error:?}"),
            "could not start\n  caused by: no space"
        );
    }
}
