//! The loop of one pool: settles what has ended and fills free slots, in exchanges that carry
//! everything there is.
//!
//! A slot is always in exactly one place: free, unsure (it asked and the reply was lost), with a
//! running job, with an ended job that waits to be settled, or in an exchange under way.

mod answers;
mod appetite;
mod asking;
mod claiming;
mod tally;
mod telling;

use std::pin::Pin;
use std::sync::Arc;

use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt, OptionFuture};
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};

use self::appetite::Appetite;
use self::claiming::Answers;
use self::telling::Told;
use super::core::Core;
use super::exchange::{Answer, Batch, LARGEST_EXCHANGE};
use super::executor::Finished;
use super::moments::Moment;
use super::operation::Operation;
use super::outage::{Backoff, Connection, Link, broke};
use super::pacing::Pacer;
use super::running::Running;
use super::supervisor::{HURRY, Note, Orders};
use crate::{Error, QueueList, Result, Settlement};

/// How often a pool lets other tasks run while results keep coming, before it sends them.
const GATHERING_TURNS: usize = 8;

/// One pool.
pub(crate) struct Pool {
    index: usize,
    slots: usize,
    from: Arc<QueueList>,
    core: Arc<Core>,
    link: Arc<Link>,
    orders: watch::Receiver<Orders>,
    beats: watch::Receiver<u64>,
    results: mpsc::UnboundedReceiver<Finished>,
    jobs: mpsc::UnboundedSender<Vec<Arc<Running>>>,
    notes: mpsc::UnboundedSender<Note>,
    moments: mpsc::UnboundedSender<Moment>,

    free: Vec<usize>,
    unsure: Vec<usize>,
    running: usize,
    /// Whether nobody performs jobs any more.
    deserted: bool,
    ended: Batch,
    /// Settlements that the store could not apply.
    troubled: Batch,
    /// Jobs that were dropped and go back to their queues at the end.
    abandoned: Vec<Arc<Running>>,

    in_flight: FuturesUnordered<BoxFuture<'static, Answer>>,
    /// Claims under way; their jobs count as running.
    claiming: FuturesUnordered<BoxFuture<'static, Answers>>,
    /// How many ended jobs the exchanges under way carry.
    in_flight_jobs: usize,
    inbox: Vec<Finished>,
    appetite: Appetite,
    pacer: Pacer,
    backoff: Backoff,
    /// The wait after a failed exchange, which ends with a connection if one can be had.
    recovering: Option<BoxFuture<'static, ()>>,
    /// The wait before `troubled` is tried again.
    trouble_wait: Option<BoxFuture<'static, ()>>,
    trouble_backoff: Backoff,
    /// What the supervisor was told last.
    told: Option<Told>,
    drained: bool,
    /// Whether the last attempt is made to settle what the store could not apply.
    leaving: bool,
    /// The end of all patience, once the worker is in a hurry.
    give_up: Option<BoxFuture<'static, ()>>,
    given_up: bool,
}

/// What a pool leaves behind when it ends.
#[derive(Debug, Default)]
pub(crate) struct Remains {
    /// Jobs that were dropped and are to be released.
    pub(crate) abandoned: Vec<Arc<Running>>,
}

/// What a pool is connected with.
pub(crate) struct Ends {
    pub(crate) link: Arc<Link>,
    pub(crate) orders: watch::Receiver<Orders>,
    pub(crate) results: mpsc::UnboundedReceiver<Finished>,
    pub(crate) jobs: mpsc::UnboundedSender<Vec<Arc<Running>>>,
    pub(crate) notes: mpsc::UnboundedSender<Note>,
    pub(crate) moments: mpsc::UnboundedSender<Moment>,
}

impl Pool {
    pub(crate) fn new(core: Arc<Core>, index: usize, ends: Ends) -> Self {
        let settings = &core.settings;
        let first: usize = settings.pools[..index].iter().map(|pool| pool.slots).sum();
        let slots = settings.pools[index].slots;
        Self {
            index,
            slots,
            from: Arc::new(settings.pools[index].queues.clone()),
            link: ends.link,
            orders: ends.orders,
            beats: core.vitals.watch(),
            results: ends.results,
            jobs: ends.jobs,
            notes: ends.notes,
            moments: ends.moments,
            // The last one is taken first.
            free: (first..first + slots).rev().collect(),
            unsure: Vec::new(),
            running: 0,
            deserted: false,
            ended: Batch::default(),
            troubled: Batch::default(),
            abandoned: Vec::new(),
            in_flight: FuturesUnordered::new(),
            claiming: FuturesUnordered::new(),
            in_flight_jobs: 0,
            inbox: Vec::new(),
            appetite: Appetite::CAREFUL,
            pacer: Pacer::new(&settings.polling),
            backoff: Backoff::new(settings.retry_between),
            recovering: None,
            trouble_wait: None,
            trouble_backoff: Backoff::new(settings.retry_between),
            told: None,
            drained: false,
            leaving: false,
            give_up: None,
            given_up: false,
            core,
        }
    }

    /// Works until it is ordered to leave and everything that can be settled is.
    pub(crate) async fn run(mut self) -> Remains {
        loop {
            self.take_results();
            self.send_rounds();
            self.tell_state();
            if self.is_over() {
                return self.remains();
            }
            self.wait().await;
        }
    }

    /// Waits for anything to happen.
    async fn wait(&mut self) {
        let waiting: OptionFuture<_> = match &mut self.appetite {
            Appetite::Waiting(waiting) => Some(waiting.as_mut()),
            Appetite::Eager | Appetite::Careful(_) => None,
        }
        .into();
        let recovering: OptionFuture<_> = self.recovering.as_mut().map(Pin::as_mut).into();
        let trouble_wait: OptionFuture<_> = self.trouble_wait.as_mut().map(Pin::as_mut).into();
        let give_up: OptionFuture<_> = self.give_up.as_mut().map(Pin::as_mut).into();
        tokio::select! {
            biased;
            changed = self.orders.changed() => match changed {
                Ok(()) => self.obey(),
                // The supervisor has gone, and with it everybody who could give an order.
                Err(_) => self.given_up = true,
            },
            Some(answer) = self.in_flight.next() => self.take_answer(answer),
            Some(answers) = self.claiming.next() => self.take_claims(answers),
            count = self.results.recv_many(&mut self.inbox, LARGEST_EXCHANGE), if !self.deserted => {
                if count == 0 {
                    self.deserted = true;
                    let _ = self.notes.send(Note::NoRuntime);
                } else if matches!(self.appetite, Appetite::Eager) {
                    self.gather().await;
                }
            }
            Some(woken) = waiting => self.wake(woken),
            Some(()) = recovering => self.recovering = None,
            Some(()) = trouble_wait => {
                self.trouble_wait = None;
                self.ended.append(std::mem::take(&mut self.troubled));
            }
            Some(()) = give_up => self.given_up = true,
            Ok(()) = self.beats.changed() => {}
        }
    }

    /// Looks what has been ordered anew.
    fn obey(&mut self) {
        let orders = *self.orders.borrow_and_update();
        self.look_again();
        if orders.leave && !self.leaving {
            self.leaving = true;
            self.trouble_wait = None;
            self.ended.append(std::mem::take(&mut self.troubled));
        }
        if orders.hurry && self.give_up.is_none() {
            self.recovering = None;
            self.give_up = Some(self.core.clock.sleep(HURRY));
        }
    }

    /// Lets results that come one by one add up to one exchange, as long as they keep coming.
    async fn gather(&mut self) {
        for _ in 0..GATHERING_TURNS {
            tokio::task::yield_now().await;
            let before = self.inbox.len();
            while let Ok(finished) = self.results.try_recv() {
                self.inbox.push(finished);
            }
            if self.inbox.len() == before {
                return;
            }
        }
    }

    /// The announcement of a job, the end of a pause between two looks, or the end of
    /// announcements.
    fn wake(&mut self, woken: Result<()>) {
        self.look_again();
        if let Err(error) = woken {
            self.recover(self.link.connection(), Operation::WAIT_FOR_JOBS, error);
        }
    }

    fn look_again(&mut self) {
        if matches!(self.appetite, Appetite::Waiting(_)) {
            self.appetite = Appetite::CAREFUL;
        }
    }

    fn recover(&mut self, connection: Connection, doing: Operation, error: Error) {
        let (link, broke) = (self.link.clone(), broke(&error));
        link.failed(doing, error);
        let wait = self.backoff.wait();
        self.recovering = Some(async move { link.recover(&connection, broke, wait).await }.boxed());
    }
}

/// What ended in the executor.
impl Pool {
    fn take_results(&mut self) {
        while let Ok(finished) = self.results.try_recv() {
            self.inbox.push(finished);
        }
        self.running -= self.inbox.len();
        let mut inbox = std::mem::take(&mut self.inbox);
        for Finished {
            running,
            settlement,
        } in inbox.drain(..)
        {
            match settlement {
                Some(settlement) => self.end(running, settlement),
                // It did not end when it was asked to, and was dropped.
                None if running.is_cancelled() => {
                    let settlement = Settlement::release(running.receipt().clone());
                    self.end(running, settlement);
                }
                None => self.abandoned.push(running),
            }
        }
        self.inbox = inbox;
    }
}
