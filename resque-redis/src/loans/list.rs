//! Showing loans.

use resque_core::{Cursor, Error, LoanPage, Result};

use super::note::read;
use crate::driver::Value;
use crate::limits::time_of;
use crate::scripts::LIST_LOANS;
use crate::store::{Store, bytes_of, list_of};

impl Store {
    /// Shows loans behind the cursor, which tells the end and the number of one.
    pub(super) async fn list_loans(
        &self,
        cursor: Option<&Cursor>,
        at_most: usize,
    ) -> Result<LoanPage> {
        const WHAT: &str = "list the loans";
        let (from, behind) = cursor.map_or(Ok(("0", "")), place_of)?;
        let mut call = self.call(&LIST_LOANS, 3, 60);
        call.arg(at_most.saturating_add(1)).arg(from).arg(behind);
        let reply = list_of(self.script(WHAT, &call).await?);
        let Ok([found]) = <[Value; 1]>::try_from(reply) else {
            return Err(self.odd_reply(WHAT));
        };
        let text = |value: Value| String::from_utf8_lossy(&bytes_of(value)).into_owned();
        let (mut loans, mut last, mut count) = (Vec::new(), None, 0);
        let mut values = list_of(found).into_iter();
        while let (Some(number), Some(until), Some(stored)) =
            (values.next(), values.next(), values.next())
        {
            count += 1;
            if count > at_most {
                let next = last.map(|(until, number)| Cursor::new(format!("{until}:{number}")));
                return Ok(LoanPage::new(loans, next));
            }
            let (number, until) = (text(number), text(until));
            let end = time_of(Value::Bulk(until.clone().into()));
            // What nobody can read is told by whoever puts it back.
            loans.extend(read(&number, end, &bytes_of(stored)));
            last = Some((until, number));
        }
        Ok(LoanPage::new(loans, None))
    }
}

/// The end and the number in a cursor.
fn place_of(cursor: &Cursor) -> Result<(&str, &str)> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let place = cursor.as_str().split_once(':');
    let place = place.filter(|(until, number)| is_number(until) && is_number(number));
    place.ok_or_else(|| Error::Conflict {
        what: format!("the cursor {:?}", cursor.as_str()),
    })
}
