//! The connection that announcements come by.

use std::sync::Arc;

use resque_core::{Error, Result};
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::task::JoinHandle;

use super::sleepers::Sleepers;
use crate::refusal::Stage;
use crate::store::Link;

const WHAT: &str = "listen for new jobs";

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
    Ok(tokio::spawn(async move {
        // A connection that was lost, in whatever way, is not made again here: whoever waits looks
        // into the queues and asks for a new one.
        while let Ok(Some(announcement)) = listener.try_recv().await {
            sleepers.hear(announcement.payload());
        }
        sleepers.lose();
    }))
}
