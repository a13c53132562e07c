//! How often, when and after which errors a job is tried again.

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::Verdict;
use super::delays::Delays;
use crate::JobFailure;
use crate::args::ArgumentError;
use crate::wire::extra::MOST_DEATHS;

type Decide = Arc<dyn Fn(&JobFailure, u32) -> Verdict + Send + Sync>;

/// How often, when and after which errors a job is tried again.
///
/// A class has one by [`Job::retry`](crate::Job::retry) or
/// [`Handlers::retry_class`](crate::Handlers::retry_class), all others by
/// [`Handlers::retry`](crate::Handlers::retry). Without one a job that fails goes to the failed
/// list, as in Resque.
///
/// The default tries a job ten times within about an hour and a half: after ten seconds, then each
/// time after twice as long, at most an hour, and each time up to a quarter longer, so that jobs
/// that failed together do not come back together.
///
/// ```
/// use std::time::Duration;
///
/// use resque_core::{RetryPolicy, Verdict};
///
/// let policy = RetryPolicy::exponential(Duration::from_secs(1), Duration::from_secs(60))
///     .max_attempts(5)
///     .max_age(Duration::from_secs(3_600))
///     .on_error::<std::num::ParseIntError>(Verdict::Fail)
///     .on("Mail::Bounced", Verdict::Discard);
/// let polite = RetryPolicy::custom(|failure, attempt| match &*failure.exception {
///     "RateLimited" => Verdict::Snooze(Duration::from_secs(30)),
///     _ => Verdict::RetryIn(Duration::from_secs(5) * attempt),
/// });
/// # drop((policy, polite));
/// ```
#[derive(Clone)]
#[must_use]
pub struct RetryPolicy {
    delays: Delays,
    jitter: f64,
    pub(super) max_attempts: u32,
    pub(super) max_age: Option<Duration>,
    pub(super) max_deaths: usize,
    rules: Vec<(Cow<'static, str>, Verdict)>,
    decide: Option<Decide>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::exponential(Duration::from_secs(10), Duration::from_secs(3_600))
    }
}

/// What a policy is made of.
impl RetryPolicy {
    /// Waits for `first` before the second attempt, and each time twice as long as before, at most
    /// `longest`; with a jitter of a quarter. Ten attempts if nothing else is said.
    pub fn exponential(first: Duration, longest: Duration) -> Self {
        Self::of(Delays::Doubling { first, longest }).jitter(0.25)
    }

    /// Waits for the same time before each attempt, without jitter. Ten attempts if nothing else is
    /// said.
    pub fn fixed(delay: Duration) -> Self {
        Self::of(Delays::Fixed(delay))
    }

    /// Waits for these times, one after the other, without jitter: one attempt more than there are
    /// delays. With more [`max_attempts`](Self::max_attempts) the last delay goes on.
    pub fn list(delays: impl IntoIterator<Item = Duration>) -> Self {
        let delays: Arc<[_]> = delays.into_iter().collect();
        let attempts = u32::try_from(delays.len()).unwrap_or(u32::MAX);
        Self::of(Delays::List(delays)).max_attempts(attempts.saturating_add(1))
    }

    /// Asks `decide` after each failed attempt, with the number of that attempt. Its
    /// [`Verdict::Policy`] and [`Verdict::Retry`] mean the default's delays. Ten attempts if nothing
    /// else is said.
    ///
    /// It is asked once for each failed attempt, in the worker's process or, when that was lost, in one
    /// that noticed; if it panics, the job goes to the failed list.
    pub fn custom<F>(decide: F) -> Self
    where
        F: Fn(&JobFailure, u32) -> Verdict + Send + Sync + 'static,
    {
        Self {
            decide: Some(Arc::new(decide)),
            ..Self::default()
        }
    }

    /// Never tries again: for a class that is to be an exception from what all others do.
    pub fn never() -> Self {
        Self::fixed(Duration::ZERO).max_attempts(1)
    }

    fn of(delays: Delays) -> Self {
        Self {
            delays,
            jitter: 0.0,
            max_attempts: 10,
            max_age: None,
            max_deaths: 3,
            rules: Vec::new(),
            decide: None,
        }
    }

    /// Lengthens each delay by a random part of up to `part` of it, from 0.0 to 1.0.
    pub fn jitter(mut self, part: f64) -> Self {
        self.jitter = if part.is_nan() {
            0.0
        } else {
            part.clamp(0.0, 1.0)
        };
        self
    }

    /// Tries a job so many times in all, the first one included.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Begins no attempt later than so long after the first one began.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Keeps a job in the failed list once so many workers, or processes of workers, were lost with
    /// it in their hands, from 1 to 10; three if nothing is said.
    pub fn max_deaths(mut self, deaths: usize) -> Self {
        self.max_deaths = deaths.clamp(1, MOST_DEATHS);
        self
    }

    /// What errors of this name mean, as the failed list shows them, unless they say something else
    /// themselves.
    pub fn on(mut self, exception: impl Into<Cow<'static, str>>, verdict: Verdict) -> Self {
        self.rules.push((exception.into(), verdict));
        self
    }

    /// What errors of this type mean, unless they say something else themselves. It is about errors
    /// that `?` turned into a [`JobError`](crate::JobError) and that were not renamed.
    pub fn on_error<E: std::error::Error>(self, verdict: Verdict) -> Self {
        self.on(std::any::type_name::<E>(), verdict)
    }
}

impl RetryPolicy {
    /// How many attempts there are at most.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.max_attempts
    }

    /// What to do after a failure: what the error says itself, what the rules say of its kind, what
    /// the custom function says, in this order. Never [`Verdict::Policy`].
    pub(super) fn verdict(&self, failure: &JobFailure, attempt: u32) -> Verdict {
        let rule = || {
            let mut rules = self.rules.iter().rev();
            let fits = |(exception, _): &&(Cow<'_, str>, _)| *exception == failure.exception;
            rules.find(fits).map(|(_, verdict)| *verdict)
        };
        let asked = || {
            let decide = self.decide.as_ref()?;
            Some(ask(decide, failure, attempt))
        };
        let says_something = |verdict: &Verdict| *verdict != Verdict::Policy;
        Some(failure.verdict)
            .filter(says_something)
            .or_else(|| rule().filter(says_something))
            .or_else(|| asked().filter(says_something))
            .unwrap_or_else(|| by_nature(failure))
    }

    /// How long to wait after so many attempts.
    pub(super) fn delay(&self, attempts: u32, random: impl FnOnce() -> f64) -> Duration {
        let random = if self.jitter > 0.0 { random() } else { 0.0 };
        self.delays.after(attempts, self.jitter, random)
    }
}

/// Arguments that do not fit will not fit the next time either; anything else may pass.
fn by_nature(failure: &JobFailure) -> Verdict {
    if failure.exception == ArgumentError::EXCEPTION {
        Verdict::Fail
    } else {
        Verdict::Retry
    }
}

fn ask(decide: &Decide, failure: &JobFailure, attempt: u32) -> Verdict {
    // It also runs where the upkeep of the worker is done, which a panic must not end.
    catch_unwind(AssertUnwindSafe(|| decide(failure, attempt))).unwrap_or_else(|_| {
        tracing::error!("a retry policy panicked; the job goes to the failed list");
        Verdict::Fail
    })
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("delays", &self.delays)
            .field("jitter", &self.jitter)
            .field("max_attempts", &self.max_attempts)
            .field("max_age", &self.max_age)
            .field("max_deaths", &self.max_deaths)
            .field("rules", &self.rules)
            .field("custom", &self.decide.is_some())
            .finish()
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
