//! Columns that stand below each other.

use unicode_width::UnicodeWidthStr;

use crate::text::one_line;

/// The space between columns.
const GAP: usize = 2;

/// Rows under a heading, aligned: what begins with `>` in the heading stands to the right.
#[derive(Debug)]
pub(crate) struct Table {
    heading: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// `Table::new(&["queue", ">waiting"])`.
    pub(crate) fn new(heading: &[&'static str]) -> Self {
        Self {
            heading: heading.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; what could move the cursor is escaped.
    pub(crate) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        let cells = cells.into_iter().map(|cell| one_line(cell).into_owned());
        self.rows.push(cells.collect());
    }

    /// The lines; nothing at all without rows.
    pub(crate) fn text(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let titles = self.heading.iter();
        let titles: Vec<&str> = titles.map(|title| title.trim_start_matches('>')).collect();
        let widths: Vec<usize> = (0..titles.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                let widest = cells.map(|cell| cell.width()).max().unwrap_or(0);
                widest.max(titles[column].width())
            })
            .collect();
        let mut text = String::new();
        self.line(&mut text, &widths, titles.into_iter());
        for row in &self.rows {
            self.line(&mut text, &widths, row.iter().map(String::as_str));
        }
        text
    }

    fn line<'a>(&self, text: &mut String, widths: &[usize], cells: impl Iterator<Item = &'a str>) {
        let start = text.len();
        for ((cell, width), title) in cells.zip(widths).zip(&self.heading) {
            if text.len() > start {
                text.extend(std::iter::repeat_n(' ', GAP));
            }
            let space = std::iter::repeat_n(' ', width.saturating_sub(cell.width()));
            if title.starts_with('>') {
                text.extend(space);
                text.push_str(cell);
            } else {
                text.push_str(cell);
                text.extend(space);
            }
        }
        let end = text.trim_end().len().max(start);
        text.truncate(end);
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_and_numbers_to_the_right() {
        let mut table = Table::new(&["queue", ">waiting", "state"]);
        table.row(["größer", "3", ""]);
        table.row(["日本", "1200", "stopped"]);
        table.row(["a\u{1b}[2J", "0", ""]);
        assert_eq!(
            table.text(),
            "queue       waiting  state\n\
             größer            3\n\
             日本           1200  stopped\n\
             a\\u{1b}[2J        0\n"
        );
        assert_eq!(Table::new(&["queue"]).text(), "");
    }
}
