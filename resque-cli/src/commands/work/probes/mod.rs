//! What the outside is told of a worker while it runs: whether it is well, over HTTP and to the
//! service manager, and its numbers.

mod condition;
mod exposition;
mod http;
#[cfg(unix)]
mod line;
#[cfg(unix)]
mod notify;
mod numbers;
#[cfg(unix)]
mod several;
mod single;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::Args;
use resque::SharedClock;

use self::condition::Source;
#[cfg(unix)]
pub(super) use self::line::{Line, answer, greet, take_stdin};
#[cfg(unix)]
pub(super) use self::several::{Seat, Several};
pub(super) use self::single::Single;
use crate::context::runtime;
use crate::failure::Failure;
use crate::times;

/// How often the store is looked at for its numbers, if nothing is said.
const STORE_EVERY: &str = "15s";

/// How others see how the worker is.
#[derive(Debug, Args)]
pub(super) struct Probes {
    /// Answer /livez, /readyz and /metrics over HTTP at this address: 127.0.0.1:9100. Nobody is asked
    /// who they are
    #[arg(long, value_name = "ADDRESS:PORT")]
    health_listen: Option<SocketAddr>,

    /// Show also what the store holds in /metrics, looked at so often [15s]
    #[arg(long, value_name = "DURATION", value_parser = times::duration, requires = "health_listen")]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = STORE_EVERY)]
    store_metrics: Option<Duration>,
}

impl Probes {
    /// Takes the address, so that everybody hears at once if that is not possible.
    fn bind(&self) -> Result<Option<TcpListener>, Failure> {
        let Some(address) = self.health_listen else {
            return Ok(None);
        };
        let cannot = |source| Failure::io(format!("listen on {address}"), source);
        let listener = TcpListener::bind(address).map_err(cannot)?;
        listener.set_nonblocking(true).map_err(cannot)?;
        Ok(Some(listener))
    }

    /// Whether anybody reads the numbers.
    pub(super) fn counts(&self) -> bool {
        self.health_listen.is_some()
    }

    /// How often the store is looked at, if it is.
    pub(super) fn store_every(&self) -> Option<Duration> {
        self.store_metrics
    }
}

/// Answers on a thread of its own, so that no job can keep it from that.
fn on_a_thread<S: Source>(
    listener: Option<TcpListener>,
    source: Arc<S>,
    clock: SharedClock,
) -> Result<(), Failure> {
    if listener.is_none() && !is_notified() {
        return Ok(());
    }
    let runtime = runtime()?;
    thread::Builder::new()
        .name("resque-probes".to_owned())
        .spawn(move || runtime.block_on(answer_all(listener, source, clock)))
        .map(drop)
        .map_err(|source| Failure::io("start a thread", source))
}

/// Keeps small what was counted, where nobody may ever ask for it.
fn keep_tidy<S: Source>(source: Arc<S>, clock: SharedClock) -> Result<(), Failure> {
    let runtime = runtime()?;
    thread::Builder::new()
        .name("resque-numbers".to_owned())
        .spawn(move || runtime.block_on(numbers::upkeep(&*source, &*clock)))
        .map(drop)
        .map_err(|source| Failure::io("start a thread", source))
}

/// Answers whoever asks, and tells the service manager, until nobody polls this.
async fn answer_all<S: Source>(listener: Option<TcpListener>, source: Arc<S>, clock: SharedClock) {
    let asked = async {
        if let Some(listener) = listener
            && let Err(error) = http::serve(listener, source.clone()).await
        {
            tracing::error!(%error, "probes are not answered any more");
        }
    };
    #[cfg(unix)]
    let told = notify::tell(&*source, &*clock);
    #[cfg(not(unix))]
    let told = async {};
    tokio::join!(asked, told, numbers::upkeep(&*source, &*clock));
}

#[cfg(unix)]
fn is_notified() -> bool {
    notify::is_wanted()
}

#[cfg(not(unix))]
fn is_notified() -> bool {
    false
}
