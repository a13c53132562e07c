//! A lint that is allowed stays allowed for ever; one that is expected speaks up when it is no longer needed.

use super::Finding;
use super::tree::Tree;

/// Where no expectation can be put, and why.
const EXCEPTIONS: &[(&str, &str)] = &[(
    "resque-redis/tests/support/mod.rs",
    "each test program uses a part, so that none expects the same",
)];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let message = |line: &str| {
        is_allow(line).then(|| "write `#[expect(…, reason = \"…\")]` instead of `allow`".to_owned())
    };
    let is_exception = |path: &str| EXCEPTIONS.iter().any(|(exception, _)| *exception == path);
    tree.rust()
        .filter(|file| !is_exception(&file.path))
        .flat_map(|file| file.find(message))
        .collect()
}

/// Whether the line is an attribute that allows a lint, conditional ones included.
fn is_allow(line: &str) -> bool {
    let line = line.trim_start();
    let attribute = line.strip_prefix("#![").or_else(|| line.strip_prefix("#["));
    attribute.is_some_and(|attribute| {
        attribute.starts_with("allow(")
            || (attribute.starts_with("cfg_attr(") && attribute.contains(" allow("))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowing_a_lint_is_found_and_expecting_it_is_not() {
        let tree = Tree::of(&[
            (
                "a.rs",
                "#[allow(dead_code)]\n#![allow(dead_code)]\n#[cfg_attr(test, allow(dead_code))]",
            ),
            (
                "b.rs",
                "#[expect(dead_code, reason = \"…\")]\nfn allow() {}\n// #[allow] is not for us",
            ),
        ]);
        let places: Vec<_> = check(&tree)
            .into_iter()
            .map(|finding| finding.place)
            .collect();
        assert_eq!(places, ["a.rs:1", "a.rs:2", "a.rs:3"]);
    }
}
