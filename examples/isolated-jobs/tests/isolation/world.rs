//! A store in memory and a worker of this process, whose jobs run in children of the example.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use resque::isolation::Processes;
use resque::memory::MemoryBackend;
use resque::worker::{Event, Polling, StopReport, Worker, WorkerBuilder};
use resque::{Backend, Enqueue, FailureQuery, FailureRecord, Payload, QueueName};

/// No test takes as long as this; one that does hangs.
pub(crate) const HANGS: Duration = Duration::from_secs(60);

/// The program that serves as child.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_isolated-jobs");

/// Children of the example, untouched by the environment of the tests.
pub(crate) fn children() -> Processes {
    Processes::new().program(PROGRAM).env_remove("RESQUE_URL")
}

pub(crate) struct World {
    pub(crate) store: Backend,
    events: Arc<Mutex<Vec<Event>>>,
}

/// What a worker left behind.
pub(crate) struct Left {
    pub(crate) report: StopReport,
    pub(crate) failures: Vec<FailureRecord>,
    pub(crate) events: Vec<Event>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(MemoryBackend::new().backend())
    }

    pub(crate) fn of(store: Backend) -> Self {
        Self {
            store,
            events: Arc::default(),
        }
    }

    /// Puts jobs into the queue.
    pub(crate) async fn push(&self, jobs: &[&str]) {
        let queue = QueueName::new("q").unwrap();
        let job = |job: &&str| Enqueue::new(queue.clone(), Payload::from(job.as_bytes().to_vec()));
        let batch: Vec<_> = jobs.iter().map(job).collect();
        self.store.queues().push(&batch).await.unwrap();
    }

    /// A worker with one slot that leaves when there is nothing to do.
    pub(crate) fn worker(&self) -> WorkerBuilder {
        let events = self.events.clone();
        let polling = Polling {
            interval: Duration::ZERO,
            ..Polling::default()
        };
        Worker::builder(self.store.clone())
            .queues("q")
            .concurrency(1)
            .polling(polling)
            .on_event(move |event| events.lock().unwrap().push(event.clone()))
    }

    /// Performs the jobs in children of the example.
    pub(crate) async fn perform(&self, children: Processes, jobs: &[&str]) -> Left {
        self.push(jobs).await;
        self.run(self.worker().isolation(children)).await
    }

    /// Waits until so many jobs have told something of their progress that begins so.
    pub(crate) async fn told(&self, count: usize, beginning: &str) {
        let tells = |event: &&Event| matches!(event, Event::Progress { progress, .. } if progress.text.starts_with(beginning));
        let told = || self.events.lock().unwrap().iter().filter(tells).count();
        let waiting = async {
            while told() < count {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(HANGS, waiting).await;
        waited.unwrap_or_else(|_| panic!("nobody told {beginning}: {:#?}", self.events));
    }

    /// Lets a worker work until there is nothing to do.
    pub(crate) async fn run(&self, worker: WorkerBuilder) -> Left {
        let worker = worker.build().unwrap();
        let report = tokio::time::timeout(HANGS, worker.run()).await;
        let report = report.expect("the worker hangs").unwrap();
        let all = FailureQuery::default();
        let page = self.store.failures().list(&all).await.unwrap();
        let records = page.entries.iter().rev();
        Left {
            report,
            failures: records
                .map(|entry| entry.content.record().unwrap().clone())
                .collect(),
            events: std::mem::take(&mut *self.events.lock().unwrap()),
        }
    }
}

impl Left {
    /// The one failure.
    pub(crate) fn failure(&self) -> (&str, &str) {
        let [failure] = &self.failures[..] else {
            panic!("not one failure: {:#?}", self.failures)
        };
        (&failure.exception, &failure.error)
    }

    /// What jobs told of their progress.
    pub(crate) fn progress(&self) -> Vec<&str> {
        let told = self.events.iter().filter_map(|event| match event {
            Event::Progress { progress, .. } => Some(progress.text.as_str()),
            _ => None,
        });
        told.collect()
    }

    /// The processes that performed jobs.
    pub(crate) fn processes(&self) -> Vec<&str> {
        let told = self.progress().into_iter();
        told.filter_map(|text| text.strip_prefix("performed by "))
            .collect()
    }
}
