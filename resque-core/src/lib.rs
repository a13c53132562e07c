//! The heart of Resque for Rust: the three traits that a backend implements, the job model, the
//! client and the worker runtime.
//!
//! Programs usually add the crate `resque`, which re-exports everything here and adds the backends.
//! Whoever writes a backend implements [`QueueBackend`], [`WorkerRegistry`] and [`FailureStore`]
//! and proves it with the conformance suite.

pub mod args;
mod backend;
mod checked_text;
mod client;
mod clock;
mod delayed;
mod enqueue;
mod error;
mod failure;
mod glob;
mod history;
mod hooks;
mod http_worker;
mod job;
mod limits;
mod loan;
mod opaque;
mod page;
mod payload;
mod queue_list;
mod queue_name;
mod recovery;
mod reservation;
mod schedule;
mod settlement;
mod status;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;
#[cfg(feature = "worker")]
pub mod worker;
mod worker_id;

pub use self::backend::{
    Backend, CancelJobs, Connect, DelayedJobs, FailureStore, HttpWorkers, JobLoans, Keyspace,
    Limits, QueueBackend, QueueControl, ScheduleStore, StatsHistory, Ticket, WaitForJobs,
    WorkerRegistry,
};
#[cfg(feature = "worker")]
pub use self::backend::{Commit, GroupCommit};
#[cfg(feature = "worker")]
pub use self::client::blocking;
pub use self::client::{
    Client, Delayed, Enqueued, Failures, History, Info, MassRemove, NewJob, Prepared, QueueSample,
    QueuedJob, Recovered, ScheduleStatus, Schedules, Stamp, Stats,
};
#[cfg(feature = "testing")]
pub use self::clock::ManualClock;
pub use self::clock::{Clock, SharedClock, SystemClock};
pub use self::delayed::{DelayedEdit, DelayedId, DelayedJob, DelayedPage, DelayedTo, Promotion};
pub use self::enqueue::{Enqueue, Pushed};
pub use self::error::{Error, Result};
pub use self::failure::{
    Cursor, FailureContent, FailureEntry, FailureFilter, FailureId, FailureOrder, FailurePage,
    FailureQuery, FailureRecord, FailureRetry,
};
pub use self::glob::Glob;
pub use self::history::{Backlog, HISTORY_KEPT, Sample, minute_of};
pub use self::hooks::{EnqueueContext, Hooks, Middleware, Next, WorkerContext, WorkerHooks};
pub use self::http_worker::{HttpCounts, HttpTally, HttpWorker, HttpWorkerId, MOST_HTTP_WORKERS};
pub use self::job::{
    Attempt, Decision, Handler, Handlers, Job, JobContext, JobError, JobFailure, JobResult,
    Performed, Performer, Progress, ProgressSink, RetryPolicy, Verdict,
};
pub use self::limits::{
    Claim, Claimed, JobLimits, LONGEST_TURN, Lease, LeaseChanges, Lock, Need, Rate, Renewal,
    TURN_KEPT, TURN_LATE, Unique,
};
pub use self::loan::{
    LARGEST_LENDING, LOSSES_KEPT, Lent, Loan, LoanExtension, LoanPage, LoanReceipt, LoanRequest,
    LoanSettlement, PutBack,
};
pub use self::page::Page;
pub use self::payload::Payload;
pub use self::queue_list::QueueList;
pub use self::queue_name::QueueName;
pub use self::reservation::{HeartbeatMark, Held, Receipt, Reservation};
pub use self::schedule::{
    Begin, CatchUp, Every, Fired, Firing, Lead, LeadClaim, Leading, NewSchedule, Schedule,
    ScheduleEntry, ScheduleListing, ScheduleName, Timing,
};
pub use self::settlement::{Exchange, Outcome, Settled, Settlement, Tally};
pub use self::status::{
    BackendInfo, DeadWorker, Edit, EditTo, FailureLayout, Heartbeats, Leaving, Left, Popped,
    QueueListing, QueueStatus, WorkerListing, WorkerStatus,
};
#[cfg(feature = "worker")]
pub use self::worker::Worker;
pub use self::worker_id::WorkerId;
