//! The store that is put under load.

use resque::{Backend, Client};

use crate::Failure;
use crate::options::Options;

/// The queue that everything goes through.
pub(crate) const QUEUE: &str = "bench";
/// The namespace on a server, which is emptied before and after.
const NAMESPACE: &str = "resque-bench";

/// An empty store and a client of it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) backend: Backend,
    pub(crate) client: Client,
}

impl Target {
    pub(crate) async fn open(options: &Options) -> Result<Self, Failure> {
        let url = full_url(options);
        if url.starts_with("postgres") {
            let config = resque::postgres::Config::parse(&url)?;
            resque::postgres::Migrator::new(config).up().await?;
        }
        let backend = resque::connect(&url).await?;
        backend.queues().clear().await?;
        let client = Client::new(backend.clone());
        Ok(Self {
            url,
            backend,
            client,
        })
    }

    /// Host and port of a Redis server.
    pub(crate) fn address(&self) -> Option<&str> {
        let rest = self.url.strip_prefix("redis://")?;
        rest.split(['/', '?']).next()
    }
}

/// The URL with the namespace and, for Redis, the driver in it, where there is a server.
fn full_url(options: &Options) -> String {
    let url = &options.url;
    if !url.contains("://") {
        return url.clone();
    }
    let joint = if url.contains('?') { '&' } else { '?' };
    let mut full = format!("{url}{joint}namespace={NAMESPACE}");
    if !url.starts_with("postgres") {
        full.push_str("&driver=");
        full.push_str(options.driver.as_str());
    }
    full
}

/// The name of the list in Redis that holds the queue.
pub(crate) fn list_key() -> String {
    format!("{NAMESPACE}:queue:{QUEUE}")
}
