//! A fresh database cluster of this machine's Postgres, which refuses to run as root.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::Postgres;
use crate::local::Launch;
use crate::{Error, Result, find_postgres, find_program};

/// Who runs the server when this process is root, in the order of preference.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// The programs, and the user they run as.
#[derive(Debug)]
pub(super) struct Installation {
    binaries: PathBuf,
    user: Option<User>,
}

#[derive(Debug)]
pub(super) struct User {
    uid: u32,
    gid: u32,
}

impl Installation {
    /// Looks for the programs and, if this process is root, for a user to drop to.
    pub(super) fn find() -> Result<Self> {
        let binaries = find_postgres().ok_or_else(|| Error::new("there is no `initdb`"))?;
        let user = User::unless_harmless()?;
        Ok(Self { binaries, user })
    }

    /// Fills `home` with a new cluster, owned by the user that the server will run as.
    pub(super) fn create_cluster(&self, home: &Path, options: &Postgres) -> Result<()> {
        let could_not =
            |cause| Error::caused_by("could not prepare a directory for Postgres", cause);
        let password = home.join("password");
        fs::write(&password, options.password.as_deref().unwrap_or_default()).map_err(could_not)?;
        self.hand_over(&[home, &password])?;
        let mut initdb = self.launch("initdb");
        initdb.arguments = [
            "--username=postgres",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ]
        .map(String::from)
        .into();
        initdb
            .arguments
            .push(format!("--pgdata={}", home.join("data").display()));
        match options.password {
            None => initdb.arguments.push("--auth=trust".to_owned()),
            Some(_) => {
                initdb.arguments.push("--auth=scram-sha-256".to_owned());
                initdb
                    .arguments
                    .push(format!("--pwfile={}", password.display()));
            }
        }
        run(&initdb, home)
    }

    /// Fills `home` with a copy of the cluster of a running server, which follows that server.
    pub(super) fn copy_cluster(&self, home: &Path, (address, port): (&str, u16)) -> Result<()> {
        self.hand_over(&[home])?;
        let mut copy = self.launch("pg_basebackup");
        copy.arguments = [
            "--username=postgres",
            "--write-recovery-conf",
            "--wal-method=stream",
            "--checkpoint=fast",
            "--no-sync",
        ]
        .map(String::from)
        .into();
        copy.arguments.extend([
            format!("--host={address}"),
            format!("--port={port}"),
            format!("--pgdata={}", home.join("data").display()),
        ]);
        run(&copy, home)
    }

    /// Makes paths belong to the user that the server will run as.
    pub(super) fn hand_over(&self, paths: &[&Path]) -> Result<()> {
        match &self.user {
            Some(user) => user.hand_over(paths),
            None => Ok(()),
        }
    }

    /// The command line of one of the programs, as yet without arguments.
    pub(super) fn launch(&self, program: &str) -> Launch {
        let prefix = self.user.as_ref().map_or_else(Vec::new, User::prefix);
        Launch {
            program: self.binaries.join(program),
            arguments: Vec::new(),
            prefix,
        }
    }
}

/// Runs a program to its end.
fn run(launch: &Launch, home: &Path) -> Result<()> {
    let name = launch.program.display();
    let output = launch.command().current_dir(home).output();
    let Output { status, stderr, .. } =
        output.map_err(|cause| Error::caused_by(format!("could not start {name}"), cause))?;
    if status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&stderr);
    Err(Error::new(format!(
        "{name} made no cluster: {}",
        words.trim()
    )))
}

impl User {
    /// The user to drop to, if this process is root, as whom no server of this kind runs.
    pub(super) fn unless_harmless() -> Result<Option<Self>> {
        match id("-u", None) {
            Some(0) => Self::find().map(Some),
            _ => Ok(None),
        }
    }

    fn find() -> Result<Self> {
        if find_program("setpriv").is_none() {
            return Err(Error::new(
                "Postgres does not run as root, and there is no `setpriv` to drop to another user: \
                 install util-linux, or run the tests as another user",
            ));
        }
        let found = USERS.iter().find_map(|name| {
            Some(Self {
                uid: id("-u", Some(name))?,
                gid: id("-g", Some(name))?,
            })
        });
        found.ok_or_else(|| {
            Error::new("Postgres does not run as root, and there is no user `postgres` or `nobody`")
        })
    }

    /// Makes paths belong to this user.
    pub(super) fn hand_over(&self, paths: &[&Path]) -> Result<()> {
        paths.iter().try_for_each(|path| {
            chown(path, Some(self.uid), Some(self.gid)).map_err(|cause| {
                Error::caused_by("could not prepare a directory for Postgres", cause)
            })
        })
    }

    /// `setpriv` replaces itself by the server, which so keeps its process id.
    pub(super) fn prefix(&self) -> Vec<String> {
        let Self { uid, gid } = self;
        vec![
            "setpriv".into(),
            format!("--reuid={uid}"),
            format!("--regid={gid}"),
            "--clear-groups".into(),
        ]
    }
}

/// Asks `id` for a number of the named user, or of this process.
fn id(which: &str, user: Option<&str>) -> Option<u32> {
    let output = Command::new("id").arg(which).args(user).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
