//! Stores in memory, new ones and ones that the whole process shares by name.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use resque_core::{Backend, Error, Result};
pub use resque_memory::*;

/// The stores with a name. They live as long as the process, like a server would.
static NAMED: LazyLock<Mutex<HashMap<String, MemoryBackend>>> = LazyLock::new(Mutex::default);

/// Opens the store that a `memory:` URL names; see [`crate::connect`].
pub(crate) fn open(url: &str) -> Result<Backend> {
    let rest = url.strip_prefix("memory").unwrap_or(url);
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (name, query) = rest.split_once('?').unwrap_or((rest, ""));
    let namespace = namespace(query)?;
    if name.is_empty() {
        return Ok(new_store(namespace).backend());
    }
    let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
    let key = format!("{name}\n{}", namespace.unwrap_or_default());
    let store = named.entry(key).or_insert_with(|| new_store(namespace));
    Ok(store.backend())
}

/// A store of its own for one test, with a clock that stands still until the test moves it.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let test = resque::memory::fixture();
/// test.client.enqueue_raw("mail", "Welcome", &("ada@example.org",)).await?;
/// resque::testing::assert_enqueued_raw(&test.client, "Welcome").times(1).await;
/// # Ok::<(), resque::Error>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "testing")]
#[must_use]
pub fn fixture() -> resque_core::testing::Fixture {
    resque_core::testing::Fixture::new(|clock| MemoryBackend::with_clock(clock).backend())
}

fn new_store(namespace: Option<&str>) -> MemoryBackend {
    let store = MemoryBackend::new();
    match namespace {
        Some(namespace) => store.with_namespace(namespace),
        None => store,
    }
}

/// The only setting a store in memory has.
fn namespace(query: &str) -> Result<Option<&str>> {
    let mut namespace = None;
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        if key != "namespace" || value.is_empty() {
            return Err(Error::InvalidSetting {
                setting: format!("{key} in the URL of a memory store"),
                reason: "the only setting there is `namespace=NAME`".to_owned(),
            });
        }
        namespace = Some(value);
    }
    Ok(namespace)
}

#[cfg(test)]
mod tests {
    use resque_core::Client;

    use super::*;

    async fn sees(one: &str, other: &str) -> bool {
        let (one, other) = (open(one).unwrap(), open(other).unwrap());
        Client::new(one).create_queue("seen").await.unwrap();
        !Client::new(other).queues().await.unwrap().is_empty()
    }

    #[tokio::test]
    async fn only_stores_of_the_same_name_and_namespace_are_the_same() {
        assert!(sees("memory:a", "memory:a").await);
        assert!(sees("memory:b?namespace=x", "memory://b?namespace=x").await);
        assert!(!sees("memory:", "memory:").await);
        assert!(!sees("memory", "memory://").await);
        assert!(!sees("memory:c", "memory:d").await);
        assert!(!sees("memory:e?namespace=x", "memory:e?namespace=y").await);
    }

    #[tokio::test]
    async fn keys_begin_with_the_namespace() {
        let client = Client::new(open("memory:?namespace=shop").unwrap());
        assert_eq!(client.key(&["queues"]).unwrap(), "shop:queues");
    }

    #[test]
    fn settings_that_do_not_exist_are_refused() {
        let error = open("memory:?databse=1").unwrap_err();
        assert!(error.to_string().contains("databse"), "{error}");
        assert!(open("memory:?namespace=").is_err());
    }
}
