//! A store, a worker on it, and somebody who does what is typed.

use std::sync::Arc;
use std::time::Duration;

use resque::worker::{StopReport, WorkerHandle};
use resque::{Client, JobContext, QueueList, SharedClock, Worker, WorkerHooks};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::jobs;
use super::numbers::Numbers;
use super::operator::{Operator, Task};
use super::page;
use super::summary::Summary;
use super::update::{Slot, Update, What};
use crate::failure::Failure;
use crate::place::Place;

/// After Ctrl-C, how long running jobs have to end. Those of this program that take longer do not
/// care, and whoever presses Ctrl-C wants to leave.
const GRACE: Duration = Duration::from_secs(2);
/// How long the store may take to tell what is left in it.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// What a session is about.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    /// The store.
    pub(super) place: Place,
    /// The queues that are served.
    pub(super) queues: QueueList,
    /// How many jobs at the same time.
    pub(super) slots: usize,
    /// Whether to begin without any jobs.
    pub(super) empty: bool,
    /// Whether there is a web page.
    pub(super) has_page: bool,
}

/// A worker that runs, and everything around it.
#[derive(Debug)]
pub(super) struct Session {
    /// What it is about.
    pub(super) setting: Setting,
    /// The time.
    pub(super) clock: SharedClock,
    /// Control over the worker.
    pub(super) worker: WorkerHandle,
    /// The address of the web page, if there is one.
    pub(super) page: Option<String>,
    /// Where typed lines go.
    pub(super) tasks: mpsc::Sender<Task>,
    client: Client,
    inbox: mpsc::UnboundedReceiver<Update>,
    end: JoinHandle<resque::Result<StopReport>>,
}

impl Session {
    /// Connects and begins to work; jobs are performed on the runtime of `jobs`.
    pub(super) async fn begin(
        setting: Setting,
        clock: SharedClock,
        jobs: &Handle,
    ) -> Result<Self, Failure> {
        let backend = resque::connect(setting.place.url())
            .await
            .map_err(Failure::of_store)?;
        let client = Client::new(backend.clone()).with_clock(clock.clone());
        let (updates, inbox) = mpsc::unbounded_channel();
        let worker = Worker::builder(backend)
            .queues(setting.queues.to_string())
            .concurrency(setting.slots)
            .handlers(jobs::handlers())
            .clock(clock.clone())
            .on_event(sink(clock.clone(), updates.clone()))
            .worker_hooks(starts(clock.clone(), updates.clone()))
            .term_timeout(GRACE)
            .handle_signals()
            .exits_after_run()
            .build()?;
        let handle = worker.handle();
        let tasks = Operator {
            client: client.clone(),
            worker: handle.clone(),
            queues: setting.queues.clone(),
            updates,
        }
        .start();
        let page = if setting.has_page {
            Some(page::open(client.clone()).await?)
        } else {
            None
        };
        Ok(Self {
            page,
            setting,
            clock,
            worker: handle,
            tasks,
            client,
            inbox,
            end: jobs.spawn(worker.run()),
        })
    }

    /// Enqueues the jobs to start with, unless the store belongs to others.
    pub(super) async fn enqueue_first(&self) {
        if self.setting.empty || !self.setting.place.is_unnamed() {
            return;
        }
        for line in jobs::FIRST {
            // The operator ends with this session and not before.
            let _ = self.tasks.send(Task::Line(line.to_owned())).await;
        }
    }

    /// Waits for the next updates and puts them into `batch`; at the end of the worker, answers
    /// its report, with the last updates in `batch`. May be dropped and called again.
    pub(super) async fn next(
        &mut self,
        batch: &mut Vec<Update>,
    ) -> Option<Result<StopReport, Failure>> {
        /// As many updates at once as a display takes in without a pause.
        const AT_ONCE: usize = 1_000;
        tokio::select! {
            biased;
            _ = self.inbox.recv_many(batch, AT_ONCE) => None,
            end = &mut self.end => {
                while let Ok(update) = self.inbox.try_recv() {
                    batch.push(update);
                }
                Some(match end {
                    Ok(report) => report.map_err(Failure::from),
                    Err(_) => Err(Failure::Crashed("the worker")),
                })
            }
        }
    }

    /// Asks the store for its numbers.
    pub(super) fn numbers(&self) -> impl Future<Output = resque::Result<Numbers>> + use<> {
        let client = self.client.clone();
        async move { Numbers::ask(&client).await }
    }

    /// What is told at the end.
    pub(super) async fn summary(&self, report: StopReport) -> Summary {
        let left = tokio::select! {
            left = self.numbers() => left.ok(),
            () = self.clock.sleep(LAST_LOOK) => None,
        };
        Summary {
            at: self.clock.monotonic(),
            report,
            left,
            in_memory: self.setting.place.is_memory(),
        }
    }
}

/// Passes the worker's events on.
fn sink(
    clock: SharedClock,
    updates: mpsc::UnboundedSender<Update>,
) -> impl Fn(&resque::worker::Event) + Send + Sync + 'static {
    move |event| {
        if let Some(what) = What::of(event) {
            let at = clock.monotonic();
            // Nobody listens any more at the very end.
            let _ = updates.send(Update { at, what });
        }
    }
}

/// Tells the start of each job with its arguments, which the worker's events leave out.
fn starts(clock: SharedClock, updates: mpsc::UnboundedSender<Update>) -> WorkerHooks {
    let updates = Arc::new(updates);
    WorkerHooks::new().before_fork(move |ctx: JobContext| {
        let (at, updates) = (clock.monotonic(), updates.clone());
        async move {
            let what = What::Started(Slot::of_context(&ctx), ctx.args_json().to_owned());
            let _ = updates.send(Update { at, what });
            Ok(())
        }
    })
}
