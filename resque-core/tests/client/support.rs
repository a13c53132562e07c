//! Jobs, clients and recordings for the tests.

use std::sync::{Arc, Mutex};

use resque_core::testing::{Faults, Faulty, Operation};
use resque_core::{Backend, Client, Hooks, Job, JobContext, JobResult, ManualClock, Page};
use resque_memory::MemoryBackend;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Archive {
    pub(crate) repo_id: u64,
    pub(crate) branch: String,
}

impl Archive {
    pub(crate) fn new(repo_id: u64) -> Self {
        let branch = "masterbrew".to_owned();
        Self { repo_id, branch }
    }
}

impl Job for Archive {
    const CLASS: &'static str = "Archive";
    const QUEUE: &'static str = "file_serve";

    async fn perform(self, _: &JobContext) -> JobResult {
        if self.repo_id == 0 {
            Err("no such repository".into())
        } else {
            Ok(())
        }
    }
}

/// A client of a new store, both with this clock.
pub(crate) fn client_at(clock: &ManualClock) -> Client {
    let memory = MemoryBackend::with_clock(Arc::new(clock.clone()));
    Client::new(memory.backend()).with_clock(Arc::new(clock.clone()))
}

pub(crate) fn client() -> Client {
    client_at(&ManualClock::new())
}

/// Lets a test do something to the store in the middle of a call.
#[derive(Clone)]
pub(crate) struct Interruptions {
    store: Backend,
    faults: Faults,
}

impl Interruptions {
    /// Before the `nth` call of `operation`, counted from now, `work` is done with the store.
    pub(crate) fn when(
        &self,
        operation: Operation,
        nth: usize,
        work: impl Fn(&Backend) + Send + 'static,
    ) {
        let store = self.store.clone();
        let mut calls = 0;
        self.faults.plan(move |called| {
            calls += usize::from(called == operation);
            if called == operation && calls == nth {
                work(&store);
            }
            None
        });
    }
}

/// A client of a new store whose calls can be interrupted.
pub(crate) fn client_with_interruptions() -> (Client, Interruptions) {
    let store = MemoryBackend::new().backend();
    let (backend, faults) = Faulty::wrap(&store);
    (Client::new(backend), Interruptions { store, faults })
}

/// The payloads in a queue as text.
pub(crate) async fn texts(client: &Client, queue: &str) -> Vec<String> {
    let jobs = client.peek(queue, Page::ALL).await.unwrap();
    jobs.iter()
        .map(|job| job.payload().to_text_lossy().into_owned())
        .collect()
}

/// The notes of a recording of the real programs.
pub(crate) fn notes(name: &str) -> Value {
    let path = format!(
        "{}/../fixtures/golden/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).expect(&path);
    let mut recording: Value = serde_json::from_str(&text).expect(&path);
    recording["notes"].take()
}

/// What was called, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Value>>>);

impl Log {
    pub(crate) fn add(&self, line: Value) {
        self.0.lock().unwrap().push(line);
    }

    pub(crate) fn lines(&self) -> Value {
        Value::Array(self.0.lock().unwrap().clone())
    }

    /// The enqueue and dequeue hooks of the recorded class, in the wrong order.
    pub(crate) fn enqueue_hooks(&self) -> Hooks {
        let first = |log: &Self, name: &'static str| {
            let log = log.clone();
            move |job: resque_core::EnqueueContext| {
                let log = log.clone();
                async move {
                    let args: Vec<Value> = job.args()?;
                    log.add(json!([name, args[0]]));
                    Ok(true)
                }
            }
        };
        let then = |log: &Self, name: &'static str| {
            let log = log.clone();
            move |job: resque_core::EnqueueContext| {
                let log = log.clone();
                async move {
                    let args: Vec<Value> = job.args()?;
                    log.add(json!([name, args[0]]));
                    Ok(())
                }
            }
        };
        Hooks::new()
            .before_enqueue("before_enqueue_b", first(self, "before_enqueue_b"))
            .before_enqueue("before_enqueue_a", first(self, "before_enqueue_a"))
            .after_enqueue("after_enqueue_b", then(self, "after_enqueue_b"))
            .after_enqueue("after_enqueue_a", then(self, "after_enqueue_a"))
            .before_dequeue("before_dequeue_a", first(self, "before_dequeue_a"))
            .after_dequeue("after_dequeue_a", then(self, "after_dequeue_a"))
    }
}
