//! Text from anywhere, made fit for a terminal.

use std::borrow::Cow;
use std::time::Duration;

/// The text on one line: control characters, which could move the cursor or end the line, are
/// written as escapes.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unfit) {
        return text.into();
    }
    let mut clean = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if is_unfit(letter) {
            clean.extend(letter.escape_default());
        } else {
            clean.push(letter);
        }
    }
    clean.into()
}

/// Control characters, and those that change the direction of the text around them.
fn is_unfit(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The first `at_most` characters, with an ellipsis in place of the rest.
pub(crate) fn shortened(text: &str, at_most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(at_most) {
        None => text.into(),
        Some(_) => {
            let kept: String = text.chars().take(at_most.saturating_sub(1)).collect();
            format!("{kept}…").into()
        }
    }
}

/// Seconds as people read them: `0.250`, three places.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_move_the_cursor_is_escaped() {
        assert_eq!(one_line("Archive [1]"), "Archive [1]");
        assert_eq!(one_line("a\n\u{1b}[2Jb\t"), "a\\n\\u{1b}[2Jb\\t");
        assert_eq!(one_line("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(one_line("größer"), "größer");
    }

    #[test]
    fn long_text_is_cut_at_characters() {
        assert_eq!(shortened("größer", 6), "größer");
        assert_eq!(shortened("größer", 4), "grö…");
    }
}
