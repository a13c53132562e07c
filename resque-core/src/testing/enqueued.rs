//! Asserting that jobs were enqueued.

use std::fmt::Write;
use std::future::IntoFuture;
use std::panic::Location;
use std::time::SystemTime;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;

use crate::wire::json::same_content;
use crate::{Client, Job, Page, QueuedJob, Result, args};

/// Asserts that jobs of a class wait in the queues, or in the delayed set.
///
/// Awaiting it panics unless exactly the asked number of jobs is there: at least one, unless
/// [`times`](EnqueuedAssertion::times) or [`never`](EnqueuedAssertion::never) say otherwise. The
/// message shows all jobs that were there.
///
/// ```
/// use resque_core::testing::assert_enqueued;
/// # use resque_core::{Client, Job, JobContext, JobResult};
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Archive { repo_id: u64 }
/// # impl Job for Archive {
/// #     const CLASS: &'static str = "Archive";
/// #     const QUEUE: &'static str = "file_serve";
/// #     async fn perform(self, _: &JobContext) -> JobResult { Ok(()) }
/// # }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let client = Client::new(resque_memory::MemoryBackend::new().backend());
/// client.enqueue(&Archive { repo_id: 44 }).await?;
/// assert_enqueued::<Archive>(&client).with(&Archive { repo_id: 44 }).times(1).await;
/// assert_enqueued::<Archive>(&client).in_queue("elsewhere").never().await;
/// # Ok::<(), resque_core::Error>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[track_caller]
pub fn assert_enqueued<J: Job>(client: &Client) -> EnqueuedAssertion {
    assert_enqueued_raw(client, J::CLASS)
}

/// Asserts that jobs of a class wait which is known by its name only; else as [`assert_enqueued`].
#[track_caller]
pub fn assert_enqueued_raw(client: &Client, class: &str) -> EnqueuedAssertion {
    EnqueuedAssertion {
        client: client.clone(),
        class: class.to_owned(),
        args: None,
        queue: None,
        due: Due::Now,
        times: None,
        asked: Location::caller(),
    }
}

/// What [`assert_enqueued`] asserts.
#[derive(Clone, Debug)]
#[must_use = "nothing is asserted before it is awaited"]
pub struct EnqueuedAssertion {
    client: Client,
    class: String,
    args: Option<String>,
    queue: Option<String>,
    due: Due,
    times: Option<usize>,
    asked: &'static Location<'static>,
}

#[derive(Clone, Copy, Debug)]
enum Due {
    Now,
    Sometime,
    At(SystemTime),
}

/// One job that was there.
struct Found {
    job: QueuedJob,
    due: Option<SystemTime>,
}

impl EnqueuedAssertion {
    /// Only jobs with these arguments: a job, a tuple, or any other list.
    ///
    /// # Panics
    ///
    /// When the arguments cannot be written as JSON.
    #[track_caller]
    pub fn with<A: Serialize + ?Sized>(mut self, args: &A) -> Self {
        match args::to_json(args) {
            Ok(json) => self.args = Some(json),
            Err(error) => panic!("the expected arguments cannot be written as JSON: {error}"),
        }
        self
    }

    /// Only jobs in this queue, or delayed for it.
    pub fn in_queue(mut self, queue: &str) -> Self {
        self.queue = Some(queue.to_owned());
        self
    }

    /// Jobs that wait for their time, instead of those in the queues.
    pub fn delayed(mut self) -> Self {
        self.due = Due::Sometime;
        self
    }

    /// Jobs that are due at this time, instead of those in the queues.
    pub fn due(mut self, at: SystemTime) -> Self {
        self.due = Due::At(at);
        self
    }

    /// Exactly this many.
    pub fn times(mut self, count: usize) -> Self {
        self.times = Some(count);
        self
    }

    /// None at all.
    pub fn never(self) -> Self {
        self.times(0)
    }

    async fn check(self) {
        let found = match self.look().await {
            Ok(found) => found,
            Err(error) => panic!("{}: cannot look into the queues: {error}", self.asked),
        };
        let matching = found.iter().filter(|found| self.wants(found)).count();
        let right = self.times.map_or(matching > 0, |times| matching == times);
        assert!(right, "{}", self.complaint(&found, matching));
    }

    async fn look(&self) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        for queue in self.client.queues().await? {
            let jobs = self.client.peek(queue.as_str(), Page::ALL).await?;
            found.extend(jobs.into_iter().map(|job| Found { job, due: None }));
        }
        if let Ok(delayed) = self.client.delayed() {
            for job in delayed.find(|_| true).await? {
                let due = Some(job.due);
                let queue = job.queue;
                let job = queue.map(|queue| QueuedJob::new(queue, job.payload));
                found.extend(job.map(|job| Found { job, due }));
            }
        }
        Ok(found)
    }

    fn wants(&self, found: &Found) -> bool {
        let Found { job, due } = found;
        let due = match self.due {
            Due::Now => due.is_none(),
            Due::Sometime => due.is_some(),
            Due::At(at) => *due == Some(at),
        };
        let same = |args: &String| same_content(job.args_json().as_bytes(), args.as_bytes());
        due && job.class() == Some(&self.class)
            && self
                .queue
                .as_deref()
                .is_none_or(|queue| job.queue().as_str() == queue)
            && self.args.as_ref().is_none_or(same)
    }

    /// What was wanted and what was there.
    fn complaint(&self, found: &[Found], matching: usize) -> String {
        let mut text = String::from("expected ");
        // Writing to a string cannot fail.
        let _ = match self.times {
            None => write!(text, "at least one job "),
            Some(1) => write!(text, "1 job "),
            Some(times) => write!(text, "{times} jobs "),
        };
        let args = self.args.as_deref().unwrap_or("with any arguments");
        let _ = write!(text, "{} {args}", self.class);
        if let Some(queue) = &self.queue {
            let _ = write!(text, " in the queue {queue}");
        }
        let _ = match self.due {
            Due::Now => Ok(()),
            Due::Sometime => write!(text, " waiting for its time"),
            Due::At(at) => write!(text, " due at {}", time(at)),
        };
        let _ = write!(text, ", found {matching}; ");
        if found.is_empty() {
            text.push_str("there are no jobs at all");
        } else {
            text.push_str("all jobs that are there:");
        }
        for found in found {
            let mark = if self.wants(found) { '*' } else { ' ' };
            let class = found.job.class().unwrap_or("(no job)");
            let args = found.job.args_json();
            let _ = write!(text, "\n {mark} {}: {class} {args}", found.job.queue());
            if let Some(due) = found.due {
                let _ = write!(text, " due at {}", time(due));
            }
        }
        let _ = write!(text, "\nasked at {}", self.asked);
        text
    }
}

/// A time as people read it.
fn time(at: SystemTime) -> String {
    jiff::Timestamp::try_from(at).map_or_else(|_| format!("{at:?}"), |at| at.to_string())
}

impl IntoFuture for EnqueuedAssertion {
    type Output = ();
    type IntoFuture = BoxFuture<'static, ()>;

    fn into_future(self) -> Self::IntoFuture {
        self.check().boxed()
    }
}
