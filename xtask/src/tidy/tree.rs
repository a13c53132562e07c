//! The project's own text files.

use std::fs;
use std::path::{Path, PathBuf};

use super::Finding;
use crate::Result;

/// Directories that hold nothing of ours.
const FOREIGN: [&str; 3] = [".git", "node_modules", "target"];

/// What counts as a text that a person wrote.
const TEXTS: [&str; 9] = ["html", "js", "lua", "md", "mjs", "rs", "sh", "sql", "toml"];

/// All texts of the project, in the order of their paths.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) files: Vec<SourceFile>,
}

/// One text; its path is relative to the project's root.
#[derive(Debug)]
pub(super) struct SourceFile {
    pub(super) path: String,
    pub(super) text: String,
}

impl Tree {
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        collect(root, root, &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// Makes a tree for a test of a rule.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| SourceFile {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        Self {
            files: files.iter().map(file).collect(),
        }
    }

    pub(super) fn get(&self, path: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The Rust sources.
    pub(super) fn rust(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }
}

impl SourceFile {
    /// Tells of every line for which `message` has something to say.
    pub(super) fn find<'a>(
        &'a self,
        message: impl Fn(&str) -> Option<String> + 'a,
    ) -> impl Iterator<Item = Finding> + 'a {
        let lines = self.text.lines().enumerate();
        lines.filter_map(move |(number, line)| {
            let place = format!("{}:{}", self.path, number + 1);
            message(line).map(|message| Finding::new(place, message))
        })
    }
}

fn collect(root: &Path, directory: &Path, files: &mut Vec<SourceFile>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path: PathBuf = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() && !FOREIGN.contains(&name.as_str()) {
            collect(root, &path, files)?;
        } else if path.is_file() && is_text(&path) {
            let relative = path.strip_prefix(root)?.display().to_string();
            files.push(SourceFile {
                path: relative,
                text: fs::read_to_string(&path)?,
            });
        }
    }
    Ok(())
}

fn is_text(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    path.ends_with(".ci/run") || extension.is_some_and(|extension| TEXTS.contains(&extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_holds_this_file_and_nothing_that_is_built() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let tree = Tree::read(root).unwrap();
        assert!(tree.get("xtask/src/tidy/tree.rs").is_some());
        assert!(tree.get(".ci/run").is_some());
        assert!(
            tree.files
                .iter()
                .all(|file| !file.path.starts_with("target/"))
        );
    }

    #[test]
    fn findings_name_the_line() {
        let tree = Tree::of(&[("a.rs", "fine\nbad\n")]);
        let found: Vec<_> = tree.files[0]
            .find(|line| (line == "bad").then(|| "why".to_owned()))
            .collect();
        assert_eq!(found, [Finding::new("a.rs:2", "why")]);
    }
}
