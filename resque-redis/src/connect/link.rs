//! One live connection of either client crate.

use async_trait::async_trait;

#[cfg(feature = "fred")]
use crate::driver::fred::FredConnection;
#[cfg(feature = "redis")]
use crate::driver::redis_rs::RedisConnection;
use crate::driver::{Batch, Driver, DriverError, Value};

/// A connection that is made, used until it breaks, and then thrown away.
///
/// A plain enum and not a `dyn Driver`, which saves each call one boxed future.
#[derive(Debug)]
pub(crate) enum Link {
    #[cfg(feature = "redis")]
    Redis(RedisConnection),
    #[cfg(feature = "fred")]
    Fred(FredConnection),
}

impl Link {
    /// Tells whether it is known to be lost.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            #[cfg(feature = "redis")]
            Self::Redis(connection) => connection.is_closed(),
            #[cfg(feature = "fred")]
            Self::Fred(connection) => connection.is_closed(),
        }
    }

    /// Runs a batch, once.
    pub(crate) async fn run(&self, batch: &Batch) -> Result<Vec<Value>, DriverError> {
        match self {
            #[cfg(feature = "redis")]
            Self::Redis(connection) => connection.run(batch).await,
            #[cfg(feature = "fred")]
            Self::Fred(connection) => connection.run(batch).await,
        }
    }
}

/// For what has to be run on this very connection.
#[async_trait]
impl Driver for Link {
    async fn run(&self, batch: &Batch) -> Result<Vec<Value>, DriverError> {
        Self::run(self, batch).await
    }
}
