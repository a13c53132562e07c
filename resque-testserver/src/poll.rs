//! Waiting for the outside world, which has no clock that could be injected.

use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(5);

/// Asks `probe` again and again until it answers, for `limit` at most.
///
/// For what another *process* does; a test of our own code waits for an event or drives a manual clock.
#[expect(
    clippy::disallowed_methods,
    reason = "another process cannot be awaited; the only real sleep in the tests"
)]
pub fn poll_until<T>(limit: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = probe() {
            return Some(answer);
        }
        if start.elapsed() >= limit {
            return None;
        }
        std::thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_until_there_is_an_answer() {
        let mut asked = 0;
        let answer = poll_until(Duration::from_secs(10), || {
            asked += 1;
            (asked == 3).then_some("here")
        });
        assert_eq!((answer, asked), (Some("here"), 3));
    }

    #[test]
    fn gives_up_after_the_limit_but_asks_once() {
        let mut asked = 0;
        let answer = poll_until(Duration::ZERO, || {
            asked += 1;
            None::<()>
        });
        assert_eq!((answer, asked), (None, 1));
    }
}
