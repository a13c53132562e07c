//! What a reserved job needs before it starts.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Lease, Rate, Renewal};

/// How far into the future a refused job is sent at the most. So what was promised to jobs that
/// were removed meanwhile holds up others for no longer than this.
pub const LONGEST_TURN: Duration = Duration::from_secs(300);

/// How long a refused job stands in line after the time it was sent to.
pub const TURN_KEPT: Duration = Duration::from_secs(60);

/// How late a refused job may come for a token without holding up those behind it.
pub const TURN_LATE: Duration = Duration::from_secs(1);

/// What a reserved job needs before it starts: everything, or nothing is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The digest of the job's class and arguments, by which it is known again in the line of those
    /// who were refused. Jobs with the same digest are one as good as the other.
    pub job: Arc<str>,
    /// What it needs; may be nothing.
    pub needs: Vec<Need>,
    /// What is given up in the step that grants the claim: the lock of a job that is unique until
    /// it starts.
    pub frees: Option<Lease>,
}

/// One thing that a job needs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Need {
    /// One of the places under a name.
    Place {
        /// The lease it becomes, and until when.
        lease: Renewal,
        /// How many places there are.
        of: u32,
        /// In which intervals refused jobs are sent to come again.
        apart: Duration,
    },
    /// A token out of the bucket of a name.
    Token {
        /// The name.
        name: Arc<str>,
        /// How fast it fills.
        rate: Rate,
    },
}

impl Need {
    /// Under which name it is counted.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        match self {
            Self::Place { lease, .. } => &lease.lease.name,
            Self::Token { name, .. } => name,
        }
    }
}

/// The answer to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The job may start.
    Granted,
    /// It has to wait; nothing was taken. It should come again at this time, which lies behind
    /// those given to others before.
    Wait(SystemTime),
}
