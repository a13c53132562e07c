//! An example that is not compiled is wrong one day.

use super::Finding;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let texts = tree
        .files
        .iter()
        .filter(|file| file.path.ends_with(".rs") || file.path.ends_with(".md"));
    let message = |line: &str| {
        is_ignored(line)
            .then(|| "compile the example (`no_run` if it must not run), or call it `text`".into())
    };
    texts.flat_map(|file| file.find(message)).collect()
}

/// Whether the line opens a code block that rustdoc is told to ignore.
fn is_ignored(line: &str) -> bool {
    let line = line.trim_start();
    let line = ["///", "//!"]
        .iter()
        .find_map(|comment| line.strip_prefix(comment))
        .unwrap_or(line);
    let Some(info) = line.trim_start().strip_prefix("```") else {
        return false;
    };
    info.split([',', ' '])
        .any(|word| word == "ignore" || word.starts_with("ignore-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_examples_are_found_and_others_are_not() {
        let fence = "```";
        let text = |info: &str| format!("    /// {fence}{info}\n");
        let rust = [
            "ignore",
            "rust,ignore",
            "ignore-windows",
            "no_run",
            "text",
            "",
        ]
        .map(text)
        .concat();
        let tree = Tree::of(&[("a.rs", rust.as_str()), ("b.md", "```rust ignore\n")]);
        let places: Vec<_> = check(&tree)
            .into_iter()
            .map(|finding| finding.place)
            .collect();
        assert_eq!(places, ["a.rs:1", "a.rs:2", "a.rs:3", "b.md:1"]);
    }
}
