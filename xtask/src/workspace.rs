//! What cargo says about the workspace.

use serde_json::Value;

use crate::{Result, shell};

/// The output of `cargo metadata` for the workspace's own packages.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
}

/// One member of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) features: Vec<String>,
}

impl Workspace {
    pub(crate) fn read() -> Result<Self> {
        let text =
            shell::read(shell::cargo().args(["metadata", "--no-deps", "--format-version=1"]))?;
        Self::parse(&serde_json::from_str(&text)?)
    }

    fn parse(metadata: &Value) -> Result<Self> {
        let packages = metadata["packages"]
            .as_array()
            .ok_or("`cargo metadata` names no packages")?;
        Ok(Self {
            packages: packages.iter().map(Package::parse).collect(),
        })
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
    fn qualified_features(&self) -> impl Iterator<Item = String> {
        self.features
            .iter()
            .map(|feature| format!("{}/{feature}", self.name))
    }

    fn parse(package: &Value) -> Self {
        let features = package["features"]
            .as_object()
            .into_iter()
            .flat_map(|features| features.keys());
        Self {
            name: package["name"].as_str().unwrap_or_default().to_owned(),
            features: features.cloned().collect(),
        }
    }
}
