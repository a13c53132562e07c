//! The store as a whole: one reading that serves everybody who looks at about the same time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::OptionFuture;
use futures::try_join;
use resque_core::{
    BackendInfo, Client, Error, Leading, QueueListing, QueueStatus, Result, ScheduleStore,
    WorkerListing,
};
use tokio::sync::Mutex;

use super::Moment;
use crate::fault::Fault;

/// What a store holds, counted.
#[derive(Debug)]
pub(crate) struct Glance {
    /// When it was read, by our clock.
    pub(crate) at: Moment,
    /// The same, for measuring.
    pub(crate) taken: Duration,
    /// All queues.
    pub(crate) queues: QueueListing,
    /// All workers and what they hold.
    pub(crate) workers: WorkerListing,
    /// How many attempts have ended.
    pub(crate) processed: u64,
    /// How many failed.
    pub(crate) failed: u64,
    /// How many records of failures there are.
    pub(crate) failures: u64,
    /// How many jobs wait for their time, where that can be.
    pub(crate) delayed: Option<u64>,
    /// Whether reserving is paused for all workers, where that can be.
    pub(crate) paused: Option<bool>,
    /// Who fires schedules and whether these were changed, where there are any that can be read.
    pub(crate) leading: Option<Leading>,
    /// Which backend it is.
    pub(crate) backend: BackendInfo,
}

impl Glance {
    async fn take(client: &Client) -> Result<Self> {
        let Some(store) = client.backend() else {
            // The error that says so comes from the client.
            return Err(client
                .queue_listing()
                .await
                .err()
                .unwrap_or(Error::Conflict {
                    what: "the store".to_owned(),
                }));
        };
        let (queues, workers) = (store.queues(), store.workers());
        let delayed: OptionFuture<_> = queues.delayed().map(|delayed| delayed.count()).into();
        let paused: OptionFuture<_> = queues.control().map(|control| control.paused()).into();
        let optional = async { Ok((delayed.await.transpose()?, paused.await.transpose()?)) };
        let leading = async { Ok(leading(client, queues.schedules()).await) };
        let (listing, workers, processed, failed, failures, (delayed, paused), leading) = try_join!(
            queues.queues(),
            workers.workers(),
            workers.stat("processed"),
            workers.stat("failed"),
            store.failures().count(None),
            optional,
            leading,
        )?;
        Ok(Self {
            at: Moment::new(client.clock().now()),
            taken: client.clock().monotonic(),
            queues: listing,
            workers,
            processed: u64::try_from(processed).unwrap_or(0),
            failed: u64::try_from(failed).unwrap_or(0),
            failures,
            delayed,
            paused,
            leading,
            backend: queues.info(),
        })
    }

    /// How many jobs wait in queues.
    pub(crate) fn pending(&self) -> u64 {
        self.queues.queues.iter().map(|queue| queue.length).sum()
    }

    /// How many workers hold a job.
    pub(crate) fn working(&self) -> u64 {
        let workers = self.workers.workers.iter();
        workers.filter(|worker| worker.holds.is_some()).count() as u64
    }
}

/// Who fires schedules. That schedules are out of order has only their own page to tell.
async fn leading(client: &Client, schedules: Option<&dyn ScheduleStore>) -> Option<Leading> {
    let schedules = schedules?;
    let now = client.store_time().await.ok()?;
    schedules.leading(now).await.ok()
}

/// The last glance, and older ones to compare it with.
pub(crate) struct Glances {
    freshness: Duration,
    last: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// None after a change, too.
    now: Option<Arc<Glance>>,
    /// What rates are reckoned from.
    before: Option<Arc<Glance>>,
    /// What comes after it.
    next: Option<Arc<Glance>>,
    /// Why the store could not be read last, and when that was known.
    trouble: Option<(Duration, Fault)>,
}

/// Over how long a rate is reckoned, at least.
const SPAN: Duration = Duration::from_secs(5);

impl Glances {
    pub(crate) fn new(freshness: Duration) -> Self {
        Self {
            freshness,
            last: Mutex::default(),
        }
    }

    /// A glance that is fresh enough. Whoever asks meanwhile gets the same one.
    pub(crate) async fn get(&self, client: &Client) -> std::result::Result<Arc<Glance>, Fault> {
        let mut seen = self.last.lock().await;
        let now = client.clock().monotonic();
        if let Some(glance) = &seen.now
            && now.saturating_sub(glance.taken) < self.freshness
        {
            return Ok(glance.clone());
        }
        // Whoever looks while the store is away is told at once, and nobody waits for the time-outs of
        // those before.
        if let Some((since, fault)) = &seen.trouble
            && now.saturating_sub(*since) < self.freshness
        {
            return Err(fault.clone());
        }
        match Glance::take(client).await {
            Ok(glance) => {
                let glance = Arc::new(glance);
                seen.note(&glance);
                Ok(glance)
            }
            Err(error) => {
                let fault = Fault::from(error);
                seen.trouble = Some((client.clock().monotonic(), fault.clone()));
                Err(fault)
            }
        }
    }

    /// What this glance is compared with to tell how fast things go, if there is anything yet.
    pub(crate) async fn pace(&self, now: &Arc<Glance>) -> Option<Pace> {
        let before = self.last.lock().await.before.clone()?;
        let span = now.taken.saturating_sub(before.taken).as_secs_f64();
        (span > 0.0).then_some(Pace { before, span })
    }

    /// Makes the next one new.
    pub(crate) async fn forget(&self) {
        let mut seen = self.last.lock().await;
        // What changed could be reached.
        (seen.now, seen.trouble) = (None, None);
    }
}

impl Seen {
    fn note(&mut self, glance: &Arc<Glance>) {
        let next = self.next.get_or_insert_with(|| glance.clone()).clone();
        if glance.taken.saturating_sub(next.taken) >= SPAN {
            self.before = self.next.replace(glance.clone());
        } else if self.before.is_none() {
            self.before = Some(next);
        }
        self.now = Some(glance.clone());
        self.trouble = None;
    }
}

/// How fast things go since an earlier glance.
#[derive(Debug)]
pub(crate) struct Pace {
    before: Arc<Glance>,
    span: f64,
}

impl Pace {
    /// How many attempts have ended each second; nothing if somebody has set the counter back.
    pub(crate) fn processed(&self, now: &Glance) -> Option<f64> {
        let done = now.processed.checked_sub(self.before.processed)?;
        // Far below the numbers that a float cannot hold.
        Some(done as f64 / self.span)
    }

    /// By how many jobs a second a queue grows, or shrinks where that is less than nothing.
    pub(crate) fn of_queue(&self, queue: &QueueStatus) -> Option<f64> {
        let before = self.before.queues.get(queue.name.as_str())?;
        Some((queue.length as f64 - before.length as f64) / self.span)
    }
}

impl fmt::Debug for Glances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Glances")
            .field("freshness", &self.freshness)
            .finish_non_exhaustive()
    }
}
