//! What the store looked like before.

use std::time::{Duration, SystemTime};

use super::{CHUNK, Client};
use crate::{Result, Sample, StatsHistory};

/// What a store looked like, minute by minute, for the last seven days.
///
/// Workers sample: one of them for all, once a minute. A minute in which none was running has no
/// sample.
///
/// # Errors
///
/// All methods fail as [`StatsHistory`] says.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    client: &'a Client,
    store: &'a dyn StatsHistory,
}

impl Client {
    /// What the store looked like before.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// # let client = resque_core::Client::new(resque_memory::MemoryBackend::new().backend());
    /// let now = client.store_time().await?;
    /// let history = client.history()?;
    /// history.record(now, &history.measure(now).await?).await?;
    ///
    /// let samples = history.samples(resque_core::minute_of(now), now).await?;
    /// assert_eq!(samples[0].1.processed, 0);
    /// # Ok::<(), resque_core::Error>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`crate::Error::NotOffered`] by a store that remembers nothing about itself.
    pub fn history(&self) -> Result<History<'_>> {
        let what = "looking at the history";
        let store = self.store(what)?;
        let history = store.queues().history();
        let history = history.ok_or_else(|| store.not_offered(what, "a history"))?;
        Ok(History {
            client: self,
            store: history,
        })
    }
}

impl History<'_> {
    /// The samples of the minutes that begin at or after `since` and before `until`, in order, each
    /// with the beginning of its minute. What nobody can read is left out.
    ///
    /// # Errors
    ///
    /// As for [`History`].
    pub async fn samples(
        &self,
        since: SystemTime,
        until: SystemTime,
    ) -> Result<Vec<(SystemTime, Sample)>> {
        let mut samples = Vec::new();
        let mut since = since;
        loop {
            let page = self.store.range(since, until, CHUNK).await?;
            let last = page.last().map(|(minute, _)| *minute);
            let full = page.len() == CHUNK;
            let read = |(minute, bytes): (SystemTime, bytes::Bytes)| {
                Some((minute, Sample::from_bytes(&bytes)?))
            };
            samples.extend(page.into_iter().filter_map(read));
            match last {
                Some(last) if full => since = last + Duration::from_secs(1),
                _ => return Ok(samples),
            }
        }
    }

    /// What the store looks like now, for [`record`](History::record).
    ///
    /// # Errors
    ///
    /// As for [`History`].
    pub async fn measure(&self, now: SystemTime) -> Result<Sample> {
        let store = self.client.store("measuring")?;
        measure(store, self.store, now).await
    }

    /// Keeps a sample of the minute in which `at` lies, unless there is one of it, and answers
    /// whether it was kept.
    ///
    /// # Errors
    ///
    /// As for [`History`].
    pub async fn record(&self, at: SystemTime, sample: &Sample) -> Result<bool> {
        self.store.record(at, &sample.to_bytes()).await
    }
}

/// What a store looks like now.
pub(crate) async fn measure(
    store: &crate::Backend,
    history: &dyn StatsHistory,
    now: SystemTime,
) -> Result<Sample> {
    let workers = store.workers();
    let processed = workers.stat("processed").await?;
    let failed = workers.stat("failed").await?;
    let mut sample = Sample::new(processed, failed).backlog(history.backlog().await?, now);
    sample.failures = store.failures().count(None).await?;
    if let Some(delayed) = store.queues().delayed() {
        sample.delayed = Some(delayed.count().await?);
    }
    Ok(sample)
}
