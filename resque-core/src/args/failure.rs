//! What goes wrong while arguments are read, before it is put into words.

use std::fmt;

use serde::de::{self, Unexpected};

/// Why a value could not be read.
#[derive(Debug)]
pub(super) enum Failure {
    /// There was no argument for the field with this index.
    Missing {
        index: usize,
        name: Option<&'static str>,
    },
    /// An argument did not fit.
    Argument {
        index: usize,
        name: Option<&'static str>,
        problem: String,
    },
    /// The type refused the list.
    Whole(String),
    /// The type does not know its fields by index.
    Key,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Failure {}

impl de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Whole(message.to_string())
    }

    fn invalid_length(length: usize, _: &dyn de::Expected) -> Self {
        Self::Missing {
            index: length,
            name: None,
        }
    }

    fn missing_field(name: &'static str) -> Self {
        // The index is found where the names are known.
        Self::Missing {
            index: usize::MAX,
            name: Some(name),
        }
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::Whole(format!(
            "a list cannot be read as {expected}; take one argument as `(T,)`"
        ))
    }
}

/// An error of `serde_json` in our words and without its place in the text, which nobody sees.
pub(super) fn problem(error: &serde_json::Error) -> String {
    const LONGEST: usize = 300;
    let text = error.to_string();
    let text = match text.rsplit_once(" at line ") {
        Some((text, _)) if error.line() > 0 => text,
        _ => &*text,
    };
    let parts = text.split_once(": ").zip(text.rsplit_once(", expected "));
    let text = match parts {
        Some((("invalid type" | "invalid value", _), (found, expected))) => {
            let found = found.split_once(": ").map_or(found, |(_, found)| found);
            format!("expected {expected}, found {found}")
        }
        _ => text.to_owned(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
