//! Receipts of loans, and what is stored of a loan.

use std::time::SystemTime;

use bytes::Bytes;
use resque_core::{HttpWorkerId, Loan, LoanReceipt, Payload, QueueName};

use crate::driver::Value;
use crate::limits::time_of;

/// The receipt of the loan with this number and token.
pub(super) fn receipt(number: &str, token: &str) -> LoanReceipt {
    LoanReceipt::new(format!("{number}.{token}"))
}

/// The number and the token of a receipt; of another text, those of no loan.
pub(super) fn number_and_token(receipt: &LoanReceipt) -> (&str, &str) {
    receipt.as_str().split_once('.').unwrap_or(("", ""))
}

/// The time in a reply, if there is one.
pub(super) fn until_of(reply: Value) -> Option<SystemTime> {
    (!reply.is_nil() && reply != Value::Int(0)).then(|| time_of(reply))
}

/// Reads what is stored of a loan.
pub(super) fn read(number: &str, until: SystemTime, stored: &Bytes) -> Option<Loan> {
    let mut parts = stored.splitn(6, |byte| *byte == b'\n');
    let mut text = || std::str::from_utf8(parts.next()?).ok();
    let (token, queue, holder) = (text()?, text()?, text()?);
    let (since, attempt) = (text()?, text()?.parse().ok()?);
    let payload = stored.slice_ref(parts.next()?);
    let since = time_of(Value::Bulk(Bytes::copy_from_slice(since.as_bytes())));
    let queue = QueueName::new(queue).ok()?;
    let holder = HttpWorkerId::new(holder).ok();
    let loan = Loan::new(
        receipt(number, token),
        queue,
        Payload::new(payload),
        since,
        until,
    );
    Some(loan.by(holder, attempt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read() {
        let stored = Bytes::from_static(b"7f-1\nmail\nw 1\n5000000\n3\n{\n}\n");
        let loan = read("0000000000000042", SystemTime::UNIX_EPOCH, &stored).unwrap();
        assert_eq!(loan.receipt.as_str(), "0000000000000042.7f-1");
        assert_eq!((loan.queue.as_str(), loan.attempt), ("mail", 3));
        assert_eq!(loan.holder.unwrap().as_str(), "w 1");
        assert_eq!(loan.payload.as_bytes(), b"{\n}\n");
        assert_eq!(
            number_and_token(&loan.receipt),
            ("0000000000000042", "7f-1")
        );
    }

    #[test]
    fn what_nobody_wrote_is_no_loan() {
        for stored in ["", "a\nb\nc", "t\nq\n\nx\ny\n{}", "t\n\n\n1\n1\n{}"] {
            let stored = Bytes::copy_from_slice(stored.as_bytes());
            assert_eq!(
                read("1", SystemTime::UNIX_EPOCH, &stored),
                None,
                "{stored:?}"
            );
        }
        assert_eq!(number_and_token(&LoanReceipt::new("x")), ("", ""));
    }
}
