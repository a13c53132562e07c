//! The jobs that this example performs.

use std::time::Duration;

use resque::{Job, JobContext, JobError, JobResult};
use serde::{Deserialize, Serialize};

use crate::{Ledger, Step};

/// Writes into the ledger that it started, works for a while, and writes that it came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Tells this job from all others.
    pub number: u64,
    /// How long it takes.
    #[serde(default)]
    pub milliseconds: u64,
}

impl Job for Work {
    const CLASS: &'static str = "Work";
    const QUEUE: &'static str = "work";

    async fn perform(self, ctx: &JobContext) -> JobResult {
        let ledger = ctx.state::<Ledger>()?;
        let write = |step| {
            ledger
                .write(step, self.number)
                .map_err(|error| JobError::new("LedgerError", error.to_string()))
        };
        write(Step::Started)?;
        ctx.clock()
            .sleep(Duration::from_millis(self.milliseconds))
            .await;
        write(Step::Ended)
    }
}

/// Takes its whole process down, as a fault in a C library would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poison {}

impl Job for Poison {
    const CLASS: &'static str = "Poison";
    const QUEUE: &'static str = "work";

    async fn perform(self, _: &JobContext) -> JobResult {
        std::process::abort()
    }
}
