//! What the server is and how it keeps what it is told.

use std::sync::Arc;

use resque_core::{Result, SystemClock};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::Config;
use crate::connect::Settings;
use crate::refusal::Stage;

/// What a server tells about itself, for people who look after it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Survey {
    /// Its version, such as `15.13`.
    pub version: String,
    /// Its setting `synchronous_commit`: with `off`, a crash of the server loses the last moments.
    pub synchronous_commit: String,
    /// Whether it makes sure that its files are on the disk; without, a crash may lose everything.
    pub fsync: bool,
    /// Whether a page that is written half at a crash can be repaired.
    pub full_page_writes: bool,
    /// How many connections it has at present.
    pub connections: i64,
    /// How many it may have.
    pub max_connections: i64,
    /// Whether it only follows another server, and takes no jobs.
    pub is_replica: bool,
}

impl Survey {
    /// Asks the server that `config` names. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`resque_core::Error::Unavailable`] if it cannot be reached,
    /// [`resque_core::Error::Rejected`] if it does not let us in.
    pub async fn ask(config: Config) -> Result<Self> {
        const WHAT: &str = "look at the server";
        const TEXT: &str = "select current_setting('server_version'),
            current_setting('synchronous_commit'), current_setting('fsync') = 'on',
            current_setting('full_page_writes') = 'on', (select count(*) from pg_stat_activity),
            current_setting('max_connections')::bigint, pg_is_in_recovery()";
        let settings = Settings::new(config, Arc::new(SystemClock::new()));
        let refused = |error| settings.refused(WHAT, Stage::Asking, error);
        let mut connection = settings.dial(WHAT).await?;
        let query = sqlx::query(TEXT).persistent(false);
        let row = query.fetch_one(&mut connection).await.map_err(refused)?;
        Self::read(&row).map_err(refused)
    }

    fn read(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            version: row.try_get(0)?,
            synchronous_commit: row.try_get(1)?,
            fsync: row.try_get(2)?,
            full_page_writes: row.try_get(3)?,
            connections: row.try_get(4)?,
            max_connections: row.try_get(5)?,
            is_replica: row.try_get(6)?,
        })
    }
}
