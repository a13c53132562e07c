//! How eagerly a pool asks for jobs, and what it waits for when there are none.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::Pool;
use crate::{Result, Ticket};

/// How many free slots a careful pool asks for at first. An exchange costs the store something for
/// every slot that asks, and an idle worker is mostly woken for a single job.
const CAREFUL_SLOTS: usize = 16;

/// How many exchanges in a row must be filled before a pool is eager.
const FILLED_BEFORE_EAGER: u32 = 3;

/// How eagerly a pool asks for jobs.
pub(super) enum Appetite {
    /// The queues gave all that was asked for, again and again.
    Eager,
    /// The queues may be empty: ask for little and with a ticket in hand. Counts the exchanges that
    /// were filled since.
    Careful(u32),
    /// The queues were empty: wait until that may have changed.
    Waiting(BoxFuture<'static, Result<()>>),
}

impl Appetite {
    /// Nothing is known about the queues.
    pub(super) const CAREFUL: Self = Self::Careful(0);

    /// How many free slots ask at most.
    pub(super) fn most_free_slots(&self) -> usize {
        match self {
            Self::Eager => usize::MAX,
            Self::Careful(filled) => CAREFUL_SLOTS << (2 * filled),
            Self::Waiting(_) => CAREFUL_SLOTS,
        }
    }
}

impl Pool {
    /// Decides how to go on asking after an exchange that was filled or not.
    pub(super) fn feed(&mut self, filled: bool, ticket: Option<Ticket>) {
        self.appetite = match (&self.appetite, filled) {
            (Appetite::Eager, true) => Appetite::Eager,
            (Appetite::Careful(count), true) if count + 1 == FILLED_BEFORE_EAGER => Appetite::Eager,
            (Appetite::Careful(count), true) => Appetite::Careful(count + 1),
            (Appetite::Waiting(_), true) => Appetite::Careful(1),
            (_, false) => self.wait_for_jobs(ticket),
        };
    }

    fn wait_for_jobs(&mut self, ticket: Option<Ticket>) -> Appetite {
        let queues = self.link.backend().queues().clone();
        let clock = self.core.clock.clone();
        let recheck = self.core.settings.recheck_every;
        if queues.waiting().is_none() {
            let wait = self.pacer.idle().unwrap_or(recheck);
            return Appetite::Waiting(clock.sleep(wait).map(Ok).boxed());
        }
        let Some(ticket) = ticket else {
            return Appetite::CAREFUL;
        };
        let from = self.from.clone();
        let wait = async move {
            let Some(waiting) = queues.waiting() else {
                return Ok(());
            };
            tokio::select! {
                woken = waiting.wait(ticket, &from) => woken,
                () = clock.sleep(recheck) => Ok(()),
            }
        };
        Appetite::Waiting(wait.boxed())
    }
}
