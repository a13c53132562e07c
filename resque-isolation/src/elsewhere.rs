//! Systems on which jobs cannot be isolated.

use std::future::Future;

use async_trait::async_trait;
use resque_core::worker::{Isolated, Isolation, Leash, Manner};
use resque_core::{Error, JobContext, Result};

use crate::{Child, Exec, Processes};

/// Does nothing: there are no children on this system.
pub fn child_entry<F, Fut, E>(_child: F)
where
    F: FnOnce() -> Fut + Send,
    Fut: Future<Output = std::result::Result<Child, E>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
}

fn unsupported() -> Error {
    Error::InvalidSetting {
        setting: "isolation".to_owned(),
        reason: "jobs can be isolated on Linux only; let the worker perform them itself".to_owned(),
    }
}

macro_rules! unsupported {
    ($($isolation:ty),*) => {$(
        #[async_trait]
        impl Isolation for $isolation {
            async fn open(&self, _slots: usize, _manner: Manner) -> Result<()> {
                Err(unsupported())
            }
            async fn perform(&self, _job: &JobContext, _leash: &Leash) -> Isolated {
                Isolated::NotStarted
            }
            async fn close(&self) {}
        }
    )*};
}

unsupported!(Processes, Exec);
