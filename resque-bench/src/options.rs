//! What is measured, and where.

use clap::{Parser, ValueEnum};

/// Load programs over any backend, told as one line of JSON.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Options {
    /// What to do
    #[arg(value_enum)]
    pub(crate) workload: Workload,
    /// The store; on a server everything happens in the namespace `resque-bench`
    #[arg(long, default_value = "memory:")]
    pub(crate) url: String,
    /// How many jobs
    #[arg(long, default_value_t = 100_000)]
    pub(crate) jobs: usize,
    /// How many slots (drain, isolated-…, idle) callers (enqueue-concurrent), or
    /// connections (http-…)
    #[arg(long, default_value_t = 100)]
    pub(crate) concurrency: usize,
    /// How many jobs a call (enqueue-batch)
    #[arg(long, default_value_t = 1_000)]
    pub(crate) batch: usize,
    /// How many other jobs wait, and how many have failed, before the workload begins (drain,
    /// web-pages)
    #[arg(long, default_value_t = 0)]
    pub(crate) backlog: usize,
    /// How many queues there are (web-pages)
    #[arg(long, default_value_t = 10_000)]
    pub(crate) queues: usize,
    /// The client crate, on Redis
    #[arg(long, value_enum, default_value_t = DriverName::Redis)]
    pub(crate) driver: DriverName,
    /// How many runs; the one in the middle is told
    #[arg(long, default_value_t = 1)]
    pub(crate) runs: usize,
    /// How long to watch an idle worker, in seconds
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
}

/// What is done to a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// One awaited call after another
    EnqueueOne,
    /// Many callers at once, on one client
    EnqueueConcurrent,
    /// Many jobs a call
    EnqueueBatch,
    /// Jobs that do nothing, put in beforehand, worked by one process; until the last one is
    /// settled in the store
    Drain,
    /// The same in warm children, which perform a hundred jobs each, one at a time; a few slots
    /// (`--concurrency 4`) and some thousand jobs are enough
    IsolatedWarm,
    /// The same in a fresh child for each job
    IsolatedFresh,
    /// An idle worker, a job every 20 ms: from the enqueue call to the start of the handler
    Latency,
    /// The same for a job that another program pushes with a plain RPUSH (Redis only)
    LatencyForeign,
    /// A push and a pop by bare commands every 20 ms: what two replies cost here, whoever asks
    /// (Redis only)
    RoundTrip,
    /// A push and a reservation by the calls of a client and a worker, one after the other and
    /// without a worker, every 20 ms
    PushAndReserve,
    /// Jobs put in over the HTTP interface, one a request, by many connections that stay open
    HttpPost,
    /// The same jobs leased and acknowledged over the HTTP interface, one at a time
    HttpLease,
    /// The pages of the dashboard, each asked for as often as there are to be jobs: how long the
    /// overview takes, and by name the others
    WebPages,
    /// What an idle worker takes: memory and processor time
    Idle,
}

/// The client crates for Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DriverName {
    /// The crate `redis`
    Redis,
    /// The crate `fred`
    Fred,
}

impl DriverName {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Fred => "fred",
        }
    }
}
