//! A few browsers that all tests share, because each takes a second to start.

use std::future::Future;
use std::sync::{Condvar, LazyLock, Mutex, PoisonError};
use std::thread;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use resque_testserver::shared_chromedriver;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::Tab;

/// As many as the cores of a small machine.
const MOST: usize = 2;

/// Outlives each single test, as the browsers do.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build();
    runtime.expect("a runtime needs nothing but threads")
});

static POOL: Mutex<Pool> = Mutex::new(Pool {
    idle: Vec::new(),
    taken: 0,
});
static RETURNED: Condvar = Condvar::new();

struct Pool {
    idle: Vec<Client>,
    taken: usize,
}

/// Waits for what is going on in the background, from a test that is no async function.
pub(crate) fn wait<F: Future>(work: F) -> F::Output {
    RUNTIME.block_on(work)
}

/// Lets `work` go on in the background until the process ends.
pub(super) fn background(work: impl Future<Output = ()> + Send + 'static) {
    RUNTIME.spawn(work);
}

/// Runs a test in a browser that remembers nothing of the tests before.
pub(crate) fn browse(test: impl FnOnce(&Tab)) {
    let loan = Loan::take();
    test(&loan.tab);
    loan.tab.has_shown_nothing_wrong();
}

/// A browser that is given back.
struct Loan {
    tab: Tab,
}

impl Loan {
    fn take() -> Self {
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        while pool.taken == MOST {
            pool = RETURNED.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
        pool.taken += 1;
        let idle = pool.idle.pop();
        drop(pool);
        // From here on the place is given back, whatever happens.
        let place = Place;
        let client = idle.unwrap_or_else(|| wait(start()));
        let tab = Tab::new(client);
        tab.forget();
        std::mem::forget(place);
        Self { tab }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        // Whatever a failed test has left open goes with its browser.
        if thread::panicking() {
            let _ = wait(self.tab.client().close());
        } else {
            let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
            pool.idle.push(self.tab.client());
        }
        drop(Place);
    }
}

/// One of the places in the pool.
struct Place;

impl Drop for Place {
    fn drop(&mut self) {
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        pool.taken -= 1;
        RETURNED.notify_one();
    }
}

async fn start() -> Client {
    let driver = shared_chromedriver().unwrap();
    let capabilities = json!({
        "goog:chromeOptions": {
            "binary": driver.browser(),
            "args": driver.arguments(),
        },
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    });
    let Value::Object(capabilities) = capabilities else {
        unreachable!("it is one");
    };
    let mut builder = ClientBuilder::new(HttpConnector::new());
    let url = driver.url();
    let connected = builder.capabilities(capabilities).connect(&url).await;
    connected.expect("the driver starts a browser")
}
