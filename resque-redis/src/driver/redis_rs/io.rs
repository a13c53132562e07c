//! The task that moves the bytes of one connection.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::connect::Listener;

/// What is known of a connection's task; dropping this ends the task, and so the connection.
#[derive(Debug)]
pub(super) struct Io {
    closed: Closed,
    calls: Arc<AtomicUsize>,
    task: Option<AbortHandle>,
}

/// Becomes true for good when a connection is lost, and tells its listener.
#[derive(Clone)]
pub(super) struct Closed {
    token: CancellationToken,
    listener: Option<Arc<dyn Listener>>,
}

/// A call under way.
pub(super) struct Call<'a>(&'a AtomicUsize);

impl Io {
    /// Starts the task that the `redis` crate made for a connection.
    pub(super) fn spawn(io: impl Future<Output = ()> + Send + 'static, closed: Closed) -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        let gathering = gather(io, Arc::clone(&calls));
        // Dropped with the task, however that ends: also when its runtime is shut down.
        let end = CloseOnDrop(closed.clone());
        let task = tokio::spawn(async move {
            let _end = end;
            gathering.await;
        });
        Self {
            closed,
            calls,
            task: Some(task.abort_handle()),
        }
    }

    /// Stands for a task that the `redis` crate runs itself.
    pub(super) fn foreign(closed: Closed) -> Self {
        Self {
            closed,
            calls: Arc::default(),
            task: None,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.token.is_cancelled()
    }

    /// Notes that a call is under way until the returned value is dropped.
    pub(super) fn call(&self) -> Call<'_> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Call(&self.calls)
    }
}

impl Drop for Io {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Closed {
    /// A connection that lives, and who wants to hear of its end.
    pub(super) fn new(listener: Option<Arc<dyn Listener>>) -> Self {
        Self {
            token: CancellationToken::new(),
            listener,
        }
    }

    /// Notes the end, once.
    pub(super) fn close(&self) {
        if self.token.is_cancelled() {
            return;
        }
        self.token.cancel();
        if let Some(listener) = &self.listener {
            listener.lost();
        }
    }
}

impl fmt::Debug for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Closed")
            .field(&self.token.is_cancelled())
            .finish()
    }
}

struct CloseOnDrop(Closed);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Lets all tasks that are ready to run have their turn before each round of `io` while several calls are under way.
///
/// A woken task runs before all others on its thread, so without this the first of 64 callers that were answered
/// together sends its next command alone, in a system call of its own. With it they are sent together: twice the
/// throughput. A single caller is never held up.
async fn gather(io: impl Future<Output = ()>, calls: Arc<AtomicUsize>) {
    let mut io = pin!(io);
    let mut gathered = false;
    poll_fn(|context| {
        if !gathered && calls.load(Ordering::Relaxed) > 1 {
            gathered = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        gathered = false;
        io.as_mut().poll(context)
    })
    .await;
}
