//! Waiting in real time: for a store that is on its way back, and for one that falls asleep.

use std::time::Duration;

use resque_core::{Clock, Result, SystemClock};

/// Asks again and again until there is an answer, for a few seconds at most.
///
/// Connections come back by themselves but not at once, so this is real time, as the time limit of
/// each case is; there is no other place for it in the suite than this file.
pub(crate) async fn until_ok<T, F, C>(mut call: C) -> Result<T>
where
    C: FnMut() -> F,
    F: Future<Output = Result<T>>,
{
    const ATTEMPTS: u32 = 1_000;
    let clock = SystemClock::new();
    for _ in 1..ATTEMPTS {
        match call().await {
            Err(error) if error.is_transient() => clock.sleep(Duration::from_millis(10)).await,
            answer => return answer,
        }
    }
    call().await
}

/// Whether a call does not end within a moment.
pub(crate) async fn stays_pending<F: Future>(call: F) -> bool {
    let clock = SystemClock::new();
    tokio::select! {
        biased;
        _ = call => false,
        () = clock.sleep(Duration::from_millis(50)) => true,
    }
}
