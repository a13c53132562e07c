//! Code that enqueues jobs, and the jobs, tested without a server and without waiting.
//!
//! The tests at the end are what this example is about.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
            let error = format!("{:?} is no address", self.to);
            // It will be none the next time either.
            return Err(JobError::new("InvalidAddress", error).fail_now());
        }
        context
            .state::<Outbox>()?
            .put(format!("{} to {}", self.template, self.to))?;
        Ok(())
    }

    fn retry() -> Option<RetryPolicy> {
        let longest = Duration::from_secs(3600);
        Some(RetryPolicy::exponential(Duration::from_secs(60), longest).max_attempts(5))
    }
}

/// Where mails go in the tests.
#[derive(Clone, Debug, Default)]
pub struct Outbox(Arc<Mutex<Desk>>);

#[derive(Debug, Default)]
struct Desk {
    sent: Vec<String>,
    refuses: usize,
}

impl Outbox {
    /// Sends a mail.
    ///
    /// # Errors
    ///
    /// As often as [`refuse`](Self::refuse) was told.
    pub fn put(&self, mail: String) -> std::io::Result<()> {
        let mut desk = self.desk();
        if desk.refuses > 0 {
            desk.refuses -= 1;
            return Err(std::io::ErrorKind::ConnectionRefused.into());
        }
        desk.sent.push(mail);
        Ok(())
    }

    /// Refuses the next mails, as a server that is being restarted.
    pub fn refuse(&self, mails: usize) {
        self.desk().refuses = mails;
    }

    /// What was sent so far.
    #[must_use]
    pub fn sent(&self) -> Vec<String> {
        self.desk().sent.clone()
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use resque::memory::fixture;
    use resque::testing::perform;
    use resque::{Clock, Performed};

    use super::*;

    fn welcome() -> SendMail {
        SendMail {
            to: "ada@example.org".to_owned(),
            template: "welcome".to_owned(),
        }
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

    #[tokio::test]
    async fn a_server_that_is_away_is_asked_again() {
        let (test, outbox) = (fixture(), Outbox::default());
        outbox.refuse(2);
        let begin = test.clock.now();
        test.client.enqueue(&welcome()).await.unwrap();

        let drained = test.drain_through_time(handlers(&outbox)).await.unwrap();
        assert_eq!((drained.retries().len(), drained.done()), (2, 1));
        assert_eq!(outbox.sent(), ["welcome to ada@example.org"]);
        // A minute before the second attempt, two before the third.
        assert_eq!(test.clock.now(), begin + Duration::from_secs(180));
    }

    #[tokio::test]
    async fn a_server_that_stays_away_is_a_recorded_failure() {
        let (test, outbox) = (fixture(), Outbox::default());
        outbox.refuse(usize::MAX);
        test.client.enqueue(&welcome()).await.unwrap();

        let drained = test.drain_through_time(handlers(&outbox)).await.unwrap();
        assert_eq!((drained.retries().len(), drained.failures().len()), (4, 1));
        let failures = test.client.failures().unwrap().all(0, 1).await.unwrap();
        assert_eq!(failures[0].content.record().unwrap().attempts(), 5);
    }

    #[tokio::test]
    async fn one_job_alone_needs_no_store() {
        let outbox = Outbox::default();
        let performed = perform(handlers(&outbox), &welcome()).await.unwrap();
        assert_eq!(performed, Performed::Done);
        assert_eq!(outbox.sent(), ["welcome to ada@example.org"]);
    }

    #[tokio::test]
    async fn inline_a_job_is_performed_in_the_call_that_enqueues_it() {
        let outbox = Outbox::default();
        let inline = Client::inline(handlers(&outbox));
        register(&inline, "ada@example.org").await.unwrap();
        assert_eq!(outbox.sent().len(), 2, "the reminder waits for nothing");
        assert!(register(&inline, "nobody").await.is_err());
    }
}
