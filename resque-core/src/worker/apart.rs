//! Performs a job in another process: watches its time, and makes sense of its end.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::core::Demand;
use super::executor::Executor;
use super::isolation::{ChildExit, Isolated, Isolation, Leash};
use super::running::Running;
use super::settings::OnTerm;
use crate::{JobContext, JobFailure, Performed};

/// Why a job is asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// Its time is up.
    TimeIsUp(Duration),
    /// Somebody wants it: the worker stops, or a signal or an operator says so.
    Wanted,
}

impl Executor {
    /// Performs a job elsewhere. The job's process is gone when this is done, or free again.
    pub(super) async fn work_apart(
        &self,
        isolation: &dyn Isolation,
        running: &Running,
        ctx: &JobContext,
        timeout: Option<Duration>,
    ) -> Option<Performed> {
        let kill = running.attach_kill();
        if self.core().demand() == Demand::Abandon {
            kill.cancel();
        }
        if let Err(error) = self.hooks().run_before_fork(ctx).await {
            let failure = self.performer().fail(ctx, error.into_failure()).await;
            return Some(Performed::Failed(failure));
        }
        let overdue = Arc::new(OnceLock::new());
        let leash = Leash::new(kill, self.judge(ctx, overdue.clone()));
        let mut work = isolation.perform(ctx, &leash);
        let clock = &self.core().clock;
        let time_is_up = async {
            let Some(timeout) = timeout else {
                return std::future::pending().await;
            };
            leash.time_is_up(clock, timeout).await;
            Why::TimeIsUp(timeout)
        };
        let cancellation = ctx.cancellation();
        let why = tokio::select! {
            biased;
            isolated = &mut work => return self.end(running, ctx, isolated, None).await,
            () = cancellation.cancelled() => Why::Wanted,
            why = time_is_up => why,
        };
        let grace = match why {
            Why::TimeIsUp(timeout) => {
                let _ = overdue.set(timeout);
                ctx.cancel();
                self.core().settings.timeout_grace
            }
            Why::Wanted => self.core().settings.grace(),
        };
        if !grace.is_zero() {
            leash.term().cancel();
            tokio::select! {
                biased;
                isolated = &mut work => return self.end(running, ctx, isolated, Some(why)).await,
                () = leash.kill().cancelled() => {}
                () = clock.sleep(grace) => {}
            }
        }
        leash.kill().cancel();
        let isolated = work.await;
        self.end(running, ctx, isolated, Some(why)).await
    }

    async fn end(
        &self,
        running: &Running,
        ctx: &JobContext,
        isolated: Isolated,
        asked: Option<Why>,
    ) -> Option<Performed> {
        let failure = match (isolated, asked) {
            (Isolated::Performed(Performed::Failed(failure)), why) => {
                // Unless its failure was judged before its hooks were told.
                let failure = match failure.decision {
                    Some(_) => failure,
                    None => self.performer().decide(ctx, said(timeout(why), failure)),
                };
                return Some(Performed::Failed(failure));
            }
            (Isolated::Performed(performed), _) => return Some(performed),
            (Isolated::Failed(failure), why) => said(timeout(why), failure),
            (Isolated::Died(_), Some(Why::TimeIsUp(timeout))) => overdue(timeout),
            (Isolated::NotStarted, _) => {
                running.has_not_begun();
                return None;
            }
            (Isolated::Died(_), _) if self.gives_back() => return None,
            (Isolated::Died(exit), _) => self.account(ctx, exit),
        };
        Some(Performed::Failed(self.performer().fail(ctx, failure).await))
    }

    /// What the worker makes of the failure of a job before its hooks are told: only the worker knows
    /// the store, its time, and why the job was asked to stop.
    fn judge(
        &self,
        ctx: &JobContext,
        overdue: Arc<OnceLock<Duration>>,
    ) -> impl Fn(JobFailure) -> JobFailure + Send + Sync + 'static {
        let (performer, ctx) = (self.performer().clone(), ctx.clone());
        move |failure| performer.decide(&ctx, said(overdue.get().copied(), failure))
    }

    /// The failure of a job whose process died under it.
    fn account(&self, ctx: &JobContext, exit: ChildExit) -> JobFailure {
        tracing::warn!(%exit, class = ctx.class(), "the process of a job ended before the job did");
        let host = ctx.worker().map_or("", |worker| worker.host());
        let account = exit.account(self.core().store_clock.now(), host);
        exit.failure().with_death(account)
    }

    /// Whether a job whose process dies now was ended by the stop of this worker, and goes back to
    /// its queue.
    fn gives_back(&self) -> bool {
        let core = self.core();
        core.demand() > Demand::Nothing && core.settings.on_term == OnTerm::Release
    }
}

/// The failure of a job that did not end in its time.
pub(super) fn overdue(timeout: Duration) -> JobFailure {
    let text = format!("The job did not end within {timeout:?}");
    JobFailure::new("Resque::JobTimeout", text)
}

/// The time that was up, if that is why a job was asked to stop.
fn timeout(why: Option<Why>) -> Option<Duration> {
    match why {
        Some(Why::TimeIsUp(timeout)) => Some(timeout),
        Some(Why::Wanted) | None => None,
    }
}

/// What a job says whose time may have been up.
fn said(timeout: Option<Duration>, failure: JobFailure) -> JobFailure {
    match timeout {
        Some(timeout) => said_when_asked(timeout, &failure),
        None => failure,
    }
}

/// The failure of a job that ended only when it was asked to, badly.
pub(super) fn said_when_asked(timeout: Duration, said: &JobFailure) -> JobFailure {
    let JobFailure {
        exception, error, ..
    } = said;
    let text = format!(
        "The job did not end within {timeout:?}; asked to stop, it said: {exception}: {error}"
    );
    JobFailure::new("Resque::JobTimeout", text)
}
