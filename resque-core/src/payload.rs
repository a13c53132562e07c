//! The bytes of a job.

use std::fmt;

use bytes::Bytes;

/// The bytes of a job exactly as they were pushed, whatever they are.
///
/// Backends move payloads and never re-encode them; what is inside is told by [`crate::wire`].
/// Cloning is cheap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Payload(Bytes);

impl Payload {
    /// Takes bytes as they are.
    #[must_use]
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, shared and without copying.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// The text, with undecodable bytes replaced: for people, never for storing.
    #[must_use]
    pub fn to_text_lossy(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl<B> From<B> for Payload
where
    B: Into<Bytes>,
{
    fn from(bytes: B) -> Self {
        Self::new(bytes)
    }
}

impl AsRef<[u8]> for Payload {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Payload {
    /// Shows the start of the text, so that a 10 MB payload does not flood a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 200;
        let head = String::from_utf8_lossy(&self.0[..self.0.len().min(SHOWN)]);
        if self.0.len() > SHOWN {
            write!(f, "{head:?}… ({} bytes)", self.0.len())
        } else {
            write!(f, "{head:?}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_kept_as_they_are() {
        let raw = &b"\xff\0{\"a\":1}"[..];
        assert_eq!(Payload::from(raw).as_bytes(), raw);
    }

    #[test]
    fn debug_output_of_a_large_payload_is_short() {
        let text = format!("{:?}", Payload::from(vec![b'x'; 10_000_000]));
        assert!(
            text.len() < 300 && text.contains("10000000 bytes"),
            "{text}"
        );
    }
}
