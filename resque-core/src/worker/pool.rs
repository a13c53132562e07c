//! The loop of one pool: settles what has ended and fills free slots, in exchanges that carry
//! everything there is.
//!
//! A slot is always in exactly one place: free, unsure (it asked and the reply was lost), with a
//! running job, with an ended job that waits to be settled, or in an exchange under way.

use std::pin::Pin;
use std::sync::Arc;

use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt, OptionFuture};
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};

use super::Event;
use super::core::Core;
use super::exchange::{self, Answer, Batch, Ended, Round};
use super::executor::{Finished, releases};
use super::outage::{Backoff, Connection, Link, broke};
use super::pacing::Pacer;
use super::report::Counters;
use super::slots::{Doing, Running};
use super::supervisor::{HURRY, Note, Orders};
use crate::{Error, Exchange, QueueList, Reservation, Result, Settled, Settlement, Tally, Ticket};

/// How much one exchange carries at most of either kind, so that no exchange holds up the store or
/// a heartbeat.
const LARGEST_EXCHANGE: usize = 1_024;

/// How often a pool lets other tasks run while results keep coming, before it sends them.
const GATHERING_TURNS: usize = 8;

/// How eagerly a pool asks for jobs.
enum Appetite {
    /// The queues gave all that was asked for.
    Eager,
    /// The queues may be empty: ask with a ticket in hand. Counts the exchanges that were filled
    /// since.
    Careful(u32),
    /// The queues were empty: wait until that may have changed.
    Waiting(BoxFuture<'static, Result<()>>),
}

/// What a pool tells the supervisor about its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Busy,
    /// There was nothing to do in this look into the queues.
    Idle(u64),
}

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

    free: Vec<usize>,
    unsure: Vec<usize>,
    running: usize,
    ended: Batch,
    /// Settlements that the store could not apply.
    troubled: Batch,
    /// Jobs that were dropped and go back to their queues at the end.
    abandoned: Vec<Arc<Running>>,

    in_flight: FuturesUnordered<BoxFuture<'static, Answer>>,
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
            // The last one is taken first.
            free: (first..first + slots).rev().collect(),
            unsure: Vec::new(),
            running: 0,
            ended: Batch::default(),
            troubled: Batch::default(),
            abandoned: Vec::new(),
            in_flight: FuturesUnordered::new(),
            in_flight_jobs: 0,
            inbox: Vec::new(),
            appetite: Appetite::Careful(0),
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
            count = self.results.recv_many(&mut self.inbox, LARGEST_EXCHANGE) => {
                if count > 0 && matches!(self.appetite, Appetite::Eager) {
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
            self.recover(self.link.connection(), "wait for jobs", error);
        }
    }

    fn look_again(&mut self) {
        if matches!(self.appetite, Appetite::Waiting(_)) {
            self.appetite = Appetite::Careful(0);
        }
    }

    fn recover(&mut self, connection: Connection, doing: &'static str, error: Error) {
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
        for finished in self.inbox.drain(..) {
            match finished.settlement {
                Some(settlement) => self.ended.push(finished.running, settlement),
                None => self.abandoned.push(finished.running),
            }
        }
    }
}

/// Asking.
impl Pool {
    /// Sends what there is to send, as far as exchanges may be under way at once.
    fn send_rounds(&mut self) {
        if self.recovering.is_some() {
            return;
        }
        while self.in_flight.len() < self.most_in_flight() {
            let fetch = self.may_fetch();
            let asks = fetch && !matches!(self.appetite, Appetite::Waiting(_)) && !self.is_asking();
            let able = if asks {
                self.free.len() + self.unsure.len()
            } else {
                0
            };
            let enough = match self.in_flight.len() {
                0 => 1,
                // A second exchange is worth a round trip only if it carries its share.
                _ => self.slots.div_ceil(4),
            };
            if self.ended.len() + able < enough {
                return;
            }
            let round = self.round(fetch);
            self.in_flight_jobs += round.batch.len();
            let (core, from) = (self.core.clone(), self.from.clone());
            let sent = exchange::send(core, self.link.connection(), from, round);
            self.in_flight.push(sent.boxed());
        }
    }

    fn most_in_flight(&self) -> usize {
        match self.appetite {
            Appetite::Eager => self.core.settings.exchanges_in_flight,
            Appetite::Careful(_) | Appetite::Waiting(_) => 1,
        }
    }

    /// Whether the slots are asking with a ticket already.
    fn is_asking(&self) -> bool {
        !matches!(self.appetite, Appetite::Eager) && !self.in_flight.is_empty()
    }

    fn may_fetch(&self) -> bool {
        if !self.orders.borrow().fetch {
            return false;
        }
        let may = self.core.vitals.may_reserve();
        if !may {
            self.core.vitals.want();
        }
        may
    }

    /// The next exchange: what has ended, and if the pool may fetch, all slots that are free or
    /// become free with it.
    fn round(&mut self, fetch: bool) -> Round {
        let batch = self.ended.take(LARGEST_EXCHANGE);
        let mut round = Round {
            draws_ticket: fetch && !matches!(self.appetite, Appetite::Eager),
            batch,
            ..Round::default()
        };
        if !fetch {
            return round;
        }
        let mut table = self.core.slots.lock();
        let mut fresh = Vec::new();
        round.slots.append(&mut self.unsure);
        for ended in round.batch.jobs() {
            let slot = ended.running.slot;
            if table.is_asking(slot) {
                round.slots.push(slot);
            } else {
                fresh.push(slot);
            }
        }
        let room = LARGEST_EXCHANGE.saturating_sub(round.slots.len() + fresh.len());
        let keep = self.free.len().saturating_sub(room);
        fresh.extend(self.free.drain(keep..).rev());
        round.asked_before = round.slots.len();
        round.slots.append(&mut fresh);
        round.want = round.slots.iter().map(|slot| table.ask(*slot)).collect();
        round
    }
}

/// Taking answers.
impl Pool {
    fn take_answer(&mut self, answer: Answer) {
        let Answer {
            round,
            connection,
            ticket,
            result,
        } = answer;
        self.in_flight_jobs -= round.batch.len();
        match result {
            Ok(exchange) => {
                self.link.worked();
                self.backoff.reset();
                self.take_exchange(round, ticket, exchange);
            }
            Err(error) => {
                self.take_back(round, matches!(error, Error::OutcomeUnknown { .. }));
                self.look_again();
                self.recover(connection, "exchange jobs", error);
            }
        }
    }

    /// Puts everything back that a failed exchange carried. If it may have been executed, its slots
    /// ask again under the same ids, and its settlements may turn out to be lost.
    fn take_back(&mut self, mut round: Round, unknown: bool) {
        let mut table = self.core.slots.lock();
        for ended in round.batch.jobs() {
            let doing = Doing::Settling(ended.running.clone());
            table.set(ended.running.slot, doing);
        }
        let ended: Vec<usize> = round
            .batch
            .jobs()
            .iter()
            .map(|job| job.running.slot)
            .collect();
        for (place, slot) in round.slots.iter().copied().enumerate() {
            let unsure = unknown || place < round.asked_before;
            if !unsure {
                table.answered(slot);
            }
            if !ended.contains(&slot) {
                if unsure {
                    self.unsure.push(slot);
                } else {
                    self.free.push(slot);
                }
            }
        }
        drop(table);
        if unknown {
            round.batch.doubt();
        }
        round.batch.append(std::mem::take(&mut self.ended));
        self.ended = round.batch;
    }

    fn take_exchange(&mut self, round: Round, ticket: Option<Ticket>, exchange: Exchange) {
        for error in exchange.troubles {
            self.link.failed("take jobs", error);
        }
        let asked = round.slots.len();
        let given = exchange.reserved.len();
        let kept = self.take_settled(round.batch, exchange.settled, asked > 0);
        self.take_reserved(&round.slots, &round.want, exchange.reserved, &kept);
        if asked == 0 {
            return;
        }
        if given > 0 {
            self.pacer.busy();
            self.set_busy();
        }
        self.feed(given >= asked, ticket);
    }

    /// Answers the slots whose jobs the store could not settle; they stay taken.
    fn take_settled(&mut self, batch: Batch, settled: Vec<Settled>, asked: bool) -> Vec<usize> {
        let mut kept = Vec::new();
        let mut tally = Settlements::default();
        let mut table = self.core.slots.lock();
        let answers = settled
            .into_iter()
            .map(Some)
            .chain(std::iter::repeat_with(|| None));
        for ((ended, settlement), answer) in batch.into_each().zip(answers) {
            let slot = ended.running.slot;
            match answer {
                Some(Settled::Trouble(error)) => {
                    table.set(slot, Doing::Settling(ended.running.clone()));
                    kept.push(slot);
                    self.link.failed("settle a job", error);
                    self.troubled.add(ended, settlement);
                    continue;
                }
                Some(Settled::Lost) if !ended.uncertain => tally.lost(&self.core, &ended),
                Some(Settled::Applied | Settled::Lost) | None => {
                    tally.applied(&self.core, &ended, &settlement);
                }
            }
            if !asked {
                table.set(slot, Doing::Nothing);
                if table.is_asking(slot) {
                    self.unsure.push(slot);
                } else {
                    self.free.push(slot);
                }
            }
        }
        drop(table);
        tally.tell(&self.core);
        if !kept.is_empty() && self.trouble_wait.is_none() {
            let wait = self.trouble_backoff.wait();
            self.trouble_wait = Some(self.core.clock.sleep(wait));
        } else if kept.is_empty() && tally.any() {
            self.trouble_backoff.reset();
        }
        kept
    }

    /// Starts the jobs that were given out and frees the slots that got none.
    fn take_reserved(
        &mut self,
        slots: &[usize],
        want: &[crate::WorkerId],
        reserved: Vec<Reservation>,
        kept: &[usize],
    ) {
        if slots.is_empty() {
            return;
        }
        let since = self.core.clock.monotonic();
        let mut number = self.core.numbers(reserved.len());
        let mut jobs: Vec<Option<Arc<Running>>> = Vec::new();
        jobs.resize_with(slots.len(), || None);
        let mut order = Vec::with_capacity(reserved.len());
        let mut next = 0;
        for reservation in reserved {
            let Some(place) = find(want, next, &reservation) else {
                self.link.failed("take jobs", stray(&reservation));
                continue;
            };
            next = place + 1;
            let slot = slots[place];
            if kept.contains(&slot) || jobs[place].is_some() {
                // Its job has ended already and is still to be settled.
                continue;
            }
            let running = Running::new((self.index, slot), number, since, reservation);
            number += 1;
            let running = Arc::new(running);
            order.push(running.clone());
            jobs[place] = Some(running);
        }
        let mut table = self.core.slots.lock();
        for (slot, job) in slots.iter().copied().zip(jobs) {
            table.answered(slot);
            match job {
                Some(running) => table.set(slot, Doing::Running(running)),
                None if kept.contains(&slot) => {}
                None => {
                    table.set(slot, Doing::Nothing);
                    self.free.push(slot);
                }
            }
        }
        drop(table);
        self.start(order);
    }

    fn start(&mut self, jobs: Vec<Arc<Running>>) {
        if jobs.is_empty() {
            return;
        }
        if self.core.phase().is_leaving() {
            // They came too late to be started; they go back at once.
            for running in jobs {
                let settlement = Settlement::release(running.receipt().clone());
                self.ended.push(running, settlement);
            }
            return;
        }
        self.running += jobs.len();
        self.drained = false;
        if let Err(mpsc::error::SendError(jobs)) = self.jobs.send(jobs) {
            self.running -= jobs.len();
            self.abandoned.extend(jobs);
            let _ = self.notes.send(Note::NoRuntime);
        }
    }

    /// Decides how to go on asking after an exchange that was filled or not.
    fn feed(&mut self, filled: bool, ticket: Option<Ticket>) {
        self.appetite = match (&self.appetite, filled) {
            (Appetite::Eager, true) => Appetite::Eager,
            (Appetite::Careful(filled), true) if *filled > 0 => Appetite::Eager,
            (_, true) => Appetite::Careful(1),
            (_, false) => self.wait_for_jobs(ticket),
        };
    }

    fn wait_for_jobs(&mut self, ticket: Option<Ticket>) -> Appetite {
        let queues = self.link.backend().queues().clone();
        let clock = self.core.clock.clone();
        if queues.waiting().is_none() {
            let wait = self
                .pacer
                .idle()
                .unwrap_or(self.core.settings.recheck_every);
            return Appetite::Waiting(clock.sleep(wait).map(Ok).boxed());
        }
        let Some(ticket) = ticket else {
            return Appetite::Careful(0);
        };
        let (from, recheck) = (self.from.clone(), self.core.settings.recheck_every);
        Appetite::Waiting(Box::pin(async move {
            let Some(waiting) = queues.waiting() else {
                return Ok(());
            };
            tokio::select! {
                woken = waiting.wait(ticket, &from) => woken,
                () = clock.sleep(recheck) => Ok(()),
            }
        }))
    }
}

/// Telling the supervisor.
impl Pool {
    fn tell_state(&mut self) {
        let quiet = self.running == 0 && self.in_flight.is_empty() && self.ended.is_empty();
        let orders = *self.orders.borrow();
        if quiet && !self.drained && self.core.phase().is_leaving() {
            self.drained = true;
            let _ = self.notes.send(Note::Drained(self.index));
        }
        let starved = matches!(self.appetite, Appetite::Waiting(_)) || !orders.fetch;
        if quiet && starved && self.recovering.is_none() {
            self.set_idle(orders.look);
        } else if self.running > 0 {
            self.set_busy();
        }
    }

    fn set_idle(&mut self, look: u64) {
        if self.told.replace(Told::Idle(look)) != Some(Told::Idle(look)) {
            let _ = self.notes.send(Note::Idle {
                pool: self.index,
                look,
                leaves: self.pacer.clone().idle().is_none(),
            });
        }
    }

    fn set_busy(&mut self) {
        if self.told.replace(Told::Busy) != Some(Told::Busy) {
            let _ = self.notes.send(Note::Busy(self.index));
        }
    }

    fn is_over(&self) -> bool {
        let settled = self.ended.is_empty() && self.in_flight.is_empty();
        self.given_up || (self.leaving && settled)
    }

    fn remains(self) -> Remains {
        let unsettled = self.ended.len() + self.troubled.len() + self.in_flight_jobs;
        Counters::add(&self.core.counters.unsettled, unsettled as u64);
        Remains {
            abandoned: self.abandoned,
        }
    }
}

/// Where the slot stands that a reservation names; answers come in the order of the question,
/// except for those given out once more.
fn find(want: &[crate::WorkerId], next: usize, reservation: &Reservation) -> Option<usize> {
    let is_it = |id: &crate::WorkerId| *id == reservation.worker;
    let behind = want.get(next..)?.iter().position(is_it);
    behind
        .map(|place| next + place)
        .or_else(|| want.iter().position(is_it))
}

fn stray(reservation: &Reservation) -> Error {
    Error::Corrupt {
        place: format!("the answer to an exchange over {}", reservation.queue),
        found: format!("a job for {}", reservation.worker),
        expected: "jobs for the slots that asked".to_owned(),
    }
}

/// What became of the settlements of one exchange.
#[derive(Debug, Default)]
struct Settlements {
    processed: u64,
    failed: u64,
    released: u64,
    lost: u64,
    workers: Vec<crate::WorkerId>,
}

impl Settlements {
    fn applied(&mut self, core: &Core, ended: &Ended, settlement: &Settlement) {
        match settlement.tally {
            Tally::Nothing => {}
            Tally::Processed => self.processed += 1,
            Tally::ProcessedAndFailed => {
                self.processed += 1;
                self.failed += 1;
            }
        }
        self.released += u64::from(releases(settlement));
        if core.events.heard() {
            self.workers.push(ended.running.reservation.worker.clone());
        }
    }

    fn lost(&mut self, core: &Core, ended: &Ended) {
        self.lost += 1;
        let reservation = &ended.running.reservation;
        tracing::warn!(
            worker = %reservation.worker,
            queue = %reservation.queue,
            "the job was taken away while it ran: somebody took this worker for dead"
        );
        core.events.tell(|| Event::Lost {
            worker: reservation.worker.clone(),
            queue: reservation.queue.clone(),
        });
    }

    fn any(&self) -> bool {
        self.processed + self.released + self.lost > 0
    }

    fn tell(&mut self, core: &Core) {
        let counters = &core.counters;
        Counters::add(&counters.processed, self.processed);
        Counters::add(&counters.failed, self.failed);
        Counters::add(&counters.released, self.released);
        Counters::add(&counters.lost, self.lost);
        if !self.workers.is_empty() {
            let workers = std::mem::take(&mut self.workers);
            core.events.tell(|| Event::Settled { workers });
        }
    }
}
