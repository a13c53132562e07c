//! Jobs that are lent until a time.

mod lend;
mod list;
mod settle;

use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{
    Cursor, Error, JobLoans, LARGEST_LENDING, Lent, Loan, LoanExtension, LoanPage, LoanReceipt,
    LoanRequest, LoanSettlement, PutBack, Result, Settled,
};

use crate::stamp::Stamp;
use crate::store::{Store, bounded, counted};

#[async_trait]
impl JobLoans for Store {
    async fn lend(&self, request: &LoanRequest<'_>, now: SystemTime) -> Result<Lent> {
        self.lend_jobs(request, Stamp::of(now)?).await
    }

    async fn settle(&self, done: &[LoanSettlement], now: SystemTime) -> Result<Vec<Settled>> {
        if done.is_empty() {
            return Ok(Vec::new());
        }
        self.settle_loans(done, Stamp::of(now)?).await
    }

    async fn extend(&self, loans: &[LoanExtension], now: SystemTime) -> Result<Vec<bool>> {
        if loans.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<i64> = loans.iter().map(|loan| number_of(&loan.receipt)).collect();
        let until = loans.iter().map(|loan| Stamp::of(loan.until));
        let until: Vec<Stamp> = until.collect::<Result<_>>()?;
        let query = self.statement("select resque.extend_loans($1, $2, $3)");
        let query = query.bind(ids).bind(until).bind(Stamp::of(now)?);
        let row = self.row("extend loans", query).await?;
        self.get(&row, 0)
    }

    async fn find(&self, receipts: &[LoanReceipt], now: SystemTime) -> Result<Vec<Option<Loan>>> {
        if receipts.is_empty() {
            return Ok(Vec::new());
        }
        self.find_loans(receipts, Stamp::of(now)?).await
    }

    async fn put_back(&self, at_most: usize, now: SystemTime) -> Result<PutBack> {
        let at_most = at_most.min(LARGEST_LENDING) as u64;
        let query = self.statement("select * from resque.put_back($1, $2)");
        let query = query.bind(Stamp::of(now)?).bind(bounded(at_most));
        let row = self.row("put back loans", query).await?;
        let mut answer = PutBack::default();
        let jobs: i64 = self.get(&row, "jobs")?;
        answer.jobs = usize::try_from(jobs).unwrap_or(0);
        let next: Option<Stamp> = self.get(&row, "next_over")?;
        answer.next_over = next.map(Stamp::time);
        Ok(answer)
    }

    async fn count(&self) -> Result<u64> {
        let query = self.statement("select count(*) from resque.loans");
        let row = self.row("count the loans", query).await?;
        Ok(counted(self.get(&row, 0)?))
    }

    async fn list(
        &self,
        cursor: Option<&Cursor>,
        at_most: usize,
        now: SystemTime,
    ) -> Result<LoanPage> {
        match self.put_back(LARGEST_LENDING, now).await {
            // Who may only look sees what there is.
            Ok(_)
            | Err(Error::Rejected {
                transient: false, ..
            }) => {}
            Err(error) => return Err(error),
        }
        self.list_loans(cursor, at_most).await
    }
}

/// The number of the loan that a receipt names; 0, which no loan has, for another text.
fn number_of(receipt: &LoanReceipt) -> i64 {
    let number: i64 = receipt.as_str().parse().unwrap_or(0);
    // `+1` and `01` are no receipts.
    if number.to_string() == receipt.as_str() {
        number
    } else {
        0
    }
}
