//! The store: a few connections and one schema.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use resque_core::{Error, Result};
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, ColumnIndex, Decode, Row, Type};

use crate::connect::Connections;
use crate::known::Known;
use crate::push::Pushes;
use crate::refusal::Stage;
use crate::stamp::Stamp;
use crate::wake::Wake;

/// All three traits over one schema.
pub(crate) struct Store {
    pub(crate) link: Arc<Link>,
    pub(crate) known: Known,
    pub(crate) pushes: Pushes,
    pub(crate) wake: Wake,
}

/// What sends statements; shared with the tasks of the store.
pub(crate) struct Link {
    pub(crate) connections: Connections,
    /// Statements in this schema, by the text they are written as.
    statements: RwLock<HashMap<&'static str, Arc<str>>>,
}

pub(crate) type Statement = Query<'static, Postgres, PgArguments>;

impl Store {
    /// The store behind these connections.
    pub(crate) fn new(connections: Connections) -> Self {
        let link = Arc::new(Link {
            connections,
            statements: RwLock::default(),
        });
        Self {
            known: Known::default(),
            pushes: Pushes::new(Arc::clone(&link)),
            wake: Wake::new(Arc::clone(&link)),
            link,
        }
    }

    /// The server's own time.
    pub(crate) async fn ask_time(&self) -> Result<SystemTime> {
        const WHAT: &str = "ask for the time";
        let query = self.statement("select clock_timestamp()");
        let row = self.link.connections.row(WHAT, query).await?;
        Ok(self.get::<Stamp, _>(&row, 0)?.time())
    }

    /// A statement that is written for the schema `resque`.
    pub(crate) fn statement(&self, text: &'static str) -> Statement {
        self.link.statement(text)
    }

    /// Sends a statement and takes all rows of its answer.
    pub(crate) async fn rows(&self, what: &str, query: Statement) -> Result<Vec<PgRow>> {
        self.link.connections.rows(what, query).await
    }

    /// Sends a statement whose answer is one row.
    pub(crate) async fn row(&self, what: &str, query: Statement) -> Result<PgRow> {
        self.link.connections.row(what, query).await
    }

    /// One value of a row.
    pub(crate) fn get<'r, T, I>(&self, row: &'r PgRow, column: I) -> Result<T>
    where
        T: Decode<'r, Postgres> + Type<Postgres>,
        I: ColumnIndex<PgRow>,
    {
        self.link.get(row, column)
    }
}

impl Link {
    /// A statement that is written for the schema `resque`.
    pub(crate) fn statement(&self, text: &'static str) -> Statement {
        let statements = self.statements.read();
        let known = statements
            .unwrap_or_else(PoisonError::into_inner)
            .get(text)
            .cloned();
        let sql = known.unwrap_or_else(|| {
            let sql = self.connections.settings.config.schema.sql(text);
            let mut statements = self
                .statements
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            statements.insert(text, Arc::clone(&sql));
            sql
        });
        sqlx::query(AssertSqlSafe(sql))
    }

    /// One value of a row.
    pub(crate) fn get<'r, T, I>(&self, row: &'r PgRow, column: I) -> Result<T>
    where
        T: Decode<'r, Postgres> + Type<Postgres>,
        I: ColumnIndex<PgRow>,
    {
        let settings = &self.connections.settings;
        row.try_get(column)
            .map_err(|error| settings.refused("a statement", Stage::Asking, error))
    }
}

/// The error for a choice that came into the world after this backend.
pub(crate) fn unknown(what: &str, choice: &dyn fmt::Debug) -> Error {
    Error::Rejected {
        what: what.to_owned(),
        reason: format!("the Postgres backend does not know {choice:?}"),
        transient: false,
    }
}

/// The error for something that the caller has seen and that has gone since.
pub(crate) fn gone(what: &str, name: &str) -> Error {
    Error::Conflict {
        what: format!("{what} {name:?}"),
    }
}

/// A count as Postgres counts.
pub(crate) fn bounded(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count that Postgres made, which is never negative.
pub(crate) fn counted(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store")
            .field(&self.link.connections)
            .finish()
    }
}
