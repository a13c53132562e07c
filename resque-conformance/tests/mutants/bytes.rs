//! Mutants that do not keep bytes.

use async_trait::async_trait;
use resque_core::{
    Backend, Enqueue, Error, Exchange, FailureOrder, FailureQuery, FailureRecord, FailureRetry,
    Outcome, Payload, Pushed, Result,
};
use serde_json::Value;

use super::twist::{Ask, Twist};

/// Pushes the batch with each payload changed.
async fn push_changed(
    inner: &Backend,
    batch: &[Enqueue],
    change: impl Fn(&Payload) -> Payload + Send,
) -> Result<Vec<Pushed>> {
    let mut batch = batch.to_vec();
    batch
        .iter_mut()
        .for_each(|job| job.payload = change(&job.payload));
    inner.queues().push(&batch).await
}

/// The payload as a parser and a writer of JSON leave it.
fn reencoded(payload: &Payload) -> Payload {
    match serde_json::from_slice::<Value>(payload.as_bytes()) {
        Ok(value) => Payload::from(value.to_string()),
        Err(_) => payload.clone(),
    }
}

/// JSON is read and written again.
#[derive(Debug)]
pub(crate) struct ReencodesJson;

#[async_trait]
impl Twist for ReencodesJson {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        push_changed(inner, batch, reencoded).await
    }
}

/// Members other than class and args are dropped.
#[derive(Debug)]
pub(crate) struct DropsUnknownMembers;

#[async_trait]
impl Twist for DropsUnknownMembers {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        push_changed(inner, batch, |payload| {
            let text = payload.to_text_lossy();
            match (text.find(r#","queue":"#), text.ends_with('}')) {
                (Some(cut), true) => Payload::from(format!("{}}}", &text[..cut])),
                _ => payload.clone(),
            }
        })
        .await
    }
}

/// What is no UTF-8 is made so.
#[derive(Debug)]
pub(crate) struct ReplacesBadText;

#[async_trait]
impl Twist for ReplacesBadText {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        push_changed(inner, batch, |payload| {
            Payload::from(payload.to_text_lossy().into_owned())
        })
        .await
    }
}

/// A payload ends at its first NUL.
#[derive(Debug)]
pub(crate) struct EndsAtNul;

#[async_trait]
impl Twist for EndsAtNul {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        push_changed(inner, batch, |payload| {
            let text = payload.as_bytes().split(|byte| *byte == 0).next();
            Payload::from(text.unwrap_or_default().to_vec())
        })
        .await
    }
}

/// Blanks around a payload are dropped.
#[derive(Debug)]
pub(crate) struct TrimsPayloads;

#[async_trait]
impl Twist for TrimsPayloads {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        push_changed(inner, batch, |payload| {
            Payload::from(payload.as_bytes().trim_ascii().to_vec())
        })
        .await
    }
}

/// A megabyte is as much as a payload may have.
#[derive(Debug)]
pub(crate) struct CutsLongPayloads;

#[async_trait]
impl Twist for CutsLongPayloads {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        push_changed(inner, batch, |payload| {
            let bytes = payload.as_bytes();
            Payload::from(bytes[..bytes.len().min(1 << 20)].to_vec())
        })
        .await
    }
}

/// An empty payload is no job and is left out.
#[derive(Debug)]
pub(crate) struct SkipsEmptyPayloads;

#[async_trait]
impl Twist for SkipsEmptyPayloads {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        let mut batch = batch.to_vec();
        batch.retain(|job| !job.payload.as_bytes().is_empty());
        inner.queues().push(&batch).await
    }
}

/// What nests deeper than a parser goes is refused.
#[derive(Debug)]
pub(crate) struct RefusesDeepNesting;

#[async_trait]
impl Twist for RefusesDeepNesting {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        let deep = |job: &&Enqueue| {
            job.payload
                .as_bytes()
                .starts_with(b"{\"class\":\"A\",\"args\":[[[[[")
        };
        if batch.iter().find(deep).is_some() {
            return Err(Error::Rejected {
                what: "push".to_owned(),
                reason: "excessive nesting".to_owned(),
                transient: false,
            });
        }
        inner.queues().push(batch).await
    }
}

/// What is no object does not wait with the others: it is dropped when it would be given out.
#[derive(Debug)]
pub(crate) struct DropsBadJobs;

#[async_trait]
impl Twist for DropsBadJobs {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        let mut batch = batch.to_vec();
        batch.retain(|job| job.payload.as_bytes().trim_ascii().starts_with(b"{"));
        inner.queues().push(&batch).await
    }
}

/// A failure record holds its payload as text.
#[derive(Debug)]
pub(crate) struct RecordsText;

fn as_text(record: &FailureRecord) -> FailureRecord {
    let mut record = record.clone();
    record.payload = Payload::from(record.payload.to_text_lossy().into_owned());
    record
}

#[async_trait]
impl Twist for RecordsText {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut done = ask.done.to_vec();
        for settlement in &mut done {
            if let Outcome::Failed(record) = &mut settlement.outcome {
                **record = as_text(record);
            }
        }
        ask.done(&done).pass(inner).await
    }

    async fn record(&self, inner: &Backend, records: &[FailureRecord]) -> Result<()> {
        let records: Vec<_> = records.iter().map(as_text).collect();
        inner.failures().record(&records).await
    }
}

/// A failed job is put back as a parser and a writer of JSON leave it.
#[derive(Debug)]
pub(crate) struct RetriesReencoded;

#[async_trait]
impl Twist for RetriesReencoded {
    async fn retry(
        &self,
        inner: &Backend,
        batch: &[FailureRetry],
        now: std::time::SystemTime,
    ) -> Result<Vec<Result<()>>> {
        let mut query = FailureQuery::default();
        (query.order, query.limit) = (FailureOrder::OldestFirst, 10_000);
        query.scan_budget = 10_000;
        let entries = inner.failures().list(&query).await?.entries;
        let mut answers = inner.failures().retry(batch, now).await?;
        for (retry, answer) in batch.iter().zip(&mut answers) {
            let record = entries.iter().find(|entry| entry.id == retry.id);
            let Some(record) = record.and_then(|entry| entry.content.record()) else {
                continue;
            };
            let queue = retry.queue.clone().or_else(|| record.queue.parse().ok());
            let (Ok(()), Some(queue)) = (answer, queue) else {
                continue;
            };
            let changed = reencoded(&record.payload);
            if changed != record.payload {
                let edit = resque_core::Edit {
                    queue: queue.clone(),
                    payload: record.payload.clone(),
                    at_most: 1,
                    to: resque_core::EditTo::Nowhere,
                };
                inner.queues().edit(&[edit]).await?;
                inner.queues().push(&[Enqueue::new(queue, changed)]).await?;
            }
        }
        Ok(answers)
    }
}

/// A job that is tried again keeps its old bytes.
#[derive(Debug)]
pub(crate) struct RetriesOldBytes;

#[async_trait]
impl Twist for RetriesOldBytes {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut done = ask.done.to_vec();
        for settlement in &mut done {
            if let Outcome::RetryAt { at, .. } = settlement.outcome {
                settlement.outcome = Outcome::Defer(at);
            }
        }
        ask.done(&done).pass(inner).await
    }
}

/// A job that is released comes back with the bytes it had.
#[derive(Debug)]
pub(crate) struct ReleasesOldBytes;

#[async_trait]
impl Twist for ReleasesOldBytes {
    async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
        let mut done = ask.done.to_vec();
        for settlement in &mut done {
            if let Outcome::ReleaseAs(_) = settlement.outcome {
                settlement.outcome = Outcome::Release;
            }
        }
        ask.done(&done).pass(inner).await
    }
}

/// A record's backtrace is one text.
#[derive(Debug)]
pub(crate) struct FlattensBacktraces;

#[async_trait]
impl Twist for FlattensBacktraces {
    async fn record(&self, inner: &Backend, records: &[FailureRecord]) -> Result<()> {
        let mut records = records.to_vec();
        for record in &mut records {
            record.backtrace = vec![record.backtrace.join("\n")];
        }
        inner.failures().record(&records).await
    }
}
