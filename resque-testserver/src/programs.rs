//! Finding the programs of this machine.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// Where packages put servers although `PATH` may not say so.
const USUAL: [&str; 5] = [
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/opt/homebrew/bin",
];

/// Where Debian keeps one directory per Postgres version.
const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";

/// Returns the path of a program in `PATH` or in one of the usual directories.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    find_in(
        env::split_paths(&path).chain(USUAL.map(PathBuf::from)),
        name,
    )
}

/// Returns the directory that holds Postgres' `initdb` and `postgres`, the newest if there are several.
pub fn find_postgres() -> Option<PathBuf> {
    newest_version(Path::new(DEBIAN_POSTGRES))
        .or_else(|| find_program("initdb").and_then(|path| path.parent().map(Path::to_owned)))
        .filter(|directory| directory.join("postgres").is_file())
}

fn find_in(mut directories: impl Iterator<Item = PathBuf>, name: &str) -> Option<PathBuf> {
    directories
        .find(|directory| directory.join(name).is_file())
        .map(|found| found.join(name))
}

fn newest_version(root: &Path) -> Option<PathBuf> {
    let versions = fs::read_dir(root).ok()?.flatten().filter_map(|entry| {
        let number = entry.file_name().to_str()?.parse::<u32>().ok()?;
        let binaries = entry.path().join("bin");
        binaries
            .join("initdb")
            .is_file()
            .then_some((number, binaries))
    });
    versions.max().map(|(_, binaries)| binaries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch;

    #[test]
    fn the_first_directory_with_the_program_wins() {
        let root = scratch::directory().unwrap();
        for name in ["a", "b", "c"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        fs::write(root.join("b/server"), "").unwrap();
        fs::write(root.join("c/server"), "").unwrap();
        let directories = || ["a", "b", "c"].map(|name| root.join(name)).into_iter();
        assert_eq!(
            find_in(directories(), "server"),
            Some(root.join("b/server"))
        );
        assert_eq!(find_in(directories(), "other"), None);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn the_newest_postgres_is_chosen_by_number_and_needs_initdb() {
        let root = scratch::directory().unwrap();
        for version in ["9", "15", "16", "doc"] {
            fs::create_dir_all(root.join(version).join("bin")).unwrap();
        }
        for version in ["9", "15", "doc"] {
            fs::write(root.join(version).join("bin/initdb"), "").unwrap();
        }
        assert_eq!(newest_version(&root), Some(root.join("15/bin")));
        fs::remove_dir_all(root).unwrap();
    }
}
