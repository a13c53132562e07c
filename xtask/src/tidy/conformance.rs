//! The suite defines what a backend is; if it knew one, a third party could not pass it.

use super::Finding;
use super::tree::Tree;

const SUITE: &str = "resque-conformance/src/";
const BACKENDS: [&str; 7] = ["fred", "lua", "postgres", "redis", "sql", "sqlite", "sqlx"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let suite = tree.rust().filter(|file| file.path.starts_with(SUITE));
    let message = |line: &str| {
        let name = words(line).find(|word| BACKENDS.contains(&word.as_str()))?;
        Some(format!("the suite must not know `{name}`"))
    };
    suite.flat_map(|file| file.find(message)).collect()
}

/// The words of a line in lower case; what is joined by `_` or `-` are several.
fn words(line: &str) -> impl Iterator<Item = String> {
    let words = line.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_named_in_the_suite_is_found_and_one_named_elsewhere_is_not() {
        let tree = Tree::of(&[
            (
                "resque-conformance/src/a.rs",
                "fn fine() {}\nif name == \"Redis\" {}\nuse resque_redis::X;",
            ),
            (
                "resque-conformance/src/b.rs",
                "// valuable, resqueue, predisposed",
            ),
            ("resque-core/src/c.rs", "redis"),
        ]);
        let places: Vec<_> = check(&tree)
            .into_iter()
            .map(|finding| finding.place)
            .collect();
        assert_eq!(
            places,
            [
                "resque-conformance/src/a.rs:2",
                "resque-conformance/src/a.rs:3"
            ]
        );
    }
}
