//! What a worker's user has to be allowed to do.

use std::sync::atomic::{AtomicBool, Ordering};

use resque_core::{Error, Result};

use crate::scripts::PERMISSIONS;
use crate::store::{Store, bytes_of, list_of};

/// Whether the user was found to be allowed everything that a worker needs.
#[derive(Debug, Default)]
pub(crate) struct Permissions(AtomicBool);

impl Store {
    /// Makes sure, before the first job is taken, that no script will be stopped half-way because a
    /// command is forbidden.
    pub(crate) async fn check_permissions(&self) -> Result<()> {
        if self.permissions.0.load(Ordering::Relaxed) {
            return Ok(());
        }
        const WHAT: &str = "look for jobs";
        let call = self.call(&PERMISSIONS, 0, 0);
        let denied = list_of(self.one(WHAT, &call).await?);
        if denied.is_empty() {
            self.permissions.0.store(true, Ordering::Relaxed);
            return Ok(());
        }
        let text = |name| String::from_utf8_lossy(&bytes_of(name)).into_owned();
        let denied: Vec<String> = denied.into_iter().map(text).collect();
        Err(Error::Rejected {
            what: format!("{WHAT} on Redis at {}", self.place()),
            reason: format!("NOPERM the user may not run {}", denied.join(", ")),
            transient: false,
        })
    }
}
