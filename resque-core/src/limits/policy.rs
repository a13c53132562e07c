//! What a job type says about its limits.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{Limiting, Rate, Unique};

/// What a key is made of.
pub(super) enum Key<J: ?Sized> {
    /// The class, or for a unique job its class and arguments: nothing has to be decoded.
    Whole,
    /// The job itself.
    By(Box<dyn Fn(&J) -> String + Send + Sync>),
}

/// How much there is of something that jobs need.
#[derive(Clone, Copy)]
pub(super) enum Amount {
    Places(u32),
    Tokens(Rate),
}

/// The limits of a job type, said by [`Job::limits`](crate::Job::limits) or
/// [`Handlers::limits`](crate::Handlers::limits): which jobs are the same, how many may run at once
/// and how many may start in a time, over all processes that use the store.
///
/// A job that has to wait for its turn is put among the delayed jobs without an attempt being
/// counted and comes again by itself; it takes no slot meanwhile. All processes have to say the same.
///
/// ```
/// use resque_core::{Job, JobContext, JobLimits, JobResult, Rate, Unique};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Archive {
///     repo_id: u64,
///     branch: String,
/// }
///
/// impl Job for Archive {
///     const CLASS: &'static str = "Archive";
///     const QUEUE: &'static str = "file_serve";
///
///     fn limits() -> JobLimits<Self> {
///         JobLimits::new()
///             .unique(Unique::until_done())
///             .at_most_by(2, |job: &Self| format!("repository {}", job.repo_id))
///             .rate(Rate::per_minute(30))
///     }
///
///     async fn perform(self, _ctx: &JobContext) -> JobResult {
///         Ok(())
///     }
/// }
/// ```
pub struct JobLimits<J: ?Sized> {
    pub(super) unique: Option<(Unique, Key<J>)>,
    pub(super) needs: Vec<(Amount, Key<J>)>,
}

impl<J: ?Sized> JobLimits<J> {
    /// No limits.
    #[must_use]
    pub fn new() -> Self {
        Self {
            unique: None,
            needs: Vec::new(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.unique.is_none() && self.needs.is_empty()
    }

    /// Enqueues no job with the class and the arguments of one that is there already, in whatever
    /// queue.
    #[must_use]
    pub fn unique(mut self, unique: Unique) -> Self {
        self.unique = Some((unique, Key::Whole));
        self
    }

    /// Enqueues no job of the class with the same key as one that is there already, in whatever
    /// queue.
    #[must_use]
    pub fn unique_by<K, F>(mut self, unique: Unique, key: F) -> Self
    where
        K: Into<String>,
        F: Fn(&J) -> K + Send + Sync + 'static,
    {
        self.unique = Some((unique, by(key)));
        self
    }

    /// Runs at most so many jobs of the class at once.
    #[must_use]
    pub fn at_most(mut self, jobs: u32) -> Self {
        self.needs.push((Amount::Places(jobs), Key::Whole));
        self
    }

    /// Runs at most so many jobs with the same key at once. Classes that name the same key share
    /// its places.
    #[must_use]
    pub fn at_most_by<K, F>(mut self, jobs: u32, key: F) -> Self
    where
        K: Into<String>,
        F: Fn(&J) -> K + Send + Sync + 'static,
    {
        self.needs.push((Amount::Places(jobs), by(key)));
        self
    }

    /// Starts jobs of the class only so often.
    #[must_use]
    pub fn rate(mut self, rate: Rate) -> Self {
        self.needs.push((Amount::Tokens(rate), Key::Whole));
        self
    }

    /// Starts jobs with the same key only so often. Classes that name the same key share its rate.
    #[must_use]
    pub fn rate_by<K, F>(mut self, rate: Rate, key: F) -> Self
    where
        K: Into<String>,
        F: Fn(&J) -> K + Send + Sync + 'static,
    {
        self.needs.push((Amount::Tokens(rate), by(key)));
        self
    }
}

impl<J: DeserializeOwned + 'static> JobLimits<J> {
    /// The same behind a pointer, if there are any.
    pub(crate) fn erased(self) -> Option<Arc<dyn Limiting>> {
        (!self.is_empty()).then(|| Arc::new(self) as _)
    }
}

fn by<J, K, F>(key: F) -> Key<J>
where
    J: ?Sized,
    K: Into<String>,
    F: Fn(&J) -> K + Send + Sync + 'static,
{
    Key::By(Box::new(move |job| key(job).into()))
}

impl<J: ?Sized> Default for JobLimits<J> {
    fn default() -> Self {
        Self::new()
    }
}

impl<J: ?Sized> fmt::Debug for JobLimits<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobLimits")
            .field("unique", &self.unique.as_ref().map(|(unique, _)| unique))
            .field("needs", &self.needs.len())
            .finish()
    }
}
