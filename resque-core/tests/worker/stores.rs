//! Stores with a peculiarity.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{
    Backend, BackendInfo, Connect, Edit, Enqueue, Error, Exchange, Page, Payload, Popped, Pushed,
    QueueBackend, QueueList, QueueListing, QueueName, Result, Settled, Settlement, WorkerId,
};

/// A store that refuses every connection, as for a wrong password.
#[derive(Debug)]
pub(crate) struct Refusing;

impl Refusing {
    pub(crate) fn wrap(store: &Backend) -> Backend {
        store.clone().with_connector(Self)
    }
}

#[async_trait]
impl Connect for Refusing {
    async fn connect(&self) -> Result<Backend> {
        Err(Error::Rejected {
            what: "connect".to_owned(),
            reason: "WRONGPASS".to_owned(),
            transient: false,
        })
    }
}

/// A store without any ability, so that a worker has to poll.
#[derive(Debug)]
pub(crate) struct Plain;

impl Plain {
    pub(crate) fn wrap(store: &Backend) -> Backend {
        Peculiar::wrap(store, 0).0
    }
}

/// A store that cannot apply the first settlements, as when a key holds something else.
#[derive(Debug)]
pub(crate) struct Stubborn;

impl Stubborn {
    /// Answers how many settlements it will refuse yet.
    pub(crate) fn wrap(store: &Backend, refuses: usize) -> (Backend, Arc<AtomicUsize>) {
        Peculiar::wrap(store, refuses)
    }
}

#[derive(Debug)]
struct Peculiar {
    store: Backend,
    refuses: Arc<AtomicUsize>,
}

impl Peculiar {
    fn wrap(store: &Backend, refuses: usize) -> (Backend, Arc<AtomicUsize>) {
        let refuses = Arc::new(AtomicUsize::new(refuses));
        let queues = Arc::new(Self {
            store: store.clone(),
            refuses: refuses.clone(),
        });
        let backend =
            Backend::from_parts(queues, store.workers().clone(), store.failures().clone());
        (backend, refuses)
    }

    fn refuses(&self) -> bool {
        let less = |left: usize| left.checked_sub(1);
        self.refuses
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_ok()
    }
}

#[async_trait]
impl QueueBackend for Peculiar {
    fn info(&self) -> BackendInfo {
        self.store.queues().info()
    }

    async fn push(&self, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        self.store.queues().push(batch).await
    }

    async fn exchange(
        &self,
        done: &[Settlement],
        want: &[WorkerId],
        from: &QueueList,
        now: SystemTime,
    ) -> Result<Exchange> {
        let queues = self.store.queues();
        if done.is_empty() || !self.refuses() {
            return queues.exchange(done, want, from, now).await;
        }
        // Whoever asks again meanwhile is given what it holds already.
        let mut exchange = queues.exchange(&[], want, from, now).await?;
        exchange.settled.extend(done.iter().map(|_| {
            Settled::Trouble(Error::Corrupt {
                place: "failed".to_owned(),
                found: "a string".to_owned(),
                expected: "a list".to_owned(),
            })
        }));
        Ok(exchange)
    }

    async fn pop(&self, from: &QueueList, at_most: usize) -> Result<Vec<Popped>> {
        self.store.queues().pop(from, at_most).await
    }

    async fn peek(&self, queue: &QueueName, page: Page) -> Result<Vec<Payload>> {
        self.store.queues().peek(queue, page).await
    }

    async fn edit(&self, batch: &[Edit]) -> Result<Vec<u64>> {
        self.store.queues().edit(batch).await
    }

    async fn queues(&self) -> Result<QueueListing> {
        self.store.queues().queues().await
    }

    async fn create_queue(&self, queue: &QueueName) -> Result<bool> {
        self.store.queues().create_queue(queue).await
    }

    async fn delete_queue(&self, queue: &QueueName) -> Result<u64> {
        self.store.queues().delete_queue(queue).await
    }

    async fn clear(&self) -> Result<u64> {
        self.store.queues().clear().await
    }
}
