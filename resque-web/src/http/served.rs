//! Which queues have workers, so that who puts something there that is no job for them is told.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use resque_core::{Client, QueueList, QueueName};

/// How old the answer may be. It is a warning, not a rule.
const FRESH: Duration = Duration::from_secs(10);

/// What the registry said last.
#[derive(Debug, Default)]
pub(super) struct Served {
    last: Mutex<Option<(Duration, Arc<[QueueList]>)>>,
    asking: tokio::sync::Mutex<()>,
}

impl Served {
    /// Whether a registered worker serves this queue.
    pub(super) async fn by_workers(&self, client: &Client, queue: &QueueName) -> bool {
        let lists = match self.last(client.clock().monotonic()) {
            Some(lists) => lists,
            None => self.ask(client).await,
        };
        lists.iter().any(|list| list.serves(queue))
    }

    fn last(&self, now: Duration) -> Option<Arc<[QueueList]>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (when, lists) = last.as_ref()?;
        (now.saturating_sub(*when) < FRESH).then(|| lists.clone())
    }

    /// Asks once for all who want to know at the same time.
    async fn ask(&self, client: &Client) -> Arc<[QueueList]> {
        let _one = self.asking.lock().await;
        let now = client.clock().monotonic();
        if let Some(lists) = self.last(now) {
            return lists;
        }
        let lists = lists(client).await;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, lists.clone()));
        lists
    }
}

/// The different lists of all workers; none if the registry cannot be read, because what depends on
/// it is only a warning.
async fn lists(client: &Client) -> Arc<[QueueList]> {
    let Some(store) = client.backend() else {
        return Arc::default();
    };
    let workers = match store.workers().workers().await {
        Ok(listing) => listing.workers,
        Err(error) => {
            tracing::debug!(%error, "cannot tell which queues have workers");
            return Arc::default();
        }
    };
    let texts: BTreeSet<&str> = workers.iter().map(|worker| worker.id.queues()).collect();
    texts
        .into_iter()
        .filter_map(|text| text.parse().ok())
        .collect()
}
