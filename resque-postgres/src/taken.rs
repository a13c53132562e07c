//! Jobs that were taken out of queues, as all functions that do so tell of them.

use resque_core::{Payload, QueueName, Result};
use sqlx::postgres::PgRow;

use crate::known::Asked;
use crate::store::Store;

impl Store {
    /// The jobs of an answer in their order, whose places are noted; none where nothing was looked for.
    /// A job is none where the name of its queue is none, which can only be where the table was changed
    /// by hand.
    pub(crate) fn taken(
        &self,
        row: &PgRow,
        asked: &Asked,
    ) -> Result<impl Iterator<Item = Option<(QueueName, Payload)>>> {
        let queues: Option<Vec<i32>> = self.get(row, "queues")?;
        let places: Option<Vec<i64>> = self.get(row, "places")?;
        let payloads: Option<Vec<Vec<u8>>> = self.get(row, "payloads")?;
        let (queues, payloads) = (queues.unwrap_or_default(), payloads.unwrap_or_default());
        if let Some(places) = places {
            self.searched(asked, &queues, &places);
        }
        if !queues.is_empty() {
            self.wake.found();
        }
        let jobs = queues.into_iter().zip(payloads);
        Ok(jobs.map(|(queue, payload)| {
            let queue = asked.queues.name(queue)?.clone();
            Some((queue, Payload::new(payload)))
        }))
    }
}
