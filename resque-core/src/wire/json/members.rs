//! The members of one JSON object, in order, as they stand in the text.

use std::borrow::Cow;
use std::ops::Range;

use super::SyntaxError;
use super::scan::{Kind, Scanner};
use super::string::unescape;
use super::value::Value;

/// Splits an object, which white space may surround, into its members.
///
/// Keys and values keep their exact text and order; a key that occurs twice is told twice (every
/// JSON reader of the Resque family lets the last one win).
///
/// ```
/// # use resque_core::wire::json::members;
/// let texts: Vec<_> = members(br#"{"class":"A", "args":[1.0, 2]}"#)?
///     .map(|member| member.map(|m| m.value().raw()))
///     .collect::<Result<_, _>>()?;
/// assert_eq!(texts, [&br#""A""#[..], b"[1.0, 2]"]);
/// # Ok::<(), resque_core::wire::json::SyntaxError>(())
/// ```
///
/// # Errors
/// When the text does not begin with an object; what is wrong further on is told by the iterator.
pub fn members(object: &[u8]) -> Result<Members<'_>, SyntaxError> {
    let mut scanner = Scanner::new(object);
    scanner.skip_space();
    scanner.expect(b'{', "an object")?;
    Ok(Members {
        text: object,
        scanner,
        state: State::First,
    })
}

/// The iterator of [`members`]. It ends after its first error.
#[derive(Debug)]
pub struct Members<'a> {
    text: &'a [u8],
    scanner: Scanner<'a>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    First,
    Next,
    Done,
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<Member<'a>, SyntaxError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::Done {
            return None;
        }
        let member = self.read().transpose();
        self.state = if let Some(Ok(_)) = member {
            State::Next
        } else {
            State::Done
        };
        member
    }
}

impl<'a> Members<'a> {
    fn read(&mut self) -> Result<Option<Member<'a>>, SyntaxError> {
        let scanner = &mut self.scanner;
        scanner.skip_space();
        if scanner.peek() == Some(b'}') {
            scanner.expect(b'}', "`}`")?;
            scanner.finish()?;
            return Ok(None);
        }
        if self.state == State::Next {
            scanner.expect(b',', "`,` or `}`")?;
            scanner.skip_space();
        }
        let key = scanner.string()?;
        scanner.skip_space();
        scanner.expect(b':', "`:`")?;
        scanner.skip_space();
        let (kind, value) = scanner.value()?;
        Ok(Some(Member {
            text: self.text,
            key,
            value,
            kind,
        }))
    }

    /// The most arrays and objects that were open at once so far, this object included.
    #[must_use]
    pub fn deepest(&self) -> usize {
        self.scanner.deepest() + 1
    }

    /// Whether half a surrogate pair was escaped somewhere so far.
    pub(crate) fn met_lone_surrogate(&self) -> bool {
        self.scanner.met_lone_surrogate()
    }
}

/// One member of an object, as it stands in the text.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    text: &'a [u8],
    key: Range<usize>,
    value: Range<usize>,
    kind: Kind,
}

impl<'a> Member<'a> {
    /// Whether the key says `name`, however it is escaped.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        *unescape(&self.text[self.key.clone()]) == *name.as_bytes()
    }

    /// The key's bytes with escapes resolved.
    #[must_use]
    pub fn key(&self) -> Cow<'a, [u8]> {
        unescape(&self.text[self.key.clone()])
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> Value<'a> {
        Value::new(&self.text[self.value.clone()], self.kind)
    }

    /// Where the value stands in the object's text.
    #[must_use]
    pub fn value_range(&self) -> Range<usize> {
        self.value.clone()
    }

    /// Where the member stands in the object's text, from the key's quote to the value's end.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.key.start..self.value.end
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(text: &str) -> Result<Vec<(String, String)>, SyntaxError> {
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        members(text.as_bytes())?
            .map(|member| member.map(|m| (lossy(&m.key()), lossy(m.value().raw()))))
            .collect()
    }

    #[test]
    fn members_keep_their_order_and_text() {
        let text = "\n{ \"b\" : 1.00 ,\"a\":{\"x\":[ ]},\"b\":\"\\u0041\" } ";
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let expected = [
            pair("b", "1.00"),
            pair("a", "{\"x\":[ ]}"),
            pair("b", "\"\\u0041\""),
        ];
        assert_eq!(split(text).expect("valid"), expected);
        assert_eq!(split("{}").expect("valid"), []);
    }

    #[test]
    fn escaped_keys_are_known() {
        let text = br#"{"cl\u0061ss":1}"#;
        let member = members(text)
            .expect("object")
            .next()
            .expect("one")
            .expect("valid");
        assert!(member.is("class") && !member.is("cl"));
        assert_eq!(&text[member.range()], br#""cl\u0061ss":1"#);
    }

    #[test]
    fn what_is_no_object_is_an_error_and_ends_the_iterator() {
        for text in [
            "",
            "[]",
            "1",
            "{",
            "{\"a\"}",
            "{\"a\":1",
            "{\"a\":1,}",
            "{} x",
            "{\"a\":1}}",
        ] {
            assert!(split(text).is_err(), "{text}");
        }
        let mut broken = members(b"{\"a\":1,!").expect("object");
        assert!(broken.next().is_some_and(|member| member.is_ok()));
        assert!(broken.next().is_some_and(|member| member.is_err()));
        assert!(broken.next().is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let mut object = b"{\"a\":".to_vec();
            object.extend(bytes);
            let _ = members(&object).expect("an object").count();
        }
    }
}
