//! Moves the jobs that wait in queues.

use std::time::{Duration, SystemTime};

use resque::{Enqueue, Error, Exchange, QueueList, QueueName, Reservation, Settled, Settlement};

use super::Stores;
use super::held::Slots;
use super::marks::Marks;
use crate::failure::Failure;
use crate::output::Progress;

/// The counter in the first store that holds the number of the move, as long as it is not done.
const ID: &str = "move:id";
/// The counter that grows with each start, so that an earlier one notices that it is not alone.
const STARTS: &str = "move:starts";
/// After how many portions old marks are removed.
const SWEEP: u64 = 200;
/// How often the slots say that they live.
const BEAT: Duration = Duration::from_secs(60);

/// Moves the jobs that wait in queues, portion by portion.
pub(super) struct Mover<'a> {
    stores: &'a Stores,
    slots: Slots,
    marks: Marks,
    /// The last portion that is in the other store.
    last: u64,
    /// What settles it.
    arrived: Vec<Settlement>,
    /// The start that this is.
    start: i64,
    /// When the slots were last said to live.
    beaten: Duration,
    progress: Progress,
}

impl<'a> Mover<'a> {
    /// Takes up what an earlier move has left.
    pub(super) async fn begin(stores: &'a Stores) -> Result<Self, Failure> {
        let stats = stores.from.stats()?;
        let now = stores.from.store_time().await?;
        let start = stats.incr(STARTS, 1).await?;
        let mut id = stats.get(ID).await?;
        if id == 0 {
            id = stats.incr(ID, number(now)).await?;
        }
        let marks = Marks { id };
        let slots = Slots::new()?;
        let held = slots.register(&stores.source, now).await?;
        let last = if held.is_empty() && start == 1 {
            0
        } else {
            marks.last(&stores.to).await?
        };
        Ok(Self {
            arrived: slots.arrived(held, last),
            stores,
            slots,
            marks,
            last,
            start,
            beaten: stores.clock.monotonic(),
            progress: stores.out.progress(None, "moving jobs"),
        })
    }

    /// Moves a queue, and answers how many jobs there were.
    pub(super) async fn move_queue(&mut self, queue: &QueueName) -> Result<u64, Failure> {
        self.stores.create(queue).await?;
        let from = QueueList::one(queue.clone());
        let mut moved = 0;
        loop {
            self.stores.go_on()?;
            self.beat().await?;
            let mut jobs = self.take(&from).await?;
            if jobs.is_empty() {
                return Ok(moved);
            }
            // What an earlier move had taken comes before what was behind it.
            jobs.sort_by_key(|job| !job.redelivered);
            self.push(&jobs).await?;
            let number = jobs.len() as u64;
            moved += jobs.iter().filter(|job| job.queue == *queue).count() as u64;
            self.progress.add(number);
            self.arrive(jobs);
        }
    }

    /// Drops the last portion here and takes the next one, in one step.
    pub(super) async fn take(&mut self, from: &QueueList) -> Result<Vec<Reservation>, Failure> {
        let now = self.stores.from.store_time().await?;
        let want = self.slots.of(self.last + 1);
        let queues = self.stores.source.queues();
        let answer = queues.exchange(&self.arrived, want, from, now).await?;
        self.arrived.clear();
        look(answer)
    }

    /// Puts a portion into the other store, with its mark. What is not known to have arrived stays
    /// held, and what has not is given back.
    pub(super) async fn push(&mut self, jobs: &[Reservation]) -> Result<(), Failure> {
        self.look_for_others().await?;
        let portion = self.last + 1;
        let item = |job: &Reservation| Enqueue::new(job.queue.clone(), job.payload.clone());
        let mut batch: Vec<Enqueue> = jobs.iter().map(item).collect();
        batch.extend(jobs.first().map(|job| self.marks.mark(portion, &job.queue)));
        match self.stores.target.queues().push(&batch).await {
            Ok(_) => self.last = portion,
            Err(error @ Error::OutcomeUnknown { .. }) => return Err(stopped(error)),
            Err(error) => {
                self.release(jobs).await?;
                return Err(stopped(error));
            }
        }
        if self.last.is_multiple_of(SWEEP) {
            self.marks.clear(&self.stores.to, self.last).await?;
        }
        Ok(())
    }

    /// Notes that a portion is in the other store and is to be dropped here.
    pub(super) fn arrive(&mut self, jobs: Vec<Reservation>) {
        let discard = |job: Reservation| Settlement::discard(job.receipt);
        self.arrived = jobs.into_iter().map(discard).collect();
    }

    async fn release(&self, jobs: &[Reservation]) -> Result<(), Failure> {
        let now = self.stores.from.store_time().await?;
        let release = |job: &Reservation| Settlement::release(job.receipt.clone());
        let released: Vec<Settlement> = jobs.iter().map(release).collect();
        let queues = self.stores.source.queues();
        let answer = queues
            .exchange(&released, &[], &QueueList::all(), now)
            .await?;
        look(answer).map(drop)
    }

    /// Drops the last portion and cleans up; answers the number of the move, which goes on.
    pub(super) async fn end(mut self) -> Result<i64, Failure> {
        let nothing = QueueList::all();
        let now = self.stores.from.store_time().await?;
        let queues = self.stores.source.queues();
        let answer = queues.exchange(&self.arrived, &[], &nothing, now).await?;
        self.arrived.clear();
        look(answer)?;
        self.slots.leave(&self.stores.source).await?;
        self.marks.clear(&self.stores.to, u64::MAX).await?;
        Ok(self.marks.id)
    }

    async fn beat(&mut self) -> Result<(), Failure> {
        let monotonic = self.stores.clock.monotonic();
        if monotonic.saturating_sub(self.beaten) >= BEAT {
            self.beaten = monotonic;
            let now = self.stores.from.store_time().await?;
            self.slots.beat(&self.stores.source, now).await?;
        }
        Ok(())
    }

    /// Two moves at once would push what both hold.
    async fn look_for_others(&self) -> Result<(), Failure> {
        if self.stores.from.stats()?.get(STARTS).await? == self.start {
            return Ok(());
        }
        let reason =
            "another move out of this store has begun meanwhile; this one leaves it the field";
        Err(Failure::Undone(reason.to_owned()))
    }
}

impl Stores {
    /// The move is over: forgets its number.
    pub(super) async fn forget(&self) -> Result<(), Failure> {
        let stats = self.from.stats()?;
        stats.clear(ID).await?;
        stats.clear(STARTS).await?;
        Ok(())
    }
}

/// A number for a new move, that no other has.
fn number(now: SystemTime) -> i64 {
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX).max(1)
}

/// Ends at the first trouble: what was not settled is still held.
fn look(answer: Exchange) -> Result<Vec<Reservation>, Failure> {
    let Exchange {
        settled,
        reserved,
        troubles,
        ..
    } = answer;
    let unsettled = settled.into_iter().find_map(|settled| match settled {
        Settled::Trouble(error) => Some(error),
        _ => None,
    });
    match unsettled.or(troubles.into_iter().next()) {
        Some(error) => Err(stopped(error)),
        None => Ok(reserved),
    }
}

fn stopped(source: Error) -> Failure {
    let done = "the move stopped; nothing is lost, and the same command goes on".to_owned();
    Failure::Stopped { done, source }
}
