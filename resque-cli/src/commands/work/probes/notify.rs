//! What systemd is told: that the worker has started, that it lives, what it does, that it stops.

use std::io;
use std::time::Duration;

use resque::Clock;
use sd_notify::NotifyState;

use super::condition::{Condition, Source};

/// How often is looked whether there is something to tell.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Whether anybody wants to be told.
pub(super) fn is_wanted() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// Tells for ever, if anybody wants to be told.
pub(super) async fn tell<S: Source>(source: &S, clock: &dyn Clock) {
    if !is_wanted() {
        return;
    }
    // Twice in the time after which we are taken for dead.
    let alive_every = sd_notify::watchdog_enabled().map(|watchdog| watchdog / 2);
    let mut told = Told::default();
    loop {
        let condition = source.condition().await;
        let now = clock.monotonic();
        let alive_is_due = alive_every.is_some_and(|every| {
            told.alive
                .is_none_or(|last| now.saturating_sub(last) + LOOK_EVERY / 2 >= every)
        });
        send(&told.news(&condition, alive_is_due.then_some(now)));
        let every = alive_every.map_or(LOOK_EVERY, |every| every.min(LOOK_EVERY));
        clock.sleep(every).await;
    }
}

/// The worker stops.
pub(super) fn stopping() {
    if is_wanted() {
        send(&[NotifyState::Stopping]);
    }
}

/// What was told before.
#[derive(Debug, Default)]
struct Told {
    started: bool,
    stopping: bool,
    text: String,
    /// When it was last told that the worker lives.
    alive: Option<Duration>,
}

impl Told {
    /// What is new. `alive` is the time, if it is to be told now that the worker lives.
    fn news<'a>(
        &mut self,
        condition: &'a Condition,
        alive: Option<Duration>,
    ) -> Vec<NotifyState<'a>> {
        let mut news = Vec::new();
        if condition.started && !self.started {
            self.started = true;
            news.push(NotifyState::Ready);
        }
        if condition.stopping && !self.stopping {
            self.stopping = true;
            news.push(NotifyState::Stopping);
        }
        if condition.text != self.text {
            self.text.clone_from(&condition.text);
            news.push(NotifyState::Status(&condition.text));
        }
        if alive.is_some() && condition.live {
            self.alive = alive;
            news.push(NotifyState::Watchdog);
        }
        news
    }
}

fn send(news: &[NotifyState<'_>]) {
    if news.is_empty() {
        return;
    }
    let sent: io::Result<()> = sd_notify::notify(news);
    if let Err(error) = sent {
        tracing::debug!(%error, "could not tell the service manager");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_told_once_and_life_only_of_the_living() {
        let mut told = Told::default();
        let texts = |news: Vec<NotifyState<'_>>| {
            news.iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        };
        let mut condition = Condition::starting();
        let second = |n| Some(Duration::from_secs(n));
        assert_eq!(
            texts(told.news(&condition, second(1))),
            "STATUS=starting WATCHDOG=1"
        );
        assert_eq!(texts(told.news(&condition, None)), "");
        condition.started = true;
        assert_eq!(texts(told.news(&condition, None)), "READY=1");
        condition.live = false;
        condition.text = "stuck".to_owned();
        assert_eq!(texts(told.news(&condition, second(2))), "STATUS=stuck");
        condition.live = true;
        condition.stopping = true;
        assert_eq!(
            texts(told.news(&condition, second(3))),
            "STOPPING=1 WATCHDOG=1"
        );
    }
}
