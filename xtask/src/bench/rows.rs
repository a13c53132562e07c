//! The rows of the table.

use super::limit::Limit;

/// Which store a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Store {
    Redis,
    RedisByFred,
    /// One with ten thousand queues, in which a million other jobs wait and a million have failed.
    CrowdedRedis,
    Postgres,
    /// One in which a million other jobs wait and a million have failed.
    CrowdedPostgres,
    /// One that takes two milliseconds more for each commit.
    SlowPostgres,
    Memory,
}

/// One workload on one store.
pub(super) struct Row {
    /// The workload, as the program calls it.
    pub(super) name: &'static str,
    /// What people are told of its arguments.
    pub(super) note: &'static str,
    pub(super) store: Store,
    pub(super) arguments: &'static [&'static str],
    pub(super) jobs: usize,
    pub(super) limit: Limit,
}

const CALLERS: &[&str] = &["--concurrency", "64"];
const ONE: &[&str] = &["--concurrency", "1"];
const TWO: &[&str] = &["--concurrency", "2"];
const SOME: &[&str] = &["--concurrency", "100"];
const MANY: &[&str] = &["--concurrency", "500"];
const MOST: &[&str] = &["--concurrency", "1000"];

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    Row { name: "enqueue-one", note: "", store: Store::Redis, arguments: &[], jobs: 50_000, limit: Limit::Push { pipelined: 1 } },
    Row { name: "enqueue-one", note: "", store: Store::RedisByFred, arguments: &[], jobs: 50_000, limit: Limit::Nothing },
    Row { name: "enqueue-concurrent", note: "64 callers", store: Store::Redis, arguments: CALLERS, jobs: 500_000, limit: Limit::Push { pipelined: 64 } },
    Row { name: "enqueue-concurrent", note: "64 callers", store: Store::RedisByFred, arguments: CALLERS, jobs: 500_000, limit: Limit::Nothing },
    Row { name: "enqueue-batch", note: "", store: Store::Redis, arguments: &[], jobs: 2_000_000, limit: Limit::Push { pipelined: 1_000 } },
    Row { name: "drain", note: "100 slots", store: Store::Redis, arguments: SOME, jobs: 1_000, limit: Limit::Nothing },
    Row { name: "drain", note: "100 slots", store: Store::Redis, arguments: SOME, jobs: 100_000, limit: Limit::Nothing },
    Row { name: "drain", note: "100 slots", store: Store::Redis, arguments: SOME, jobs: 1_000_000, limit: Limit::Nothing },
    Row { name: "drain", note: "500 slots", store: Store::Redis, arguments: MANY, jobs: 1_000_000, limit: Limit::Nothing },
    Row { name: "drain", note: "100 slots", store: Store::RedisByFred, arguments: SOME, jobs: 500_000, limit: Limit::Nothing },
    Row { name: "latency", note: "", store: Store::Redis, arguments: &[], jobs: 200, limit: Limit::PushAndPop },
    Row { name: "latency-foreign", note: "", store: Store::Redis, arguments: &[], jobs: 200, limit: Limit::PushAndPop },
    Row { name: "latency", note: "", store: Store::RedisByFred, arguments: &[], jobs: 200, limit: Limit::Nothing },
    Row { name: "idle", note: "100 slots", store: Store::Redis, arguments: SOME, jobs: 0, limit: Limit::Nothing },
    Row { name: "enqueue-one", note: "", store: Store::Postgres, arguments: &[], jobs: 20_000, limit: Limit::Insert { clients: 1 } },
    Row { name: "enqueue-concurrent", note: "64 callers", store: Store::Postgres, arguments: CALLERS, jobs: 200_000, limit: Limit::Insert { clients: 32 } },
    Row { name: "enqueue-batch", note: "", store: Store::Postgres, arguments: &[], jobs: 500_000, limit: Limit::InsertMany },
    Row { name: "drain", note: "100 slots", store: Store::Postgres, arguments: SOME, jobs: 200_000, limit: Limit::Delete { together: 100 } },
    Row { name: "drain", note: "100 slots", store: Store::Postgres, arguments: SOME, jobs: 1_000_000, limit: Limit::Delete { together: 100 } },
    Row { name: "drain", note: "1000 slots", store: Store::Postgres, arguments: MOST, jobs: 500_000, limit: Limit::Delete { together: 1_000 } },
    Row { name: "drain", note: "100 slots", store: Store::CrowdedPostgres, arguments: SOME, jobs: 200_000, limit: Limit::Nothing },
    Row { name: "latency", note: "", store: Store::Postgres, arguments: &[], jobs: 200, limit: Limit::InsertAndDelete },
    Row { name: "enqueue-one", note: "", store: Store::SlowPostgres, arguments: &[], jobs: 2_000, limit: Limit::Insert { clients: 1 } },
    Row { name: "enqueue-concurrent", note: "64 callers", store: Store::SlowPostgres, arguments: CALLERS, jobs: 50_000, limit: Limit::Nothing },
    Row { name: "drain", note: "100 slots", store: Store::SlowPostgres, arguments: SOME, jobs: 100_000, limit: Limit::Nothing },
    Row { name: "drain", note: "1000 slots", store: Store::SlowPostgres, arguments: MOST, jobs: 200_000, limit: Limit::Nothing },
    Row { name: "enqueue-one", note: "", store: Store::Memory, arguments: &[], jobs: 1_000_000, limit: Limit::Nothing },
    Row { name: "drain", note: "100 slots", store: Store::Memory, arguments: SOME, jobs: 1_000_000, limit: Limit::Nothing },
    Row { name: "drain", note: "1000 slots", store: Store::Memory, arguments: MOST, jobs: 1_000_000, limit: Limit::Nothing },
    Row { name: "isolated-warm", note: "2 slots, 100 jobs a child", store: Store::Memory, arguments: TWO, jobs: 10_000, limit: Limit::Nothing },
    Row { name: "isolated-fresh", note: "1 slot, a child for each job", store: Store::Memory, arguments: ONE, jobs: 500, limit: Limit::Nothing },
    Row { name: "latency", note: "", store: Store::Memory, arguments: &[], jobs: 200, limit: Limit::Nothing },
    Row { name: "http-post", note: "64 connections", store: Store::Memory, arguments: CALLERS, jobs: 500_000, limit: Limit::Nothing },
    Row { name: "http-lease", note: "64 connections", store: Store::Memory, arguments: CALLERS, jobs: 200_000, limit: Limit::Nothing },
    Row { name: "web-pages", note: "overview", store: Store::CrowdedRedis, arguments: &[], jobs: 100, limit: Limit::Nothing },
];
