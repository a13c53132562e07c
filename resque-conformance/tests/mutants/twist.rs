//! A backend that passes every call on, through a place where one of them can be twisted.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use resque_core::{
    Backend, BackendInfo, Backlog, Begin, CancelJobs, Claim, Claimed, Connect, Cursor, DeadWorker,
    DelayedEdit, DelayedJobs, DelayedPage, Edit, Enqueue, Exchange, FailureEntry, FailureId,
    FailurePage, FailureQuery, FailureRecord, FailureRetry, FailureStore, Fired, Firing,
    Heartbeats, Held, HttpCounts, HttpTally, HttpWorker, HttpWorkerId, HttpWorkers, JobLoans,
    Keyspace, Lead, LeadClaim, Leading, Lease, Leaving, Left, Lent, Limits, Loan, LoanExtension,
    LoanPage, LoanReceipt, LoanRequest, LoanSettlement, Lock, NewSchedule, Page, Payload, Popped,
    Promotion, Pushed, PutBack, QueueBackend, QueueControl, QueueList, QueueListing, QueueName,
    Receipt, Renewal, Result, ScheduleListing, ScheduleName, ScheduleStore, Settled, Settlement,
    StatsHistory, Ticket, WaitForJobs, WorkerId, WorkerListing, WorkerRegistry,
};

/// The ability of a backend that is known to offer all of them.
macro_rules! ability {
    ($inner:expr, $ability:ident) => {
        $inner
            .queues()
            .$ability()
            .expect("the backend under the mutants offers every ability")
    };
}
pub(crate) use ability;

/// What is asked of an exchange.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) done: &'a [Settlement],
    pub(crate) want: &'a [WorkerId],
    pub(crate) from: &'a QueueList,
    pub(crate) now: SystemTime,
}

impl<'a> Ask<'a> {
    /// Asks the real backend.
    pub(crate) async fn pass(self, inner: &Backend) -> Result<Exchange> {
        let Self {
            done,
            want,
            from,
            now,
        } = self;
        inner.queues().exchange(done, want, from, now).await
    }

    /// The same with other settlements.
    pub(crate) fn done(self, done: &'a [Settlement]) -> Self {
        Self { done, ..self }
    }

    /// The same for other slots.
    pub(crate) fn want(self, want: &'a [WorkerId]) -> Self {
        Self { want, ..self }
    }

    /// The same from other queues.
    pub(crate) fn from(self, from: &'a QueueList) -> Self {
        Self { from, ..self }
    }
}

/// The lock on what a mutant remembers.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

macro_rules! twists {
    ($($part:ident {
        $(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty => $real:ident;)+
    })+) => {
        /// What a mutant does differently; everything else is passed on as it is.
        #[async_trait]
        pub(crate) trait Twist: Debug + Send + Sync + 'static {
            $($(
                async fn $name(&self, inner: &Backend, $($argument: $type),*) -> $answer {
                    part!(inner, $part).$real($($argument),*).await
                }
            )+)+

            async fn exchange(&self, inner: &Backend, ask: Ask<'_>) -> Result<Exchange> {
                ask.pass(inner).await
            }

            /// What the backend tells about itself.
            fn info(&self, inner: &Backend) -> BackendInfo {
                inner.queues().info()
            }

            /// Whether it waits.
            fn offers_waiting(&self) -> bool {
                true
            }

            /// The name of a key.
            fn key(&self, inner: &Backend, parts: &[&str]) -> String {
                ability!(inner, keyspace).key(parts)
            }

            /// The names of all keys.
            async fn keys(&self, inner: &Backend) -> Result<Vec<String>> {
                ability!(inner, keyspace).keys().await
            }

            /// The store that a second connection reaches, if it is another one.
            fn other_store(&self) -> Option<Backend> {
                None
            }

            /// The twist of a second connection to the same store; `None` is the same one.
            fn twin(&self) -> Option<Arc<dyn Twist>> {
                None
            }
        }

        $(twisted!($part { $(async fn $name($($argument: $type),*) -> $answer => $real;)+ });)+
    };
}

macro_rules! part {
    ($inner:ident, QueueBackend) => {
        $inner.queues()
    };
    ($inner:ident, WorkerRegistry) => {
        $inner.workers()
    };
    ($inner:ident, FailureStore) => {
        $inner.failures()
    };
    ($inner:ident, WaitForJobs) => {
        ability!($inner, waiting)
    };
    ($inner:ident, DelayedJobs) => {
        ability!($inner, delayed)
    };
    ($inner:ident, QueueControl) => {
        ability!($inner, control)
    };
    ($inner:ident, Limits) => {
        ability!($inner, limits)
    };
    ($inner:ident, CancelJobs) => {
        ability!($inner, cancel)
    };
    ($inner:ident, StatsHistory) => {
        ability!($inner, history)
    };
    ($inner:ident, JobLoans) => {
        ability!($inner, loans)
    };
    ($inner:ident, HttpWorkers) => {
        ability!($inner, http_workers)
    };

    ($inner:ident, ScheduleStore) => {
        ability!($inner, schedules)
    };
}

/// The real trait, every method of which goes through the twist.
macro_rules! twisted {
    (QueueBackend { $($methods:tt)+ }) => {
        twisted! { @list QueueBackend { $($methods)+ } {
            async fn exchange(
                &self,
                done: &[Settlement],
                want: &[WorkerId],
                from: &QueueList,
                now: SystemTime,
            ) -> Result<Exchange> {
                let ask = Ask { done, want, from, now };
                self.twist.exchange(&self.inner, ask).await
            }

            fn info(&self) -> BackendInfo {
                self.twist.info(&self.inner)
            }

            fn waiting(&self) -> Option<&dyn WaitForJobs> {
                let inner = self.inner.queues().waiting();
                inner.filter(|_| self.twist.offers_waiting()).map(|_| self as _)
            }

            fn delayed(&self) -> Option<&dyn DelayedJobs> {
                Some(self)
            }

            fn control(&self) -> Option<&dyn QueueControl> {
                Some(self)
            }

            fn schedules(&self) -> Option<&dyn ScheduleStore> {
                Some(self)
            }

            fn keyspace(&self) -> Option<&dyn Keyspace> {
                Some(self)
            }

            fn limits(&self) -> Option<&dyn Limits> {
                Some(self)
            }

            fn cancel(&self) -> Option<&dyn CancelJobs> {
                Some(self)
            }

            fn history(&self) -> Option<&dyn StatsHistory> {
                Some(self)
            }

            fn loans(&self) -> Option<&dyn JobLoans> {
                Some(self)
            }

            fn http_workers(&self) -> Option<&dyn HttpWorkers> {
                Some(self)
            }
        } }
    };
    ($part:ident { $($methods:tt)+ }) => {
        twisted! { @list $part { $($methods)+ } {} }
    };
    (
        @list $part:ident
        { $(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty => $real:ident;)+ }
        { $($more:tt)* }
    ) => {
        #[async_trait]
        impl $part for Twisted {
            $(
                async fn $real(&self, $($argument: $type),*) -> $answer {
                    self.twist.$name(&self.inner, $($argument),*).await
                }
            )+

            $($more)*
        }
    };
}

twists! {
    QueueBackend {
        async fn push(batch: &[Enqueue]) -> Result<Vec<Pushed>> => push;
        async fn pop(from: &QueueList, at_most: usize) -> Result<Vec<Popped>> => pop;
        async fn peek(queue: &QueueName, page: Page) -> Result<Vec<Payload>> => peek;
        async fn edit(batch: &[Edit]) -> Result<Vec<u64>> => edit;
        async fn queues() -> Result<QueueListing> => queues;
        async fn length(queue: &QueueName) -> Result<u64> => length;
        async fn create_queue(queue: &QueueName) -> Result<bool> => create_queue;
        async fn delete_queue(queue: &QueueName) -> Result<u64> => delete_queue;
        async fn clear() -> Result<u64> => clear;
    }
    WorkerRegistry {
        async fn register(workers: &[WorkerId], now: SystemTime) -> Result<Vec<Held>> => register;
        async fn heartbeat(workers: &[WorkerId], now: SystemTime)
            -> Result<Heartbeats> => heartbeat;
        async fn unregister(leaving: &[Leaving]) -> Result<Vec<Left>> => unregister;
        async fn workers() -> Result<WorkerListing> => workers;
        async fn dead(before: SystemTime) -> Result<Vec<DeadWorker>> => dead;
        async fn server_time() -> Result<SystemTime> => server_time;
        async fn stat(name: &str) -> Result<i64> => stat;
        async fn set_stat(name: &str, value: i64) -> Result<()> => set_stat;
        async fn incr_stat(name: &str, by: i64) -> Result<i64> => incr_stat;
        async fn clear_stat(name: &str) -> Result<()> => clear_stat;
    }
    FailureStore {
        async fn record(records: &[FailureRecord]) -> Result<()> => record;
        async fn count_failures(queue: Option<&str>) -> Result<u64> => count;
        async fn list_failures(query: &FailureQuery) -> Result<FailurePage> => list;
        async fn get_failure(id: &FailureId) -> Result<Option<FailureEntry>> => get;
        async fn retry(batch: &[FailureRetry], now: SystemTime) -> Result<Vec<Result<()>>> => retry;
        async fn remove_failures(ids: &[FailureId]) -> Result<Vec<Result<()>>> => remove;
        async fn clear_failures(queue: Option<&str>) -> Result<u64> => clear;
    }
    WaitForJobs {
        async fn ticket(from: &QueueList) -> Result<Ticket> => ticket;
        async fn wait(ticket: Ticket, from: &QueueList) -> Result<()> => wait;
    }
    DelayedJobs {
        async fn promote(holder: &str, now: SystemTime, at_most: usize)
            -> Result<Promotion> => promote;
        async fn resign(holder: &str) -> Result<()> => resign;
        async fn count_delayed() -> Result<u64> => count;
        async fn list_delayed(cursor: Option<&Cursor>, at_most: usize)
            -> Result<DelayedPage> => list;
        async fn edit_delayed(batch: &[DelayedEdit]) -> Result<Vec<Result<()>>> => edit;
    }
    QueueControl {
        async fn set_stopped(queue: &QueueName, stopped: bool) -> Result<()> => set_stopped;
        async fn stopped(queue: &QueueName) -> Result<bool> => stopped;
        async fn set_paused(paused: bool) -> Result<()> => set_paused;
        async fn paused() -> Result<bool> => paused;
    }
    Limits {
        async fn claim(claims: &[Claim], now: SystemTime) -> Result<Vec<Claimed>> => claim;
        async fn push_once(lock: &Lock, batch: &[Enqueue])
            -> Result<Option<Vec<Pushed>>> => push_once;
        async fn renew(leases: &[Renewal], now: SystemTime) -> Result<Vec<bool>> => renew;
        async fn free(leases: &[Lease]) -> Result<u64> => free;
        async fn leases(name: &str, now: SystemTime) -> Result<Vec<Renewal>> => leases;
    }
    CancelJobs {
        async fn mark(jobs: &[Receipt]) -> Result<Vec<bool>> => mark;
        async fn marked(jobs: &[Receipt]) -> Result<Vec<bool>> => marked;
    }
    StatsHistory {
        async fn backlog() -> Result<Backlog> => backlog;
        async fn record_sample(at: SystemTime, sample: &Bytes) -> Result<bool> => record;
        async fn sample_range(since: SystemTime, until: SystemTime, at_most: usize)
            -> Result<Vec<(SystemTime, Bytes)>> => range;
    }
    JobLoans {
        async fn lend(request: &LoanRequest<'_>, now: SystemTime) -> Result<Lent> => lend;
        async fn settle_loans(done: &[LoanSettlement], now: SystemTime)
            -> Result<Vec<Settled>> => settle;
        async fn extend_loans(loans: &[LoanExtension], now: SystemTime)
            -> Result<Vec<bool>> => extend;
        async fn find_loans(receipts: &[LoanReceipt], now: SystemTime)
            -> Result<Vec<Option<Loan>>> => find;
        async fn put_back(at_most: usize, now: SystemTime) -> Result<PutBack> => put_back;
        async fn count_loans() -> Result<u64> => count;
        async fn list_loans(cursor: Option<&Cursor>, at_most: usize, now: SystemTime)
            -> Result<LoanPage> => list;
    }
    HttpWorkers {
        async fn register_http(worker: &HttpWorkerId, queue: &QueueName, now: SystemTime)
            -> Result<()> => register;
        async fn unregister_http(worker: &HttpWorkerId, queue: &QueueName)
            -> Result<bool> => unregister;
        async fn count_http(tallies: &[HttpTally], now: SystemTime) -> Result<()> => count;
        async fn http_counts(queue: &QueueName) -> Result<HttpCounts> => counts;
        async fn forget_http_counts(queue: &QueueName) -> Result<()> => forget_counts;
        async fn http_workers(queue: Option<&QueueName>) -> Result<Vec<HttpWorker>> => workers;
        async fn http_worker(id: &HttpWorkerId) -> Result<Option<HttpWorker>> => worker;
        async fn prune_http(before: SystemTime) -> Result<u64> => prune;
    }

    ScheduleStore {
        async fn list_schedules() -> Result<ScheduleListing> => list;
        async fn put_schedules(batch: &[NewSchedule], now: SystemTime) -> Result<()> => put;
        async fn remove_schedules(names: &[ScheduleName]) -> Result<Vec<bool>> => remove;
        async fn set_enabled(names: &[ScheduleName], enabled: bool, now: SystemTime)
            -> Result<()> => set_enabled;
        async fn lead(claim: LeadClaim<'_>) -> Result<Lead> => lead;
        async fn leading(now: SystemTime) -> Result<Leading> => leading;
        async fn step_down(holder: &str) -> Result<()> => step_down;
        async fn begin(batch: &[Begin], now: SystemTime)
            -> Result<Vec<Result<SystemTime>>> => begin;
        async fn fire_once(holder: &str, batch: &[Firing], now: SystemTime)
            -> Result<Vec<Result<Fired>>> => fire_once;
    }
}

/// A backend with one twist in it.
#[derive(Clone, Debug)]
pub(crate) struct Twisted {
    inner: Backend,
    twist: Arc<dyn Twist>,
}

impl Twisted {
    /// Puts a twist into a backend.
    pub(crate) fn wrap(inner: Backend, twist: Arc<dyn Twist>) -> Backend {
        let twisted = Self { inner, twist };
        Backend::new(twisted.clone()).with_connector(twisted)
    }
}

#[async_trait]
impl Connect for Twisted {
    async fn connect(&self) -> Result<Backend> {
        let inner = match self.twist.other_store() {
            Some(other) => other,
            None => self.inner.connect_again().await?,
        };
        let twist = self.twist.twin().unwrap_or_else(|| self.twist.clone());
        Ok(Self::wrap(inner, twist))
    }
}

#[async_trait]
impl Keyspace for Twisted {
    fn namespace(&self) -> &str {
        ability!(self.inner, keyspace).namespace()
    }

    fn key(&self, parts: &[&str]) -> String {
        self.twist.key(&self.inner, parts)
    }

    async fn keys(&self) -> Result<Vec<String>> {
        self.twist.keys(&self.inner).await
    }
}
