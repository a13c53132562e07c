//! The thread of a blocking client.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::mpsc::sync_channel;
use std::thread::{Builder, ThreadId};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::mpsc;

use crate::{Error, Result};

/// A thread that runs futures for threads that wait for them. It ends with the value.
pub(super) struct RuntimeThread {
    work: mpsc::UnboundedSender<BoxFuture<'static, ()>>,
    id: ThreadId,
}

impl RuntimeThread {
    pub(super) fn start() -> Result<Self> {
        let what = "starting the thread of the blocking client";
        let failed = |error: std::io::Error| Error::unavailable(what, error);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(failed)?;
        let (work, mut inbox) = mpsc::unbounded_channel();
        let thread = Builder::new()
            .name("resque-blocking".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    while let Some(future) = inbox.recv().await {
                        tokio::spawn(future);
                    }
                });
            });
        let id = thread.map_err(failed)?.thread().id();
        Ok(Self { work, id })
    }

    /// Runs a future on the thread and waits for its end; a panic goes on in the caller.
    pub(super) fn run<T, F>(&self, future: F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        if std::thread::current().id() == self.id {
            return Err(Error::InvalidSetting {
                setting: "the blocking client".to_owned(),
                reason: "its own thread called it and would wait for itself; \
                         hooks use `EnqueueContext::client`"
                    .to_owned(),
            });
        }
        let (reply, answer) = sync_channel::<Result<T, Box<dyn Any + Send>>>(1);
        let work = async move {
            let result = AssertUnwindSafe(future).catch_unwind().await;
            // The caller waits below, so somebody is there to hear it.
            let _ = reply.send(result);
        };
        let sent = self.work.send(work.boxed()).is_ok();
        match answer.recv() {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) if sent => Err(gone_under_way()),
            Err(_) => Err(gone_before()),
        }
    }
}

/// The thread ends early only when it runs out of memory or a waker of someone else's panics.
fn gone_under_way() -> Error {
    Error::OutcomeUnknown {
        what: "waiting for the thread of the blocking client".to_owned(),
        source: None,
    }
}

fn gone_before() -> Error {
    Error::Unavailable {
        what: "calling the thread of the blocking client".to_owned(),
        source: None,
    }
}
