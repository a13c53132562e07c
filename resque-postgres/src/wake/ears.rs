//! The connection that announcements come by.

use std::sync::Arc;
use std::time::Duration;

use resque_core::{Error, Result, SharedClock};
use sqlx::Executor as _;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::task::JoinHandle;

use super::sleepers::Sleepers;
use crate::refusal::Stage;
use crate::store::Link;

const WHAT: &str = "listen for new jobs";

/// How long nothing may be announced before the connection is asked whether it still lives.
const SILENCE: Duration = Duration::from_secs(20);

/// Begins to listen, in a task of its own that ends with the connection.
pub(super) async fn listen(link: &Link, sleepers: Arc<Sleepers>) -> Result<JoinHandle<()>> {
    let settings = &link.connections.settings;
    let config = &settings.config;
    // The driver's listener wants a pool; it keeps its one connection.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(config.connect_timeout)
        .connect_lazy_with(config.options.clone());
    let refused = |error| settings.refused(WHAT, Stage::Connecting, error);
    let listening = async {
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.ignore_pool_close_event(true);
        listener.eager_reconnect(false);
        listener.listen(config.schema.name()).await?;
        Ok(listener)
    };
    let limit = config.connect_timeout + config.response_timeout;
    let mut listener = tokio::select! {
        biased;
        listener = listening => listener.map_err(refused)?,
        () = settings.clock.sleep(limit) => {
            let what = format!("{WHAT} on Postgres at {}", settings.place());
            return Err(Error::unavailable(what, format!("no answer after {limit:?}")));
        }
    };
    sleepers.start();
    let (clock, limit) = (settings.clock.clone(), config.response_timeout);
    Ok(tokio::spawn(async move {
        // A connection that was lost, in whatever way, is not made again here: whoever waits looks
        // into the queues and asks for a new one.
        loop {
            let heard = tokio::select! {
                biased;
                heard = listener.try_recv() => heard,
                () = clock.sleep(SILENCE) => match lives(&mut listener, &clock, limit).await {
                    true => continue,
                    false => break,
                },
            };
            match heard {
                Ok(Some(announcement)) => sleepers.hear(announcement.payload()),
                _ => break,
            }
        }
        sleepers.lose();
    }))
}

/// Whether a connection still answers. One whose network has silently vanished stays open, and
/// nobody would ever tell us anything by it.
async fn lives(listener: &mut PgListener, clock: &SharedClock, limit: Duration) -> bool {
    tokio::select! {
        biased;
        answer = listener.execute(sqlx::raw_sql("select")) => answer.is_ok(),
        () = clock.sleep(limit) => false,
    }
}
