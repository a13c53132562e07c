//! What somebody holds under a name, until a time.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

/// One holder under one name: the lock of a unique job, or a place of a concurrency limit.
///
/// Every lease ends by itself: the time until which it is held stands beside it in the store, so
/// that what crashes, is deleted, or is performed by a worker of another make blocks nobody for ever.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lease {
    /// What is held. Any text without control characters, of at most 255 bytes.
    pub name: Arc<str>,
    /// Who holds it: the digest of a job, or the id of a worker.
    pub holder: Arc<str>,
}

impl Lease {
    /// The lease of `holder` on `name`.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, holder: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            holder: holder.into(),
        }
    }

    /// The same lease, held until a time.
    #[must_use]
    pub fn until(&self, until: SystemTime) -> Renewal {
        Renewal {
            lease: self.clone(),
            until,
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}", self.name, self.holder)
    }
}

/// A lease that is to be held until a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// Which one.
    pub lease: Lease,
    /// Until when.
    pub until: SystemTime,
}

/// The lock that a job must get with its push: while anybody holds a lease on the name, no other job
/// with a lock of that name is pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// What is locked, and the digest of the job that locks it.
    pub lease: Lease,
    /// When it is asked for, in store time: whatever is held until then is over.
    pub now: SystemTime,
    /// Until when it is held at the most.
    pub until: SystemTime,
}

/// What a settlement does to leases, in the same step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseChanges {
    /// Leases that are given up.
    pub free: Vec<Lease>,
    /// Leases that are held on, if they still are: never for a shorter time than before.
    pub keep: Vec<Renewal>,
}

impl LeaseChanges {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.free.is_empty() && self.keep.is_empty()
    }
}
