//! The worker runtime: takes jobs from a backend, performs them, and settles them.

mod apart;
mod builder;
mod core;
mod crew;
mod engine;
mod env;
mod events;
mod exchange;
mod executor;
mod giving_back;
mod handle;
mod health;
mod heartbeat;
mod identity;
mod isolation;
mod janitor;
mod job_log;
mod leaving;
mod lent;
mod lifecycle;
mod limiter;
#[cfg(feature = "metrics")]
pub mod metrics;
mod moments;
#[cfg(not(feature = "metrics"))]
mod no_metrics;
mod operation;
mod outage;
mod own_title;
mod pacing;
mod pool;
mod promoter;
mod pulse;
mod report;
mod retention;
mod run;
mod running;
mod sampler;
mod scheduler;
mod settings;
mod sight;
mod signals;
mod slots;
mod snapshot;
mod stop;
mod store_clock;
mod supervisor;
mod title;
mod upkeep;
mod vitals;

pub use self::builder::WorkerBuilder;
pub use self::env::{Verbosity, WithoutEffect, WorkerEnv};
pub use self::events::{Ending, Event, JobInfo};
pub use self::handle::WorkerHandle;
pub use self::health::Health;
pub use self::isolation::{
    ChildCount, ChildExit, CountedChild, ExitCause, Isolated, Isolation, Leash, Manner,
};
pub use self::lifecycle::Phase;
pub use self::pacing::Polling;
pub use self::report::{StopCause, StopReason, StopReport};
pub use self::retention::KeepFailures;
pub use self::run::Worker;
pub use self::settings::OnTerm;
pub use self::signals::HeardSignals;
pub use self::snapshot::{SlotJob, SlotStatus, Snapshot};
pub use self::title::ProcessTitle;
