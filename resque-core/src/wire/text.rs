//! Text from bytes that may be none.

use std::borrow::Cow;

/// Text from bytes as Ruby's Resque makes it: each byte that is no UTF-8 becomes a `?`.
///
/// ```
/// # use resque_core::wire::text_of;
/// assert_eq!(text_of(b"bad \xff\xfe bytes"), "bad ?? bytes");
/// ```
#[must_use]
pub fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bad_byte_becomes_one_question_mark() {
        assert_eq!(text_of(b"bad \xff\xfe bytes"), "bad ?? bytes");
        assert_eq!(text_of(b"\xe2\x82"), "??");
        assert!(matches!(text_of("café".as_bytes()), Cow::Borrowed("café")));
    }
}
