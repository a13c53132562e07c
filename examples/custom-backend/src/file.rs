//! The file: locked, read, changed, and replaced as a whole.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use resque::{Error, Result};

use crate::state::State;

/// A backend that keeps everything in one file, which several processes may share.
///
/// Every operation takes the lock, reads the file, changes it in memory, writes a new file beside
/// it and renames that into place. A process that dies at any point leaves the old file or the new
/// one, never something between: each operation is one step. It is slow and it is safe, which is
/// what makes it a good example.
#[derive(Debug)]
pub struct FileBackend {
    path: PathBuf,
}

impl FileBackend {
    /// Keeps everything in the file at this path, which need not exist yet. Its folder must.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Looks into the state.
    pub(crate) fn read<T>(&self, what: &str, look: impl FnOnce(&State) -> T) -> Result<T> {
        let _lock = self.lock(what)?;
        Ok(look(&self.load(what)?))
    }

    /// Changes the state, in one step. When `change` fails, nothing is written.
    pub(crate) fn write<T>(
        &self,
        what: &str,
        change: impl FnOnce(&mut State) -> Result<T>,
    ) -> Result<T> {
        let _lock = self.lock(what)?;
        let mut state = self.load(what)?;
        let answer = change(&mut state)?;
        self.store(&state)
            .map_err(|source| self.unavailable(what, source))?;
        Ok(answer)
    }

    fn lock(&self, what: &str) -> Result<File> {
        let open = || {
            let file = File::create(self.path.with_extension("lock"))?;
            file.lock()?;
            Ok(file)
        };
        open().map_err(|source| self.unavailable(what, source))
    }

    fn load(&self, what: &str) -> Result<State> {
        match fs::read(&self.path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|source| Error::Corrupt {
                place: self.path.display().to_string(),
                found: source.to_string(),
                expected: "the state that this backend wrote".to_owned(),
            }),
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(State::default()),
            Err(source) => Err(self.unavailable(what, source)),
        }
    }

    fn store(&self, state: &State) -> std::io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(std::io::BufWriter::new(&mut new), state)?;
        new.persist(&self.path)?;
        Ok(())
    }

    /// Nothing was executed, because the rename is the last thing that happens.
    fn unavailable(&self, what: &str, source: std::io::Error) -> Error {
        Error::unavailable(format!("{what} in {}", self.path.display()), source)
    }
}
