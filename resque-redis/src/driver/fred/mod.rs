//! The `fred` crate behind the seam.

mod convert;
mod foreign;
mod login;

use std::sync::Arc;

use fred::clients::{Client, WithOptions};
use fred::interfaces::ClientLike;
use futures::future::try_join_all;

use super::life::{AbortOnDrop, Closed};
use super::{Batch, DriverError, Value};
use convert::{from_fred, to_fred};
pub(crate) use foreign::Foreign;

/// One connection of the `fred` crate: a client that makes one attempt at each command and never
/// reconnects.
#[derive(Debug)]
pub(crate) struct FredConnection {
    place: Arc<str>,
    client: WithOptions<Client>,
    closed: Closed,
    _task: AbortOnDrop,
}

impl FredConnection {
    /// Tells whether the connection is known to be lost.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_closed()
    }

    /// Runs a batch, once.
    pub(crate) async fn run(&self, batch: &Batch) -> Result<Vec<Value>, DriverError> {
        use std::io::{Error, ErrorKind};
        if self.is_closed() {
            let gone = Error::from(ErrorKind::NotConnected);
            return Err(DriverError::unavailable(&self.place, gone));
        }
        tokio::select! {
            biased;
            replies = send(&self.client, batch) => {
                replies.map_err(|error| DriverError::outcome_unknown(&self.place, error))
            }
            // The client leaves commands lying that came while its task ended.
            () = self.closed.closed() => {
                let gone = Error::from(ErrorKind::ConnectionAborted);
                Err(DriverError::outcome_unknown(&self.place, gone))
            }
        }
    }
}

/// Sends all commands, one right behind the other, and waits for all replies.
async fn send(
    client: &WithOptions<Client>,
    batch: &Batch,
) -> Result<Vec<Value>, fred::error::Error> {
    let commands = to_fred(batch);
    let replies = commands.map(|(name, args)| client.custom_raw(name, args));
    Ok(try_join_all(replies)
        .await?
        .into_iter()
        .map(from_fred)
        .collect())
}
