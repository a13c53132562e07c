//! What cargo says about the workspace.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{Result, shell};

/// The workspace's own packages, from `cargo metadata`.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// One member of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// The manifest, relative to the workspace's root.
    pub(crate) manifest: String,
    pub(crate) features: Vec<String>,
    pub(crate) is_library: bool,
    /// The name of its program, which need not be the package's.
    pub(crate) program: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A dependency as its manifest declares it.
#[derive(Debug)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Whether only tests, examples and benches see it.
    pub(crate) is_for_tests: bool,
}

impl Workspace {
    pub(crate) fn read() -> Result<Self> {
        let text =
            shell::read(shell::cargo().args(["metadata", "--no-deps", "--format-version=1"]))?;
        Self::parse(&serde_json::from_str(&text)?)
    }

    pub(crate) fn parse(metadata: &Value) -> Result<Self> {
        let root = PathBuf::from(text(&metadata["workspace_root"])?);
        let packages = list(&metadata["packages"]);
        let packages = packages
            .map(|package| Package::parse(package, &root))
            .collect::<Result<_>>()?;
        Ok(Self { root, packages })
    }

    /// Where cargo puts what it builds.
    pub(crate) fn target(&self) -> PathBuf {
        let chosen = std::env::var_os("CARGO_TARGET_DIR");
        chosen.map_or_else(|| self.root.join("target"), PathBuf::from)
    }

    /// Every feature of `packages` (of all members if none is named) as `package/feature`, but for
    /// those in `without`.
    pub(crate) fn features(&self, packages: &[String], without: &[&str]) -> String {
        let chosen = |package: &&Package| packages.is_empty() || packages.contains(&package.name);
        let all = self
            .packages
            .iter()
            .filter(chosen)
            .flat_map(Package::qualified_features);
        all.filter(|feature| !without.contains(&feature.as_str()))
            .collect::<Vec<_>>()
            .join(",")
    }
}

impl Package {
    fn parse(package: &Value, root: &Path) -> Result<Self> {
        let manifest = Path::new(text(&package["manifest_path"])?);
        let manifest = manifest
            .strip_prefix(root)
            .unwrap_or(manifest)
            .display()
            .to_string();
        let features = package["features"]
            .as_object()
            .into_iter()
            .flat_map(|features| features.keys());
        let named = |kind: &str| {
            let mut targets = list(&package["targets"]);
            targets.find(|target| list(&target["kind"]).any(|one| one == kind))
        };
        let program = named("bin")
            .map(|target| text(&target["name"]))
            .transpose()?;
        let dependencies = list(&package["dependencies"]).map(|dependency| {
            let is_for_tests = dependency["kind"] == "dev";
            Ok(Dependency {
                name: text(&dependency["name"])?.to_owned(),
                is_for_tests,
            })
        });
        Ok(Self {
            name: text(&package["name"])?.to_owned(),
            manifest,
            features: features.cloned().collect(),
            is_library: named("lib").is_some(),
            program: program.map(str::to_owned),
            dependencies: dependencies.collect::<Result<_>>()?,
        })
    }

    fn qualified_features(&self) -> impl Iterator<Item = String> {
        self.features
            .iter()
            .map(|feature| format!("{}/{feature}", self.name))
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> Result<&str> {
    Ok(value
        .as_str()
        .ok_or("`cargo metadata` answers in an unknown form")?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn packages_are_read_from_metadata() {
        let workspace = Workspace::parse(&json!({
            "workspace_root": "/project",
            "packages": [{
                "name": "one",
                "manifest_path": "/project/one/Cargo.toml",
                "features": { "default": [], "extra": [] },
                "targets": [{ "name": "one", "kind": ["lib"] }],
                "dependencies": [{ "name": "two", "kind": null }, { "name": "three", "kind": "dev" }],
            }],
        }))
        .unwrap();
        let one = &workspace.packages[0];
        assert_eq!(
            (one.name.as_str(), one.manifest.as_str()),
            ("one", "one/Cargo.toml")
        );
        assert!(one.is_library);
        assert_eq!(workspace.features(&[], &["one/default"]), "one/extra");
        assert_eq!(workspace.features(&["two".to_owned()], &[]), "");
        let [two, three] = &one.dependencies[..] else {
            panic!("{one:?}")
        };
        assert!(!two.is_for_tests && three.is_for_tests);
    }

    #[test]
    fn an_unknown_form_is_an_error() {
        assert!(Workspace::parse(&json!({ "packages": [] })).is_err());
    }
}
