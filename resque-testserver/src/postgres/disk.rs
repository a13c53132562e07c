//! A disk that is soon full.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cluster::Installation;
use crate::guard::Guard;
use crate::{Error, Result, scratch};

/// Takes the disk away, even from under a server that still uses it.
const CLEAN_UP: &str = "umount -l \"$1\"; rmdir \"$1\"";

/// A file system in memory of a few megabytes, which a Postgres of this machine may write to.
///
/// It goes away when this value is dropped or the test process ends.
#[derive(Debug)]
pub struct TinyDisk {
    path: PathBuf,
    // Unmounts it when it is dropped.
    _guard: Guard,
}

impl TinyDisk {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// Only root may mount something, and not in every container.
    pub fn new(megabytes: u32) -> Result<Self> {
        let path = scratch::directory()?;
        let options = format!("size={megabytes}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "resque-test"]);
        let mounted = mount.arg(&path).output();
        let mounted =
            mounted.map_err(|cause| Error::caused_by("could not start `mount`", cause))?;
        if !mounted.status.success() {
            let _ = std::fs::remove_dir(&path);
            let words = String::from_utf8_lossy(&mounted.stderr);
            return Err(Error::new(format!("no disk was mounted: {}", words.trim())));
        }
        let guard = Guard::new(CLEAN_UP, &[OsStr::new(&path)])?;
        let disk = Self {
            path,
            _guard: guard,
        };
        Installation::find()?.hand_over(&[&disk.path])?;
        Ok(disk)
    }

    /// Returns where it is: an empty directory.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
