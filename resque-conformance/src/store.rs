//! A connection with the short verbs in which cases are written.

use std::panic::Location;
use std::time::{Duration, SystemTime};

use resque_core::testing::{Faults, Faulty};
use resque_core::{
    Backend, CancelJobs, Cursor, DelayedJob, DelayedJobs, Enqueue, Exchange, FailureEntry,
    FailureOrder, FailureQuery, FailureRecord, FailureStore, Held, HttpWorkers, JobLoans, Keyspace,
    Limits, Page, Payload, QueueBackend, QueueControl, QueueList, QueueName, Reservation,
    ScheduleStore, Settled, Settlement, StatsHistory, WaitForJobs, WorkerId, WorkerRegistry,
};

use crate::Verdict;
use crate::verdict::Broken;

/// After so many rounds something that has to end is taken to be endless; no case has more jobs.
const ENOUGH: usize = 10_000;

/// The bytes of the job with this number.
pub(crate) fn job(number: u64) -> Payload {
    Payload::from(format!(r#"{{"class":"Count","args":[{number}]}}"#))
}

/// The number of a job that [`job`] made, whatever was added behind its arguments.
pub(crate) fn number(payload: &Payload) -> Option<u64> {
    let text = payload.to_text_lossy();
    let (_, rest) = text.split_once(r#""args":["#)?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// The name of a queue, known to be one.
#[track_caller]
pub(crate) fn queue(name: &str) -> QueueName {
    QueueName::new(name).expect("the suite names only queues that may exist")
}

/// A queue list, known to be one.
#[track_caller]
pub(crate) fn list(entries: &str) -> QueueList {
    entries
        .parse()
        .expect("the suite writes only lists that may exist")
}

/// The id of one of the suite's workers.
pub(crate) fn worker(number: usize) -> WorkerId {
    WorkerId::compose("conformance", "a1b2c", 4711, number, "*")
        .expect("the suite composes only ids that may exist")
}

/// A settlement for a message.
fn told(settlement: &Settlement) -> String {
    format!(
        "{:?} by {}",
        settlement.outcome,
        settlement.receipt.worker()
    )
}

/// A connection and the time at which the world begins.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    backend: Backend,
    start: SystemTime,
}

impl Store {
    pub(crate) fn new(backend: Backend, start: SystemTime) -> Self {
        Self { backend, start }
    }

    /// The same store behind a wrapper that loses what it is told to lose.
    pub(crate) fn lossy(&self) -> (Self, Faults) {
        let (backend, faults) = Faulty::wrap(&self.backend);
        (Self::new(backend, self.start), faults)
    }

    pub(crate) fn queues(&self) -> &dyn QueueBackend {
        &**self.backend.queues()
    }

    pub(crate) fn workers(&self) -> &dyn WorkerRegistry {
        &**self.backend.workers()
    }

    pub(crate) fn failures(&self) -> &dyn FailureStore {
        &**self.backend.failures()
    }

    pub(crate) fn waiting(&self) -> Verdict<&dyn WaitForJobs> {
        self.queues()
            .waiting()
            .ok_or_else(|| Broken::new("`waiting()` is `None`"))
    }

    pub(crate) fn delayed(&self) -> Verdict<&dyn DelayedJobs> {
        self.queues()
            .delayed()
            .ok_or_else(|| Broken::new("`delayed()` is `None`"))
    }

    pub(crate) fn control(&self) -> Verdict<&dyn QueueControl> {
        self.queues()
            .control()
            .ok_or_else(|| Broken::new("`control()` is `None`"))
    }

    pub(crate) fn keyspace(&self) -> Verdict<&dyn Keyspace> {
        self.queues()
            .keyspace()
            .ok_or_else(|| Broken::new("`keyspace()` is `None`"))
    }

    pub(crate) fn limits(&self) -> Verdict<&dyn Limits> {
        self.queues()
            .limits()
            .ok_or_else(|| Broken::new("`limits()` is `None`"))
    }

    pub(crate) fn cancel(&self) -> Verdict<&dyn CancelJobs> {
        self.queues()
            .cancel()
            .ok_or_else(|| Broken::new("`cancel()` is `None`"))
    }

    pub(crate) fn history(&self) -> Verdict<&dyn StatsHistory> {
        self.queues()
            .history()
            .ok_or_else(|| Broken::new("`history()` is `None`"))
    }

    pub(crate) fn loans(&self) -> Verdict<&dyn JobLoans> {
        self.queues()
            .loans()
            .ok_or_else(|| Broken::new("`loans()` is `None`"))
    }

    pub(crate) fn http_workers(&self) -> Verdict<&dyn HttpWorkers> {
        self.queues()
            .http_workers()
            .ok_or_else(|| Broken::new("`http_workers()` is `None`"))
    }

    pub(crate) fn schedules(&self) -> Verdict<&dyn ScheduleStore> {
        self.queues()
            .schedules()
            .ok_or_else(|| Broken::new("`schedules()` is `None`"))
    }

    /// So many seconds after the world began.
    pub(crate) fn at(&self, seconds: u64) -> SystemTime {
        self.start + Duration::from_secs(seconds)
    }

    // ---- putting in ------------------------------------------------------------------------

    /// Pushes numbered jobs in one batch.
    pub(crate) async fn push<I>(&self, to: &str, numbers: I) -> Verdict
    where
        I: IntoIterator<Item = u64>,
    {
        let to = queue(to);
        let jobs = numbers
            .into_iter()
            .map(|n| Enqueue::new(to.clone(), job(n)));
        self.queues().push(&jobs.collect::<Vec<_>>()).await?;
        Ok(())
    }

    /// Pushes one payload.
    pub(crate) async fn push_bytes(&self, to: &str, payload: impl Into<Payload>) -> Verdict {
        self.queues()
            .push(&[Enqueue::new(queue(to), payload)])
            .await?;
        Ok(())
    }

    /// Pushes one numbered job that is due so many seconds after the world began.
    pub(crate) async fn push_due(&self, to: &str, number: u64, seconds: u64) -> Verdict {
        let due = Enqueue::at(queue(to), job(number), self.at(seconds));
        self.queues().push(&[due]).await?;
        Ok(())
    }

    /// Records a failure of a numbered job.
    pub(crate) async fn fail(&self, from: &str, number: u64) -> Verdict {
        Ok(self
            .failures()
            .record(&[self.record_of(from, number)])
            .await?)
    }

    // ---- workers ---------------------------------------------------------------------------

    /// Registers one worker at the beginning of the world.
    pub(crate) async fn register(&self, n: usize) -> Verdict<WorkerId> {
        let id = worker(n);
        self.workers()
            .register(std::slice::from_ref(&id), self.at(0))
            .await?;
        Ok(id)
    }

    /// Registers workers 0, 1, … at the beginning of the world.
    pub(crate) async fn register_many(&self, count: usize) -> Verdict<Vec<WorkerId>> {
        let ids: Vec<_> = (0..count).map(worker).collect();
        self.workers().register(&ids, self.at(0)).await?;
        Ok(ids)
    }

    /// Lets one worker beat.
    pub(crate) async fn beat(&self, id: &WorkerId, seconds: u64) -> Verdict {
        let beats = self
            .workers()
            .heartbeat(std::slice::from_ref(id), self.at(seconds))
            .await?;
        ensure!(beats.gone.is_empty(), "{id} is said to be gone");
        Ok(())
    }

    /// One exchange at the beginning of the world that must meet no trouble.
    pub(crate) async fn exchange(
        &self,
        done: &[Settlement],
        want: &[WorkerId],
        from: &str,
    ) -> Verdict<Exchange> {
        let exchange = self
            .queues()
            .exchange(done, want, &list(from), self.at(0))
            .await?;
        ensure!(
            exchange.troubles.is_empty(),
            "unexpected {:?}",
            exchange.troubles
        );
        Ok(exchange)
    }

    /// What one slot is given.
    pub(crate) async fn reserve(&self, id: &WorkerId, from: &str) -> Verdict<Option<Reservation>> {
        let given = self
            .exchange(&[], std::slice::from_ref(id), from)
            .await?
            .reserved;
        ensure!(given.len() <= 1, "one slot was given {} jobs", given.len());
        Ok(given.into_iter().next())
    }

    /// What one slot is given, when there must be something.
    #[track_caller]
    pub(crate) fn take(
        &self,
        id: &WorkerId,
        from: &str,
    ) -> impl Future<Output = Verdict<Reservation>> + Send {
        let nothing = Broken::new(format!("{id} was given nothing from {from}"));
        async move { self.reserve(id, from).await?.ok_or(nothing) }
    }

    /// Pushes numbered jobs into a queue and gives one to each of as many new workers.
    #[track_caller]
    pub(crate) fn hand_out<I>(
        &self,
        from: &str,
        numbers: I,
    ) -> impl Future<Output = Verdict<Vec<Reservation>>> + Send
    where
        I: IntoIterator<Item = u64>,
    {
        let numbers: Vec<u64> = numbers.into_iter().collect();
        let too_few = Broken::new(format!(
            "not each of {} slots was given a job",
            numbers.len()
        ));
        async move {
            let slots = self.register_many(numbers.len()).await?;
            self.push(from, numbers).await?;
            let given = self.exchange(&[], &slots, from).await?.reserved;
            if given.len() < slots.len() {
                Err(too_few)
            } else {
                Ok(given)
            }
        }
    }

    /// Pushes one numbered job into a queue and gives it to worker 0.
    #[track_caller]
    pub(crate) fn hand_out_one(
        &self,
        from: &str,
        number: u64,
    ) -> impl Future<Output = Verdict<Reservation>> + Send {
        let given = self.hand_out(from, [number]);
        async move { Ok(given.await?.remove(0)) }
    }

    /// The numbers that one slot after the other is given until there is nothing left.
    pub(crate) async fn drain(&self, id: &WorkerId, from: &str) -> Verdict<Vec<u64>> {
        let mut numbers = Vec::new();
        for _ in 0..ENOUGH {
            let Some(reservation) = self.reserve(id, from).await? else {
                return Ok(numbers);
            };
            numbers.extend(number(&reservation.payload));
            self.applies(Settlement::done(reservation.receipt)).await?;
        }
        Err(Broken::new(format!("{from} never comes to an end")))
    }

    /// Settles one reservation.
    pub(crate) async fn settle(&self, settlement: Settlement) -> Verdict<Settled> {
        let mut settled = self.exchange(&[settlement], &[], "*").await?.settled;
        ensure_eq!(settled.len(), 1, "answers to one settlement");
        Ok(settled.remove(0))
    }

    /// Settles one reservation, which must take effect.
    #[track_caller]
    pub(crate) fn applies(&self, settlement: Settlement) -> impl Future<Output = Verdict> + Send {
        let place = Location::caller();
        async move {
            let told = told(&settlement);
            match self
                .settle(settlement)
                .await
                .map_err(|broken| broken.at(place))?
            {
                Settled::Applied => Ok(()),
                other => Err(Broken::new(format!("{told} was to apply, is {other:?}")).at(place)),
            }
        }
    }

    /// Settles one reservation, which must be lost.
    #[track_caller]
    pub(crate) fn is_lost(&self, settlement: Settlement) -> impl Future<Output = Verdict> + Send {
        let place = Location::caller();
        async move {
            let told = told(&settlement);
            match self
                .settle(settlement)
                .await
                .map_err(|broken| broken.at(place))?
            {
                Settled::Lost => Ok(()),
                other => Err(Broken::new(format!("{told} was to be lost, is {other:?}")).at(place)),
            }
        }
    }

    /// A record of a numbered job that failed at the beginning of the world.
    pub(crate) fn record_of(&self, from: &str, number: u64) -> FailureRecord {
        FailureRecord::new(self.at(0), job(number), "Broken", "it broke").on("someone", from)
    }

    // ---- looking ---------------------------------------------------------------------------

    /// The bytes that wait in a queue, next one first.
    pub(crate) async fn bytes_in(&self, name: &str) -> Verdict<Vec<Payload>> {
        Ok(self.queues().peek(&queue(name), Page::ALL).await?)
    }

    /// The numbers of the jobs that wait in a queue, next one first.
    pub(crate) async fn numbers_in(&self, name: &str) -> Verdict<Vec<u64>> {
        Ok(self
            .bytes_in(name)
            .await?
            .iter()
            .filter_map(number)
            .collect())
    }

    /// The names of all queues.
    pub(crate) async fn queue_names(&self) -> Verdict<Vec<String>> {
        let listing = self.queues().queues().await?;
        Ok(listing.names().map(ToString::to_string).collect())
    }

    /// What a registered worker holds.
    pub(crate) async fn held_by(&self, id: &WorkerId) -> Verdict<Option<Held>> {
        let listing = self.workers().workers().await?;
        let Some(status) = listing.get(id.as_str()) else {
            return Err(Broken::new(format!("{id} is not listed")));
        };
        Ok(status.holds.clone())
    }

    /// All failure records, oldest first.
    pub(crate) async fn failed(&self) -> Verdict<Vec<FailureEntry>> {
        let mut query = FailureQuery::default();
        query.order = FailureOrder::OldestFirst;
        let mut all = Vec::new();
        for _ in 0..ENOUGH {
            let page = self.failures().list(&query).await?;
            all.extend(page.entries);
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => return Ok(all),
            }
        }
        Err(Broken::new("the failed list never comes to an end"))
    }

    /// The numbers of the jobs in the failed list, oldest first.
    pub(crate) async fn numbers_failed(&self) -> Verdict<Vec<u64>> {
        let all = self.failed().await?;
        let payloads = all.iter().filter_map(|entry| entry.content.record());
        Ok(payloads
            .filter_map(|record| number(&record.payload))
            .collect())
    }

    /// All delayed jobs in order of their time.
    pub(crate) async fn all_delayed(&self) -> Verdict<Vec<DelayedJob>> {
        let mut all = Vec::new();
        let mut cursor: Option<Cursor> = None;
        for _ in 0..ENOUGH {
            let page = self.delayed()?.list(cursor.as_ref(), 1_000).await?;
            all.extend(page.jobs);
            cursor = page.next;
            if cursor.is_none() {
                return Ok(all);
            }
        }
        Err(Broken::new("the delayed set never comes to an end"))
    }

    /// The numbers of the delayed jobs in order of their time.
    pub(crate) async fn numbers_delayed(&self) -> Verdict<Vec<u64>> {
        let all = self.all_delayed().await?;
        Ok(all.iter().filter_map(|job| number(&job.payload)).collect())
    }

    /// Moves everything that is due so many seconds after the world began.
    pub(crate) async fn promote(&self, seconds: u64) -> Verdict<usize> {
        let mut moved = 0;
        for _ in 0..ENOUGH {
            let step = self
                .delayed()?
                .promote("suite:1", self.at(seconds), 1_000)
                .await?;
            ensure!(step.troubles.is_empty(), "unexpected {:?}", step.troubles);
            moved += step.moved;
            if step.moved == 0 {
                return Ok(moved);
            }
        }
        Err(Broken::new("promoting never comes to an end"))
    }
}
