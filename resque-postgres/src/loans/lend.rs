//! Lending jobs.

use resque_core::{HttpWorkerId, LARGEST_LENDING, Lent, Loan, LoanReceipt, LoanRequest, Result};
use sqlx::postgres::PgRow;

use crate::known::Asked;
use crate::stamp::Stamp;
use crate::store::Store;

const TEXT: &str = "select * from resque.lend($1, $2, $3, $4, $5, $6, $7)";

impl Store {
    /// Lends jobs from queues in their order.
    pub(super) async fn lend_jobs(&self, request: &LoanRequest<'_>, now: Stamp) -> Result<Lent> {
        let count = request.at_most.min(LARGEST_LENDING);
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        loop {
            let asked = self.asked(request.from).await?;
            let query = self
                .statement(TEXT)
                .bind(&*asked.ids)
                .bind(&asked.from)
                .bind(count)
                .bind(asked.queues.seen())
                .bind(Stamp::of(request.until)?)
                .bind(request.holder.map(HttpWorkerId::as_str))
                .bind(now);
            let row = self.row("lend jobs", query).await?;
            if self.get(&row, "outdated")? {
                self.known.forget();
                continue;
            }
            let mut lent = Lent::default();
            lent.paused = self.get(&row, "paused")?;
            let next: Option<Stamp> = self.get(&row, "next_over")?;
            lent.next_over = next.map(Stamp::time);
            lent.loans = self.lent_of(&row, request, &asked, now)?;
            return Ok(lent);
        }
    }

    fn lent_of(
        &self,
        row: &PgRow,
        request: &LoanRequest<'_>,
        asked: &Asked,
        now: Stamp,
    ) -> Result<Vec<Loan>> {
        let ids: Option<Vec<i64>> = self.get(row, "ids")?;
        let attempts: Option<Vec<i32>> = self.get(row, "attempts")?;
        let until = Stamp::of(request.until)?.time();
        let jobs = ids.unwrap_or_default().into_iter();
        let jobs = jobs.zip(self.taken(row, asked)?);
        let jobs = jobs.zip(attempts.unwrap_or_default());
        let lent = jobs.filter_map(|((id, job), attempt)| {
            let (queue, payload) = job?;
            let receipt = LoanReceipt::new(id.to_string());
            let loan = Loan::new(receipt, queue, payload, now.time(), until);
            let attempt = u32::try_from(attempt).unwrap_or(1);
            Some(loan.by(request.holder.cloned(), attempt))
        });
        Ok(lent.collect())
    }
}
