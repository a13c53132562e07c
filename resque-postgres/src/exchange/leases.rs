//! What settlements do to leases, as the function in the database takes it.

use resque_core::{Lease, LeaseChanges, Renewal, Result};

use crate::stamp::Stamp;
use crate::store::Statement;

/// Lists of the same length.
#[derive(Default)]
pub(crate) struct Leases<'a> {
    /// The settlement that each change belongs to, counted from 1.
    pub(crate) done: Vec<i32>,
    names: Vec<&'a str>,
    holders: Vec<&'a str>,
    /// None where a lease is given up.
    until: Vec<Option<Stamp>>,
}

impl<'a> Leases<'a> {
    /// Adds the changes of a settlement, but those of a lease that nobody can hold: a receipt that was
    /// forged may name any.
    pub(crate) fn push(&mut self, done: i32, changes: &'a LeaseChanges) -> Result<()> {
        for lease in changes.free.iter().filter(|lease| can_be_held(lease)) {
            self.done.push(done);
            self.names.push(&lease.name);
            self.holders.push(&lease.holder);
            self.until.push(None);
        }
        for Renewal { lease, until } in &changes.keep {
            if !can_be_held(lease) {
                continue;
            }
            let until = Stamp::of(*until)?;
            self.done.push(done);
            self.names.push(&lease.name);
            self.holders.push(&lease.holder);
            self.until.push(Some(until));
        }
        Ok(())
    }

    pub(crate) fn bind(&self, statement: Statement) -> Statement {
        statement
            .bind(&self.done)
            .bind(&self.names)
            .bind(&self.holders)
            .bind(&self.until)
    }
}

/// Whether Postgres can hold the names of a lease, which cannot hold NUL.
pub(crate) fn can_be_held(lease: &Lease) -> bool {
    !lease.name.contains('\0') && !lease.holder.contains('\0')
}
