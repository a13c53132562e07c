//! Stores with a peculiarity.

use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{
    Backend, BackendInfo, Connect, Edit, Enqueue, Error, Exchange, Page, Payload, Popped, Pushed,
    QueueBackend, QueueList, QueueListing, QueueName, Result, Settlement, WorkerId,
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
pub(crate) struct Plain(Backend);

impl Plain {
    pub(crate) fn wrap(store: &Backend) -> Backend {
        let queues = std::sync::Arc::new(Self(store.clone()));
        Backend::from_parts(queues, store.workers().clone(), store.failures().clone())
    }
}

#[async_trait]
impl QueueBackend for Plain {
    fn info(&self) -> BackendInfo {
        self.0.queues().info()
    }

    async fn push(&self, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        self.0.queues().push(batch).await
    }

    async fn exchange(
        &self,
        done: &[Settlement],
        want: &[WorkerId],
        from: &QueueList,
        now: SystemTime,
    ) -> Result<Exchange> {
        self.0.queues().exchange(done, want, from, now).await
    }

    async fn pop(&self, from: &QueueList, at_most: usize) -> Result<Vec<Popped>> {
        self.0.queues().pop(from, at_most).await
    }

    async fn peek(&self, queue: &QueueName, page: Page) -> Result<Vec<Payload>> {
        self.0.queues().peek(queue, page).await
    }

    async fn edit(&self, batch: &[Edit]) -> Result<Vec<u64>> {
        self.0.queues().edit(batch).await
    }

    async fn queues(&self) -> Result<QueueListing> {
        self.0.queues().queues().await
    }

    async fn create_queue(&self, queue: &QueueName) -> Result<bool> {
        self.0.queues().create_queue(queue).await
    }

    async fn delete_queue(&self, queue: &QueueName) -> Result<u64> {
        self.0.queues().delete_queue(queue).await
    }

    async fn clear(&self) -> Result<u64> {
        self.0.queues().clear().await
    }
}
