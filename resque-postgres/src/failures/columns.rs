//! Failure records as columns, to be sent as arrays.

use resque_core::{FailureRecord, Result};

use super::text::{escape, literal};
use crate::stamp::Stamp;
use crate::store::Statement;

/// Records by column; one list for each.
#[derive(Default)]
pub(crate) struct Columns<'a> {
    at: Vec<Stamp>,
    retried: Vec<Option<Stamp>>,
    queues: Vec<String>,
    workers: Vec<String>,
    exceptions: Vec<String>,
    errors: Vec<String>,
    backtraces: Vec<String>,
    payloads: Vec<&'a [u8]>,
}

/// A record whose times Postgres can hold.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a> {
    at: Stamp,
    retried: Option<Stamp>,
    record: &'a FailureRecord,
}

impl<'a> Record<'a> {
    pub(crate) fn of(record: &'a FailureRecord) -> Result<Self> {
        Ok(Self {
            at: Stamp::of(record.failed_at)?,
            retried: record.retried_at.map(Stamp::of).transpose()?,
            record,
        })
    }
}

impl<'a> Columns<'a> {
    /// Adds a record.
    pub(crate) fn push(&mut self, record: &Record<'a>) {
        let Record {
            at,
            retried,
            record,
        } = *record;
        let text = |text| escape(text).into_owned();
        self.at.push(at);
        self.retried.push(retried);
        self.queues.push(text(&record.queue));
        self.workers.push(text(&record.worker));
        self.exceptions.push(text(&record.exception));
        self.errors.push(text(&record.error));
        self.backtraces.push(literal(&record.backtrace));
        self.payloads.push(record.payload.as_bytes());
    }

    /// Binds the eight columns.
    pub(crate) fn bind(&self, statement: Statement) -> Statement {
        statement
            .bind(&self.at)
            .bind(&self.retried)
            .bind(&self.queues)
            .bind(&self.workers)
            .bind(&self.exceptions)
            .bind(&self.errors)
            .bind(&self.backtraces)
            .bind(&self.payloads)
    }
}
