//! What a store may offer besides.
//!
//! A backend offers an ability by overriding its accessor on [`super::QueueBackend`]; what is not
//! offered cannot be called.

use std::fmt::Debug;
use std::time::SystemTime;

use async_trait::async_trait;

use crate::{Cursor, DelayedEdit, DelayedPage, Promotion, QueueList, QueueName, Result};

/// Waking up when a job is pushed, by anyone, without asking again and again.
#[async_trait]
pub trait WaitForJobs: Debug + Send + Sync {
    /// Draws a ticket, before looking into the queues for the last time.
    async fn ticket(&self, from: &QueueList) -> Result<Ticket>;

    /// Waits until a job may have come into one of the queues, a stopped queue was started, or a
    /// pause ended, after the ticket was drawn; even if that was before this call. It may wake for
    /// no reason. Dropping the future is safe.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Unavailable`] when the announcements broke off: look into the queues and
    /// draw a new ticket.
    async fn wait(&self, ticket: Ticket, from: &QueueList) -> Result<()>;
}

/// A moment before which everything was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

impl Ticket {
    /// Made by backends from a counter of their own.
    #[must_use]
    pub fn new(moment: u64) -> Self {
        Self(moment)
    }

    /// The backend's counter.
    #[must_use]
    pub fn moment(self) -> u64 {
        self.0
    }
}

/// Holding jobs until they are due.
#[async_trait]
pub trait DelayedJobs: Debug + Send + Sync {
    /// Moves jobs that are due into their queues, in order of their time and then of their coming,
    /// each in one step; none before its time.
    ///
    /// `holder` names the process (`<host>:<pid>`), for stores in which one process at a time
    /// promotes.
    async fn promote(&self, holder: &str, now: SystemTime, at_most: usize) -> Result<Promotion>;

    /// Gives up being the process that promotes, so that another one can take over at once.
    async fn resign(&self, holder: &str) -> Result<()>;

    /// How many jobs wait for their time.
    async fn count(&self) -> Result<u64>;

    /// Shows waiting jobs in order of their time.
    async fn list(&self, cursor: Option<&Cursor>, at_most: usize) -> Result<DelayedPage>;

    /// Cancels or moves waiting jobs, each in one step. An id whose job has gone answers
    /// [`crate::Error::Conflict`]. Answers in the order of the list.
    async fn edit(&self, batch: &[DelayedEdit]) -> Result<Vec<Result<()>>>;
}

/// Stopping queues and pausing all workers.
#[async_trait]
pub trait QueueControl: Debug + Send + Sync {
    /// Stops a queue (it takes jobs and gives none) or starts it again. The queue need not exist.
    async fn set_stopped(&self, queue: &QueueName, stopped: bool) -> Result<()>;

    /// Whether a queue is stopped, whether it exists or not, at the price of one look.
    async fn stopped(&self, queue: &QueueName) -> Result<bool>;

    /// Pauses reserving for all workers, or ends the pause.
    async fn set_paused(&self, paused: bool) -> Result<()>;

    /// Whether reserving is paused for all workers.
    async fn paused(&self) -> Result<bool>;
}

/// Naming and listing the keys of a namespace, and what the server that holds them says.
#[async_trait]
pub trait Keyspace: Debug + Send + Sync {
    /// The namespace.
    fn namespace(&self) -> &str;

    /// The full name of the key made of these parts, joined by colons behind the namespace.
    fn key(&self, parts: &[&str]) -> String;

    /// The names of all keys, without the namespace, in no order. Reads the whole keyspace.
    async fn keys(&self) -> Result<Vec<String>>;

    /// What the server says about itself, for people who look after it: names and values, in its
    /// own words and order. Nothing by a store without such a server.
    async fn server_facts(&self) -> Result<Vec<(String, String)>> {
        Ok(Vec::new())
    }
}
