//! Showing loans, and finding them by their receipts.

use std::collections::HashMap;

use resque_core::{Cursor, HttpWorkerId, Loan, LoanPage, LoanReceipt, Payload, QueueName, Result};
use sqlx::postgres::PgRow;

use super::number_of;
use crate::stamp::Stamp;
use crate::store::Store;
use crate::timeline::Timeline;

const LIST: Timeline = Timeline {
    what: "list the loans",
    text: "select * from resque.loans l
        where $1::timestamptz is null or (l.until, l.id) > ($1, $2)
        order by l.until, l.id limit $3",
    time: "until",
};

const TEXT_OF_THESE: &str = "select * from resque.loans l where l.id = any ($1) and l.until > $2";

impl Store {
    /// The loans of these receipts that are not over.
    pub(super) async fn find_loans(
        &self,
        receipts: &[LoanReceipt],
        now: Stamp,
    ) -> Result<Vec<Option<Loan>>> {
        let numbers: Vec<i64> = receipts.iter().map(number_of).collect();
        let query = self.statement(TEXT_OF_THESE).bind(&numbers).bind(now);
        let rows = self.rows("find loans", query).await?;
        let loans = rows.iter().map(|row| {
            let loan = self.loan_of(row)?;
            Ok((number_of(&loan.receipt), loan))
        });
        let loans: HashMap<i64, Loan> = loans.collect::<Result<_>>()?;
        Ok(numbers
            .iter()
            .map(|number| loans.get(number).cloned())
            .collect())
    }

    /// Shows loans behind the cursor.
    pub(super) async fn list_loans(
        &self,
        cursor: Option<&Cursor>,
        at_most: usize,
    ) -> Result<LoanPage> {
        let (rows, next) = self.page_of(&LIST, cursor, at_most).await?;
        let loans = rows.iter().map(|row| self.loan_of(row));
        Ok(LoanPage::new(loans.collect::<Result<_>>()?, next))
    }

    fn loan_of(&self, row: &PgRow) -> Result<Loan> {
        let number: i64 = self.get(row, "id")?;
        let queue: String = self.get(row, "queue")?;
        let payload: Vec<u8> = self.get(row, "payload")?;
        let (since, until): (Stamp, Stamp) = (self.get(row, "since")?, self.get(row, "until")?);
        let holder: Option<String> = self.get(row, "holder")?;
        let attempt: i32 = self.get(row, "attempt")?;
        let loan = Loan::new(
            LoanReceipt::new(number.to_string()),
            QueueName::new(queue)?,
            Payload::new(payload),
            since.time(),
            until.time(),
        );
        let holder = holder.and_then(|holder| HttpWorkerId::new(holder).ok());
        Ok(loan.by(holder, u32::try_from(attempt).unwrap_or(1)))
    }
}
