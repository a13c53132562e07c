//! Features one by one: all together they hide what one forgot to ask for. Programs too are built
//! each alone, as their readers do.

use crate::workspace::{Package, Workspace};
use crate::{Result, shell};

/// Crates that say themselves that they need one of these features.
const NEEDS_ONE_OF: &[(&str, &[&str])] = &[("resque-redis", &["redis", "fred"])];

/// Checks each library with as few features as it can be built with, and with each other feature
/// besides; and each program alone.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::read()?;
    for package in workspace
        .packages
        .iter()
        .filter(|package| package.is_library)
    {
        for features in combinations(package) {
            let arguments = ["check", "--quiet", "--no-default-features", "--package"];
            let mut command = shell::cargo();
            command
                .args(arguments)
                .arg(&package.name)
                .args(["--features", &features]);
            shell::run(&mut command)?;
        }
    }
    for package in workspace
        .packages
        .iter()
        .filter(|package| package.program.is_some())
    {
        let alone = ["check", "--quiet", "--package", &package.name];
        shell::run(shell::cargo().args(alone))?;
    }
    Ok(())
}

fn combinations(package: &Package) -> Vec<String> {
    let needs = NEEDS_ONE_OF.iter().find(|(name, _)| *name == package.name);
    let bases = needs.map_or(&[""][..], |(_, features)| features);
    let is_extra = |feature: &&String| *feature != "default" && !bases.contains(&feature.as_str());
    let mut combinations = Vec::new();
    for base in bases {
        combinations.push((*base).to_owned());
        let extras = package.features.iter().filter(is_extra);
        combinations.extend(extras.map(|extra| [base, extra.as_str()].join(" ").trim().to_owned()));
    }
    combinations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, features: &[&str]) -> Package {
        Package {
            name: name.to_owned(),
            manifest: String::new(),
            features: features
                .iter()
                .map(|feature| (*feature).to_owned())
                .collect(),
            is_library: true,
            program: None,
            dependencies: Vec::new(),
        }
    }

    #[test]
    fn each_feature_is_built_alone() {
        let package = package("resque-core", &["default", "testing", "worker"]);
        assert_eq!(combinations(&package), ["", "testing", "worker"]);
    }

    #[test]
    fn a_crate_that_needs_one_of_several_is_built_with_each() {
        let package = package("resque-redis", &["default", "fred", "redis", "tls"]);
        assert_eq!(
            combinations(&package),
            ["redis", "redis tls", "fred", "fred tls"]
        );
    }
}
