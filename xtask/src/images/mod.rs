//! `cargo xtask local-images`: container images made of the programs of this machine.
//!
//! Where a Docker daemon runs but no registry can be reached, this is how the tests' container path is tried.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use resque_testserver::{find_postgres, find_program};

use crate::{Result, shell};

const ENTRY_POINT: &str = "/usr/local/bin/entry-point";

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The tag of both images
    #[arg(long, default_value = "local")]
    tag: String,
}

/// What goes into an image.
#[derive(Debug, Default)]
struct Image {
    /// Programs and libraries, which bring the libraries that they need.
    programs: Vec<PathBuf>,
    directories: Vec<PathBuf>,
    /// Texts to be written.
    texts: Vec<(&'static str, String)>,
    /// Lines of a Dockerfile.
    changes: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    redis()?.import(&format!("redis:{}", options.tag))?;
    postgres()?.import(&format!("postgres:{}", options.tag))?;
    eprintln!(
        "\nnow: RESQUE_TEST_REDIS_TAG={0} RESQUE_TEST_POSTGRES_TAG={0} \\",
        options.tag
    );
    eprintln!("     cargo xtask test --servers containers");
    Ok(())
}

fn redis() -> Result<Image> {
    let program =
        find_program("redis-server").ok_or("there is no `redis-server` to make an image of")?;
    let directory = program
        .parent()
        .unwrap_or(Path::new("/usr/bin"))
        .display()
        .to_string();
    Ok(Image {
        programs: vec![program, "/bin/sh".into()],
        changes: vec![
            format!("ENV PATH={directory}:/bin"),
            "WORKDIR /data".to_owned(),
            "CMD [\"redis-server\"]".to_owned(),
        ],
        ..Image::default()
    })
}

fn postgres() -> Result<Image> {
    let binaries = find_postgres().ok_or("there is no `postgres` to make an image of")?;
    let version = binaries
        .parent()
        .ok_or("`postgres` is in an unknown place")?;
    let share =
        PathBuf::from("/usr/share/postgresql").join(version.file_name().unwrap_or_default());
    let passwd = "root:x:0:0::/:/bin/sh\npostgres:x:999:999::/tmp:/bin/sh\n".to_owned();
    Ok(Image {
        programs: vec![
            binaries.join("postgres"),
            binaries.join("initdb"),
            "/bin/sh".into(),
        ],
        directories: vec![version.join("lib"), share, "/usr/share/zoneinfo".into()],
        texts: vec![
            (ENTRY_POINT, include_str!("postgres.sh").to_owned()),
            ("/etc/passwd", passwd),
            ("/etc/group", "root:x:0:\npostgres:x:999:\n".to_owned()),
        ],
        changes: vec![
            format!("ENV PATH={}:/bin", binaries.display()),
            "ENV PGDATA=/tmp/data".to_owned(),
            "USER postgres".to_owned(),
            format!("ENTRYPOINT [\"/bin/sh\", \"{ENTRY_POINT}\"]"),
            "CMD [\"postgres\"]".to_owned(),
        ],
    })
}

impl Image {
    fn import(&self, name: &str) -> Result<()> {
        let stage = std::env::temp_dir().join(format!("resque-image-{}", std::process::id()));
        let outcome = self
            .fill(&stage)
            .and_then(|()| self.import_from(&stage, name));
        fs::remove_dir_all(&stage)?;
        outcome
    }

    fn fill(&self, stage: &Path) -> Result<()> {
        let mut files = BTreeSet::new();
        for program in &self.programs {
            files.insert(program.clone());
            files.extend(libraries(program)?);
        }
        for file in &files {
            let place = within(stage, file)?;
            fs::copy(file, place)?;
        }
        for directory in &self.directories {
            let place = within(stage, directory)?;
            shell::run(
                Command::new("cp")
                    .arg("--recursive")
                    .arg(directory)
                    .arg(place),
            )?;
        }
        for (path, text) in &self.texts {
            fs::write(within(stage, Path::new(path))?, text)?;
        }
        // For everybody, as in any root directory.
        let temporary = stage.join("tmp");
        fs::create_dir_all(&temporary)?;
        shell::run(Command::new("chmod").arg("1777").arg(temporary))
    }

    fn import_from(&self, stage: &Path, name: &str) -> Result<()> {
        let mut tar = Command::new("tar")
            .args(["--create", "--owner=0", "--group=0", "--directory"])
            .arg(stage)
            .arg(".")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut import = Command::new("docker");
        import.arg("import");
        for change in &self.changes {
            import.args(["--change", change]);
        }
        import
            .args(["-", name])
            .stdin(tar.stdout.take().ok_or("`tar` has no output")?);
        let imported = shell::run(&mut import);
        // It holds an end of the pipe; `tar` would wait for it for ever.
        drop(import);
        let packed = tar.wait()?;
        imported?;
        if packed.success() {
            Ok(())
        } else {
            Err("`tar` failed".into())
        }
    }
}

/// Where `file` goes under `stage`, with its directory made.
fn within(stage: &Path, file: &Path) -> Result<PathBuf> {
    let place = stage.join(file.strip_prefix("/")?);
    fs::create_dir_all(place.parent().unwrap_or(stage))?;
    Ok(place)
}

/// The libraries that the loader will look for.
fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    Ok(parse_ldd(&shell::read(Command::new("ldd").arg(program))?))
}

/// Lines look like `libc.so.6 => /lib/libc.so.6 (0x…)` or `/lib64/ld-linux.so.2 (0x…)`.
fn parse_ldd(output: &str) -> Vec<PathBuf> {
    let words = output
        .lines()
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    words.map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_read_from_the_loaders_list() {
        let output = "\tlinux-vdso.so.1 (0x0)\n\tlibc.so.6 => /lib/libc.so.6 (0x1)\n\
                      \t/lib64/ld-linux-x86-64.so.2 (0x2)\n\tlost.so => not found\n";
        assert_eq!(
            parse_ldd(output),
            ["/lib/libc.so.6", "/lib64/ld-linux-x86-64.so.2"].map(PathBuf::from)
        );
    }
}
