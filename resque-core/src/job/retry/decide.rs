//! Takes the one decision after a failed attempt.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::delays::LONGEST_WAIT;
use super::{Decision, RetryPolicy, Verdict};
use crate::{JobContext, JobFailure, Performer};

impl Performer {
    /// Decides what becomes of a job whose attempt failed, unless that is decided already, and
    /// notes it in the failure.
    ///
    /// [`perform`](Self::perform) and [`fail`](Self::fail) do it by themselves.
    #[must_use]
    pub fn decide(&self, ctx: &JobContext, mut failure: JobFailure) -> JobFailure {
        if failure.decision.is_none() {
            failure.decision = Some(self.decision(ctx, &failure));
        }
        failure
    }

    fn decision(&self, ctx: &JobContext, failure: &JobFailure) -> Decision {
        let policy = ctx.retry_policy();
        // What is no job cannot become one by waiting.
        if ctx.class().is_empty() || policy.is_none() && has_no_say(failure.verdict) {
            return Decision::Fail;
        }
        let now = self.environment.now();
        if let Some(policy) = policy
            && failure.death.is_some()
            && ctx.deaths() + 1 >= policy.max_deaths
        {
            return Decision::Quarantine;
        }
        let decision = Question { ctx, failure, now }
            .answer(&policy.cloned().unwrap_or_default(), || {
                self.environment.random()
            });
        match decision {
            Decision::RetryAt(_) | Decision::SnoozeUntil(_)
                if !self.environment.lets_jobs_wait() =>
            {
                self.environment.warn_of_no_delay(ctx);
                Decision::Fail
            }
            decision => decision,
        }
    }
}

/// Whether a job without a policy fails with this.
fn has_no_say(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Policy | Verdict::Fail)
}

/// A failed attempt.
struct Question<'a> {
    ctx: &'a JobContext,
    failure: &'a JobFailure,
    now: SystemTime,
}

impl Question<'_> {
    fn answer(&self, policy: &Arc<RetryPolicy>, random: impl FnOnce() -> f64) -> Decision {
        let attempt = self.ctx.attempt();
        match policy.verdict(self.failure, attempt) {
            Verdict::Discard => Decision::Discard,
            Verdict::Snooze(delay) => Decision::SnoozeUntil(self.after(delay)),
            // Within what every store can write down.
            Verdict::SnoozeUntil(at) => {
                Decision::SnoozeUntil(at.clamp(self.now, self.after(LONGEST_WAIT)))
            }
            Verdict::Retry => self.within_limits(policy, policy.delay(attempt, random)),
            Verdict::RetryIn(delay) => self.within_limits(policy, delay),
            Verdict::Policy | Verdict::Fail => Decision::Fail,
        }
    }

    fn within_limits(&self, policy: &RetryPolicy, delay: Duration) -> Decision {
        let at = self.after(delay);
        let first = self.ctx.first_attempt().unwrap_or(self.now);
        let age = at.duration_since(first).unwrap_or_default();
        let too_old = policy.max_age.is_some_and(|most| age > most);
        if too_old || self.ctx.attempt() >= policy.max_attempts {
            Decision::Fail
        } else {
            Decision::RetryAt(at)
        }
    }

    fn after(&self, delay: Duration) -> SystemTime {
        self.now + delay.min(2 * LONGEST_WAIT)
    }
}
