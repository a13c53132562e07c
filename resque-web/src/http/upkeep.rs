//! Jobs that are due, where nobody else moves them into their queues.
//!
//! A store does not look at the clock by itself. Workers move due jobs, but where only this interface
//! is used there are none; so whoever finds a queue empty, or waits for a job, looks for due jobs
//! first: one for all, and only when there may be one.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use resque_core::{Client, Result};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::guard::Secret;

/// How many jobs are moved with one call.
const AT_MOST: usize = 1_000;

/// How often somebody else may have put in a job that is due sooner than all we know of.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What is known of jobs that wait for their time.
#[derive(Debug)]
pub(super) struct Upkeep {
    /// The name of this process, for stores in which one process at a time moves due jobs.
    holder: String,
    known: Mutex<Known>,
    looking: tokio::sync::Mutex<()>,
    sooner: Notify,
}

#[derive(Debug, Default)]
struct Known {
    /// When the store was asked last.
    looked: Option<Duration>,
    /// When the next job is due.
    next: Option<SystemTime>,
    /// How often jobs were moved.
    moves: u64,
}

impl Upkeep {
    pub(super) fn new() -> Self {
        Self {
            holder: {
                // Processes of the same number run on many machines.
                let name = Secret::random().mark("process", &[]);
                format!("http-{name}:{}", std::process::id())
            },
            known: Mutex::default(),
            looking: tokio::sync::Mutex::default(),
            sooner: Notify::new(),
        }
    }

    /// Moves jobs that are due, if there may be any; answers whether some came into their queues
    /// since this was called.
    pub(super) async fn promote(&self, client: &Client) -> Result<bool> {
        let before = self.known().moves;
        let now = client.store_time().await?;
        if !self.may_be_due(client.clock().monotonic(), now) {
            return Ok(false);
        }
        let _one = self.looking.lock().await;
        let monotonic = client.clock().monotonic();
        // Somebody else may have looked meanwhile.
        if self.may_be_due(monotonic, now) {
            self.look(client, monotonic, now).await?;
        }
        Ok(self.known().moves > before)
    }

    async fn look(&self, client: &Client, monotonic: Duration, now: SystemTime) -> Result<()> {
        let delayed = client.backend().and_then(|store| store.queues().delayed());
        let Some(delayed) = delayed else {
            self.known().looked = Some(monotonic);
            return Ok(());
        };
        // What is noted from now on is newer than the answer.
        self.known().next = None;
        let promotion = delayed.promote(&self.holder, now, AT_MOST).await?;
        if !promotion.standby {
            // We look only while somebody asks us, so nobody may have to wait for us to look again.
            delayed.resign(&self.holder).await?;
        }
        for error in promotion.troubles {
            tracing::warn!(%error, "a delayed job cannot be moved into its queue");
        }
        let mut known = self.known();
        known.looked = Some(monotonic);
        known.moves += u64::from(promotion.moved > 0);
        let next = if promotion.moved >= AT_MOST {
            Some(now)
        } else {
            // What is due and was not moved is for somebody else to move, and may stay for long.
            let later = now.checked_add(LOOK_AGAIN).unwrap_or(now);
            let next = promotion.next_due;
            next.map(|next| if next > now { next } else { later })
        };
        known.next = earliest(known.next, next);
        Ok(())
    }

    /// Notes that a job was put in which is due then.
    pub(super) fn note(&self, due: SystemTime) {
        let mut known = self.known();
        let sooner = known.next.is_none_or(|next| due < next);
        known.next = earliest(known.next, Some(due));
        drop(known);
        if sooner {
            self.sooner.notify_waiters();
        }
    }

    /// How long nothing will be due, as far as is known, but never longer than `at_most`.
    pub(super) fn quiet(&self, now: SystemTime, at_most: Duration) -> Duration {
        let next = self.known().next;
        let until = next.map(|next| next.duration_since(now).unwrap_or_default());
        until.map_or(at_most, |until| {
            // Clocks tell no less than a nanosecond; what is due at once is due next round.
            until.max(Duration::from_millis(1)).min(at_most)
        })
    }

    /// Ends when a job is noted, after this call, that is due sooner than all others.
    pub(super) fn sooner(&self) -> Notified<'_> {
        self.sooner.notified()
    }

    /// Lets another process move due jobs at once.
    pub(super) async fn resign(&self, client: &Client) -> Result<()> {
        match client.backend().and_then(|store| store.queues().delayed()) {
            Some(delayed) => delayed.resign(&self.holder).await,
            None => Ok(()),
        }
    }

    fn may_be_due(&self, monotonic: Duration, now: SystemTime) -> bool {
        let known = self.known();
        let stale = known
            .looked
            .is_none_or(|looked| monotonic.saturating_sub(looked) >= LOOK_AGAIN);
        stale || known.next.is_some_and(|next| next <= now)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn earliest(one: Option<SystemTime>, other: Option<SystemTime>) -> Option<SystemTime> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
