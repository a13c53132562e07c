//! What settlements do to leases, as the function in the database takes it.

use std::time::SystemTime;

use resque_core::{Lease, LeaseChanges, Renewal, Result};

use crate::stamp::Stamp;
use crate::store::Statement;

/// Lists of the same length.
#[derive(Default)]
pub(super) struct Leases<'a> {
    /// The settlement that each change belongs to, counted from 1.
    pub(super) done: Vec<i32>,
    names: Vec<&'a str>,
    holders: Vec<&'a str>,
    /// None where a lease is given up.
    until: Vec<Option<Stamp>>,
}

/// What one settlement does to leases: the name and the holder of each, and until when it is held on.
#[derive(Default)]
pub(super) struct Changes<'a>(Vec<(&'a str, &'a str, Option<Stamp>)>);

impl<'a> Changes<'a> {
    /// All but those of a lease that nobody can hold: a receipt that was forged may name any.
    pub(super) fn of(changes: &'a LeaseChanges) -> Result<Self> {
        let free = changes.free.iter().map(|lease| (lease, None));
        let keep = changes.keep.iter();
        let keep = keep.map(|Renewal { lease, until }| (lease, Some(*until)));
        let all = free.chain(keep).filter(|(lease, _)| can_be_held(lease));
        let line = |(lease, until): (&'a Lease, Option<SystemTime>)| {
            let until = until.map(Stamp::of).transpose()?;
            Ok((&*lease.name, &*lease.holder, until))
        };
        all.map(line).collect::<Result<_>>().map(Self)
    }
}

impl<'a> Leases<'a> {
    /// Adds the changes of a settlement.
    pub(super) fn push(&mut self, done: i32, changes: Changes<'a>) {
        for (name, holder, until) in changes.0 {
            self.done.push(done);
            self.names.push(name);
            self.holders.push(holder);
            self.until.push(until);
        }
    }

    pub(super) fn bind(&self, statement: Statement) -> Statement {
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
