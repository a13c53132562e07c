//! Who may depend on whom, as ARCHITECTURE.md draws it. Tests may use anything.

use super::Finding;
use crate::workspace::{Package, Workspace};

/// The crates of the workspace that each crate may build on.
const MAY_USE: &[(&str, &[&str])] = &[
    ("resque-core", &[]),
    ("resque-memory", &["resque-core"]),
    ("resque-redis", &["resque-core"]),
    ("resque-postgres", &["resque-core"]),
    ("resque-conformance", &["resque-core"]),
    ("resque-isolation", &["resque-core"]),
    ("resque-web", &["resque-core"]),
    (
        "resque",
        &[
            "resque-core",
            "resque-isolation",
            "resque-memory",
            "resque-postgres",
            "resque-redis",
        ],
    ),
    (
        "resque-cli",
        &["resque", "resque-conformance", "resque-web"],
    ),
    ("resque-bench", &["resque", "resque-web"]),
    ("resque-testserver", &[]),
    ("xtask", &["resque-testserver"]),
];

/// Examples show users what they may do, which is everything.
const EXAMPLES: &str = "examples/";

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let packages = workspace.packages.iter();
    let ours = |name: &str| {
        workspace
            .packages
            .iter()
            .any(|package| package.name == name)
    };
    packages
        .filter(|package| !package.manifest.starts_with(EXAMPLES))
        .flat_map(|package| check_package(package, ours))
        .collect()
}

fn check_package(package: &Package, ours: impl Fn(&str) -> bool) -> Vec<Finding> {
    let Some((_, may_use)) = MAY_USE.iter().find(|(name, _)| *name == package.name) else {
        let message = "is a new crate: say in xtask/src/tidy/dependencies.rs what it may build on";
        return vec![Finding::new(
            &package.manifest,
            format!("`{}` {message}", package.name),
        )];
    };
    let used = package
        .dependencies
        .iter()
        .filter(|dependency| !dependency.is_for_tests);
    let forbidden = used.filter(|used| ours(&used.name) && !may_use.contains(&used.name.as_str()));
    let message = |used: &str| format!("`{}` must not depend on `{used}`", package.name);
    forbidden
        .map(|used| Finding::new(&package.manifest, message(&used.name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn package(name: &str, manifest: &str, dependencies: &[(&str, bool)]) -> Package {
        let dependency = |(name, is_for_tests): &(&str, bool)| Dependency {
            name: (*name).to_owned(),
            is_for_tests: *is_for_tests,
        };
        Package {
            name: name.to_owned(),
            manifest: manifest.to_owned(),
            features: Vec::new(),
            is_library: true,
            program: None,
            dependencies: dependencies.iter().map(dependency).collect(),
        }
    }

    fn messages(packages: Vec<Package>) -> Vec<String> {
        let workspace = Workspace {
            root: "/".into(),
            packages,
        };
        check(&workspace)
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn a_backend_that_builds_on_another_is_found_unless_only_its_tests_do() {
        let packages = vec![
            package("resque-core", "resque-core/Cargo.toml", &[("serde", false)]),
            package(
                "resque-memory",
                "",
                &[("resque-core", false), ("resque-redis", true)],
            ),
            package(
                "resque-redis",
                "",
                &[("resque-core", false), ("resque-memory", false)],
            ),
        ];
        assert_eq!(
            messages(packages),
            ["`resque-redis` must not depend on `resque-memory`"]
        );
    }

    #[test]
    fn an_unknown_crate_is_found_and_an_example_is_free() {
        let packages = vec![
            package("resque-new", "resque-new/Cargo.toml", &[]),
            package("resque-redis", "", &[]),
            package(
                "mixed-fleet",
                "examples/mixed-fleet/Cargo.toml",
                &[("resque-redis", false)],
            ),
        ];
        let messages = messages(packages);
        assert!(
            matches!(&messages[..], [one] if one.contains("`resque-new` is a new crate")),
            "{messages:?}"
        );
    }
}
