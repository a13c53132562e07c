//! Working jobs off.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use resque::worker::{StopReport, WorkerHandle};
use resque::{Clock, Job, JobContext, JobResult, SystemClock, Worker};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::Failure;
use crate::enqueue::{Noop, fill};
use crate::ledger::Ledger;
use crate::measure::{Measured, Stopwatch};
use crate::target::{QUEUE, Target, list_key};

/// A worker that runs beside us.
pub(crate) struct Running {
    pub(crate) handle: WorkerHandle,
    task: JoinHandle<resque::Result<StopReport>>,
}

impl Running {
    pub(crate) fn start(worker: Worker) -> Self {
        let handle = worker.handle();
        Self {
            handle,
            task: tokio::spawn(worker.run()),
        }
    }

    pub(crate) async fn stop(self) -> Result<StopReport, Failure> {
        self.handle.quit();
        Ok(self.task.await??)
    }
}

/// Works jobs off that were put in beforehand, until the last one is settled in the store.
pub(crate) async fn drain(target: &Target, jobs: usize, slots: usize) -> Result<Measured, Failure> {
    fill(target, jobs, 1_000).await?;
    let ledger = Ledger::new(jobs);
    let worker = Worker::builder(target.backend.clone())
        .queues(QUEUE)
        .concurrency(slots)
        .register::<Noop>()
        .state(ledger.clone())
        .build()?;
    let processed_before = target.client.stats()?.get("processed").await?;
    let wanted = processed_before + i64::try_from(jobs)?;

    let watch = Stopwatch::start();
    let running = Running::start(worker);
    // The store is asked only every few milliseconds, so that asking does not slow it down.
    let clock = SystemClock::new();
    while target.client.stats()?.get("processed").await? < wanted {
        clock.sleep(Duration::from_millis(2)).await;
    }
    let elapsed = watch.elapsed();

    running.stop().await?;
    Ok(Measured {
        jobs,
        elapsed,
        lost: ledger.lost(),
        duplicated: ledger.duplicated(),
        ..Measured::default()
    })
}

/// Who tells the store of a new job.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Announce {
    /// Our client.
    Client,
    /// Another program, with a plain push onto the list.
    PlainPush,
}

/// A job that tells when it started.
#[derive(Debug, Serialize, Deserialize)]
struct Stamp(usize);

/// When jobs started, told to the program that waits for them.
struct Starts {
    clock: SystemClock,
    started: Mutex<mpsc::UnboundedSender<(usize, Duration)>>,
}

impl Job for Stamp {
    const CLASS: &'static str = "Stamp";
    const QUEUE: &'static str = QUEUE;

    async fn perform(self, context: &JobContext) -> JobResult {
        let starts = context.state::<Arc<Starts>>()?;
        let now = starts.clock.monotonic();
        let started = starts
            .started
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Nobody listens any more once the program has what it wants.
        let _ = started.send((self.0, now));
        Ok(())
    }
}

/// Gives an idle worker a job every 20 ms and measures how long it takes to start.
pub(crate) async fn latency(
    target: &Target,
    jobs: usize,
    announce: Announce,
) -> Result<Measured, Failure> {
    let clock = SystemClock::new();
    let (started, mut starts) = mpsc::unbounded_channel();
    let worker = Worker::builder(target.backend.clone())
        .queues(QUEUE)
        .concurrency(4)
        .register::<Stamp>()
        .state(Arc::new(Starts {
            clock,
            started: Mutex::new(started),
        }))
        .build()?;
    let mut pusher = Pusher::open(target, announce).await?;
    let running = Running::start(worker);

    // The first job only tells that the worker is there.
    pusher.push(0).await?;
    starts.recv().await.ok_or("the worker stopped")?;

    let ledger = Ledger::new(jobs);
    let mut samples = Vec::with_capacity(jobs);
    let watch = Stopwatch::start();
    for number in 0..jobs {
        clock.sleep(Duration::from_millis(20)).await;
        let called = clock.monotonic();
        pusher.push(number).await?;
        let (number, at) = starts.recv().await.ok_or("the worker stopped")?;
        ledger.note(number);
        samples.push(at.saturating_sub(called));
    }
    let elapsed = watch.elapsed();
    running.stop().await?;
    Ok(Measured {
        jobs,
        elapsed,
        samples,
        lost: ledger.lost(),
        duplicated: ledger.duplicated(),
        cpu: None,
        pages: None,
    })
}

/// Puts the jobs in, one way or the other.
enum Pusher<'a> {
    Client(&'a Target),
    Plain(Box<redis::aio::MultiplexedConnection>),
}

impl<'a> Pusher<'a> {
    async fn open(target: &'a Target, announce: Announce) -> Result<Self, Failure> {
        match announce {
            Announce::Client => Ok(Self::Client(target)),
            Announce::PlainPush => {
                let (address, _) = target.url.split_once('?').unwrap_or((&target.url, ""));
                let client = redis::Client::open(address)?;
                let connection = client.get_multiplexed_async_connection().await?;
                Ok(Self::Plain(Box::new(connection)))
            }
        }
    }

    async fn push(&mut self, number: usize) -> Result<(), Failure> {
        match self {
            Self::Client(target) => {
                target.client.enqueue(&Stamp(number)).await?;
            }
            Self::Plain(connection) => {
                let payload = format!(r#"{{"class":"Stamp","args":[{number}]}}"#);
                let mut command = redis::cmd("RPUSH");
                command.arg(list_key()).arg(payload);
                command.query_async::<i64>(&mut **connection).await?;
            }
        }
        Ok(())
    }
}
