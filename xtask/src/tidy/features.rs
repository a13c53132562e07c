//! Who adds a crate gets what they asked for and no more.

use super::{Finding, Project};
use crate::{Result, shell};

/// What must not be in a build, in the words of `cargo tree --edges features`.
struct Promise {
    package: &'static str,
    arguments: &'static [&'static str],
    without: &'static [&'static str],
    why: &'static str,
}

const PROMISES: [Promise; 2] = [
    Promise {
        package: "resque-core",
        arguments: &["--no-default-features"],
        without: &[
            "tokio feature \"rt\"",
            "tokio feature \"rt-multi-thread\"",
            "tokio feature \"net\"",
        ],
        why: "a program that only enqueues needs no async runtime of ours",
    },
    Promise {
        package: "resque",
        arguments: &[],
        without: &["resque-core feature \"testing\""],
        why: "test helpers have no place in a production build",
    },
];

pub(super) fn check(_: &Project) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for promise in PROMISES {
        let edges = [
            "--edges",
            "normal,features",
            "--prefix",
            "none",
            "--package",
            promise.package,
        ];
        let tree = shell::read(
            shell::cargo()
                .arg("tree")
                .args(edges)
                .args(promise.arguments),
        )?;
        findings.extend(promise.broken_by(&tree));
    }
    Ok(findings)
}

impl Promise {
    fn broken_by(&self, tree: &str) -> Vec<Finding> {
        let there = |feature: &str| {
            tree.lines()
                .any(|line| line.trim_end_matches(" (*)") == feature)
        };
        let broken = self.without.iter().filter(|feature| there(feature));
        let command = format!(
            "cargo tree -p {} {}",
            self.package,
            self.arguments.join(" ")
        );
        let message = |feature: &str| format!("has {feature}, but {}", self.why);
        broken
            .map(|feature| Finding::new(command.trim(), message(feature)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_that_should_not_be_there_is_found() {
        let [core, facade] = PROMISES;
        let small = "resque-core v0.1.0\ntokio feature \"sync\"\ntokio feature \"rtx\"\n";
        assert!(core.broken_by(small).is_empty());
        let grown = "resque-core v0.1.0\ntokio feature \"rt\" (*)\n";
        assert_eq!(core.broken_by(grown).len(), 1);
        assert_eq!(
            facade
                .broken_by("resque v0.1.0\nresque-core feature \"testing\"\n")
                .len(),
            1
        );
    }
}
