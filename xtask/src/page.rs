//! Tables that chores write into pages.

use std::fs;

use crate::Result;
use crate::workspace::Workspace;

/// The lines between which a table stands.
#[derive(Debug)]
pub(crate) struct Marks {
    pub(crate) begin: &'static str,
    pub(crate) end: &'static str,
}

/// Puts a table between the marks of a page.
pub(crate) fn write(workspace: &Workspace, page: &str, marks: &Marks, table: &str) -> Result<()> {
    let path = workspace.root.join(page);
    let text = fs::read_to_string(&path)?;
    let text = marks.replaced(&text, table).ok_or_else(|| {
        format!(
            "{page} lacks the lines `{}` and `{}`",
            marks.begin, marks.end
        )
    })?;
    fs::write(&path, text)?;
    eprintln!("the table is in {page}");
    Ok(())
}

impl Marks {
    /// The text with another table between the marks.
    fn replaced(&self, text: &str, table: &str) -> Option<String> {
        let (before, rest) = text.split_once(self.begin)?;
        let (_, after) = rest.split_once(self.end)?;
        let Self { begin, end } = self;
        Some(format!("{before}{begin}{table}{end}{after}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let (begin, end) = ("<begin>\n", "<end>\n");
        let marks = Marks { begin, end };
        let text = marks.replaced("before\n<begin>\nold\n<end>\nafter\n", "new\n");
        assert_eq!(
            text.as_deref(),
            Some("before\n<begin>\nnew\n<end>\nafter\n")
        );
        assert_eq!(marks.replaced("no marks", "new\n"), None);
    }
}
