//! What commands that serve have in common: they tell where, and run until they are asked to stop.

use serde::Serialize;

use crate::failure::Failure;
use crate::output::Answer;

/// Where a command listens.
#[derive(Debug, Serialize)]
pub(super) struct Listening {
    listening: String,
}

impl Listening {
    /// At this address.
    pub(super) fn at(url: String) -> Self {
        Self { listening: url }
    }
}

impl Answer for Listening {
    fn text(&self) -> String {
        format!("listening on {}\n", self.listening)
    }
}

/// Ends when the process is asked to stop. It listens from the moment it is made.
#[cfg(unix)]
pub(super) fn asked_to_stop() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    use tokio::signal::unix::{SignalKind, signal};

    let listen = |kind| signal(kind).map_err(|source| Failure::io("listen to signals", source));
    let mut term = listen(SignalKind::terminate())?;
    let mut int = listen(SignalKind::interrupt())?;
    let mut quit = listen(SignalKind::quit())?;
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
            _ = quit.recv() => {}
        }
    })
}

/// Ends when the process is asked to stop.
#[cfg(not(unix))]
pub(super) fn asked_to_stop() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            // Nobody can ask.
            std::future::pending::<()>().await;
        }
    })
}
