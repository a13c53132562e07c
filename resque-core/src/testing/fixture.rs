//! What a test of an application needs, in one value.

use std::sync::Arc;

use super::{Drain, Drained, EnqueuedAssertion, assert_enqueued};
use crate::{Backend, Client, Handlers, Job, ManualClock, Result, SharedClock};

/// A store of its own with a clock that the test moves by hand.
///
/// ```
/// use std::time::Duration;
/// use resque_core::Handlers;
/// use resque_core::testing::Fixture;
/// use resque_memory::MemoryBackend;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let test = Fixture::new(|clock| MemoryBackend::with_clock(clock).backend());
/// let job = resque_core::NewJob::raw("Remind", &("lunch",)).to("q");
/// test.client.submit(job.after(Duration::from_secs(3600))).await?;
///
/// let handlers = || Handlers::new().register_fn("Remind", |_: (String,), _| async { Ok(()) });
/// assert_eq!(test.drain(handlers()).await?.done(), 0);
/// test.clock.advance(Duration::from_secs(3600));
/// assert_eq!(test.drain(handlers()).await?.done(), 1);
/// # Ok::<(), resque_core::Error>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fixture {
    /// The clock of the client and of the store.
    pub clock: ManualClock,
    /// A client of the store.
    pub client: Client,
}

impl Fixture {
    /// Opens a store that asks the given clock for its time.
    #[must_use]
    pub fn new(open: impl FnOnce(SharedClock) -> Backend) -> Self {
        let clock = ManualClock::new();
        let shared: SharedClock = Arc::new(clock.clone());
        let client = Client::new(open(shared.clone())).with_clock(shared);
        Self { clock, client }
    }

    /// Performs all jobs that wait and are due, see [`super::drain`].
    ///
    /// # Errors
    ///
    /// As for [`super::drain`].
    pub async fn drain(&self, handlers: Handlers) -> Result<Drained> {
        Drain::new(&self.client, handlers).run().await
    }

    /// Performs all jobs that wait, moving the clock on to those that wait for their time.
    ///
    /// # Errors
    ///
    /// As for [`super::drain`].
    pub async fn drain_through_time(&self, handlers: Handlers) -> Result<Drained> {
        Drain::new(&self.client, handlers)
            .through_time(&self.clock)
            .run()
            .await
    }

    /// Asserts that jobs of a class were enqueued, see [`assert_enqueued`].
    #[track_caller]
    pub fn assert_enqueued<J: Job>(&self) -> EnqueuedAssertion {
        assert_enqueued::<J>(&self.client)
    }
}
