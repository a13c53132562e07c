//! Ending loans: one statement, one transaction, one round trip.

use std::collections::HashSet;

use resque_core::{LoanSettlement, Result, Settled};

use super::number_of;
use crate::exchange::{Fate, Leases, Step};
use crate::failures::Columns;
use crate::stamp::Stamp;
use crate::store::{Statement, Store};

const WHAT: &str = "settle loans";
const TEXT: &str = "select resque.settle_loans($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
    $15, $16, $17, $18) as settled";
/// The same when leases change with settlements.
const TEXT_WITH_LEASES: &str = "select s.settled from resque.settle_loans($1, $2, $3, $4, $5, $6, $7, $8, $9, \
    $10, $11, $12, $13, $14, $15, $16, $17, $18) s (settled) \
    cross join lateral resque.change_leases(s.settled, $19, $20, $21, $22) c";

impl Store {
    /// Ends loans, each by itself.
    pub(super) async fn settle_loans(
        &self,
        done: &[LoanSettlement],
        now: Stamp,
    ) -> Result<Vec<Settled>> {
        let mut request = Request::default();
        let mut taken = HashSet::new();
        let mut answers = Vec::with_capacity(done.len());
        for (place, settlement) in done.iter().enumerate() {
            let number = number_of(&settlement.receipt);
            // Of two that end the same loan, the first one does.
            let added = match taken.contains(&number) {
                true => Ok(()),
                false => request.push(settlement, number, place),
            };
            answers.push(match added {
                Ok(()) => Settled::Lost,
                Err(error) => Settled::Trouble(error),
            });
            if matches!(answers.last(), Some(Settled::Lost)) {
                taken.insert(number);
            }
        }
        let text = match request.leases.done.is_empty() {
            true => TEXT,
            false => TEXT_WITH_LEASES,
        };
        let row = self
            .row(WHAT, request.bind(self.statement(text), now))
            .await?;
        for settled in self.get::<Vec<i32>, _>(&row, "settled")? {
            let index = usize::try_from(settled)
                .ok()
                .and_then(|at| at.checked_sub(1));
            let place = index.and_then(|index| request.places.get(index).copied());
            if let Some(answer) = place.and_then(|place| answers.get_mut(place)) {
                *answer = Settled::Applied;
            }
        }
        Ok(answers)
    }
}

/// Lists that point into each other, counted from 1 as in SQL.
#[derive(Default)]
struct Request<'a> {
    ids: Vec<i64>,
    processed: Vec<i32>,
    failed: Vec<i32>,
    released: Vec<i32>,
    released_payloads: Vec<Option<&'a [u8]>>,
    later: Vec<i32>,
    later_due: Vec<Stamp>,
    later_payloads: Vec<Option<&'a [u8]>>,
    bad: Vec<i32>,
    failures: Columns<'a>,
    leases: Leases<'a>,
    /// The place of each settlement in the caller's list.
    places: Vec<usize>,
}

impl<'a> Request<'a> {
    fn push(&mut self, settlement: &'a LoanSettlement, number: i64, place: usize) -> Result<()> {
        let step = Step::of(
            "a loan",
            &settlement.outcome,
            settlement.leases.as_deref(),
            settlement.tally,
        )?;
        let index = i32::try_from(self.ids.len() + 1).unwrap_or(i32::MAX);
        match step.fate {
            Fate::Ends => {}
            Fate::Fails(record) => {
                self.failures.push(&record);
                self.bad.push(index);
            }
            Fate::Waits(due, payload) => {
                self.later.push(index);
                self.later_due.push(due);
                self.later_payloads.push(payload);
            }
            Fate::Returns(payload) => {
                self.released.push(index);
                self.released_payloads.push(payload);
            }
        }
        self.leases.push(index, step.leases);
        self.ids.push(number);
        self.processed.push(step.processed);
        self.failed.push(step.failed);
        self.places.push(place);
        Ok(())
    }

    fn bind(&self, statement: Statement, now: Stamp) -> Statement {
        let statement = statement
            .bind(&self.ids)
            .bind(&self.processed)
            .bind(&self.failed)
            .bind(&self.released)
            .bind(&self.released_payloads)
            .bind(&self.later)
            .bind(&self.later_due)
            .bind(&self.later_payloads)
            .bind(&self.bad);
        let statement = self.failures.bind(statement).bind(now);
        match self.leases.done.is_empty() {
            true => statement,
            false => self.leases.bind(statement),
        }
    }
}
