//! Waking up when a job comes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use resque_core::{QueueList, QueueName, Result, Ticket, WaitForJobs};

use crate::store::{State, Store};

/// Who waits for which queues, and when each queue was last rung for.
///
/// A moment passes only when a ticket is drawn. Whatever happens after a ticket was drawn is
/// noted with a later moment than the ticket's, and a queue that was rung for in the present moment
/// need not be rung for again: whoever drew a ticket before it has been woken, and whoever comes
/// later sees the note. So a push under load costs one comparison.
#[derive(Default)]
pub(crate) struct Bell {
    moment: u64,
    /// When it was last rung for all queues together.
    rung_for_all: u64,
    waiters: Vec<Waiter>,
    next_key: u64,
    woken: Vec<Waker>,
}

struct Waiter {
    key: u64,
    from: QueueList,
    /// Gone once it was rung for.
    waker: Option<Waker>,
}

impl Bell {
    /// Draws a ticket.
    fn ticket(&mut self) -> Ticket {
        let ticket = Ticket::new(self.moment);
        self.moment += 1;
        ticket
    }

    /// Notes that a job may have come into a queue, whose own note is `rung`.
    pub(crate) fn ring(&mut self, queue: &QueueName, rung: &mut u64) {
        if *rung == self.moment {
            return;
        }
        *rung = self.moment;
        for waiter in &mut self.waiters {
            if waiter.waker.is_some() && waiter.from.serves(queue) {
                self.woken.extend(waiter.waker.take());
            }
        }
    }

    /// Notes that a job may have come into any queue.
    pub(crate) fn ring_all(&mut self) {
        self.rung_for_all = self.moment;
        for waiter in &mut self.waiters {
            self.woken.extend(waiter.waker.take());
        }
    }

    /// Hands over the tasks to wake, so that they are woken without the lock.
    pub(crate) fn take_woken(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.woken)
    }

    fn join(&mut self, from: &QueueList, waker: &Waker) -> u64 {
        let key = self.next_key;
        self.next_key += 1;
        self.waiters.push(Waiter {
            key,
            from: from.clone(),
            waker: Some(waker.clone()),
        });
        key
    }

    /// Puts another waker in the place of the one that the waiter sleeps on, unless it was rung for.
    fn replace_waker(&mut self, key: u64, waker: &Waker) -> Option<Waker> {
        let waiter = self.waiters.iter_mut().find(|waiter| waiter.key == key)?;
        let known = waiter.waker.as_mut()?;
        Some(std::mem::replace(known, waker.clone()))
    }

    fn leave(&mut self, key: u64) -> Option<Waiter> {
        let place = self.waiters.iter().position(|waiter| waiter.key == key)?;
        Some(self.waiters.remove(place))
    }
}

impl State {
    /// Whether it was rung for one of the queues after the ticket was drawn.
    fn rung_since(&self, ticket: Ticket, from: &QueueList) -> bool {
        let later = |moment: u64| moment > ticket.moment();
        let queues = &self.queues;
        later(queues.bell.rung_for_all)
            || match from.names() {
                Some(names) => names
                    .iter()
                    .filter_map(|name| queues.get(name))
                    .any(|queue| later(queue.rung)),
                None => queues
                    .iter()
                    .any(|(name, queue)| later(queue.rung) && from.serves(name)),
            }
    }
}

#[async_trait]
impl WaitForJobs for Store {
    async fn ticket(&self, _from: &QueueList) -> Result<Ticket> {
        Ok(self.step(|state| state.queues.bell.ticket()))
    }

    async fn wait(&self, ticket: Ticket, from: &QueueList) -> Result<()> {
        let wait = Wait {
            store: self,
            ticket,
            from,
            key: None,
        };
        wait.await;
        Ok(())
    }
}

/// Ends when it was rung for one of the queues after the ticket was drawn.
///
/// It drops no waker under the lock: the last waker of a task may take the task's future with it,
/// and with that this wait, which then asks for the lock.
struct Wait<'a> {
    store: &'a Store,
    ticket: Ticket,
    from: &'a QueueList,
    /// The place among the waiters.
    key: Option<u64>,
}

impl Future for Wait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let waker = context.waker();
        let asleep = this.store.step(|state| {
            if let Some(key) = this.key {
                return state.queues.bell.replace_waker(key, waker);
            }
            if state.rung_since(this.ticket, this.from) {
                return None;
            }
            this.key = Some(state.queues.bell.join(this.from, waker));
            Some(waker.clone())
        });
        match asleep {
            Some(_) => Poll::Pending,
            None => Poll::Ready(()),
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.store.step(|state| state.queues.bell.leave(key));
        }
    }
}

#[cfg(test)]
#[path = "wait_tests.rs"]
mod tests;
