//! What a client adds to the jobs that it enqueues, if it is told to.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Client;
use super::encode::Encoded;
use super::new_job::Due;
use crate::wire::extra::Extras;

/// What a client adds to the payload of each job that it enqueues: nothing, unless it is told to.
///
/// It stands in the member `rs`, which other Resques ignore. A job with a stamp is not byte for byte
/// what Ruby would have written, so Ruby's `dequeue` by exact bytes does not find it; ours does.
///
/// ```
/// use resque_core::{Client, Page, Stamp};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let client = Client::new(resque_memory::MemoryBackend::new().backend());
/// // With the crate `opentelemetry` this asks its propagator for what runs now.
/// let trace = || Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
/// let client = client.with_stamp(Stamp::new().traceparent(trace));
/// client.enqueue_raw("file_serve", "Archive", &(44,)).await?;
/// let waiting = client.peek("file_serve", Page::ALL).await?;
/// assert_eq!(
///     waiting[0].payload().to_text_lossy(),
///     r#"{"class":"Archive","args":[44],"rs":{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}"#
/// );
/// # Ok::<(), resque_core::Error>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
#[must_use = "it is given to `Client::with_stamp`"]
pub struct Stamp {
    time: bool,
    trace: Option<Trace>,
}

type Trace = Arc<dyn Fn() -> Option<String> + Send + Sync>;

impl Stamp {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// When the job becomes visible in its queue, by the clock of whoever enqueues it; so a worker
    /// knows how long it waited ([`crate::JobContext::waited`]).
    pub fn enqueued_at(mut self) -> Self {
        self.time = true;
        self
    }

    /// To which trace the job belongs, in W3C's form. `current` is asked for each job, in the call
    /// that enqueues it and not when its future is polled; without an answer nothing is added.
    pub fn traceparent<F>(mut self, current: F) -> Self
    where
        F: Fn() -> Option<String> + Send + Sync + 'static,
    {
        self.trace = Some(Arc::new(current));
        self
    }
}

impl Client {
    /// Puts the client's stamp on a job, and the time that it may run.
    pub(super) fn stamped(
        &self,
        mut encoded: Encoded,
        due: Option<Due>,
        timeout: Option<Duration>,
    ) -> Encoded {
        if self.stamp().is_none() && timeout.is_none() {
            return encoded;
        }
        let mut extras = Extras::default();
        extras.timeout = timeout;
        if let Some(stamp) = self.stamp() {
            extras.traceparent = stamp.trace.as_ref().and_then(|current| current());
            if stamp.time {
                let now = self.clock().now();
                let due = due.and_then(|due| due.from(now).ok().flatten());
                extras.enqueued_at = Some(due.unwrap_or(now));
            }
        }
        if !extras.is_empty()
            && let Ok(payload) = extras.write(encoded.payload.as_bytes())
        {
            // What is added stands behind the arguments, which stay where they are.
            encoded.payload = payload.into();
        }
        encoded
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stamp")
            .field("time", &self.time)
            .field("trace", &self.trace.is_some())
            .finish()
    }
}
