//! Yes-or-no questions about whole texts.

use super::scan::{Event, Kind, Scanner};

/// Whether a text is exactly one JSON object in valid UTF-8; white space may surround it.
///
/// ```
/// # use resque_core::wire::json::is_object;
/// assert!(is_object(br#"{"class":"A"}"#));
/// assert!(!is_object(b"{} {}"));
/// assert!(!is_object(b"{\"\xff\":1}"));
/// ```
#[must_use]
pub fn is_object(text: &[u8]) -> bool {
    if std::str::from_utf8(text).is_err() {
        return false;
    }
    let mut scanner = Scanner::new(text);
    scanner.skip_space();
    scanner.peek() == Some(b'{') && scanner.value().is_ok() && scanner.finish().is_ok()
}

/// Whether every number in a JSON value fits into the range of floats or is an integer.
///
/// Others become infinite when a program reads them, and then cannot be written again.
pub(crate) fn is_finite(value: &[u8]) -> bool {
    let mut scanner = Scanner::new(value);
    loop {
        match scanner.event() {
            Ok(Event::Scalar(Kind::Number, range)) if !fits(&value[range.clone()]) => return false,
            Ok(_) => {}
            Err(_) => return false,
        }
        if scanner.is_complete() {
            return true;
        }
    }
}

fn fits(number: &[u8]) -> bool {
    let integer = !number.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
    let float = std::str::from_utf8(number)
        .ok()
        .and_then(|text| text.parse::<f64>().ok());
    integer || float.is_some_and(f64::is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_whole_object_is_an_object() {
        for text in ["{}", " {\"a\":[{}]}\n"] {
            assert!(is_object(text.as_bytes()), "{text}");
        }
        for text in ["", "[]", "null", "{", "{}}", "{}{}", "x{}", "{\"a\"}"] {
            assert!(!is_object(text.as_bytes()), "{text}");
        }
        assert!(!is_object(b"{\"a\":\"\xc3\"}"));
    }

    #[test]
    fn numbers_beyond_floats_are_noticed_wherever_they_are() {
        for value in ["1", "[1.5,{\"a\":[-1e308]}]", "\"1e999\"", "[]"] {
            assert!(is_finite(value.as_bytes()), "{value}");
        }
        assert!(
            is_finite("9".repeat(400).as_bytes()),
            "integers have any length"
        );
        for value in [
            "1e999",
            "[[-1E999]]",
            "{\"a\":1e309}",
            &format!("{}.0", "9".repeat(400)),
        ] {
            assert!(!is_finite(value.as_bytes()), "{value}");
        }
    }
}
