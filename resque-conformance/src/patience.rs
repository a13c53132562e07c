//! Waiting in real time for a store that is on its way back.

use std::time::Duration;

use resque_core::{Clock, Result, SystemClock};

/// Asks again and again until there is an answer, for a few seconds at most.
///
/// Connections come back by themselves but not at once, so this is real time, as the time limit of
/// each case is; there is no other place for it in the suite.
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
