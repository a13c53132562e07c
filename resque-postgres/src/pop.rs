//! Taking jobs out for good.

use resque_core::{Popped, QueueList, Result};

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
            let popped = self.taken(&row, &asked)?.flatten();
            return Ok(popped
                .map(|(queue, payload)| Popped { queue, payload })
                .collect());
        }
    }
}
