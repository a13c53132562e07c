//! Text that may hold NUL, which Postgres text cannot.

use std::borrow::Cow;

use resque_core::FailureRecord;

/// Whether any text of a record holds NUL; then all of them are escaped.
pub(super) fn needs_escape(record: &FailureRecord) -> bool {
    let texts = [
        &record.queue,
        &record.worker,
        &record.exception,
        &record.error,
    ];
    texts
        .into_iter()
        .chain(&record.backtrace)
        .any(|text| text.contains('\0'))
}

/// The text as it is stored.
pub(super) fn escape(text: &str, escaped: bool) -> Cow<'_, str> {
    if escaped {
        Cow::Owned(text.replace('\\', r"\\").replace('\0', r"\0"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text as it was.
pub(super) fn unescape(text: String, escaped: bool) -> String {
    if !escaped {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' => match letters.next() {
                Some('0') => '\0',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    plain
}

/// An array of texts, written as a literal: arrays of arrays of any length cannot be sent otherwise.
pub(super) fn literal(texts: &[String], escaped: bool) -> String {
    let mut literal = String::from("{");
    for (index, text) in texts.iter().enumerate() {
        literal.push_str(if index == 0 { "\"" } else { ",\"" });
        for letter in escape(text, escaped).chars() {
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
        for text in ["", "plain", r"C:\0\\", "a\0b", "\\\0", "\0\0\\0"] {
            let stored = escape(text, true).into_owned();
            assert!(!stored.contains('\0'));
            assert_eq!(unescape(stored, true), text);
            assert_eq!(unescape(escape(text, false).into_owned(), false), text);
        }
    }

    #[test]
    fn an_array_is_quoted() {
        assert_eq!(literal(&[], false), "{}");
        let texts = [r#"a"b\c"#, "", "NULL, {x}"].map(String::from);
        assert_eq!(literal(&texts, false), r#"{"a\"b\\c","","NULL, {x}"}"#);
        assert_eq!(literal(&["a\0".to_owned()], true), r#"{"a\\0"}"#);
    }
}
