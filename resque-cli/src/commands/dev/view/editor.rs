//! The line that is being typed.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_width::UnicodeWidthStr;

/// How many typed lines can be called up again.
const HISTORY: usize = 100;

/// What a key means beyond the line itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Nothing, or a change of the line.
    Edit,
    /// The line is complete.
    Enter,
    /// Stop now.
    Interrupt,
    /// There will be no more lines.
    EndOfInput,
    /// Never mind.
    Escape,
}

/// The line that is being typed, with a cursor and the lines before it.
#[derive(Debug, Default)]
pub(super) struct Editor {
    text: String,
    /// Where the next letter goes, in bytes.
    cursor: usize,
    history: Vec<String>,
    /// Which line of the history is shown; its length for none.
    recalled: usize,
}

impl Editor {
    /// What stands there.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The part of the line that fits into so many columns, and the cursor's column in it.
    pub(super) fn visible(&self, columns: usize) -> (&str, usize) {
        let mut start = 0;
        for (at, letter) in self.text[..self.cursor].char_indices() {
            if self.text[start..self.cursor].width() < columns {
                break;
            }
            start = at + letter.len_utf8();
        }
        (&self.text[start..], self.text[start..self.cursor].width())
    }

    /// Puts a line there, as if it had been typed.
    pub(super) fn set(&mut self, text: String) {
        self.cursor = text.len();
        self.text = text;
    }

    /// Takes the line away and remembers it.
    pub(super) fn take(&mut self) -> String {
        let line = std::mem::take(&mut self.text);
        self.cursor = 0;
        if !line.trim().is_empty() && self.history.last() != Some(&line) {
            self.history.push(line.clone());
            if self.history.len() > HISTORY {
                self.history.remove(0);
            }
        }
        self.recalled = self.history.len();
        line
    }

    /// Does what a key says.
    pub(super) fn press(&mut self, key: KeyEvent) -> Key {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return self.control(key.code);
        }
        match key.code {
            KeyCode::Enter => return Key::Enter,
            KeyCode::Esc => return Key::Escape,
            KeyCode::Char(letter) if !letter.is_control() => self.insert(letter),
            KeyCode::Backspace => self.erase(self.before(), self.cursor),
            KeyCode::Delete => self.erase(self.cursor, self.after()),
            KeyCode::Left => self.cursor = self.before(),
            KeyCode::Right => self.cursor = self.after(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            KeyCode::Up => self.recall(self.recalled.saturating_sub(1)),
            KeyCode::Down => self.recall(self.recalled + 1),
            _ => {}
        }
        Key::Edit
    }

    fn control(&mut self, code: KeyCode) -> Key {
        match code {
            KeyCode::Char('c') => return Key::Interrupt,
            KeyCode::Char('d') if self.text.is_empty() => return Key::EndOfInput,
            KeyCode::Char('d') => self.erase(self.cursor, self.after()),
            KeyCode::Char('a') => self.cursor = 0,
            KeyCode::Char('e') => self.cursor = self.text.len(),
            KeyCode::Char('b') => self.cursor = self.before(),
            KeyCode::Char('f') => self.cursor = self.after(),
            KeyCode::Char('u') => self.erase(0, self.cursor),
            KeyCode::Char('k') => self.erase(self.cursor, self.text.len()),
            KeyCode::Char('w') => self.erase(self.word(), self.cursor),
            KeyCode::Char('j' | 'm') => return Key::Enter,
            KeyCode::Char('h') => self.erase(self.before(), self.cursor),
            _ => {}
        }
        Key::Edit
    }

    fn insert(&mut self, letter: char) {
        self.text.insert(self.cursor, letter);
        self.cursor += letter.len_utf8();
    }

    fn erase(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.cursor = from;
    }

    fn before(&self) -> usize {
        let letter = self.text[..self.cursor].chars().next_back();
        self.cursor - letter.map_or(0, char::len_utf8)
    }

    fn after(&self) -> usize {
        let letter = self.text[self.cursor..].chars().next();
        self.cursor + letter.map_or(0, char::len_utf8)
    }

    /// Where the word before the cursor begins.
    fn word(&self) -> usize {
        let before = self.text[..self.cursor].trim_end();
        before.rfind(char::is_whitespace).map_or(0, |at| {
            let space = before[at..].chars().next();
            at + space.map_or(0, char::len_utf8)
        })
    }

    fn recall(&mut self, which: usize) {
        if self.history.is_empty() {
            return;
        }
        self.recalled = which.min(self.history.len());
        let line = self.history.get(self.recalled).cloned();
        self.set(line.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(editor: &mut Editor, text: &str) {
        for letter in text.chars() {
            editor.press(KeyCode::Char(letter).into());
        }
    }

    fn control(editor: &mut Editor, letter: char) -> Key {
        editor.press(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL))
    }

    #[test]
    fn letters_of_any_size_are_typed_moved_over_and_erased() {
        let mut editor = Editor::default();
        typed(&mut editor, "Größe 日本");
        for _ in 0..2 {
            editor.press(KeyCode::Left.into());
        }
        editor.press(KeyCode::Backspace.into());
        editor.press(KeyCode::Delete.into());
        typed(&mut editor, "x");
        assert_eq!(editor.text(), "Größex本");
        assert_eq!(editor.visible(80), ("Größex本", 6));
        editor.press(KeyCode::Home.into());
        editor.press(KeyCode::Backspace.into());
        editor.press(KeyCode::Delete.into());
        editor.press(KeyCode::End.into());
        editor.press(KeyCode::Right.into());
        assert_eq!(editor.text(), "rößex本");
    }

    #[test]
    fn words_and_lines_are_erased() {
        let mut editor = Editor::default();
        typed(&mut editor, "Slow [5] @a  ");
        control(&mut editor, 'w');
        assert_eq!(editor.text(), "Slow [5] ");
        control(&mut editor, 'a');
        editor.press(KeyCode::Right.into());
        control(&mut editor, 'k');
        assert_eq!(editor.text(), "S");
        control(&mut editor, 'u');
        assert_eq!(editor.text(), "");
    }

    #[test]
    fn lines_are_called_up_again() {
        let mut editor = Editor::default();
        for line in ["one", "two", "two"] {
            typed(&mut editor, line);
            assert_eq!(editor.press(KeyCode::Enter.into()), Key::Enter);
            assert_eq!(editor.take(), line);
        }
        let mut recalled = Vec::new();
        for code in [
            KeyCode::Up,
            KeyCode::Up,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Down,
        ] {
            editor.press(code.into());
            recalled.push(editor.text().to_owned());
        }
        assert_eq!(recalled, ["two", "one", "one", "two", ""]);
    }

    #[test]
    fn a_long_line_shows_the_part_around_the_cursor() {
        let mut editor = Editor::default();
        typed(&mut editor, "0123456789");
        assert_eq!(editor.visible(5), ("6789", 4));
        editor.press(KeyCode::Home.into());
        assert_eq!(editor.visible(5), ("0123456789", 0));
    }

    #[test]
    fn control_c_and_control_d_are_told_apart() {
        let mut editor = Editor::default();
        assert_eq!(control(&mut editor, 'c'), Key::Interrupt);
        assert_eq!(control(&mut editor, 'd'), Key::EndOfInput);
        typed(&mut editor, "x");
        assert_eq!(control(&mut editor, 'd'), Key::Edit);
    }
}
