//! Versions and lints are stated once, in the workspace's manifest.

use super::{Finding, Project};

pub(super) fn check(project: &Project) -> Vec<Finding> {
    let manifests = project
        .workspace
        .packages
        .iter()
        .map(|package| package.manifest.as_str());
    manifests
        .flat_map(|path| {
            let text = project.tree.get(path).map_or("", |file| file.text.as_str());
            problems(text)
                .into_iter()
                .map(move |problem| Finding::new(path, problem))
        })
        .collect()
}

fn problems(manifest: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if !manifest.contains("[lints]\nworkspace = true") {
        problems.push("does not inherit the lints: `[lints] workspace = true`".to_owned());
    }
    for key in ["edition", "license", "rust-version", "version"] {
        if !manifest
            .lines()
            .any(|line| line.trim_end() == format!("{key}.workspace = true"))
        {
            problems.push(format!("does not inherit: `{key}.workspace = true`"));
        }
    }
    problems.extend(own_versions(manifest).map(|line| {
        format!("`{line}`: versions of dependencies belong into [workspace.dependencies]")
    }));
    problems
}

/// The dependencies that bring a version of their own.
fn own_versions(manifest: &str) -> impl Iterator<Item = &str> {
    let mut in_dependencies = false;
    manifest.lines().filter(move |line| {
        if line.starts_with('[') {
            in_dependencies = line.trim_end().ends_with("dependencies]");
        }
        let value = line.split_once('=').map_or("", |(_, value)| value.trim());
        in_dependencies && (value.starts_with('"') || value.contains("version"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[package]\nname = \"one\"\nversion.workspace = true\nedition.workspace = true\n\
        rust-version.workspace = true\nlicense.workspace = true\n\n[lints]\nworkspace = true\n\n\
        [dependencies]\nserde.workspace = true\ntokio = { workspace = true, features = [\"rt\"] }\n";

    #[test]
    fn a_manifest_that_inherits_everything_has_no_problems() {
        assert_eq!(problems(GOOD), Vec::<String>::new());
    }

    #[test]
    fn what_a_manifest_states_itself_is_found() {
        for (inherited, own) in [
            ("edition.workspace = true", "edition = \"2021\""),
            ("[lints]\nworkspace = true", ""),
            ("serde.workspace = true", "serde = \"1\""),
            ("serde.workspace = true", "serde = { version = \"1\" }"),
        ] {
            let bad = GOOD.replace(inherited, own);
            assert_eq!(problems(&bad).len(), 1, "{bad}");
        }
    }
}
