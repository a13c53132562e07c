//! A client of the `fred` crate that the application made itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fred::clients::{Client, WithOptions};
use fred::interfaces::ClientLike;

use super::login::once;
use super::send;
use crate::driver::{Batch, Driver, DriverError, Value};

/// A client as it was handed in: it reconnects as it was told to, but repeats no command of ours.
pub(crate) struct Foreign {
    place: Arc<str>,
    client: WithOptions<Client>,
}

impl Foreign {
    pub(crate) fn new(place: &Arc<str>, client: &Client, response_timeout: Duration) -> Self {
        Self {
            place: Arc::clone(place),
            client: client.with_options(&once(Some(response_timeout))),
        }
    }
}

#[async_trait]
impl Driver for Foreign {
    async fn run(&self, batch: &Batch) -> Result<Vec<Value>, DriverError> {
        if !self.client.is_connected() {
            let gone = std::io::Error::from(std::io::ErrorKind::NotConnected);
            return Err(DriverError::unavailable(&self.place, gone));
        }
        let replies = send(&self.client, batch).await;
        replies.map_err(|error| DriverError::outcome_unknown(&self.place, error))
    }
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Foreign").field(&self.place).finish()
    }
}
