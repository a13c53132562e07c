//! A store, a clock and a worker for one test.

use std::sync::Arc;
use std::time::Duration;

use resque_core::testing::{Faults, Faulty};
use resque_core::worker::{Event, JobInfo, Phase, StopReport, Worker, WorkerBuilder, WorkerHandle};
use resque_core::{
    Backend, Enqueue, FailureQuery, FailureRecord, JobError, ManualClock, QueueName,
};
use resque_memory::MemoryBackend;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

/// No test takes as long as this; one that does hangs.
const HANGS: Duration = Duration::from_secs(60);

/// How long time stands still for somebody who does not notice that it was woken.
const GRACE: Duration = Duration::from_millis(100);

/// A store whose faults and time the test controls.
pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) store: Backend,
    /// The same store, which goes wrong as `faults` say.
    pub(crate) faulty: Backend,
    pub(crate) faults: Faults,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::new();
        let store = MemoryBackend::with_clock(Arc::new(clock.clone())).backend();
        let (faulty, faults) = Faulty::wrap(&store);
        Self {
            clock,
            store,
            faulty,
            faults,
        }
    }

    /// A worker of the faulty store with one slot for every queue and a few classes.
    pub(crate) fn worker(&self) -> WorkerBuilder {
        self.worker_of(self.faulty.clone())
    }

    /// The same of another backend.
    pub(crate) fn worker_of(&self, backend: Backend) -> WorkerBuilder {
        Worker::builder(backend)
            .clock(Arc::new(self.clock.clone()))
            .queues("*")
            .concurrency(1)
            .register_fn("Ok", |_: Vec<serde_json::Value>, _| async { Ok(()) })
            .register_fn("Fail", |(text,): (String,), _| async move {
                Err(JobError::new("Oops", text))
            })
            .register_fn("Panic", |(): (), _| async { panic!("no way") })
    }

    /// Puts jobs of a class into the queue `q`, the number of each as its argument.
    pub(crate) async fn push(&self, class: &str, numbers: std::ops::Range<u32>) {
        let job = |n| format!(r#"{{"class":"{class}","args":[{n}]}}"#);
        self.push_raw("q", numbers.map(job)).await;
    }

    /// Lets time pass second by second, waiting each time until so many parts of workers sleep.
    pub(crate) async fn pass(&self, seconds: u64, parked: usize) {
        for _ in 0..seconds {
            self.parked(parked).await;
            self.clock.advance(Duration::from_secs(1));
        }
        self.parked(parked).await;
    }

    /// Lets time flow in steps of a twentieth of a second while anybody sleeps, until the answer is
    /// dropped. Engines have threads of their own; one whose thread gets no turn is waited for.
    pub(crate) fn flow(&self) -> Flow {
        let clock = self.clock.clone();
        Flow(tokio::spawn(async move {
            loop {
                clock.parked(1).await;
                clock.advance(Duration::from_millis(50));
                let _ = tokio::time::timeout(GRACE, clock.caught_up()).await;
                tokio::task::yield_now().await;
            }
        }))
    }

    /// Waits until so many parts of workers sleep.
    pub(crate) async fn parked(&self, count: usize) {
        let parked = tokio::time::timeout(HANGS, self.clock.parked(count)).await;
        let asleep = self.clock.sleeping();
        parked.unwrap_or_else(|_| panic!("only {asleep} of {count} sleep"));
    }

    /// Puts any bytes into a queue.
    pub(crate) async fn push_raw<I>(&self, queue: &str, payloads: I)
    where
        I: IntoIterator,
        I::Item: Into<Vec<u8>>,
    {
        let queue = QueueName::new(queue).unwrap();
        let job = |payload: I::Item| Enqueue::new(queue.clone(), payload.into());
        let batch: Vec<_> = payloads.into_iter().map(job).collect();
        self.store.queues().push(&batch).await.unwrap();
    }

    /// How many jobs wait in all queues.
    pub(crate) async fn waiting(&self) -> u64 {
        let listing = self.store.queues().queues().await.unwrap();
        listing.queues.iter().map(|queue| queue.length).sum()
    }

    /// The payloads that wait in the queue `q`, the next one first.
    pub(crate) async fn queue(&self) -> Vec<String> {
        let queue = QueueName::new("q").unwrap();
        let jobs = self
            .store
            .queues()
            .peek(&queue, resque_core::Page::ALL)
            .await
            .unwrap();
        jobs.iter()
            .map(|job| job.to_text_lossy().into_owned())
            .collect()
    }

    /// The failure records, the oldest one first.
    pub(crate) async fn failures(&self) -> Vec<FailureRecord> {
        let page = self
            .store
            .failures()
            .list(&FailureQuery::default())
            .await
            .unwrap();
        let mut records: Vec<_> = page
            .entries
            .iter()
            .map(|entry| entry.content.record().unwrap().clone())
            .collect();
        records.reverse();
        records
    }

    pub(crate) async fn stat(&self, name: &str) -> i64 {
        self.store.workers().stat(name).await.unwrap()
    }

    /// The store's time.
    pub(crate) fn now(&self) -> std::time::SystemTime {
        resque_core::Clock::now(&self.clock)
    }

    /// How many workers are on the registry.
    pub(crate) async fn registered(&self) -> usize {
        self.store.workers().workers().await.unwrap().workers.len()
    }
}

/// Time that flows until this is dropped.
pub(crate) struct Flow(JoinHandle<()>);

impl Drop for Flow {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Jobs of the class `Gate`, which wait until the test lets them end.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    open: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            open: Arc::new(Semaphore::new(0)),
        }
    }

    /// Adds the class to a worker; its jobs take no notice of being cancelled.
    pub(crate) fn on(&self, worker: WorkerBuilder) -> WorkerBuilder {
        let gate = self.clone();
        worker.register_fn("Gate", move |_: Vec<serde_json::Value>, _| {
            let open = gate.open.clone();
            async move {
                open.acquire().await?.forget();
                Ok(())
            }
        })
    }

    /// Lets so many jobs end.
    pub(crate) fn open(&self, count: usize) {
        self.open.add_permits(count);
    }
}

/// A worker that runs.
pub(crate) struct Running {
    pub(crate) handle: WorkerHandle,
    events: mpsc::UnboundedReceiver<Event>,
    task: JoinHandle<resque_core::Result<StopReport>>,
}

/// Starts a worker.
pub(crate) fn start(builder: WorkerBuilder) -> Running {
    let (sink, events) = mpsc::unbounded_channel();
    let builder = builder.on_event(move |event| {
        let _ = sink.send(event.clone());
    });
    let worker = builder.build().unwrap();
    Running {
        handle: worker.handle(),
        events,
        task: tokio::spawn(worker.run()),
    }
}

impl Running {
    /// Waits for an event; others are passed over.
    pub(crate) async fn event<T>(&mut self, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        let mut passed = Vec::new();
        let found = async {
            loop {
                let event = self.events.recv().await.expect("the worker has gone");
                if let Some(found) = wanted(&event) {
                    return found;
                }
                passed.push(event);
            }
        };
        let found = tokio::time::timeout(HANGS, found).await.ok();
        found.unwrap_or_else(|| panic!("the event did not come, but these did: {passed:#?}"))
    }

    /// Waits until a job starts.
    pub(crate) async fn started(&mut self) -> JobInfo {
        self.event(|event| match event {
            Event::JobStarted(job) => Some(job.clone()),
            _ => None,
        })
        .await
    }

    /// Waits for a phase.
    pub(crate) async fn phase(&mut self, wanted: Phase) {
        self.event(|event| matches!(event, Event::Phase(phase) if *phase == wanted).then_some(()))
            .await;
    }

    /// Waits until so many jobs have been settled.
    pub(crate) async fn settled(&mut self, mut count: usize) {
        while count > 0 {
            count -= self
                .event(|event| match event {
                    Event::Settled { workers } => Some(workers.len()),
                    _ => None,
                })
                .await;
        }
    }

    /// Waits until there is nothing to do.
    pub(crate) async fn idle(&mut self) {
        self.event(|event| matches!(event, Event::Idle).then_some(()))
            .await;
    }

    /// Drops the future that runs it.
    pub(crate) fn abort(&self) {
        self.task.abort();
    }

    /// Waits for the report.
    pub(crate) async fn end(mut self) -> StopReport {
        match tokio::time::timeout(HANGS, &mut self.task).await {
            Ok(end) => end.unwrap().unwrap(),
            Err(_) => panic!("the worker hangs: {:#?}", self.handle.snapshot()),
        }
    }

    /// Lets it finish and waits for the report.
    pub(crate) async fn quit(self) -> StopReport {
        self.handle.quit();
        self.end().await
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(HANGS, waiting).await;
    assert!(waited.is_ok(), "waited in vain until {what}");
}

/// Waits until a worker notices that the store is away.
pub(crate) async fn outage(worker: &mut Running) {
    worker
        .event(|event| matches!(event, Event::Outage { .. }).then_some(()))
        .await;
}
