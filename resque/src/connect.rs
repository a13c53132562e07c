//! Opens the store that a URL names.

use resque_core::worker::WorkerEnv;
use resque_core::{Backend, Error, FailureLayout, Result, blocking};

/// Opens the store that a URL names.
///
/// | URL | store |
/// |---|---|
/// | `memory:` | a new store in memory |
/// | `memory:NAME` | the store in memory of this name, the same for the whole process |
/// | `postgres://[user:password@]host[:port]/database` | Postgres |
/// | `redis://[user:password@]host[:port][/db]` | Redis |
/// | `rediss://…` | Redis over TLS |
/// | `unix:///path/to/socket` | Redis behind a Unix socket |
/// | `host[:port[:db]][/namespace]` | Redis, as Resque writes it |
///
/// Settings follow behind a question mark: all take `namespace`, which on Postgres is the schema.
#[cfg_attr(
    feature = "postgres",
    doc = "Postgres takes what [`crate::postgres::Config`] lists; its tables are made beforehand,"
)]
#[cfg_attr(
    feature = "postgres",
    doc = "by `resque migrate` or a [`crate::postgres::Migrator`]."
)]
/// Redis takes
#[cfg_attr(
    any(feature = "redis", feature = "fred"),
    doc = "what [`crate::redis::Config`] lists."
)]
#[cfg_attr(
    not(any(feature = "redis", feature = "fred")),
    doc = "what its configuration lists."
)]
///
/// # Errors
///
/// [`Error::InvalidSetting`] for a URL that makes no sense or a store whose feature is not built
/// in; otherwise whatever connecting ends with, [`Error::Unavailable`] above all.
///
/// ```
/// # #[cfg(feature = "memory")]
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let backend = resque::connect("memory:orders?namespace=shop").await?;
/// assert_eq!(backend.queues().info().name, "memory");
///
/// let error = resque::connect("ftp://localhost").await.unwrap_err();
/// assert!(error.to_string().starts_with("the URL scheme ftp: there is no store of this kind"));
/// # Ok::<(), resque::Error>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn connect(url: &str) -> Result<Backend> {
    open(url, None).await
}

/// Opens the store that a URL names, as Resque's environment variables say: failures go where
/// `FAILURE_BACKEND` tells, if the store knows the difference.
///
/// # Errors
///
/// As for [`connect`].
///
/// ```
/// use resque::worker::WorkerEnv;
/// use resque::{Backend, Result, Worker};
///
/// async fn from_the_environment(url: &str) -> Result<Worker> {
///     let env = WorkerEnv::read()?;
///     let backend = resque::connect_with(url, &env).await?;
///     Worker::builder(backend).env(&env).handle_signals().build()
/// }
/// ```
pub async fn connect_with(url: &str, env: &WorkerEnv) -> Result<Backend> {
    open(url, env.failure_layout).await
}

async fn open(url: &str, failures: Option<FailureLayout>) -> Result<Backend> {
    match scheme(url) {
        "memory" => memory(url),
        "postgres" | "postgresql" => postgres(url).await,
        "redis" | "rediss" | "unix" | "redis+unix" => redis(url, failures).await,
        other => Err(Error::InvalidSetting {
            setting: format!("the URL scheme {other}"),
            reason: "there is no store of this kind; there are memory:, postgres://, redis://, \
                     rediss://, unix:// and host:port"
                .to_owned(),
        }),
    }
}

/// Opens the store that a URL names, for code that is not async.
///
/// # Errors
///
/// As for [`connect`].
///
/// ```
/// # #[cfg(feature = "memory")] {
/// let client = resque::connect_blocking("memory:")?;
/// client.enqueue_raw("q", "Archive", &(44, "masterbrew"))?;
/// # }
/// # Ok::<(), resque::Error>(())
/// ```
pub fn connect_blocking(url: &str) -> Result<blocking::Client> {
    let url = url.to_owned();
    blocking::Client::open(async move { connect(&url).await })
}

/// The kind of store a URL names; whatever looks like no URL is one of Resque's own strings.
fn scheme(url: &str) -> &str {
    if let Some((scheme, _)) = url.split_once("://") {
        return scheme;
    }
    match url.split_once(':').map_or(url, |(first, _)| first) {
        known @ ("memory" | "unix") => known,
        _ => "redis",
    }
}

#[cfg(feature = "memory")]
fn memory(url: &str) -> Result<Backend> {
    crate::memory::open(url)
}

#[cfg(not(feature = "memory"))]
fn memory(_url: &str) -> Result<Backend> {
    Err(not_built_in("memory"))
}

#[cfg(any(feature = "redis", feature = "fred"))]
async fn redis(url: &str, failures: Option<FailureLayout>) -> Result<Backend> {
    let mut config = resque_redis::Config::parse(url)?;
    if let Some(layout) = failures {
        config = config.with_failures(layout);
    }
    resque_redis::RedisBackend::builder(config).connect().await
}

#[cfg(not(any(feature = "redis", feature = "fred")))]
async fn redis(_url: &str, _: Option<FailureLayout>) -> Result<Backend> {
    Err(not_built_in("redis"))
}

#[cfg(feature = "postgres")]
async fn postgres(url: &str) -> Result<Backend> {
    resque_postgres::PostgresBackend::connect(url).await
}

#[cfg(not(feature = "postgres"))]
async fn postgres(_url: &str) -> Result<Backend> {
    Err(not_built_in("postgres"))
}

#[cfg(not(all(
    feature = "memory",
    feature = "postgres",
    any(feature = "redis", feature = "fred")
)))]
fn not_built_in(feature: &str) -> Error {
    Error::InvalidSetting {
        setting: format!("a {feature} URL"),
        reason: format!("this program was built without the feature `{feature}` of `resque`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_resques_own_strings_are_told_apart() {
        for (url, expected) in [
            ("memory:", "memory"),
            ("memory", "memory"),
            ("memory://x", "memory"),
            ("memory:x?namespace=y", "memory"),
            ("redis://localhost", "redis"),
            ("rediss://user:pass@host:1/2", "rediss"),
            ("unix:/run/redis.sock", "unix"),
            ("unix:///run/redis.sock", "unix"),
            ("redis+unix:///run/redis.sock", "redis+unix"),
            ("localhost", "redis"),
            ("localhost:6379", "redis"),
            ("localhost:6379:2/shop", "redis"),
            ("postgres://localhost/shop", "postgres"),
        ] {
            assert_eq!(scheme(url), expected, "{url}");
        }
    }

    #[cfg(any(feature = "redis", feature = "fred"))]
    #[tokio::test]
    async fn failures_go_where_the_environment_says() {
        let url = resque_testserver::shared_redis().expect("a Redis").url();
        for name in ["redis", "redis_multi_queue"] {
            let env = WorkerEnv::from_vars([("FAILURE_BACKEND", name)]).expect("a good value");
            let backend = connect_with(&url, &env).await.expect("a connection");
            let layout = backend.queues().info().failure_layout;
            assert_eq!(layout, FailureLayout::named(name));
        }
    }

    #[tokio::test]
    async fn an_error_never_shows_a_password() {
        let error = connect("ftp://user:secret@host").await.unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
