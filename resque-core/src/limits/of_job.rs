//! The limits of one job: the names and holders that a store sees.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;

use super::policy::{Amount, Key};
use super::unique::Ends;
use super::{JobLimits, Lease, LeaseChanges, Lock, Rate, Unique};
use crate::wire::sha1_hex;
use crate::{Outcome, WorkerId, args};

/// The limits of a class, whatever its arguments are decoded to.
pub(crate) trait Limiting: Send + Sync {
    /// What applies to the job with these arguments. A job whose arguments do not fit has no limits:
    /// it will fail as soon as it is performed.
    fn of(&self, class: &str, args: &str) -> Option<Wanted>;
}

/// What one job is to get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The digest of class and arguments.
    pub(crate) job: Arc<str>,
    pub(crate) unique: Option<(Unique, Arc<str>)>,
    pub(crate) places: Vec<(Arc<str>, u32)>,
    pub(crate) tokens: Vec<(Arc<str>, Rate)>,
}

/// What a job of ours holds while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Leases {
    pub(crate) places: Vec<Lease>,
    /// The lock of a job that is unique until it is done, and its life.
    pub(crate) lock: Option<(Lease, Duration)>,
}

/// The digest by which jobs of the same class and arguments are the same.
pub(crate) fn identity(class: &str, args: &str) -> Arc<str> {
    sha1_hex(&[class.as_bytes(), b"\0", args.as_bytes()]).into()
}

/// The name of something that is counted: `<kind>:<key>`, or a digest in place of a key that not
/// every store can keep.
pub(crate) fn name(kind: &str, key: &str) -> Arc<str> {
    const LONGEST_KEY: usize = 200;
    if key.len() > LONGEST_KEY || key.chars().any(char::is_control) {
        let digest = sha1_hex(&[key.as_bytes()]);
        return format!("{kind}:#{digest}").into();
    }
    format!("{kind}:{key}").into()
}

impl<J: DeserializeOwned> JobLimits<J> {
    /// Whether the arguments have to be looked at.
    fn looks_inside(&self) -> bool {
        let keys = self.needs.iter().map(|(_, key)| key);
        let unique = self.unique.as_ref().map(|(_, key)| key);
        keys.chain(unique).any(|key| matches!(key, Key::By(_)))
    }
}

impl<J: DeserializeOwned> Limiting for JobLimits<J> {
    fn of(&self, class: &str, text: &str) -> Option<Wanted> {
        let decoded = if self.looks_inside() {
            Some(args::from_json::<J>(text).ok()?)
        } else {
            None
        };
        let key = |key: &Key<J>, whole: &str| match (key, &decoded) {
            (Key::By(key), Some(job)) => key(job),
            _ => whole.to_owned(),
        };
        let job = identity(class, text);
        let mut wanted = Wanted {
            unique: self.unique.as_ref().map(|(unique, by)| {
                let key = key(by, &job);
                (*unique, name("unique", &format!("{class}:{key}")))
            }),
            job,
            places: Vec::new(),
            tokens: Vec::new(),
        };
        for (amount, by) in &self.needs {
            match amount {
                Amount::Places(of) => wanted.places.push((name("at_most", &key(by, class)), *of)),
                Amount::Tokens(rate) => wanted.tokens.push((name("rate", &key(by, class)), *rate)),
            }
        }
        Some(wanted)
    }
}

impl Wanted {
    /// The lock that the job must get to be pushed.
    pub(crate) fn lock(&self, now: SystemTime, due: Option<SystemTime>) -> Option<Lock> {
        let (unique, name) = self.unique.as_ref()?;
        let begins = match unique.ends {
            Ends::Never => now,
            Ends::AtStart | Ends::WhenDone => due.unwrap_or(now).max(now),
        };
        Some(Lock {
            lease: Lease::new(name.clone(), self.job.clone()),
            now,
            until: after(begins, unique.life),
        })
    }

    /// The lock that is given up when the job starts.
    #[cfg(feature = "worker")]
    pub(crate) fn freed_at_start(&self) -> Option<Lease> {
        let (unique, name) = self.unique.as_ref()?;
        (unique.ends == Ends::AtStart).then(|| Lease::new(name.clone(), self.job.clone()))
    }

    /// The lock that is given up when the job is taken out of its queue.
    pub(crate) fn freed_by_removal(&self) -> Option<Lease> {
        let (unique, name) = self.unique.as_ref()?;
        (unique.ends != Ends::Never).then(|| Lease::new(name.clone(), self.job.clone()))
    }

    /// What a worker holds while the job runs, once its claim is granted.
    pub(crate) fn leases(&self, worker: &WorkerId) -> Leases {
        let holder: Arc<str> = worker.as_str().into();
        let place = |(name, _): &(Arc<str>, u32)| Lease::new(name.clone(), holder.clone());
        let lock = self.unique.as_ref().and_then(|(unique, name)| {
            let lease = Lease::new(name.clone(), self.job.clone());
            (unique.ends == Ends::WhenDone).then_some((lease, unique.life))
        });
        Leases {
            places: self.places.iter().map(place).collect(),
            lock,
        }
    }

    /// What becomes of leases when the job was performed without having claimed anything.
    #[cfg(feature = "testing")]
    pub(crate) fn unclaimed(
        &self,
        worker: &WorkerId,
        outcome: &Outcome,
        now: SystemTime,
    ) -> Option<Box<LeaseChanges>> {
        let mut changes = self
            .leases(worker)
            .changes(outcome, now)
            .unwrap_or_default();
        changes.free.extend(self.freed_at_start());
        (!changes.is_empty()).then_some(changes)
    }

    /// Whether the job has to ask before it starts.
    #[cfg(feature = "worker")]
    pub(crate) fn claims(&self) -> bool {
        let frees = self.unique.as_ref().map(|(unique, _)| unique.ends);
        !self.places.is_empty() || !self.tokens.is_empty() || frees == Some(Ends::AtStart)
    }
}

impl Leases {
    #[cfg(feature = "worker")]
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty() && self.lock.is_none()
    }

    /// What becomes of the leases when the job is settled at `now`.
    pub(crate) fn changes(&self, outcome: &Outcome, now: SystemTime) -> Option<Box<LeaseChanges>> {
        let mut changes = LeaseChanges {
            free: self.places.clone(),
            keep: Vec::new(),
        };
        let comes_again = match outcome {
            Outcome::RetryAt { at, .. } | Outcome::Defer(at) => Some((*at).max(now)),
            Outcome::Release | Outcome::ReleaseAs { .. } => Some(now),
            _ => None,
        };
        match (&self.lock, comes_again) {
            (None, _) => {}
            (Some((lock, _)), None) => changes.free.push(lock.clone()),
            (Some((lock, life)), Some(at)) => changes.keep.push(lock.until(after(at, *life))),
        }
        (!changes.is_empty()).then(|| Box::new(changes))
    }
}

/// A time, or the last one that is certain to be told by every store.
pub(crate) fn after(time: SystemTime, span: Duration) -> SystemTime {
    const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);
    let span = span.min(LONGEST);
    time.checked_add(span).unwrap_or(time)
}
