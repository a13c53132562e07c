//! Queue globs, as Ruby's `File.fnmatch` reads them.

use std::fmt;
use std::str::Chars;

/// A pattern over queue names.
///
/// | pattern | matches |
/// |---|---|
/// | `*` | any characters or none, `/` and `:` too |
/// | `?` | one character |
/// | `[abc]`, `[a-c]` | one of these characters |
/// | `[^a]`, `[!a]` | one character but these |
/// | `\*` | the character behind the backslash |
///
/// Upper and lower case differ, a character is a Unicode one, braces stand for themselves, and a
/// `.` at the beginning of a name is matched by a `.` only. Matching takes no more steps than the
/// product of both lengths, whatever the pattern.
///
/// ```
/// use resque_core::Glob;
///
/// assert!(Glob::new("mail_*[0-9]").matches("mail_eu:2"));
/// assert!(!Glob::new("*").matches(".hidden"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// `*`
    Many,
    /// `?`
    One,
    /// A character that stands for itself.
    Exactly(char),
    /// `[…]`, ranges with both ends; a single character is a range of one.
    OneOf {
        ranges: Vec<(char, char)>,
        negated: bool,
    },
    /// A bracket that is never closed matches nothing.
    Never,
}

impl Glob {
    /// Takes a pattern. Every text is one; an unclosed bracket makes one that matches nothing.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text.chars();
        while let Some(letter) = rest.next() {
            let part = match letter {
                '*' if parts.last() == Some(&Part::Many) => continue,
                '*' => Part::Many,
                '?' => Part::One,
                '[' => class(&mut rest).unwrap_or(Part::Never),
                // A backslash at the very end stands for itself.
                '\\' => Part::Exactly(rest.next().unwrap_or('\\')),
                _ => Part::Exactly(letter),
            };
            parts.push(part);
        }
        Self {
            text: text.to_owned(),
            parts,
        }
    }

    /// Takes a text that stands for itself.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            parts: text.chars().map(Part::Exactly).collect(),
        }
    }

    /// Whether the text makes a queue list dynamic.
    #[must_use]
    pub fn is_pattern(text: &str) -> bool {
        text.contains(['*', '?', '{', '}', '[', ']'])
    }

    /// Whether the name matches.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        if name.starts_with('.') && self.parts.first() != Some(&Part::Exactly('.')) {
            return false;
        }
        let mut parts = &self.parts[..];
        let mut rest = name.chars();
        // Where to go on when something does not fit: the last `*` takes one character more. An
        // earlier one need not be tried again, what stood between them has matched.
        let mut retry: Option<(&[Part], Chars<'_>)> = None;
        loop {
            match parts.split_first() {
                None if rest.as_str().is_empty() => return true,
                Some((Part::Many, [])) => return true,
                Some((Part::Many, behind)) => {
                    retry = Some((behind, rest.clone()));
                    parts = behind;
                    continue;
                }
                Some((part, behind)) => {
                    let Some(letter) = rest.next() else {
                        return false;
                    };
                    if part.takes(letter) {
                        parts = behind;
                        continue;
                    }
                }
                None => {}
            }
            let Some((behind, from)) = &mut retry else {
                return false;
            };
            if from.next().is_none() {
                return false;
            }
            (parts, rest) = (behind, from.clone());
        }
    }
}

impl Part {
    fn takes(&self, letter: char) -> bool {
        match self {
            Self::Many | Self::One => true,
            Self::Exactly(wanted) => *wanted == letter,
            Self::OneOf { ranges, negated } => {
                let within = |(first, last): &(char, char)| {
                    // Both ends match even of a range that runs backwards.
                    letter == *first || letter == *last || (*first..=*last).contains(&letter)
                };
                ranges.iter().any(within) != *negated
            }
            Self::Never => false,
        }
    }
}

/// Reads a character class behind its opening bracket; `None` if it is never closed.
fn class(rest: &mut Chars<'_>) -> Option<Part> {
    let negated = rest.as_str().starts_with(['^', '!']);
    if negated {
        rest.next();
    }
    let mut ranges = Vec::new();
    loop {
        let first = match rest.next()? {
            ']' => return Some(Part::OneOf { ranges, negated }),
            '\\' => rest.next()?,
            letter => letter,
        };
        let ranged = rest.as_str().starts_with('-') && !rest.as_str().starts_with("-]");
        let last = if ranged {
            rest.next();
            match rest.next()? {
                '\\' => rest.next()?,
                letter => letter,
            }
        } else {
            first
        };
        ranges.push((first, last));
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
#[path = "glob_tests.rs"]
mod tests;
