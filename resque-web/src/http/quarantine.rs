//! Jobs whose leases ran out too often: they go to the failed jobs, as those of lost workers do.

use std::time::SystemTime;

use resque_core::{
    FailureRecord, LeaseChanges, Lent, Loan, LoanSettlement, Outcome, Settled, Tally,
};

use super::problem::Problem;
use super::state::Http;
use super::uniq;

/// What a lost worker's job is recorded with, too.
const EXCEPTION: &str = "Resque::DirtyExit";

/// Takes out of what was lent the jobs that nobody is to be given any more, because as many leases of
/// them ran out as may, and records them as failed. Answers whether there were any.
///
/// Until this has happened they are lent like others: whatever ends it in between, their leases run
/// out once more.
pub(super) async fn take_out(
    http: &Http,
    lent: &mut Lent,
    now: SystemTime,
) -> Result<bool, Problem> {
    let most = http.settings().most_losses;
    let is_spent = |loan: &Loan| loan.attempt > most;
    // Nearly never.
    if !lent.loans.iter().any(is_spent) {
        return Ok(false);
    }
    let (spent, loans) = std::mem::take(&mut lent.loans)
        .into_iter()
        .partition::<Vec<_>, _>(is_spent);
    lent.loans = loans;
    let settlements: Vec<_> = spent.iter().map(|loan| recorded(loan, now)).collect();
    let settled = match http.loans()?.settle(&settlements, now).await {
        Ok(settled) => settled,
        // Others are given what they have been lent already.
        Err(error) if !lent.loans.is_empty() => {
            tracing::warn!(%error, "cannot record a job whose leases ran out too often");
            return Ok(true);
        }
        Err(error) => return Err(error.into()),
    };
    for (loan, settled) in spent.iter().zip(settled) {
        let (queue, losses) = (&loan.queue, loan.attempt - 1);
        match settled {
            Settled::Applied => {
                tracing::warn!(%queue, losses, "recorded a job as failed: its leases ran out");
            }
            Settled::Lost => {}
            Settled::Trouble(error) => {
                tracing::warn!(%queue, %error, "cannot record a job whose leases ran out too often");
            }
        }
    }
    Ok(true)
}

/// How such a loan ends. Nothing is counted: no attempt has come to an end.
fn recorded(loan: &Loan, now: SystemTime) -> LoanSettlement {
    let error = match loan.attempt - 1 {
        1 => "its lease ran out and nobody said what became of it".to_owned(),
        losses => format!("{losses} leases of it ran out and nobody said what became of it"),
    };
    let record =
        FailureRecord::new(now, loan.payload.clone(), EXCEPTION, error).on("", loan.queue.as_str());
    let outcome = Outcome::Failed(Box::new(record));
    let (_, lock) = uniq::unlocked(&loan.queue, loan.payload.clone());
    let changes = LeaseChanges {
        free: lock.into_iter().collect(),
        keep: Vec::new(),
    };
    LoanSettlement::new(loan.receipt.clone(), outcome, Tally::Nothing).with_leases(changes)
}
