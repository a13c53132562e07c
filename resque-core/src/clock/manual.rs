//! A clock that a test moves by hand.

use std::future::{Future, poll_fn};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;

use super::Clock;

/// A clock that stands still until a test advances it.
///
/// [`advance`](ManualClock::advance) wakes every sleeper that is due before it returns, and
/// [`parked`](ManualClock::parked) waits until a number of tasks sleep, so that a test never has to
/// sleep itself. Clones show the same time.
///
/// ```
/// use std::time::Duration;
/// use resque_core::{Clock, ManualClock};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let clock = ManualClock::new();
/// let before = clock.now();
/// let nap = tokio::spawn(clock.sleep(Duration::from_secs(60)));
/// clock.parked(1).await;
/// clock.advance(Duration::from_secs(60));
/// nap.await?;
/// assert_eq!(clock.now().duration_since(before)?, Duration::from_secs(60));
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock {
    shared: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    wall: SystemTime,
    monotonic: Duration,
    next_key: u64,
    sleepers: Vec<Sleeper>,
    /// Who was woken and has not noticed yet.
    woken: Vec<u64>,
    /// Tasks that wait for a number of sleepers.
    watchers: Vec<(usize, Waker)>,
    /// Tasks that wait until everybody has noticed.
    followers: Vec<Waker>,
}

#[derive(Debug)]
struct Sleeper {
    key: u64,
    deadline: Duration,
    waker: Waker,
}

impl ManualClock {
    /// A clock that shows 2026-11-20 23:00:00 UTC.
    #[must_use]
    pub fn new() -> Self {
        Self::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_215_600))
    }

    /// A clock that shows `wall`.
    #[must_use]
    pub fn at(wall: SystemTime) -> Self {
        let state = State {
            wall,
            monotonic: Duration::ZERO,
            next_key: 0,
            sleepers: Vec::new(),
            woken: Vec::new(),
            watchers: Vec::new(),
            followers: Vec::new(),
        };
        Self {
            shared: Arc::new(Mutex::new(state)),
        }
    }

    /// Moves both times forward and wakes every sleeper that is due.
    pub fn advance(&self, by: Duration) {
        let due = {
            let mut state = self.state();
            state.wall += by;
            state.monotonic += by;
            let now = state.monotonic;
            let (due, rest) = state
                .sleepers
                .drain(..)
                .partition(|s: &Sleeper| s.deadline <= now);
            state.sleepers = rest;
            state.woken.extend(due.iter().map(|sleeper| sleeper.key));
            due
        };
        let mut due: Vec<Sleeper> = due;
        due.sort_by_key(|sleeper| (sleeper.deadline, sleeper.key));
        for sleeper in due {
            sleeper.waker.wake();
        }
    }

    /// Sets the time of day, forward or back, as a person or NTP would; sleepers do not notice.
    pub fn set_now(&self, wall: SystemTime) {
        self.state().wall = wall;
    }

    /// Ends as soon as at least `count` tasks sleep on this clock.
    pub async fn parked(&self, count: usize) {
        poll_fn(|context| {
            let mut state = self.state();
            if state.sleepers.len() >= count {
                return Poll::Ready(());
            }
            state.watchers.push((count, context.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    /// Ends as soon as every sleeper that was woken has noticed.
    ///
    /// Time that flows in a loop has to wait for this after each step, or a task whose thread gets
    /// no turn for a moment falls far behind it.
    pub async fn caught_up(&self) {
        poll_fn(|context| {
            let mut state = self.state();
            if state.woken.is_empty() {
                return Poll::Ready(());
            }
            state.followers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// How many tasks sleep at present.
    #[must_use]
    pub fn sleeping(&self) -> usize {
        self.state().sleepers.len()
    }

    /// When the next sleeper is due, counted from now.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        let state = self.state();
        let next = state
            .sleepers
            .iter()
            .map(|sleeper| sleeper.deadline)
            .min()?;
        Some(next.saturating_sub(state.monotonic))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A sleeper has noticed that it was woken, or wants to sleep no more.
    fn forget(&self, key: u64) {
        let followers = {
            let mut state = self.state();
            state.sleepers.retain(|sleeper| sleeper.key != key);
            state.woken.retain(|woken| *woken != key);
            match state.woken.is_empty() {
                true => mem::take(&mut state.followers),
                false => Vec::new(),
            }
        };
        followers.into_iter().for_each(Waker::wake);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        self.state().wall
    }

    fn monotonic(&self) -> Duration {
        self.state().monotonic
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        Box::pin(Sleep {
            clock: self.clone(),
            deadline,
            key: None,
        })
    }
}

struct Sleep {
    clock: ManualClock,
    deadline: Duration,
    key: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let mut state = clock.state();
        if state.monotonic >= self.deadline {
            drop(state);
            if let Some(key) = self.key.take() {
                clock.forget(key);
            }
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        let known = self
            .key
            .and_then(|key| state.sleepers.iter_mut().find(|s| s.key == key));
        if let Some(sleeper) = known {
            sleeper.waker = waker;
            return Poll::Pending;
        }
        let key = state.next_key;
        state.next_key += 1;
        state.sleepers.push(Sleeper {
            key,
            deadline: self.deadline,
            waker,
        });
        self.key = Some(key);
        let sleeping = state.sleepers.len();
        let (ready, rest): (Vec<_>, Vec<_>) = state
            .watchers
            .drain(..)
            .partition(|(count, _)| *count <= sleeping);
        state.watchers = rest;
        drop(state);
        for (_, watcher) in ready {
            watcher.wake();
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.clock.forget(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn who_was_woken_is_waited_for_until_it_notices_or_goes() {
        const SECOND: Duration = Duration::from_secs(1);
        let clock = ManualClock::new();
        let is_caught_up = || clock.caught_up().now_or_never().is_some();
        let (mut one, mut other) = (clock.sleep(SECOND), clock.sleep(SECOND));
        for nap in [&mut one, &mut other] {
            assert!(nap.now_or_never().is_none());
        }
        assert!(is_caught_up(), "nobody was woken");
        clock.advance(SECOND);
        assert!(!is_caught_up());
        assert!((&mut one).now_or_never().is_some());
        assert!(!is_caught_up(), "one of two has noticed");
        drop(other);
        assert!(is_caught_up());
    }
}
