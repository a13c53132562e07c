//! Text that may hold NUL, which Postgres text cannot.

use std::borrow::Cow;

/// Stands in front of what a character is written as that cannot be written as itself: `0` is NUL and
/// `1` the mark. People write it nowhere, so that other text is stored as it is, above all backslashes.
const MARK: char = '\u{1}';

/// The text as it is stored.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', MARK]) {
        return Cow::Borrowed(text);
    }
    let mut stored = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '\0' => stored.extend([MARK, '0']),
            MARK => stored.extend([MARK, '1']),
            other => stored.push(other),
        }
    }
    Cow::Owned(stored)
}

/// The text as it was.
pub(super) fn unescape(stored: String) -> String {
    if !stored.contains(MARK) {
        return stored;
    }
    let mut text = String::with_capacity(stored.len());
    let mut letters = stored.chars();
    while let Some(letter) = letters.next() {
        if letter != MARK {
            text.push(letter);
            continue;
        }
        match letters.next() {
            Some('0') => text.push('\0'),
            Some('1') | None => text.push(MARK),
            // Nothing of ours was written like that.
            Some(other) => text.extend([MARK, other]),
        }
    }
    text
}

/// An array of texts, written as a literal: arrays of arrays of any length cannot be sent otherwise.
pub(super) fn literal(texts: &[String]) -> String {
    let mut literal = String::from("{");
    for (index, text) in texts.iter().enumerate() {
        literal.push_str(if index == 0 { "\"" } else { ",\"" });
        for letter in escape(text).chars() {
            if matches!(letter, '"' | '\\') {
                literal.push('\\');
            }
            literal.push(letter);
        }
        literal.push('"');
    }
    literal.push('}');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back() {
        for text in [
            "",
            "plain",
            "a\0b",
            "\\\0",
            "\0\0\\0",
            "\u{1}",
            "\u{1}0",
            "\0\u{1}1",
            "é\0\u{1}",
        ] {
            let stored = escape(text).into_owned();
            assert!(!stored.contains('\0'), "{text:?}");
            assert_eq!(unescape(stored), text);
        }
    }

    #[test]
    fn what_text_can_hold_is_stored_as_it_is() {
        for text in [r"C:\0\\", r"a\b", "q\u{2}\n", "\\"] {
            assert!(matches!(escape(text), Cow::Borrowed(stored) if stored == text));
        }
    }

    #[test]
    fn what_somebody_else_has_written_is_read_somehow() {
        for text in ["\u{1}x", "end\u{1}"] {
            assert_eq!(unescape(text.to_owned()), text);
        }
    }

    #[test]
    fn an_array_is_quoted() {
        assert_eq!(literal(&[]), "{}");
        let texts = [r#"a"b\c"#, "", "NULL, {x}"].map(String::from);
        assert_eq!(literal(&texts), r#"{"a\"b\\c","","NULL, {x}"}"#);
        assert_eq!(literal(&["a\0".to_owned()]), "{\"a\u{1}0\"}");
    }
}
