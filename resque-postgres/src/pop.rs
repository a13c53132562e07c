//! Taking jobs out for good.

use resque_core::{Payload, Popped, QueueList, Result};

use crate::store::Store;

const WHAT: &str = "pop";
const TEXT: &str = "select * from resque.pop($1, $2, $3, $4)";

impl Store {
    /// Takes jobs out.
    pub(crate) async fn pop(&self, from: &QueueList, at_most: usize) -> Result<Vec<Popped>> {
        let count = i32::try_from(at_most).unwrap_or(i32::MAX);
        if count == 0 {
            return Ok(Vec::new());
        }
        loop {
            let asked = self.asked(from).await?;
            let query = self
                .statement(TEXT)
                .bind(&*asked.ids)
                .bind(&asked.from)
                .bind(count)
                .bind(asked.queues.seen());
            let row = self.row(WHAT, query).await?;
            if self.get(&row, "outdated")? {
                self.known.forget();
                continue;
            }
            let queues: Vec<i32> = self.get(&row, "queues")?;
            let places: Vec<i64> = self.get(&row, "places")?;
            let payloads: Vec<Vec<u8>> = self.get(&row, "payloads")?;
            self.taken(&queues, &places);
            let popped = queues.iter().zip(payloads).filter_map(|(id, payload)| {
                let queue = asked.queues.name(*id)?.clone();
                let payload = Payload::new(payload);
                Some(Popped { queue, payload })
            });
            return Ok(popped.collect());
        }
    }
}
