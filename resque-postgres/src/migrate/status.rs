//! What was applied to a schema, and what there is besides.

use std::fmt;
use std::time::SystemTime;

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::MIGRATIONS;
use crate::stamp::Stamp;

/// One migration, as [`Migrator::status`](super::Migrator::status) tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MigrationStatus {
    /// The version it leads to.
    pub version: i32,
    /// Its name; for one that only a newer library knows, what the schema says.
    pub name: String,
    /// When it was applied, if it was.
    pub applied: Option<SystemTime>,
    /// Whether this library knows it.
    pub known: bool,
    /// Whether what was applied is not what this library would apply, so that something that was
    /// made for one of them may not fit the other.
    pub changed: bool,
}

impl MigrationStatus {
    /// What a row of the table tells.
    pub(super) fn read(row: &PgRow) -> sqlx::Result<Self> {
        let version = row.try_get(0)?;
        let digest: Option<i64> = row.try_get(3)?;
        let step = MIGRATIONS.iter().find(|step| step.version == version);
        Ok(Self {
            version,
            name: row.try_get(1)?,
            applied: Some(row.try_get::<Stamp, _>(2)?.time()),
            known: step.is_some(),
            changed: step.is_some_and(|step| digest.is_some_and(|digest| digest != step.digest)),
        })
    }
}

/// The version that a schema is of.
pub(super) fn version_of(applied: &[MigrationStatus]) -> i32 {
    applied.iter().map(|step| step.version).max().unwrap_or(0)
}

/// The first migration that was passed over.
pub(super) fn missing(applied: &[MigrationStatus]) -> Option<&'static str> {
    let last = version_of(applied);
    let mut steps = MIGRATIONS.iter().filter(|step| step.version <= last);
    let is_missing = |version| applied.iter().all(|step| step.version != version);
    steps
        .find(|step| is_missing(step.version))
        .map(|step| step.name)
}

/// What was applied, and what there is besides.
pub(super) fn merged(mut applied: Vec<MigrationStatus>) -> Vec<MigrationStatus> {
    for step in MIGRATIONS {
        if applied.iter().all(|done| done.version != step.version) {
            applied.push(MigrationStatus {
                version: step.version,
                name: step.name.to_owned(),
                applied: None,
                known: true,
                changed: false,
            });
        }
    }
    applied.sort_unstable_by_key(|step| step.version);
    applied
}

impl fmt::Display for MigrationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (self.applied, self.known) {
            (None, _) => "pending",
            (Some(_), true) if self.changed => "applied in another form",
            (Some(_), true) => "applied",
            (Some(_), false) => "applied by a newer version",
        };
        write!(f, "{}: {state}", self.name)
    }
}
