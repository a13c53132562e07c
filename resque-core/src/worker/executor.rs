//! Performs reserved jobs as tasks of the application's runtime.
//!
//! The engine hands over whole batches with one message; a crew performs each of them within the
//! runtime, where starting is cheap; what became of the jobs goes back to their pools.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tracing::Instrument;

use super::apart::{overdue, said_when_asked};
use super::core::{Core, Demand};
use super::crew::Crew;
use super::job_log::log_end;
use super::moments::Moment;
use super::running::Running;
use super::settings::OnTerm;
use super::{Ending, Event};
use crate::wire::extra::Extras;
use crate::{
    Decision, FailureRecord, JobContext, JobFailure, Outcome, Performed, Performer, Settlement,
    WorkerHooks,
};

/// A job that runs no more, on its way back to its pool.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) running: Arc<Running>,
    /// How it is settled; `None` if it was dropped and goes back to its queue.
    pub(crate) settlement: Option<Settlement>,
}

/// Performs jobs.
#[derive(Debug)]
pub(crate) struct Executor {
    core: Arc<Core>,
    performer: Performer,
    hooks: WorkerHooks,
    /// Calls hooks, as long as the worker is there.
    moments: mpsc::WeakUnboundedSender<Moment>,
    /// Where the jobs of each pool go when they have ended.
    results: Vec<mpsc::UnboundedSender<Finished>>,
}

impl Executor {
    pub(crate) fn new(
        core: Arc<Core>,
        performer: Performer,
        hooks: WorkerHooks,
        moments: mpsc::WeakUnboundedSender<Moment>,
        results: Vec<mpsc::UnboundedSender<Finished>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            core,
            performer,
            hooks,
            moments,
            results,
        })
    }

    /// Starts every job that comes, until the engine has gone.
    pub(crate) async fn dispatch(
        self: Arc<Self>,
        mut batches: mpsc::UnboundedReceiver<Vec<Arc<Running>>>,
    ) {
        while let Some(batch) = batches.recv().await {
            Crew::start(self.clone(), batch);
        }
    }

    /// A job waits for something and has become a task that can be dropped.
    pub(super) fn attach(&self, running: &Running, task: AbortHandle) {
        running.attach_handle(task);
        if self.core.demand() == Demand::Abandon {
            running.abandon();
        }
    }

    pub(super) fn core(&self) -> &Core {
        &self.core
    }

    pub(super) fn performer(&self) -> &Performer {
        &self.performer
    }

    pub(super) fn hooks(&self) -> &WorkerHooks {
        &self.hooks
    }

    /// Performs a job; `None` if it goes back to its queue: the worker stops and has ended it, or
    /// it was never begun.
    async fn attempt(&self, running: &Running, ctx: &JobContext) -> Option<Performed> {
        let meters = self.core.events.meters().started(ctx);
        let started = (meters.is_some() || self.core.events.heard()).then(|| {
            self.core.events.tell(|| Event::JobStarted(ctx.into()));
            self.core.clock.monotonic()
        });
        let timeout = ctx.timeout().or(self.core.settings.job_timeout);
        let end = match (&self.core.settings.isolation, timeout) {
            (None, None) => Some(self.work(ctx).await),
            // On the heap, so that a job without a timeout is a small task.
            (None, Some(timeout)) => Some(Box::pin(self.work_in_time(ctx, timeout)).await),
            (Some(isolation), timeout) => {
                Box::pin(self.work_apart(&**isolation, running, ctx, timeout)).await
            }
        };
        if let (Some(started), Some(performed)) = (started, &end) {
            let elapsed = self.core.clock.monotonic().saturating_sub(started);
            if let Some(meters) = meters {
                meters.ended(performed, elapsed);
            }
            self.core.events.tell(|| Event::JobFinished {
                job: ctx.into(),
                ending: ending(performed),
                elapsed,
            });
        }
        end
    }

    async fn work(&self, ctx: &JobContext) -> Performed {
        let hooks = async {
            self.hooks.run_before_fork(ctx).await?;
            self.hooks.run_after_fork(ctx).await
        };
        match hooks.await {
            Ok(()) => self.performer.perform(ctx).await,
            Err(error) => Performed::Failed(self.performer.fail(ctx, error.into_failure()).await),
        }
    }

    /// Performs a job; when its time is up, asks it to stop, and when it does not, drops it.
    async fn work_in_time(&self, ctx: &JobContext, timeout: Duration) -> Performed {
        let clock = &self.core.clock;
        let deadline = clock.monotonic().saturating_add(timeout);
        let mut work = Box::pin(self.work(ctx));
        if let Some(performed) = until(work.as_mut(), || clock.sleep_until(deadline)).await {
            return performed;
        }
        ctx.cancel();
        let grace = self.core.settings.timeout_grace;
        let said = until(work.as_mut(), || clock.sleep(grace)).await;
        let failure = match said {
            Some(Performed::Failed(failure)) => said_when_asked(timeout, &failure),
            Some(performed) => return performed,
            None => overdue(timeout),
        };
        // What the application drops here may panic as well.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(work)));
        Performed::Failed(self.performer.fail(ctx, failure).await)
    }

    /// How a job is settled; `None` if it goes back to its queue when the worker leaves.
    fn settlement(
        &self,
        running: &Running,
        ctx: &JobContext,
        end: Option<Performed>,
    ) -> Option<Settlement> {
        let receipt = running.receipt().clone();
        let Some(performed) = end else {
            if self.core.demand() > Demand::Nothing {
                return None;
            }
            self.given_back(running, ctx);
            return Some(Settlement::release(receipt));
        };
        Some(performed.settlement(ctx, receipt, || self.core.store_clock.now()))
    }
}

/// Waits for the work, but no longer than the timer, which is made only if the work does not end at
/// once.
async fn until<W, T>(mut work: Pin<&mut W>, timer: impl FnOnce() -> T) -> Option<W::Output>
where
    W: Future,
    T: Future<Output = ()> + Unpin,
{
    if let Some(done) = poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
    {
        return Some(done);
    }
    let mut timer = timer();
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => timer.poll_unpin(context).map(|()| None),
    })
    .await
}

/// What an ended job leaves to the next one of the same runner.
pub(super) struct Legacy {
    pub(super) executor: Arc<Executor>,
    context: Option<JobContext>,
}

impl From<Arc<Executor>> for Legacy {
    fn from(executor: Arc<Executor>) -> Self {
        Self {
            executor,
            context: None,
        }
    }
}

/// Performs one job to its end, unless it is to be dropped before it has begun.
pub(super) async fn perform(legacy: Legacy, running: Arc<Running>) -> Option<Legacy> {
    let mut duty = Duty::new(legacy.executor, running);
    let (executor, running) = duty.0.as_ref()?;
    if executor.core.demand() == Demand::Abandon {
        return None;
    }
    let ctx = match legacy.context {
        Some(used) => executor.performer.prepare_in(used, &running.reservation),
        None => executor.performer.prepare((&running.reservation).into()),
    };
    running.attach_context(ctx.clone());
    if executor.core.demand() > Demand::Nothing || running.is_cancelled() {
        ctx.cancel();
    }
    let span = tracing::info_span!(
        "job",
        class = ctx.class(),
        queue = ctx.queue(),
        worker = %running.reservation.worker,
        attempt = ctx.attempt(),
    );
    if let Some(hook) = &executor.core.settings.span_hook
        && !span.is_disabled()
    {
        hook.show(&span, &ctx);
    }
    let attempt = executor.attempt(running, &ctx);
    let end = if span.is_disabled() {
        attempt.await
    } else {
        span.in_scope(|| tracing::info!("started"));
        let end = Box::pin(attempt.instrument(span.clone())).await;
        span.in_scope(|| log_end(end.as_ref()));
        end
    };
    // Whoever hears of the end of the job may end the process, and its span is over by then.
    drop(span);
    // Nobody is told of a job that goes back to its queue but by its duty.
    let settlement = executor.settlement(running, &ctx, end)?;
    let executor = duty.tell(Some(settlement))?;
    Some(Legacy {
        executor,
        context: Some(ctx),
    })
}

fn ending(performed: &Performed) -> Ending {
    match performed {
        Performed::Done => Ending::Done,
        Performed::Skipped => Ending::Skipped,
        Performed::Failed(failure) => failure.clone().into(),
    }
}

/// The duty to tell a job's pool that it runs no more, whatever becomes of its task: the end of the
/// job, an abort, the end of the runtime, or a panic outside of what the performer catches.
pub(super) struct Duty(Option<(Arc<Executor>, Arc<Running>)>);

impl Duty {
    pub(super) fn new(executor: Arc<Executor>, running: Arc<Running>) -> Self {
        Self(Some((executor, running)))
    }

    /// Tells the pool, once.
    fn tell(&mut self, settlement: Option<Settlement>) -> Option<Arc<Executor>> {
        let (executor, running) = self.0.take()?;
        let pool = running.pool;
        running.end(settlement.is_none());
        // The engine may have gone; then nobody settles anything any more.
        let _ = executor.results[pool].send(Finished {
            running,
            settlement,
        });
        Some(executor)
    }
}

impl Executor {
    /// Tells of a job that was begun and goes back to its queue.
    fn given_back(&self, running: &Running, ctx: &JobContext) {
        let elapsed = self.elapsed(running);
        self.core.events.meters().cut_off(ctx, false, elapsed);
        self.core.events.tell(|| Event::JobFinished {
            job: ctx.into(),
            ending: Ending::Abandoned,
            elapsed,
        });
    }

    /// Counts a job that was ended and is recorded as failed.
    fn count_failed(&self, running: &Running) {
        if let Some(ctx) = running.context() {
            let elapsed = self.elapsed(running);
            self.core.events.meters().cut_off(&ctx, true, elapsed);
        }
    }

    fn elapsed(&self, running: &Running) -> Duration {
        self.core.clock.monotonic().saturating_sub(running.since)
    }

    /// Has the failure hooks of a job called that cannot call them any more.
    fn call_failure_hooks(&self, ctx: JobContext, failure: JobFailure) {
        if let Some(moments) = self.moments.upgrade() {
            // Whoever calls hooks may have gone.
            let _ = moments.send(Moment::Failed(ctx, failure));
        }
    }

    fn panicked(&self, running: &Running) -> Settlement {
        let text = "something panicked outside the handler while the job was performed or dropped";
        let failure = JobFailure::new("Panic", text).with_decision(Decision::Fail);
        if let Some(ctx) = running.context() {
            self.call_failure_hooks(ctx, failure.clone());
        }
        let reservation = &running.reservation;
        let now = self.core.store_clock.now();
        let payload = Extras::end(&reservation.payload);
        let record = FailureRecord::new(now, payload, failure.exception, failure.error)
            .on(reservation.worker.as_str(), reservation.queue.as_str());
        Settlement::failed(reservation.receipt.clone(), record)
    }

    /// A job that the worker dropped because it stops, if that is to be a failure as in Ruby.
    fn terminated(&self, running: &Running) -> Option<Settlement> {
        let settings = &self.core.settings;
        let fails = settings.on_term == OnTerm::Fail && settings.isolation.is_none();
        let ctx = running
            .context()
            .filter(|_| fails && !running.is_cancelled())?;
        let failure = self.performer.decide(&ctx, JobFailure::terminated());
        self.call_failure_hooks(ctx.clone(), failure.clone());
        let (receipt, failed) = (running.receipt().clone(), Performed::Failed(failure));
        Some(failed.settlement(&ctx, receipt, || self.core.store_clock.now()))
    }
}

impl Drop for Duty {
    fn drop(&mut self) {
        let Some((executor, running)) = &self.0 else {
            return;
        };
        if std::thread::panicking() {
            let settlement = executor.panicked(running);
            executor.count_failed(running);
            self.tell(Some(settlement));
            return;
        }
        if let Some(settlement) = executor.terminated(running) {
            executor.count_failed(running);
            self.tell(Some(settlement));
            return;
        }
        if let Some(ctx) = running.context() {
            executor.given_back(running, &ctx);
        }
        self.tell(None);
    }
}

/// Whether a settlement gives its job back.
pub(crate) fn releases(settlement: &Settlement) -> bool {
    matches!(settlement.outcome, Outcome::Release | Outcome::ReleaseAs(_))
}
