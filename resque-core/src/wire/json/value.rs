//! One value inside a JSON text that has been read already.

use std::borrow::Cow;

use super::scan::{Kind, Scanner};
use super::string::{to_text, unescape};
use crate::wire::text_of;

/// A JSON value as it stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    raw: &'a [u8],
    kind: Kind,
}

impl<'a> Value<'a> {
    /// Takes the exact text of a valid value of this kind.
    pub(super) fn new(raw: &'a [u8], kind: Kind) -> Self {
        Self { raw, kind }
    }

    /// The exact text, without white space around it.
    #[must_use]
    pub fn raw(self) -> &'a [u8] {
        self.raw
    }

    /// The sort of the value.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.kind
    }

    /// The content of a string of text; half a surrogate pair or bad UTF-8 is none.
    #[must_use]
    pub fn text(self) -> Option<Cow<'a, str>> {
        if self.kind == Kind::String {
            to_text(self.raw)
        } else {
            None
        }
    }

    /// Something to show for any value: the content of a string with its bad bytes replaced by
    /// `?`, nothing for null, the JSON text of anything else.
    #[must_use]
    pub fn readable(self) -> Cow<'a, str> {
        match self.kind {
            Kind::Null => Cow::Borrowed(""),
            Kind::String => match unescape(self.raw) {
                Cow::Borrowed(bytes) => text_of(bytes),
                Cow::Owned(bytes) => Cow::Owned(text_of(&bytes).into_owned()),
            },
            _ => text_of(self.raw),
        }
    }

    /// The elements of an array; nothing for any other value.
    pub fn elements(self) -> impl Iterator<Item = Value<'a>> {
        let mut scanner = Scanner::new(self.raw);
        let mut more = self.kind == Kind::Array && scanner.expect(b'[', "an array").is_ok();
        std::iter::from_fn(move || {
            if !more {
                return None;
            }
            scanner.skip_space();
            // An empty array has no value here, and the last element no comma behind it.
            let (kind, range) = scanner.value().ok()?;
            scanner.skip_space();
            more = scanner.expect(b',', "`,`").is_ok();
            Some(Value::new(&self.raw[range], kind))
        })
        .fuse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(raw: &str, kind: Kind) -> Vec<String> {
        let value = Value::new(raw.as_bytes(), kind);
        value
            .elements()
            .map(|element| element.readable().into_owned())
            .collect()
    }

    #[test]
    fn arrays_have_elements_and_nothing_else_has() {
        assert_eq!(
            elements(r#"[ "a\n" , null,[1, {}],1.00]"#, Kind::Array),
            ["a\n", "", "[1, {}]", "1.00"]
        );
        for (raw, kind) in [
            ("[]", Kind::Array),
            ("[ ]", Kind::Array),
            ("{}", Kind::Object),
        ] {
            assert!(elements(raw, kind).is_empty(), "{raw}");
        }
    }

    #[test]
    fn bad_bytes_are_shown_as_question_marks() {
        let shown = |raw: &'static [u8], kind| Value::new(raw, kind).readable();
        assert_eq!(shown(b"\"a\xff\"", Kind::String), "a?");
        assert_eq!(shown(br#""\ud800""#, Kind::String), "???");
        assert_eq!(shown(b"[\"\xff\"]", Kind::Array), "[\"?\"]");
    }
}
