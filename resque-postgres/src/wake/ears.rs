//! The connection that announcements come by.

use std::sync::Arc;
use std::time::Duration;

use resque_core::{Error, Result, SharedClock};
use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor as _, Row as _};
use tokio::sync::oneshot;

use super::sleepers::Sleepers;
use crate::config::Config;
use crate::refusal::Stage;
use crate::store::Link;

const WHAT: &str = "listen for new jobs";

/// Nobody has to be told any more who ends.
const FORGET: &str = "delete from resque.sleepers where listener = pg_backend_pid()";

/// How long nothing may be announced before the connection is asked whether it still lives.
const SILENCE: Duration = Duration::from_secs(20);

/// A task that listens, on a connection of its own.
pub(super) struct Ears {
    /// The process that serves the connection.
    pub(super) process: i32,
    /// Never sent: the task ends when this is dropped.
    _end: oneshot::Sender<()>,
}

impl Ears {
    /// Begins to listen. The task ends with the connection too.
    pub(super) async fn listen(link: &Link, sleepers: Arc<Sleepers>) -> Result<Self> {
        let settings = &link.connections.settings;
        let config = &settings.config;
        let limit = config
            .connect_timeout
            .saturating_add(config.response_timeout);
        let (mut listener, process) = tokio::select! {
            biased;
            opened = open(config) => {
                opened.map_err(|error| settings.refused(WHAT, Stage::Connecting, error))?
            }
            () = settings.clock.sleep(limit) => {
                let what = format!("{WHAT} on Postgres at {}", settings.place());
                return Err(Error::unavailable(what, format!("no answer after {limit:?}")));
            }
        };
        sleepers.start();
        let (clock, limit) = (settings.clock.clone(), config.response_timeout);
        let (end, mut ended) = oneshot::channel();
        let forget = config.schema.sql(FORGET);
        tokio::spawn(async move {
            // A connection that was lost, in whatever way, is not made again here: whoever waits
            // looks into the queues and asks for a new one.
            loop {
                let heard = tokio::select! {
                    biased;
                    _ = &mut ended => {
                        let forgetting = listener.execute(sqlx::raw_sql(AssertSqlSafe(&*forget)));
                        answers(forgetting, &clock, limit).await;
                        // Others may listen for the same sleepers by now.
                        return;
                    }
                    heard = listener.try_recv() => heard,
                    () = clock.sleep(SILENCE) => {
                        // One whose network has silently vanished stays open, and nobody would ever
                        // tell us anything by it.
                        match answers(listener.execute(sqlx::raw_sql("select")), &clock, limit).await {
                            true => continue,
                            false => break,
                        }
                    }
                };
                match heard {
                    Ok(Some(announcement)) => sleepers.hear(announcement.payload()),
                    _ => break,
                }
            }
            sleepers.lose();
        });
        Ok(Self { process, _end: end })
    }
}

/// Opens a connection that listens.
async fn open(config: &Config) -> sqlx::Result<(PgListener, i32)> {
    // The driver's listener wants a pool; it keeps its one connection.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(config.connect_timeout)
        .connect_lazy_with(config.options.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.ignore_pool_close_event(true);
    listener.eager_reconnect(false);
    let row = listener.fetch_one(sqlx::raw_sql("select pg_backend_pid()"));
    let process = row.await?.try_get(0)?;
    listener.listen(config.schema.name()).await?;
    Ok((listener, process))
}

/// Whether a statement is answered, and in time.
async fn answers<T>(
    answer: impl Future<Output = sqlx::Result<T>>,
    clock: &SharedClock,
    limit: Duration,
) -> bool {
    tokio::select! {
        biased;
        answer = answer => answer.is_ok(),
        () = clock.sleep(limit) => false,
    }
}
