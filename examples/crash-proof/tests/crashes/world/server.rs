//! The server of a test, of one kind or another.

use resque::postgres::{Config, Migrator};
use resque_testserver::{Postgres, PostgresServer, Redis, RedisServer, Result};

/// What the workers of a test keep their jobs in, and how they reach it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Store {
    /// Redis.
    Redis,
    /// Redis by the other driver.
    #[cfg(feature = "fred")]
    Fred,
    /// Postgres.
    Postgres,
}

/// A server that a test takes away and gives back.
#[derive(Debug)]
pub(crate) enum Server {
    Redis(Box<RedisServer>),
    Postgres(Box<PostgresServer>),
}

impl Server {
    /// Starts one, and answers with the URL of an empty store on it.
    pub(crate) fn start(store: Store) -> (Self, String) {
        let driver = match store {
            Store::Redis => "redis",
            #[cfg(feature = "fred")]
            Store::Fred => "fred",
            Store::Postgres => return Self::postgres(),
        };
        let server = Redis::new().append_only().start().unwrap();
        let url = format!("{}?namespace=test&driver={driver}", server.url());
        (Self::Redis(Box::new(server)), url)
    }

    fn postgres() -> (Self, String) {
        let server = Postgres::new().start().unwrap();
        let url = format!("{}?namespace=test", server.url());
        // What a deployment does once.
        let migrator = Migrator::new(Config::parse(&url).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(migrator.up()).unwrap();
        (Self::Postgres(Box::new(server)), url)
    }

    /// Ends it without a chance to say goodbye.
    pub(crate) fn kill(&mut self) -> Result<()> {
        match self {
            Self::Redis(server) => server.kill(),
            Self::Postgres(server) => server.kill(),
        }
    }

    /// Starts it again with its data.
    pub(crate) fn restart(&mut self) -> Result<()> {
        match self {
            Self::Redis(server) => server.restart(),
            Self::Postgres(server) => server.restart(),
        }
    }
}
