//! What a store holds, in numbers.

use resque::{Client, Error};

/// What a store holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    /// The queues with their lengths, and whether they are stopped.
    pub(super) queues: Vec<(String, u64, bool)>,
    /// How many jobs wait for their time.
    pub(super) delayed: u64,
    /// How many failed jobs are on record.
    pub(super) failed: u64,
}

impl Numbers {
    /// Asks the store.
    pub(super) async fn ask(client: &Client) -> Result<Self, Error> {
        let listing = client.queue_listing().await?;
        let delayed = match client.delayed() {
            Ok(delayed) => delayed.count().await?,
            // A store that cannot hold jobs until they are due holds none.
            Err(_) => 0,
        };
        Ok(Self {
            queues: listing
                .queues
                .into_iter()
                .map(|queue| (queue.name.to_string(), queue.length, queue.stopped))
                .collect(),
            delayed,
            failed: client.failures()?.count().await?,
        })
    }

    /// How many jobs wait in all queues.
    pub(super) fn waiting(&self) -> u64 {
        self.queues.iter().map(|(_, length, _)| length).sum()
    }
}
