//! Finding loans by their receipts.

use std::time::SystemTime;

use resque_core::{Loan, LoanReceipt, Result};

use super::note::{number_and_token, read};
use crate::driver::Value;
use crate::limits::{micros, time_of};
use crate::scripts::FIND_LOANS;
use crate::store::{Store, bytes_of, list_of};

impl Store {
    /// The loans of these receipts that are not over.
    pub(super) async fn find_loans(
        &self,
        receipts: &[LoanReceipt],
        now: SystemTime,
    ) -> Result<Vec<Option<Loan>>> {
        const WHAT: &str = "find loans";
        let mut call = self.call(&FIND_LOANS, 2 * receipts.len() + 1, 60 * receipts.len());
        call.arg(micros(now));
        for receipt in receipts {
            let (number, token) = number_and_token(receipt);
            call.arg(number).arg(token);
        }
        let reply = list_of(self.script(WHAT, &call).await?);
        let Ok([found]) = <[Value; 1]>::try_from(reply) else {
            return Err(self.odd_reply(WHAT));
        };
        let mut values = list_of(found).into_iter();
        let mut loans = Vec::with_capacity(receipts.len());
        for receipt in receipts {
            let (Some(until), Some(stored)) = (values.next(), values.next()) else {
                return Err(self.odd_reply(WHAT));
            };
            let (number, _) = number_and_token(receipt);
            let is_held = !stored.is_nil();
            loans.push(if is_held {
                read(number, time_of(until), &bytes_of(stored))
            } else {
                None
            });
        }
        Ok(loans)
    }
}
