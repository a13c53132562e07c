//! One concept per file; a file that is long has more than one, or a reason.

use super::Finding;
use super::tree::Tree;

const MOST_LINES: usize = 400;

/// Files, or directories with a `/` at the end, that may be longer, and why.
const LONG_FOR_A_REASON: &[(&str, &str)] = &[
    (
        "resque-conformance/src/cases/",
        "a file is the list of one guarantee's cases, each of them short",
    ),
    (
        "resque-conformance/src/model/player.rs",
        "one step with its comparison for each operation of the traits",
    ),
    (
        "resque-conformance/src/store.rs",
        "one short call for each thing that a case asks of a store",
    ),
    (
        "resque-conformance/tests/mutants.rs",
        "the one table of mutants, a line or two for each",
    ),
    (
        "resque-conformance/tests/mutants/",
        "a file is the list of the mutants of one subject, each of them short",
    ),
    (
        "resque-redis/tests/store/",
        "a file is the list of one subject's cases, each of them short",
    ),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    check_with(tree, LONG_FOR_A_REASON)
}

fn check_with(tree: &Tree, allowed: &[(&str, &str)]) -> Vec<Finding> {
    let lines = |text: &str| text.lines().count();
    let is_allowed = |path: &str| allowed.iter().any(|(allowed, _)| covers(allowed, path));
    let long = tree
        .rust()
        .filter(|file| lines(&file.text) > MOST_LINES && !is_allowed(&file.path));
    let too_long = long.map(|file| {
        let lines = lines(&file.text);
        let message =
            format!("has {lines} lines; split it, or give a reason in xtask/src/tidy/length.rs");
        Finding::new(&file.path, message)
    });
    let is_used = |allowed: &str| {
        tree.rust()
            .any(|file| covers(allowed, &file.path) && lines(&file.text) > MOST_LINES)
    };
    let outdated = allowed.iter().filter(|(path, _)| !is_used(path));
    let outdated = outdated.map(|(path, _)| {
        Finding::new(
            *path,
            "is no longer long: remove it from xtask/src/tidy/length.rs",
        )
    });
    too_long.chain(outdated).collect()
}

fn covers(allowed: &str, path: &str) -> bool {
    allowed == path || (allowed.ends_with('/') && path.starts_with(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found_unless_it_has_a_reason() {
        let (long, longest) = ("\n".repeat(MOST_LINES + 1), "\n".repeat(MOST_LINES));
        let tree = Tree::of(&[("long.rs", long.as_str()), ("fine.rs", longest.as_str())]);
        let found = check_with(&tree, &[]);
        assert!(
            matches!(&found[..], [one] if one.place == "long.rs"),
            "{found:?}"
        );
        assert!(check_with(&tree, &[("long.rs", "a table")]).is_empty());
    }

    #[test]
    fn a_reason_for_a_directory_covers_its_files() {
        let long = "\n".repeat(MOST_LINES + 1);
        let tree = Tree::of(&[
            ("cases/long.rs", long.as_str()),
            ("cases_too.rs", long.as_str()),
        ]);
        let found = check_with(&tree, &[("cases/", "a list")]);
        assert!(
            matches!(&found[..], [one] if one.place == "cases_too.rs"),
            "{found:?}"
        );
    }

    #[test]
    fn a_reason_that_is_no_longer_needed_is_found() {
        let tree = Tree::of(&[("short.rs", "")]);
        assert_eq!(
            check_with(&tree, &[("short.rs", "a table"), ("gone.rs", "a table")]).len(),
            2
        );
    }
}
