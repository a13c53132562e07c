//! Users read what changed; between two releases there is a place to write it.

use super::Finding;
use super::tree::Tree;

const FILE: &str = "CHANGELOG.md";
const HEADING: &str = "## [Unreleased]";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let text = tree.get(FILE).map_or("", |file| file.text.as_str());
    if text.lines().any(|line| line.trim_end() == HEADING) {
        return Vec::new();
    }
    vec![Finding::new(
        FILE,
        format!("the heading `{HEADING}` is missing"),
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changelog_without_the_heading_is_found() {
        assert!(check(&Tree::of(&[(FILE, "# Changelog\n\n## [Unreleased]\n")])).is_empty());
        assert_eq!(
            check(&Tree::of(&[(FILE, "# Changelog\n\n## [1.0.0]\n")])).len(),
            1
        );
        assert_eq!(check(&Tree::default()).len(), 1);
    }
}
