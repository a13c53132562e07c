//! Jobs that are lent until a time, as the trait sees them.

mod find;
mod lend;
mod list;
mod note;
mod settle;

use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{
    Cursor, Error, JobLoans, LARGEST_LENDING, Lent, Loan, LoanExtension, LoanPage, LoanReceipt,
    LoanRequest, LoanSettlement, PutBack, Result, Settled,
};

use self::note::{number_and_token, until_of};
use crate::driver::{Batch, Value};
use crate::limits::micros;
use crate::scripts::{EXTEND_LOANS, PUT_BACK_LOANS};
use crate::store::{CHUNK, Store, list_of, number_of};

#[async_trait]
impl JobLoans for Store {
    async fn lend(&self, request: &LoanRequest<'_>, now: SystemTime) -> Result<Lent> {
        self.lend_jobs(request, now).await
    }

    async fn settle(&self, done: &[LoanSettlement], now: SystemTime) -> Result<Vec<Settled>> {
        let mut settled = Vec::with_capacity(done.len());
        for part in done.chunks(CHUNK) {
            settled.extend(self.settle_loans(part, now).await?);
        }
        Ok(settled)
    }

    async fn extend(&self, loans: &[LoanExtension], now: SystemTime) -> Result<Vec<bool>> {
        let mut held = Vec::with_capacity(loans.len());
        for part in loans.chunks(CHUNK) {
            let mut call = self.call(&EXTEND_LOANS, 3 * part.len() + 1, 80 * part.len());
            call.arg(micros(now));
            for LoanExtension { receipt, until } in part {
                let (number, token) = number_and_token(receipt);
                call.arg(number).arg(token).arg(micros(*until));
            }
            let answers = list_of(self.script("extend loans", &call).await?);
            held.extend(answers.iter().map(|answer| number_of(answer) == 1));
        }
        Ok(held)
    }

    async fn find(&self, receipts: &[LoanReceipt], now: SystemTime) -> Result<Vec<Option<Loan>>> {
        let mut found = Vec::with_capacity(receipts.len());
        for part in receipts.chunks(CHUNK) {
            found.extend(self.find_loans(part, now).await?);
        }
        Ok(found)
    }

    async fn put_back(&self, at_most: usize, now: SystemTime) -> Result<PutBack> {
        const WHAT: &str = "put back loans";
        let mut call = self.call(&PUT_BACK_LOANS, 2, 40);
        call.arg(micros(now)).arg(at_most.min(LARGEST_LENDING));
        let reply = list_of(self.script(WHAT, &call).await?);
        let Ok([jobs, next_over, troubles]) = <[Value; 3]>::try_from(reply) else {
            return Err(self.odd_reply(WHAT));
        };
        let mut answer = PutBack::default();
        answer.jobs = usize::try_from(number_of(&jobs)).unwrap_or(usize::MAX);
        answer.next_over = until_of(next_over);
        answer.troubles = self.troubles_of(troubles);
        Ok(answer)
    }

    async fn count(&self) -> Result<u64> {
        let key = self.keys.key("rs:loans");
        let mut batch = Batch::new();
        batch.command("ZCARD").arg(&key);
        let count = self.on_key("count the loans", &key, &batch).await?;
        Ok(number_of(&count))
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

impl Store {
    /// What scripts tell of keys that could not be used.
    fn troubles_of(&self, troubles: Value) -> Vec<Error> {
        let troubles = list_of(troubles);
        let triples = troubles.chunks_exact(3);
        triples
            .map(|three| self.spoiled(&three[1], &three[2]))
            .collect()
    }
}
