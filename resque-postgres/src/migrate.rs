//! Making and changing the tables and functions of a schema.

mod digest;
mod status;

use std::fmt;
use std::sync::Arc;

use resque_core::{Error, Result, SharedClock, SystemClock};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use crate::config::Config;
use crate::connect::Settings;
use crate::refusal::{Stage, unfit};
use crate::schema::Schema;
use crate::session::BEGIN;

use self::digest::digest;
pub use self::status::MigrationStatus;
use self::status::{merged, missing, version_of};

/// One step from a version of the schema to the next one, and back.
struct Migration {
    version: i32,
    name: &'static str,
    up: &'static str,
    down: &'static str,
    /// Tells whether `up` is still what it was when it was applied.
    digest: i64,
}

macro_rules! migration {
    ($version:literal, $name:literal) => {
        Migration {
            version: $version,
            name: $name,
            up: include_str!(concat!("migrate/", $name, ".up.sql")),
            down: include_str!(concat!("migrate/", $name, ".down.sql")),
            digest: digest(include_str!(concat!("migrate/", $name, ".up.sql"))),
        }
    };
}

/// All migrations in their order. One that was released is never changed, only followed by another.
const MIGRATIONS: &[Migration] = &[
    migration!(1, "0001_jobs"),
    migration!(2, "0002_schedules"),
    migration!(3, "0003_limits"),
    migration!(4, "0004_enqueue"),
    migration!(5, "0005_loans"),
    migration!(6, "0006_history"),
];

/// The version of the schema that this version of the library works with.
pub const VERSION: i32 = MIGRATIONS[MIGRATIONS.len() - 1].version;

/// Makes and changes the tables and functions of a schema, never unasked.
///
/// Everything is one transaction under a lock: any number of processes may start at once, and
/// nothing is ever half done.
///
/// ```no_run
/// use resque_postgres::{Config, Migrator};
///
/// # async fn example() -> resque_core::Result<()> {
/// let migrator = Migrator::new(Config::parse("postgres://localhost/shop")?);
/// for step in migrator.status().await? {
///     println!("{step}");
/// }
/// migrator.up().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Migrator {
    settings: Settings,
}

impl Migrator {
    /// Migrates the schema that `config` names.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self::with_clock(config, Arc::new(SystemClock::new()))
    }

    /// The same; `clock` limits how long connecting may take.
    #[must_use]
    pub fn with_clock(config: Config, clock: SharedClock) -> Self {
        Self::over(Settings::new(config, clock))
    }

    /// Migrates what a backend works with.
    pub(crate) fn over(settings: Settings) -> Self {
        Self { settings }
    }

    /// Tells of every migration whether it was applied. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the server cannot be reached, [`Error::Rejected`] if it does not
    /// let us in or look.
    pub async fn status(&self) -> Result<Vec<MigrationStatus>> {
        const WHAT: &str = "read the migrations";
        let mut connection = self.dial(WHAT).await?;
        let applied = self.read(&mut connection).await;
        let applied = applied.map_err(|error| self.refused(WHAT, error))?;
        Ok(merged(applied.unwrap_or_default()))
    }

    /// Applies what is missing and answers how many migrations that were.
    ///
    /// # Errors
    ///
    /// As for [`Migrator::status`], and [`Error::Corrupt`] when the schema is newer than this
    /// library.
    pub async fn up(&self) -> Result<usize> {
        self.up_to(VERSION).await
    }

    /// Applies what is missing up to a version and answers how many migrations that were.
    ///
    /// # Errors
    ///
    /// As for [`Migrator::up`].
    pub async fn up_to(&self, version: i32) -> Result<usize> {
        const WHAT: &str = "migrate";
        let mut connection = self.dial(WHAT).await?;
        let applied = self.change(&mut connection, Direction::Up(version)).await;
        applied.map_err(|error| self.refused(WHAT, error))?
    }

    /// Undoes the migrations behind `version`, the newest first, and answers how many that were.
    /// Version 0 removes everything, with all jobs.
    ///
    /// # Errors
    ///
    /// As for [`Migrator::up`].
    pub async fn down_to(&self, version: i32) -> Result<usize> {
        const WHAT: &str = "undo migrations";
        let mut connection = self.dial(WHAT).await?;
        let undone = self.change(&mut connection, Direction::Down(version)).await;
        undone.map_err(|error| self.refused(WHAT, error))?
    }

    async fn dial(&self, what: &str) -> Result<PgConnection> {
        self.settings.dial(what).await
    }

    fn refused(&self, what: &str, error: sqlx::Error) -> Error {
        self.settings.refused(what, Stage::Asking, error)
    }

    fn schema(&self) -> &Schema {
        &self.settings.config.schema
    }

    /// What was applied, read in a transaction of its own.
    async fn read(
        &self,
        connection: &mut PgConnection,
    ) -> sqlx::Result<Option<Vec<MigrationStatus>>> {
        let mut transaction = connection.begin_with(BEGIN).await?;
        let applied = self.applied(&mut transaction).await?;
        transaction.rollback().await?;
        Ok(applied)
    }

    /// What texts the server can hold.
    async fn encoding(&self, connection: &mut PgConnection) -> sqlx::Result<String> {
        let query = sqlx::query("select current_setting('server_encoding')").persistent(false);
        query.fetch_one(connection).await?.try_get(0)
    }

    /// The same, read in a transaction of its own.
    async fn read_encoding(&self, connection: &mut PgConnection) -> sqlx::Result<String> {
        let mut transaction = connection.begin_with(BEGIN).await?;
        let encoding = self.encoding(&mut transaction).await?;
        transaction.rollback().await?;
        Ok(encoding)
    }

    /// Names and errors are Unicode, and one that cannot be written would hold up a whole exchange.
    fn check_encoding(&self, encoding: &str) -> Result<()> {
        if encoding == "UTF8" {
            return Ok(());
        }
        let found = format!("a database in the encoding {encoding}");
        let expected = "one in UTF8 (`create database … encoding 'UTF8'`)".to_owned();
        Err(unfit(
            self.settings.place(),
            self.schema().name(),
            found,
            expected,
        ))
    }

    /// What was applied, oldest first; `None` where no migration ever was.
    ///
    /// Nothing stays prepared, here as in all of these transactions: a pooler may give the session to
    /// somebody else next.
    async fn applied(
        &self,
        connection: &mut PgConnection,
    ) -> sqlx::Result<Option<Vec<MigrationStatus>>> {
        let table = format!("{}.migrations", self.schema().identifier());
        let there = sqlx::query("select to_regclass($1) is not null")
            .bind(table)
            .persistent(false)
            .fetch_one(&mut *connection)
            .await?;
        if !there.try_get::<bool, _>(0)? {
            return Ok(None);
        }
        let text =
            "select version, name, applied_at, digest from resque.migrations order by version";
        let text = AssertSqlSafe(self.schema().sql(text));
        let query = sqlx::query(text).persistent(false);
        let rows = query.fetch_all(&mut *connection).await?;
        rows.iter()
            .map(MigrationStatus::read)
            .collect::<Result<_, _>>()
            .map(Some)
    }

    async fn change(
        &self,
        connection: &mut PgConnection,
        direction: Direction,
    ) -> sqlx::Result<Result<usize>> {
        // Whoever waited for the lock has to see what was done meanwhile.
        let mut transaction = connection.begin_with(BEGIN).await?;
        let schema = self.schema();
        sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, 0))")
            .bind(format!("the migrations of {}", schema.name()))
            .persistent(false)
            .execute(&mut *transaction)
            .await?;
        if let Err(unfit) = self.check_encoding(&self.encoding(&mut transaction).await?) {
            return Ok(Err(unfit));
        }
        let applied = self.applied(&mut transaction).await?;
        let version = version_of(applied.as_deref().unwrap_or_default());
        if version > VERSION {
            return Ok(Err(self.newer(version)));
        }
        if let Some(missing) = missing(applied.as_deref().unwrap_or_default()) {
            return Ok(Err(self.full_of_holes(missing)));
        }
        let count = match direction {
            Direction::Up(to) => {
                if applied.is_none() {
                    self.begin_anew(&mut transaction).await?;
                }
                self.apply(&mut transaction, version, to).await?
            }
            Direction::Down(to) => self.undo(&mut transaction, version, to).await?,
        };
        transaction.commit().await?;
        Ok(Ok(count))
    }

    /// Makes the schema, unless somebody has done so for us, and the table of its migrations.
    async fn begin_anew(&self, connection: &mut PgConnection) -> sqlx::Result<()> {
        const TABLE: &str = "create table resque.migrations (
            version integer primary key,
            name text not null,
            applied_at timestamptz not null default now(),
            digest bigint
        )";
        let identifier = self.schema().identifier();
        // `if not exists` would ask for a right that nobody needs for a schema that is there.
        let there = sqlx::query("select to_regnamespace($1) is not null")
            .bind(identifier)
            .persistent(false)
            .fetch_one(&mut *connection)
            .await?;
        if !there.try_get::<bool, _>(0)? {
            run(connection, &format!("create schema {identifier}")).await?;
        }
        run(connection, &self.schema().sql(TABLE)).await
    }

    async fn apply(
        &self,
        connection: &mut PgConnection,
        from: i32,
        to: i32,
    ) -> sqlx::Result<usize> {
        let steps = MIGRATIONS.iter();
        let steps = steps.filter(|step| step.version > from && step.version <= to);
        let mut count = 0;
        for step in steps {
            run(connection, &self.schema().sql(step.up)).await?;
            let note = "insert into resque.migrations (version, name, digest) values ($1, $2, $3)";
            sqlx::query(AssertSqlSafe(self.schema().sql(note)))
                .bind(step.version)
                .bind(step.name)
                .bind(step.digest)
                .persistent(false)
                .execute(&mut *connection)
                .await?;
            count += 1;
        }
        Ok(count)
    }

    async fn undo(&self, connection: &mut PgConnection, from: i32, to: i32) -> sqlx::Result<usize> {
        let steps = MIGRATIONS.iter().rev();
        let steps = steps.filter(|step| step.version <= from && step.version > to);
        let mut count = 0;
        for step in steps {
            run(connection, &self.schema().sql(step.down)).await?;
            let note = "delete from resque.migrations where version = $1";
            sqlx::query(AssertSqlSafe(self.schema().sql(note)))
                .bind(step.version)
                .persistent(false)
                .execute(&mut *connection)
                .await?;
            count += 1;
        }
        if to < 1 && count > 0 {
            // The schema itself stays: it may hold tables of other people, or be granted to us.
            run(
                connection,
                &self.schema().sql("drop table resque.migrations"),
            )
            .await?;
        }
        Ok(count)
    }

    fn newer(&self, version: i32) -> Error {
        let found = format!("version {version} of the tables");
        let expected =
            format!("at most version {VERSION}; a newer version of the library knows it");
        unfit(self.settings.place(), self.schema().name(), found, expected)
    }

    fn full_of_holes(&self, missing: &str) -> Error {
        let found = format!("later migrations than {missing}, which nobody has applied");
        let expected = "every migration up to the last one: the table `migrations` was changed by hand, and has to be \
                        put right by hand"
            .to_owned();
        unfit(self.settings.place(), self.schema().name(), found, expected)
    }

    /// Fails unless the schema is of the version that this library works with.
    pub(crate) async fn check(&self, connection: &mut PgConnection) -> Result<()> {
        const WHAT: &str = "look at the schema";
        let encoding = self.read_encoding(connection).await;
        self.check_encoding(&encoding.map_err(|error| self.refused(WHAT, error))?)?;
        let applied = self.read(connection).await;
        let applied = applied.map_err(|error| self.refused(WHAT, error))?;
        let applied = applied.unwrap_or_default();
        let found = match version_of(&applied) {
            VERSION => {
                let missing = missing(&applied);
                return missing.map_or(Ok(()), |name| Err(self.full_of_holes(name)));
            }
            0 => "no tables of Resque".to_owned(),
            newer if newer > VERSION => return Err(self.newer(newer)),
            older => format!("version {older} of the tables"),
        };
        let expected = format!("version {VERSION}; `resque migrate` makes it");
        Err(unfit(
            self.settings.place(),
            self.schema().name(),
            found,
            expected,
        ))
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Up(i32),
    Down(i32),
}

async fn run(connection: &mut PgConnection, sql: &str) -> sqlx::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await?;
    Ok(())
}

impl fmt::Debug for Migrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migrator")
            .field("config", &self.settings.config)
            .finish_non_exhaustive()
    }
}
