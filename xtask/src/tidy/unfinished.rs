//! What is not finished does not land; what may come later is an issue and not a comment.

use super::Finding;
use super::tree::Tree;

/// Taken apart, so that this file is not found.
const MARKS: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("dbg", "!("),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let message = |line: &str| {
        let mark = MARKS.iter().find(|mark| line.contains(**mark))?;
        Some(format!(
            "`{}` has no place here",
            mark.trim_end_matches('(')
        ))
    };
    tree.files
        .iter()
        .flat_map(|file| file.find(message))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_found_in_any_text() {
        let text = MARKS.join("\n");
        let tree = Tree::of(&[
            ("a.rs", text.as_str()),
            ("b.md", text.as_str()),
            ("c.rs", "todo = \"warn\""),
        ]);
        assert_eq!(check(&tree).len(), 2 * MARKS.len());
    }
}
