//! Queue globs.

use std::fmt;

/// A pattern over queue names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    text: String,
    literal: bool,
}

impl Glob {
    /// Takes a pattern.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            literal: false,
        }
    }

    /// Takes a text that stands for itself.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            literal: true,
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
        if self.literal || !Self::is_pattern(&self.text) {
            return self.text == name;
        }
        if name.starts_with('.') && self.text.starts_with(['*', '?', '[']) {
            return false;
        }
        let (p, n): (Vec<char>, Vec<char>) = (self.text.chars().collect(), name.chars().collect());
        let (mut i, mut j, mut back) = (0, 0, None);
        while j < n.len() {
            if i < p.len() && p[i] == '*' {
                back = Some((i, j));
                i += 1;
            } else if i < p.len() && (p[i] == '?' || p[i] == n[j]) {
                i += 1;
                j += 1;
            } else if let Some((star, at)) = back {
                back = Some((star, at + 1));
                i = star + 1;
                j = at + 1;
            } else {
                return false;
            }
        }
        p[i..].iter().all(|c| *c == '*')
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
