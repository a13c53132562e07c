//! The short verbs of the cases about loans.

use std::panic::Location;

use resque_core::{Cursor, Loan, LoanExtension, LoanReceipt, LoanRequest, LoanSettlement, Settled};

use crate::Verdict;
use crate::store::{Store, list, number};
use crate::verdict::Broken;

/// Loans of the cases begin at the start of the world and end at this second of it.
pub(crate) const END: u64 = 60;

/// No case has more loans.
const ENOUGH: usize = 1_000;

/// The numbers of lent jobs.
pub(crate) fn numbers(loans: &[Loan]) -> Vec<u64> {
    let numbers = loans.iter().map(|loan| number(&loan.payload));
    numbers.map(|number| number.unwrap_or(u64::MAX)).collect()
}

impl Store {
    /// What is lent at one second of the world until another one, when there must be no trouble.
    pub(crate) async fn lend_at(
        &self,
        from: &str,
        at_most: usize,
        (at, until): (u64, u64),
    ) -> Verdict<Vec<Loan>> {
        let from = list(from);
        let request = LoanRequest::new(&from, at_most, self.at(until));
        let lent = self.loans()?.lend(&request, self.at(at)).await?;
        ensure!(lent.troubles.is_empty(), "unexpected {:?}", lent.troubles);
        Ok(lent.loans)
    }

    /// What is lent from the start of the world to [`END`].
    pub(crate) async fn lend(&self, from: &str, at_most: usize) -> Verdict<Vec<Loan>> {
        self.lend_at(from, at_most, (0, END)).await
    }

    /// Pushes numbered jobs into a queue and lends all of them until [`END`].
    #[track_caller]
    pub(crate) fn lend_out<I>(
        &self,
        from: &str,
        numbers: I,
    ) -> impl Future<Output = Verdict<Vec<Loan>>> + Send
    where
        I: IntoIterator<Item = u64>,
    {
        let numbers: Vec<u64> = numbers.into_iter().collect();
        let too_few = Broken::new(format!("not each of {} jobs was lent", numbers.len()));
        async move {
            let count = numbers.len();
            self.push(from, numbers).await?;
            let lent = self.lend(from, count).await?;
            if lent.len() == count {
                Ok(lent)
            } else {
                Err(too_few)
            }
        }
    }

    /// Pushes one numbered job into a queue and lends it until [`END`].
    #[track_caller]
    pub(crate) fn lend_out_one(
        &self,
        from: &str,
        number: u64,
    ) -> impl Future<Output = Verdict<Loan>> + Send {
        let lent = self.lend_out(from, [number]);
        async move { Ok(lent.await?.remove(0)) }
    }

    /// What becomes of settlements at a second of the world.
    pub(crate) async fn settle_loans(
        &self,
        done: &[LoanSettlement],
        at: u64,
    ) -> Verdict<Vec<Settled>> {
        let settled = self.loans()?.settle(done, self.at(at)).await?;
        ensure_eq!(settled.len(), done.len(), "answers to settlements");
        Ok(settled)
    }

    /// Settles one loan, which must take effect.
    #[track_caller]
    pub(crate) fn loan_applies(
        &self,
        settlement: LoanSettlement,
    ) -> impl Future<Output = Verdict> + Send {
        let place = Location::caller();
        async move {
            let settled = self
                .settle_loans(std::slice::from_ref(&settlement), 0)
                .await;
            match settled.map_err(|broken| broken.at(place))?.remove(0) {
                Settled::Applied => Ok(()),
                other => {
                    let told = format!("{:?} was to apply, is {other:?}", settlement.outcome);
                    Err(Broken::new(told).at(place))
                }
            }
        }
    }

    /// Settles one loan at a second of the world, which must be lost.
    #[track_caller]
    pub(crate) fn loan_is_lost(
        &self,
        settlement: LoanSettlement,
        at: u64,
    ) -> impl Future<Output = Verdict> + Send {
        let place = Location::caller();
        async move {
            let settled = self
                .settle_loans(std::slice::from_ref(&settlement), at)
                .await;
            match settled.map_err(|broken| broken.at(place))?.remove(0) {
                Settled::Lost => Ok(()),
                other => {
                    let told = format!("{:?} was to be lost, is {other:?}", settlement.outcome);
                    Err(Broken::new(told).at(place))
                }
            }
        }
    }

    /// Lets one loan last until a second of the world; answers whether it was still held.
    pub(crate) async fn extend_loan(
        &self,
        receipt: &LoanReceipt,
        until: u64,
        at: u64,
    ) -> Verdict<bool> {
        let extension = LoanExtension {
            receipt: receipt.clone(),
            until: self.at(until),
        };
        Ok(self.loans()?.extend(&[extension], self.at(at)).await? == [true])
    }

    /// Puts back everything that has run out at a second of the world.
    pub(crate) async fn put_back(&self, at: u64) -> Verdict<usize> {
        let put_back = self.loans()?.put_back(ENOUGH, self.at(at)).await?;
        ensure!(
            put_back.troubles.is_empty(),
            "unexpected {:?}",
            put_back.troubles
        );
        Ok(put_back.jobs)
    }

    /// All loans at a second of the world, those that run out first at the top.
    pub(crate) async fn all_lent(&self, at: u64) -> Verdict<Vec<Loan>> {
        let mut all = Vec::new();
        let mut cursor: Option<Cursor> = None;
        for _ in 0..ENOUGH {
            let page = self
                .loans()?
                .list(cursor.as_ref(), 100, self.at(at))
                .await?;
            all.extend(page.loans);
            cursor = page.next;
            if cursor.is_none() {
                return Ok(all);
            }
        }
        Err(Broken::new("the loans never come to an end"))
    }

    /// The numbers of the jobs that are lent at the start of the world.
    pub(crate) async fn numbers_lent(&self) -> Verdict<Vec<u64>> {
        Ok(numbers(&self.all_lent(0).await?))
    }
}
