//! Time is injected; a test that sleeps is slow today and wrong tomorrow.

use super::Finding;
use super::tree::Tree;

/// How programs sleep or read the machine's clock behind the `Clock`'s back.
const FORBIDDEN: [&str; 5] = [
    "thread::sleep(",
    "time::sleep(",
    "time::sleep_until(",
    "time::interval(",
    concat!("clippy::", "disallowed_methods"),
];

/// Where it happens all the same, and why.
const EXCEPTIONS: &[(&str, &str)] = &[
    (
        "examples/custom-backend/src/registry.rs",
        "a store's own time, which it must tell",
    ),
    (
        "resque-core/src/clock/system.rs",
        "the clock of the machine itself",
    ),
    (
        "resque-testserver/src/poll.rs",
        "waits for other processes, which have no clock of ours",
    ),
    ("xtask/src/shell.rs", "tells a person how long a step took"),
    ("xtask/src/tidy/sleep.rs", "names what it looks for"),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let is_exception = |path: &str| EXCEPTIONS.iter().any(|(exception, _)| *exception == path);
    let message = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        let call = FORBIDDEN.iter().find(|call| code.contains(**call))?;
        Some(format!(
            "`{}`: ask the `Clock`, or wait for an event",
            call.trim_end_matches('(')
        ))
    };
    tree.rust()
        .filter(|file| !is_exception(&file.path))
        .flat_map(|file| file.find(message))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleeping_is_found_but_in_the_clock_and_in_comments() {
        let tree = Tree::of(&[
            (
                "a.rs",
                "std::thread::sleep(PAUSE);\ntokio::time::sleep(PAUSE).await;\nclock.sleep(PAUSE);",
            ),
            (
                "b.rs",
                "#[expect(clippy::disallowed_methods, reason = \"…\")]\n// not time::sleep(…)",
            ),
            (
                "resque-core/src/clock/system.rs",
                "tokio::time::sleep_until(at)",
            ),
        ]);
        let places: Vec<_> = check(&tree)
            .into_iter()
            .map(|finding| finding.place)
            .collect();
        assert_eq!(places, ["a.rs:1", "a.rs:2", "b.rs:1"]);
    }
}
