//! An example that is no member of the workspace is compiled by nobody.

use super::{Finding, Project};

pub(super) fn check(project: &Project) -> Vec<Finding> {
    let manifests = project.tree.files.iter().map(|file| file.path.as_str());
    let examples =
        manifests.filter(|path| path.starts_with("examples/") && path.ends_with("Cargo.toml"));
    let is_member = |path: &str| {
        project
            .workspace
            .packages
            .iter()
            .any(|package| package.manifest == path)
    };
    let message = "add it to the members in Cargo.toml";
    examples
        .filter(|path| !is_member(path))
        .map(|path| Finding::new(path, message))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::Tree;
    use crate::workspace::{Package, Workspace};

    #[test]
    fn an_example_outside_the_workspace_is_found() {
        let member = Package {
            name: "quickstart".to_owned(),
            manifest: "examples/quickstart/Cargo.toml".to_owned(),
            features: Vec::new(),
            is_library: false,
            program: Some("quickstart".to_owned()),
            dependencies: Vec::new(),
        };
        let workspace = Workspace {
            root: "/".into(),
            packages: vec![member],
        };
        let tree = Tree::of(&[
            ("examples/quickstart/Cargo.toml", ""),
            ("examples/forgotten/Cargo.toml", ""),
        ]);
        let found = check(&Project { workspace, tree });
        assert!(
            matches!(&found[..], [one] if one.place == "examples/forgotten/Cargo.toml"),
            "{found:?}"
        );
    }
}
