//! Work that must not stop in its middle because whoever asked for it has gone.

use std::panic::resume_unwind;

use tracing::Instrument;

/// Runs this to its end, also when nobody waits for it any more.
///
/// A server drops what it does for a client that vanishes, wherever that has come to. What takes a
/// job and then frees its key, or does any two things of which one alone is worse than none, is run
/// by this.
pub(super) async fn to_the_end<W>(work: W) -> W::Output
where
    W: Future + Send + 'static,
    W::Output: Send + 'static,
{
    match tokio::spawn(work.in_current_span()).await {
        Ok(output) => output,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // Nobody else can end it: the runtime shuts down, and with it whoever waits here.
            Err(_) => std::future::pending().await,
        },
    }
}
