//! What somebody who leases a job is given to settle it with.
//!
//! It is the store's receipt and, for a unique job, the lock that is to be given up with it, so that
//! settling needs no look at the job.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use resque_core::{Lease, LoanReceipt};

use super::uniq;

/// Stands between the two; no receipt of a store has it.
const MARK: char = '!';
/// Stands between the name of a lock and its holder; neither holds a control character.
const SPLIT: char = '\n';

/// How long the name of a lock and that of its holder are at the most.
const LONGEST: usize = 255;

/// A receipt as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) loan: LoanReceipt,
    pub(super) lock: Option<Lease>,
}

impl Receipt {
    pub(super) fn new(loan: LoanReceipt, lock: Option<Lease>) -> Self {
        Self { loan, lock }
    }

    /// Reads what was given out. What makes no sense is the receipt of no lease.
    pub(super) fn read(text: &str) -> Self {
        match text.split_once(MARK) {
            Some((loan, lock)) => Self::new(LoanReceipt::new(loan), lock_of(lock)),
            None => Self::new(LoanReceipt::new(text), None),
        }
    }

    /// The text that is given out.
    pub(super) fn text(&self) -> String {
        match &self.lock {
            Some(Lease { name, holder }) => {
                let lock = URL_SAFE_NO_PAD.encode(format!("{name}{SPLIT}{holder}"));
                format!("{}{MARK}{lock}", self.loan)
            }
            None => self.loan.to_string(),
        }
    }
}

fn lock_of(text: &str) -> Option<Lease> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let (name, holder) = text.split_once(SPLIT)?;
    // Whoever makes a receipt up names no other lock than such a one, and no bytes that no store takes.
    let is_ours = name.starts_with(uniq::LOCKS) && name.len() <= LONGEST && holder.len() <= LONGEST;
    let is_plain = !text.replacen(SPLIT, "", 1).chars().any(char::is_control);
    (is_ours && is_plain).then(|| Lease::new(name, holder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_come_back_as_they_went() {
        for lock in [None, Some(Lease::new("http_uniq:größe,a b", "0123"))] {
            let receipt = Receipt::new(LoanReceipt::new("7-abc"), lock);
            assert_eq!(Receipt::read(&receipt.text()), receipt);
        }
    }

    #[test]
    fn nonsense_is_the_receipt_of_nothing() {
        for text in ["", "!", "7!", "7!%%%", "7!AAAA", "\u{0}", "größe"] {
            assert_eq!(Receipt::read(text).lock, None, "{text:?}");
        }
    }

    #[test]
    fn a_made_up_receipt_names_no_lock_but_that_of_a_unique_job() {
        for (name, holder) in [
            ("unique:Report", "0123"),
            ("http_key:foo,k", "0123"),
            ("http_uniq:foo\0", "0123"),
            ("http_uniq:foo", "01\n23"),
            ("http_uniq:foo", &"0".repeat(256)),
        ] {
            let lock = Some(Lease::new(name, holder));
            let text = Receipt::new(LoanReceipt::new("7"), lock).text();
            assert_eq!(Receipt::read(&text).lock, None, "{name:?} {holder:?}");
        }
    }
}
