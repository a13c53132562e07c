//! Walks over JSON text without recursion and without building anything.

use std::ops::Range;

use super::SyntaxError;

/// What sort of value a JSON text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number of any form and length.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Kind {
    /// The kind with its article, for messages: "an object", "a number", "null".
    #[must_use]
    pub fn with_article(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

/// One step of the scanner. Ranges are offsets into the scanned text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// A member's key, with its quotes.
    Key(Range<usize>),
    /// A string with its quotes, a number, a boolean or null.
    Scalar(Kind, Range<usize>),
    /// The opening bracket of an array or object.
    Open(Kind),
    /// The closing bracket of the innermost open array or object.
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// A value: at the very start, or behind a key and its colon.
    Value,
    /// The first element or the closing bracket.
    First,
    /// A comma and the next element, or the closing bracket.
    Next,
}

/// A pull scanner over strict JSON (RFC 8259) of any depth.
///
/// It works on bytes and does not check UTF-8: callers that need it check the whole text at once,
/// which is faster.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    expected: Expected,
    nesting: Nesting,
    deepest: usize,
    lone_surrogate: bool,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            expected: Expected::Value,
            nesting: Nesting::default(),
            deepest: 0,
            lone_surrogate: false,
        }
    }

    /// The next unread byte.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// How many arrays and objects were open at once at most.
    pub(crate) fn deepest(&self) -> usize {
        self.deepest
    }

    /// Whether a `\u` escape stood for half a surrogate pair: grammatical, but no text.
    pub(crate) fn met_lone_surrogate(&self) -> bool {
        self.lone_surrogate
    }

    pub(crate) fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Reads one byte that has to be there.
    pub(crate) fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), SyntaxError> {
        if self.peek() != Some(byte) {
            return Err(self.error(what));
        }
        self.at += 1;
        Ok(())
    }

    /// Reads white space up to the end of the text.
    pub(crate) fn finish(&mut self) -> Result<(), SyntaxError> {
        self.skip_space();
        if self.at < self.text.len() {
            return Err(self.error("the end of the text"));
        }
        Ok(())
    }

    /// Skips one whole value, however deep, and tells where it stood.
    pub(crate) fn value(&mut self) -> Result<(Kind, Range<usize>), SyntaxError> {
        let start = self.at;
        let kind = match self.event()? {
            Event::Open(kind) | Event::Scalar(kind, _) => kind,
            // Not produced where a value is expected.
            Event::Key(_) | Event::Close => return Err(self.error("a value")),
        };
        while !self.is_complete() {
            self.event()?;
        }
        self.expected = Expected::Value;
        Ok((kind, start..self.at))
    }

    /// Whether the value begun with the first event has ended.
    pub(super) fn is_complete(&self) -> bool {
        self.nesting.depth == 0
    }

    /// Reads the next event of the value that is being scanned.
    pub(super) fn event(&mut self) -> Result<Event, SyntaxError> {
        if self.expected == Expected::Value {
            return self.open();
        }
        self.skip_space();
        let in_object = self.nesting.in_object();
        let (close, or_close) = if in_object {
            (b'}', "`,` or `}`")
        } else {
            (b']', "`,` or `]`")
        };
        if self.peek() == Some(close) {
            self.at += 1;
            self.nesting.pop();
            self.expected = Expected::Next;
            return Ok(Event::Close);
        }
        if self.expected == Expected::Next {
            self.expect(b',', or_close)?;
            self.skip_space();
        }
        if !in_object {
            return self.open();
        }
        let key = self.string()?;
        self.skip_space();
        self.expect(b':', "`:`")?;
        self.skip_space();
        self.expected = Expected::Value;
        Ok(Event::Key(key))
    }

    /// Reads a scalar or an opening bracket.
    fn open(&mut self) -> Result<Event, SyntaxError> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => return Ok(self.enter(Kind::Object)),
            Some(b'[') => return Ok(self.enter(Kind::Array)),
            Some(b'"') => {
                self.string()?;
                Kind::String
            }
            Some(b't') => self.word(b"true", Kind::Bool)?,
            Some(b'f') => self.word(b"false", Kind::Bool)?,
            Some(b'n') => self.word(b"null", Kind::Null)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => return Err(self.error("a value")),
        };
        self.expected = Expected::Next;
        Ok(Event::Scalar(kind, start..self.at))
    }

    fn enter(&mut self, kind: Kind) -> Event {
        self.at += 1;
        self.nesting.push(kind == Kind::Object);
        self.deepest = self.deepest.max(self.nesting.depth);
        self.expected = Expected::First;
        Event::Open(kind)
    }

    fn word(&mut self, word: &'static [u8], kind: Kind) -> Result<Kind, SyntaxError> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.error("a value"));
        }
        self.at += word.len();
        Ok(kind)
    }

    fn number(&mut self) -> Result<Kind, SyntaxError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Kind::Number)
    }

    fn digits(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            Err(self.error("a digit"))
        } else {
            Ok(())
        }
    }

    /// Reads a string and returns its range, quotes included.
    pub(crate) fn string(&mut self) -> Result<Range<usize>, SyntaxError> {
        let start = self.at;
        self.expect(b'"', "a string")?;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(start..self.at);
                }
                Some(b'\\') => self.escape()?,
                Some(0x20..) => self.at += 1,
                Some(_) => return Err(self.error("an escape instead of a control character")),
                None => return Err(self.error("the end of the string")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), SyntaxError> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                let unit = self.unit()?;
                match unit {
                    0xD800..=0xDBFF if self.text[self.at..].starts_with(b"\\u") => {
                        self.at += 1;
                        let low = self.unit()?;
                        self.lone_surrogate |= !(0xDC00..=0xDFFF).contains(&low);
                    }
                    0xD800..=0xDFFF => self.lone_surrogate = true,
                    _ => {}
                }
            }
            _ => return Err(self.error("an escape")),
        }
        Ok(())
    }

    /// Reads `uXXXX`, the backslash being read already.
    fn unit(&mut self) -> Result<u16, SyntaxError> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.error("four hexadecimal digits"));
            };
            unit = unit << 4 | digit as u16;
            self.at += 1;
        }
        Ok(unit)
    }

    pub(crate) fn error(&self, expected: &'static str) -> SyntaxError {
        SyntaxError {
            at: self.at,
            expected,
        }
    }
}

/// The kinds of the open brackets, one bit each; the heap is touched only beyond 64 levels.
#[derive(Debug, Default)]
struct Nesting {
    depth: usize,
    /// The innermost levels, the last one in the lowest bit.
    bits: u64,
    outer: Vec<u64>,
}

impl Nesting {
    fn push(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(object);
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.depth -= 1;
        self.bits >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.bits = self.outer.pop().unwrap_or_default();
        }
    }

    fn in_object(&self) -> bool {
        self.bits & 1 == 1
    }
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
