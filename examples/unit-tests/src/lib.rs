//! Code that enqueues jobs, and the jobs, tested without a server and without waiting.
//!
//! The tests at the end are what this example is about.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use resque::prelude::*;
use serde::{Deserialize, Serialize};

/// Registers a user: a welcome now, a reminder in three days.
///
/// # Errors
///
/// When the jobs cannot be put into their queues.
pub async fn register(client: &Client, email: &str) -> resque::Result<()> {
    let mail = |template: &str| SendMail {
        to: email.to_owned(),
        template: template.to_owned(),
    };
    client.enqueue(&mail("welcome")).await?;
    client
        .enqueue_in(Duration::from_secs(3 * 24 * 3600), &mail("reminder"))
        .await?;
    Ok(())
}

/// Sends one mail.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendMail {
    /// The address.
    pub to: String,
    /// Which text.
    pub template: String,
}

impl Job for SendMail {
    const CLASS: &'static str = "SendMail";
    const QUEUE: &'static str = "mail";

    async fn perform(self, context: &JobContext) -> JobResult {
        if !self.to.contains('@') {
            return Err(JobError::new(
                "InvalidAddress",
                format!("{:?} is no address", self.to),
            ));
        }
        context
            .state::<Outbox>()?
            .put(format!("{} to {}", self.template, self.to));
        Ok(())
    }
}

/// Where mails go in the tests.
#[derive(Clone, Debug, Default)]
pub struct Outbox(Arc<Mutex<Vec<String>>>);

impl Outbox {
    /// Sends a mail.
    pub fn put(&self, mail: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(mail);
    }

    /// What was sent so far.
    #[must_use]
    pub fn sent(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use resque::memory::MemoryBackend;
    use resque::testing::Fixture;

    use super::*;

    /// A store of its own for each test, with a clock that stands still until it is moved.
    fn fixture() -> Fixture {
        Fixture::new(|clock| MemoryBackend::with_clock(clock).backend())
    }

    fn handlers(outbox: &Outbox) -> Handlers {
        Handlers::new().register::<SendMail>().state(outbox.clone())
    }

    #[tokio::test]
    async fn registering_enqueues_a_welcome() {
        let test = fixture();
        register(&test.client, "ada@example.org").await.unwrap();

        test.assert_enqueued::<SendMail>()
            .with(&("ada@example.org", "welcome"))
            .times(1)
            .await;
        test.assert_enqueued::<SendMail>()
            .with(&("ada@example.org", "reminder"))
            .delayed()
            .await;
    }

    #[tokio::test]
    async fn the_reminder_waits_three_days() {
        let (test, outbox) = (fixture(), Outbox::default());
        register(&test.client, "ada@example.org").await.unwrap();

        test.drain(handlers(&outbox)).await.unwrap();
        assert_eq!(outbox.sent(), ["welcome to ada@example.org"]);

        test.clock.advance(Duration::from_secs(3 * 24 * 3600));
        test.drain(handlers(&outbox)).await.unwrap();
        assert_eq!(outbox.sent().len(), 2);
    }

    #[tokio::test]
    async fn a_wrong_address_is_a_recorded_failure() {
        let (test, outbox) = (fixture(), Outbox::default());
        register(&test.client, "nobody").await.unwrap();

        let drained = test.drain(handlers(&outbox)).await.unwrap();
        let failures = drained.failures();
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0].1.exception, "InvalidAddress");
        assert_eq!(test.client.failures().unwrap().count().await.unwrap(), 1);
        assert!(outbox.sent().is_empty());
    }
}
