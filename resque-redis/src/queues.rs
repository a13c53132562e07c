//! Which queues there are.

use bytes::Bytes;
use resque_core::{QueueListing, QueueName, QueueStatus, Result};

use crate::driver::{Batch, ErrorClass, Value};
use crate::scripts::DELETE_QUEUE;
use crate::store::{CHUNK, Store, bytes_of, list_of, number_of};

impl Store {
    /// All queues with their lengths.
    pub(crate) async fn list_queues(&self) -> Result<QueueListing> {
        let key = self.keys.queues();
        let mut batch = Batch::new();
        batch.command("SMEMBERS").arg(&key);
        let members = list_of(self.on_key("list the queues", &key, &batch).await?);
        let members: Vec<Bytes> = members.into_iter().map(bytes_of).collect();
        let mut unreadable = Vec::new();
        let mut names = Vec::with_capacity(members.len());
        for member in members {
            match QueueName::from_bytes(&member) {
                Ok(name) => names.push(name),
                Err(_) => unreadable.push(member),
            }
        }
        let mut queues = Vec::with_capacity(names.len());
        for part in names.chunks(CHUNK) {
            let mut batch = Batch::with_capacity(3 * part.len() + 1, 80 * part.len());
            for name in part {
                batch.command("LLEN").arg(self.keys.queue(name.as_str()));
            }
            batch.command("MGET");
            for name in part {
                batch.arg(self.keys.stopped(name.as_str()));
            }
            let mut replies = self.run("list the queues", &batch).await?;
            let stopped = list_of(replies.pop().unwrap_or(Value::Nil));
            for ((name, length), stopped) in part.iter().zip(replies).zip(stopped) {
                match length {
                    // Something else than a list: nobody can use it as a queue.
                    Value::Error(error) if error.class() != ErrorClass::WrongType => {
                        return Err(self.refused("list the queues", &error));
                    }
                    Value::Error(_) => {
                        unreadable.push(Bytes::copy_from_slice(name.as_ref().as_bytes()))
                    }
                    length => queues.push(
                        QueueStatus::new(name.clone(), number_of(&length))
                            .stopped(stopped.as_bytes() == Some(b"true")),
                    ),
                }
            }
        }
        let mut listing = QueueListing::new(queues, Vec::new());
        listing.unreadable = unreadable;
        Ok(listing)
    }

    /// How many jobs a queue has.
    pub(crate) async fn queue_length(&self, queue: &QueueName) -> Result<u64> {
        let key = self.keys.queue(queue.as_str());
        let mut batch = Batch::new();
        batch.command("LLEN").arg(&key);
        let reply = self.on_key("measure a queue", &key, &batch).await?;
        Ok(number_of(&reply))
    }

    /// Makes a queue exist.
    pub(crate) async fn add_queue(&self, queue: &QueueName) -> Result<bool> {
        let key = self.keys.queues();
        let mut batch = Batch::new();
        batch.command("SADD").arg(&key).arg(queue.as_str());
        let reply = self.on_key("create a queue", &key, &batch).await?;
        Ok(number_of(&reply) == 1)
    }

    /// Removes a queue with its jobs.
    pub(crate) async fn remove_queue(&self, queue: &QueueName) -> Result<u64> {
        let mut call = self.call(&DELETE_QUEUE, 1, 64);
        call.arg(queue.as_str());
        Ok(number_of(&self.script("delete a queue", &call).await?))
    }
}
