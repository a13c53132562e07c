//! Filling free slots where nothing is settled: what an idle worker does when it is woken.

use resque_core::{Error, Exchange, QueueList, Receipt, Reservation, Result, WorkerId};

use crate::stamp::Stamp;
use crate::store::Store;

const WHAT: &str = "reserve";
const TEXT: &str = "select * from resque.reserve($1, $2, $3, $4, $5)";

impl Store {
    /// Fills slots, each named once, unless there is more to do than that: one of them holds a job
    /// already, or nobody knows it, or the names of the queues are out of date. Then nothing is done and
    /// the answer is `None`.
    pub(super) async fn reserve(
        &self,
        want: &[&WorkerId],
        from: &QueueList,
        now: Stamp,
    ) -> Result<Option<Exchange>> {
        let ids: Vec<&str> = want.iter().map(|id| id.as_str()).collect();
        let asked = self.asked(from).await?;
        let statement = self
            .statement(TEXT)
            .bind(ids)
            .bind(&*asked.ids)
            .bind(&asked.from)
            .bind(asked.queues.seen())
            .bind(now);
        let row = match self.row(WHAT, statement).await {
            Ok(row) => row,
            // Nothing was done: somebody else was at the same worker.
            Err(Error::Rejected {
                transient: true, ..
            }) => return Ok(None),
            Err(error) => return Err(error),
        };
        if !self.get::<bool, _>(&row, "ready")? {
            return Ok(None);
        }
        let mut answer = Exchange::default();
        answer.paused = self.get(&row, "paused")?;
        let numbers: Option<Vec<i64>> = self.get(&row, "numbers")?;
        let jobs = want.iter().copied().zip(numbers.unwrap_or_default());
        let jobs = jobs.zip(self.taken(&row, &asked)?);
        let reserved = jobs.filter_map(|((worker, number), job)| {
            let receipt = Receipt::numbered(worker.clone(), u64::try_from(number).ok()?);
            let (queue, payload) = job?;
            Some(Reservation::new(queue, payload, now.time(), receipt))
        });
        answer.reserved = reserved.collect();
        Ok(Some(answer))
    }
}
