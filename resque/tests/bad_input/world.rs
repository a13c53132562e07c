//! A namespace, a worker on it, and a way past both to the keys.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, FromRedisValue};
use resque::redis::{Config, FailureLayout, RedisBackend};
use resque::worker::{Event, Phase, StopReport, WorkerHandle};
use resque::{
    Backend, Client, Error, FailureRecord, JobError, MassRemove, Result, SharedClock, SystemClock,
    Worker,
};
use resque_testserver::{RedisServer, shared_redis};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// After this time a test hangs.
pub(crate) const HANGS: Duration = Duration::from_secs(60);

/// Every queue is asked, and everything that a worker does besides is done often.
const OFTEN: Duration = Duration::from_millis(100);

/// One namespace.
pub(crate) struct World {
    pub(crate) namespace: String,
    pub(crate) backend: Backend,
    pub(crate) client: Client,
    pub(crate) raw: MultiplexedConnection,
}

impl World {
    /// A namespace of its own on the server that all tests share.
    pub(crate) async fn new() -> Self {
        Self::on(shared_redis().unwrap(), FailureLayout::Single).await
    }

    pub(crate) async fn on(server: &RedisServer, layout: FailureLayout) -> Self {
        static WORLDS: AtomicU64 = AtomicU64::new(0);
        let number = WORLDS.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("bad:{}:{number}", resque_testserver::this_run());
        let config = Config::parse(&server.url()).unwrap();
        let builder = RedisBackend::builder(config)
            .namespace(&namespace)
            .failures(layout);
        let backend = builder.connect().await.unwrap();
        Self {
            namespace,
            client: Client::new(backend.clone()),
            backend,
            raw: patient_connection(&server.url()).await,
        }
    }

    /// The full name of a key.
    pub(crate) fn key(&self, rest: &str) -> String {
        format!("{}:{rest}", self.namespace)
    }

    /// Runs a command on a key of this namespace.
    pub(crate) async fn try_on<T: FromRedisValue>(
        &mut self,
        command: &str,
        rest: &str,
        args: &[&[u8]],
    ) -> redis::RedisResult<T> {
        let mut command = redis::cmd(command);
        command.arg(self.key(rest)).arg(args);
        command.query_async(&mut self.raw).await
    }

    /// As [`try_on`](Self::try_on), and it must not fail.
    pub(crate) async fn on_key<T: FromRedisValue>(
        &mut self,
        command: &str,
        rest: &str,
        args: &[&[u8]],
    ) -> T {
        self.try_on(command, rest, args).await.unwrap()
    }

    /// Runs a command of the server.
    pub(crate) async fn tell(&mut self, words: &[&str]) {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query_async::<()>(&mut self.raw).await.unwrap();
    }

    /// Puts a good job into the queue `mail`.
    pub(crate) async fn push_good(&self, number: u64) {
        self.client.push("mail", good(number)).await.unwrap();
    }

    /// The failed jobs, the oldest first.
    pub(crate) async fn failures(&self) -> Vec<FailureRecord> {
        let failures = self.client.failures().unwrap();
        let entries = failures.all(0, 1000).await.unwrap();
        entries
            .iter()
            .filter_map(|entry| entry.content.record().cloned())
            .collect()
    }

    /// Waits until our own connection has found the server again.
    pub(crate) async fn reachable(&self) {
        let again = async {
            while self.client.is_paused().await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(HANGS, again).await.unwrap();
    }

    /// Starts a worker on all queues; it is on the registry when this returns.
    pub(crate) async fn start(&self) -> Running {
        let mut running = Running::start(self.backend.clone());
        running
            .saw(|event| matches!(event, Event::Phase(Phase::Working)))
            .await;
        running
    }
}

/// A connection that waits for its replies, however busy the machine is.
pub(crate) async fn patient_connection(url: &str) -> MultiplexedConnection {
    let patience = Some(HANGS);
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(patience)
        .set_response_timeout(patience);
    let client = redis::Client::open(url).unwrap();
    let connection = client.get_multiplexed_async_connection_with_config(&config);
    connection.await.unwrap()
}

/// A job of the class whose jobs end well.
pub(crate) fn good(number: u64) -> String {
    format!(r#"{{"class":"Good","args":[{number}]}}"#)
}

/// A job of the class whose jobs fail.
pub(crate) fn bad(number: u64) -> String {
    format!(r#"{{"class":"Bad","args":[{number}]}}"#)
}

/// A worker that runs.
pub(crate) struct Running {
    pub(crate) handle: WorkerHandle,
    events: mpsc::UnboundedReceiver<Event>,
    performed: mpsc::UnboundedReceiver<u64>,
    run: JoinHandle<Result<StopReport>>,
}

impl Running {
    pub(crate) fn start(backend: Backend) -> Self {
        Self::by(backend, Arc::new(SystemClock::new()))
    }

    /// Starts a worker that lives by this clock.
    pub(crate) fn by(backend: Backend, clock: SharedClock) -> Self {
        let (told, events) = mpsc::unbounded_channel();
        let (done, performed) = mpsc::unbounded_channel();
        let worker = Worker::builder(backend)
            .queues("*")
            .clock(clock)
            .concurrency(1)
            .heartbeat_every(OFTEN)
            .janitor_every(OFTEN)
            .promote_every(OFTEN)
            .register_fn("Good", move |(number,): (u64,), _| {
                let done = done.clone();
                async move { Ok(done.send(number)?) }
            })
            .register_fn("Bad", |_: (u64,), _| async {
                Err(JobError::new("Boom", "as it was told"))
            })
            .on_event(move |event| {
                let _ = told.send(event.clone());
            });
        let worker = worker.build().unwrap();
        Self {
            handle: worker.handle(),
            events,
            performed,
            run: tokio::spawn(worker.run()),
        }
    }

    /// Waits for an event and answers it; others are passed over.
    pub(crate) async fn saw(&mut self, wanted: impl Fn(&Event) -> bool + Send + Sync) -> Event {
        let mut passed = Vec::new();
        let seen = async {
            loop {
                let event = self.events.recv().await.unwrap();
                if wanted(&event) {
                    return event;
                }
                passed.push(event);
            }
        };
        let seen = tokio::time::timeout(HANGS, seen).await.ok();
        seen.unwrap_or_else(|| panic!("it did not come, but these did: {passed:#?}"))
    }

    /// Waits until the worker says what is wrong, in words that hold all of these.
    pub(crate) async fn said(&mut self, words: &[&str]) -> String {
        let event = self
            .saw(|event| {
                error_of(event).is_some_and(|error| {
                    let text = chain(error);
                    words.iter().all(|word| text.contains(word))
                })
            })
            .await;
        chain(error_of(&event).unwrap())
    }

    /// Waits until exactly these good jobs have been performed, each once.
    pub(crate) async fn performed(&mut self, numbers: impl IntoIterator<Item = u64>) {
        let mut missing: BTreeSet<u64> = numbers.into_iter().collect();
        while !missing.is_empty() {
            let next = tokio::time::timeout(HANGS, self.performed.recv()).await;
            let next = next.unwrap_or_else(|_| panic!("these were not performed: {missing:?}"));
            let number = next.unwrap();
            assert!(missing.remove(&number), "{number} was performed again");
        }
    }

    /// As [`performed`](Self::performed), but jobs that were set aside, because their queue could
    /// not be used when they were due, are put back first.
    pub(crate) async fn performed_in_the_end(&mut self, world: &World, numbers: Vec<u64>) {
        let mut missing: BTreeSet<u64> = numbers.into_iter().collect();
        let failures = world.client.failures().unwrap();
        let all = async {
            while !missing.is_empty() {
                let aside = MassRemove::new()
                    .when(|record| record.exception == "Resque::SpoiltQueue")
                    .requeue();
                aside.run(&failures).await.unwrap();
                if let Ok(next) = tokio::time::timeout(OFTEN, self.performed.recv()).await {
                    let number = next.unwrap();
                    assert!(missing.remove(&number), "{number} was performed again");
                }
            }
        };
        let all = tokio::time::timeout(HANGS, all).await;
        assert!(all.is_ok(), "these were not performed: {missing:?}");
    }

    /// Waits until so many more jobs have been settled.
    pub(crate) async fn settled(&mut self, mut count: usize) {
        while count > 0 {
            let event = self
                .saw(|event| matches!(event, Event::Settled { .. }))
                .await;
            if let Event::Settled { workers } = event {
                count = count.saturating_sub(workers.len());
            }
        }
    }

    /// Lets it finish; nothing more may have been performed.
    pub(crate) async fn quit(mut self) -> StopReport {
        self.handle.quit();
        let report = tokio::time::timeout(HANGS, self.run).await.unwrap();
        assert_eq!(self.performed.try_recv().ok(), None, "performed again");
        report.unwrap().unwrap()
    }
}

fn error_of(event: &Event) -> Option<&Error> {
    match event {
        Event::Trouble { error, .. } | Event::Outage { error, .. } => Some(error),
        _ => None,
    }
}

/// An error with all its causes.
pub(crate) fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
