//! Performing one job in a test, without a store.

use std::future::IntoFuture;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;

use crate::wire::payload;
use crate::{Attempt, Client, Error, Handlers, Job, Performed, Performer, QueueName, Result, args};

/// Performs one job as a worker would, from its encoded form and with its hooks, and answers how
/// that ended. Nothing is stored; what the job enqueues is performed at once, as in
/// [inline mode](Client::inline).
///
/// ```
/// use resque_core::testing::perform_raw;
/// use resque_core::{Handlers, Performed};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let handlers = Handlers::new().register_fn("Flaky", |_: (u32,), ctx| async move {
///     if ctx.attempt() == 1 { Err("not yet".into()) } else { Ok(()) }
/// });
/// let first = perform_raw(handlers.clone(), "Flaky", &(44,)).await?;
/// assert!(matches!(first, Performed::Failed(failure) if failure.error == "not yet"));
/// let second = perform_raw(handlers, "Flaky", &(44,)).attempt(2).await?;
/// assert_eq!(second, Performed::Done);
/// # Ok::<(), resque_core::Error>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn perform<J: Job>(handlers: Handlers, job: &J) -> Perform {
    Perform::new(handlers, J::CLASS, J::QUEUE, args::to_json(job))
}

/// Performs one job of a class that is known by its name only; else as [`perform`].
pub fn perform_raw<A>(handlers: Handlers, class: &str, arguments: &A) -> Perform
where
    A: Serialize + ?Sized,
{
    Perform::new(handlers, class, "", args::to_json(arguments))
}

/// One job to be performed, by awaiting it.
#[derive(Debug)]
#[must_use = "nothing is performed before it is awaited"]
pub struct Perform {
    handlers: Handlers,
    class: String,
    queue: String,
    args: Result<String>,
    attempt: u32,
}

impl Perform {
    fn new<E>(handlers: Handlers, class: &str, queue: &str, args: Result<String, E>) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let encode = |error| Error::Encode {
            class: class.to_owned(),
            source: Box::new(error),
        };
        Self {
            handlers,
            class: class.to_owned(),
            queue: queue.to_owned(),
            args: args.map_err(encode),
            attempt: 1,
        }
    }

    /// As if it were this attempt, the first being 1.
    pub fn attempt(mut self, number: u32) -> Self {
        self.attempt = number;
        self
    }

    async fn run(self) -> Result<Performed> {
        let payload = payload::encode(&self.class, self.args?.as_bytes());
        let performer = Performer::new(self.handlers.clone(), Client::inline(self.handlers));
        let mut attempt = Attempt::new(QueueName::new(&self.queue).ok(), payload.into());
        attempt.number = self.attempt;
        let ctx = performer.prepare(attempt);
        Ok(performer.perform(&ctx).await)
    }
}

impl IntoFuture for Perform {
    type Output = Result<Performed>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.run().boxed()
    }
}
