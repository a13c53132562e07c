//! What settlements do, as the functions in the database take it.

use resque_core::Settled;

use super::leases::Leases;
use super::step::{Fate, Step};
use crate::failures::Columns;
use crate::stamp::Stamp;
use crate::store::Statement;

/// Lists that point into each other, counted from 1 as in SQL: what is counted for each settlement,
/// and what becomes of some of the jobs.
#[derive(Default)]
pub(crate) struct Steps<'a> {
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

impl<'a> Steps<'a> {
    /// Room for so many.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self {
            processed: Vec::with_capacity(count),
            failed: Vec::with_capacity(count),
            places: Vec::with_capacity(count),
            ..Self::default()
        }
    }

    /// Adds what the settlement at a place of the caller's list does.
    pub(crate) fn push(&mut self, step: Step<'a>, place: usize) {
        let index = i32::try_from(self.places.len() + 1).unwrap_or(i32::MAX);
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
        self.processed.push(step.processed);
        self.failed.push(step.failed);
        self.places.push(place);
    }

    /// Whether leases change with what is settled.
    pub(crate) fn changes_leases(&self) -> bool {
        !self.leases.done.is_empty()
    }

    /// Binds the sixteen lists that are always sent.
    pub(crate) fn bind(&self, statement: Statement) -> Statement {
        let statement = statement
            .bind(&self.processed)
            .bind(&self.failed)
            .bind(&self.released)
            .bind(&self.released_payloads)
            .bind(&self.later)
            .bind(&self.later_due)
            .bind(&self.later_payloads)
            .bind(&self.bad);
        self.failures.bind(statement)
    }

    /// Binds the four that are sent behind everything else where leases change.
    pub(crate) fn bind_leases(&self, statement: Statement) -> Statement {
        match self.changes_leases() {
            true => self.leases.bind(statement),
            false => statement,
        }
    }

    /// Notes for the caller which of them took effect.
    pub(crate) fn note(&self, settled: &[i32], answers: &mut [Settled]) {
        for settled in settled {
            let index = usize::try_from(*settled)
                .ok()
                .and_then(|at| at.checked_sub(1));
            let place = index.and_then(|index| self.places.get(index).copied());
            if let Some(answer) = place.and_then(|place| answers.get_mut(place)) {
                *answer = Settled::Applied;
            }
        }
    }
}
