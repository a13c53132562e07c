//! A client for code that is not async.

mod runtime;
mod schedules;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use self::runtime::RuntimeThread;
pub use self::schedules::Schedules;
use super::{Enqueued, Info, NewJob, QueuedJob};
use crate::{Backend, Job, Page, Payload, QueueName, Result};

/// A client for code that is not async; every call waits for its end. Cloning is cheap.
///
/// It keeps a thread of its own, which drives the connection. It works inside async code as well,
/// where it blocks the thread that calls it for the time of a round trip; there the async
/// [`crate::Client`] is the better choice.
///
/// ```
/// use resque_core::blocking::Client;
/// use resque_core::Page;
///
/// let client = Client::open(async { Ok(resque_memory::MemoryBackend::new().backend()) })?;
/// client.enqueue_raw("file_serve", "Archive", &(44, "masterbrew"))?;
/// assert_eq!(client.peek("file_serve", Page::ALL)?[0].class(), Some("Archive"));
///
/// // Whatever has no method here is one `run` away.
/// let failed = client.run(|client| async move { client.failures()?.count().await })?;
/// assert_eq!(failed, 0);
/// # Ok::<(), resque_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Client {
    client: crate::Client,
    runtime: Arc<RuntimeThread>,
}

impl Client {
    /// Opens a store and keeps the connection on the client's own thread.
    ///
    /// # Errors
    ///
    /// Whatever opening ends with, and [`crate::Error::Unavailable`] when no thread can be started.
    pub fn open<F>(backend: F) -> Result<Self>
    where
        F: Future<Output = Result<Backend>> + Send + 'static,
    {
        let runtime = RuntimeThread::start()?;
        let backend = runtime.run(backend)??;
        Ok(Self {
            client: crate::Client::new(backend),
            runtime: Arc::new(runtime),
        })
    }

    /// The same client, changed: with hooks, handlers or another clock.
    #[must_use]
    pub fn map(&self, change: impl FnOnce(&crate::Client) -> crate::Client) -> Self {
        Self {
            client: change(&self.client),
            runtime: self.runtime.clone(),
        }
    }

    /// Runs calls of the async client on the client's own thread and waits for their end.
    ///
    /// # Errors
    ///
    /// Whatever the calls end with, and [`crate::Error::InvalidSetting`] when the client's own
    /// thread calls, which would wait for itself.
    ///
    /// # Panics
    ///
    /// When the calls panic, with the same panic.
    pub fn run<T, W, F>(&self, work: W) -> Result<T>
    where
        W: FnOnce(crate::Client) -> F,
        F: Future<Output = Result<T>> + Send + 'static,
        T: Send + 'static,
    {
        self.runtime.run(work(self.client.clone()))?
    }

    /// Puts a job into the queue of its class.
    ///
    /// # Errors
    ///
    /// As for [`crate::Client::enqueue`].
    pub fn enqueue<J: Job>(&self, job: &J) -> Result<Enqueued> {
        self.submit(NewJob::of(job))
    }

    /// Puts a job into this queue.
    ///
    /// # Errors
    ///
    /// As for [`crate::Client::enqueue`].
    pub fn enqueue_to<J: Job>(&self, queue: &str, job: &J) -> Result<Enqueued> {
        self.submit(NewJob::of(job).to(queue))
    }

    /// Puts a job into the queue of its class at a time.
    ///
    /// # Errors
    ///
    /// As for [`crate::Client::enqueue_at`].
    pub fn enqueue_at<J: Job>(&self, at: SystemTime, job: &J) -> Result<Enqueued> {
        self.submit(NewJob::of(job).at(at))
    }

    /// Puts a job into the queue of its class after a delay.
    ///
    /// # Errors
    ///
    /// As for [`crate::Client::enqueue_at`].
    pub fn enqueue_in<J: Job>(&self, delay: Duration, job: &J) -> Result<Enqueued> {
        self.submit(NewJob::of(job).after(delay))
    }

    /// Puts a job into a queue that is known by its class name only.
    ///
    /// # Errors
    ///
    /// As for [`crate::Client::enqueue_raw`].
    pub fn enqueue_raw<A>(&self, queue: &str, class: &str, args: &A) -> Result<Enqueued>
    where
        A: Serialize + ?Sized,
    {
        self.submit(NewJob::raw(class.to_owned(), args).to(queue))
    }

    /// Puts many jobs of a class into its queue, in one call to the store.
    ///
    /// # Errors
    ///
    /// As for [`crate::Client::enqueue_all`].
    pub fn enqueue_all<'j, J>(&self, jobs: impl IntoIterator<Item = &'j J>) -> Result<Vec<Enqueued>>
    where
        J: Job + 'j,
    {
        let ready = self.client.ready_all(jobs.into_iter(), None);
        self.run(|client| async move { client.submit_batch(ready).await })
    }

    /// Puts a job into its queue as its description says.
    ///
    /// # Errors
    ///
    /// As for [`crate::Client::submit`].
    pub fn submit(&self, job: NewJob) -> Result<Enqueued> {
        self.run(|client| async move { client.submit(job).await })
    }

    /// Puts many jobs of any classes into their queues, in one call to the store.
    ///
    /// # Errors
    ///
    /// As for [`crate::Client::submit_all`].
    pub fn submit_all(&self, jobs: impl IntoIterator<Item = NewJob>) -> Result<Vec<Enqueued>> {
        let jobs: Vec<NewJob> = jobs.into_iter().collect();
        self.run(|client| async move { client.submit_all(jobs).await })
    }

    /// Takes all jobs with the class and the arguments of this one out of the queue of the class.
    ///
    /// # Errors
    ///
    /// As for [`crate::Client::dequeue`].
    pub fn dequeue<J: Job>(&self, job: &J) -> Result<Option<u64>> {
        let wanted = self.client.wanted_like(job);
        self.run(|client| async move { client.dequeue_wanted(wanted).await })
    }

    /// Takes all jobs of a class out of its queue.
    ///
    /// # Errors
    ///
    /// As for [`crate::Client::dequeue_class`].
    pub fn dequeue_class<J: Job>(&self) -> Result<Option<u64>> {
        self.run(|client| async move { client.dequeue_class::<J>().await })
    }

    /// Puts bytes into a queue as they are.
    ///
    /// # Errors
    ///
    /// As for [`crate::Client::push`].
    pub fn push(&self, queue: &str, payload: impl Into<Payload>) -> Result<u64> {
        let (queue, payload) = (queue.to_owned(), payload.into());
        self.run(|client| async move { client.push(&queue, payload).await })
    }

    /// Takes the next job out of a queue for good.
    ///
    /// # Errors
    ///
    /// As for [`crate::Client::pop`].
    pub fn pop(&self, queue: &str) -> Result<Option<QueuedJob>> {
        let queue = queue.to_owned();
        self.run(|client| async move { client.pop(&queue).await })
    }

    /// Shows waiting jobs, the next one first.
    ///
    /// # Errors
    ///
    /// As for [`crate::Client::peek`].
    pub fn peek(&self, queue: &str, page: Page) -> Result<Vec<QueuedJob>> {
        let queue = queue.to_owned();
        self.run(|client| async move { client.peek(&queue, page).await })
    }

    /// How many jobs wait in a queue.
    ///
    /// # Errors
    ///
    /// As for [`crate::Client::size`].
    pub fn size(&self, queue: &str) -> Result<u64> {
        let queue = queue.to_owned();
        self.run(|client| async move { client.size(&queue).await })
    }

    /// How many jobs wait in each queue.
    ///
    /// # Errors
    ///
    /// As for [`crate::Client::sizes`].
    pub fn sizes(&self) -> Result<BTreeMap<QueueName, u64>> {
        self.run(|client| async move { client.sizes().await })
    }

    /// The names of all queues.
    ///
    /// # Errors
    ///
    /// As for [`crate::Client::queues`].
    pub fn queues(&self) -> Result<Vec<QueueName>> {
        self.run(|client| async move { client.queues().await })
    }

    /// Removes a queue with all its waiting jobs, and answers how many there were.
    ///
    /// # Errors
    ///
    /// As for [`crate::Client::remove_queue`].
    pub fn remove_queue(&self, queue: &str) -> Result<u64> {
        let queue = queue.to_owned();
        self.run(|client| async move { client.remove_queue(&queue).await })
    }

    /// The store in numbers.
    ///
    /// # Errors
    ///
    /// As for [`crate::Client::info`].
    pub fn info(&self) -> Result<Info> {
        self.run(|client| async move { client.info().await })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("blocking::Client")
            .field(&self.client)
            .finish()
    }
}
