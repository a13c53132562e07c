//! Text from anywhere, made fit for a terminal.

use std::borrow::Cow;
use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

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

/// The text in exactly so many columns: cut with an ellipsis, or filled up with spaces.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let mut fitted = cut(text, columns).into_owned();
    let rest = columns.saturating_sub(fitted.width());
    fitted.extend(std::iter::repeat_n(' ', rest));
    fitted
}

/// The text in at most so many columns, with an ellipsis in place of what is too much.
pub(crate) fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return text.into();
    }
    let mut kept = String::new();
    let mut used = 0;
    for letter in text.chars() {
        used += letter.width().unwrap_or(0);
        if used >= columns {
            break;
        }
        kept.push(letter);
    }
    if columns > 0 {
        kept.push('…');
    }
    kept.into()
}

/// Minutes and seconds, `1:05`.
pub(crate) fn minutes(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
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
    fn text_fits_its_columns_whatever_letters_it_has() {
        assert_eq!(fit("größer", 6), "größer");
        assert_eq!(fit("größer", 4), "grö…");
        assert_eq!(fit("größer", 8), "größer  ");
        // Letters of two columns are not cut in half.
        assert_eq!(fit("日本語", 6), "日本語");
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 4), "日… ");
        assert_eq!(fit("a", 0), "");
    }
}
