//! The store itself.

use resque_core::{Backend, FailureLayout, Keyspace};
use serde::Serialize;
use utoipa::ToSchema;

use super::Moment;
use crate::fault::Fault;
use crate::state::App;

/// The store itself: which one it is, what it can do, how it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct BackendView {
    /// When it was read.
    pub(crate) now: Moment,
    /// What the backend is called.
    pub(crate) name: &'static str,
    /// The namespace, where it has one.
    pub(crate) namespace: Option<String>,
    /// Whether jobs survive its restart.
    pub(crate) durable: bool,
    /// Whether other processes see the same jobs.
    pub(crate) shared: bool,
    /// Whether a batch goes in as a whole or not at all.
    pub(crate) atomic_batch: bool,
    /// How failures are kept in the manner of Resque: `redis` or `redis_multi_queue`.
    pub(crate) failure_layout: Option<&'static str>,
    /// What it may offer besides.
    pub(crate) abilities: Vec<Ability>,
    /// How long it took to answer, in milliseconds.
    pub(crate) round_trip_ms: f64,
    /// Its own time.
    pub(crate) server_time: Moment,
    /// How far its clock is ahead of ours, in milliseconds.
    pub(crate) clock_ahead_ms: i64,
    /// How many queue names are none, and are left alone.
    pub(crate) unreadable_queues: u64,
    /// How many entries of the registry are no worker ids, and are left alone.
    pub(crate) unreadable_workers: u64,
    /// What the server says about itself, where there is one that does.
    pub(crate) server: Vec<Fact>,
}

/// One thing that a server says about itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Fact {
    /// What it is about, in the server's own word.
    pub(crate) name: String,
    /// What is said.
    pub(crate) value: String,
}

/// What a store may offer besides.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Ability {
    /// What it is called.
    pub(crate) name: &'static str,
    /// What can be done with it.
    pub(crate) about: &'static str,
    /// Whether this store offers it.
    pub(crate) offered: bool,
}

impl BackendView {
    pub(crate) async fn ask(app: &App) -> Result<Self, Fault> {
        let glance = app.glance().await?;
        let backend = app.client().backend();
        let backend = backend.ok_or_else(|| Fault::missing("There is no store."))?;
        let clock = app.clock();
        let before = (clock.monotonic(), clock.now());
        let server_time = backend.workers().server_time().await?;
        let round_trip = clock.monotonic().saturating_sub(before.0);
        let middle = before.1 + round_trip / 2;
        let keyspace = backend.queues().keyspace();
        let info = glance.backend;
        Ok(Self {
            now: app.now(),
            name: info.name,
            namespace: keyspace.map(|keyspace| keyspace.namespace().to_owned()),
            durable: info.durable,
            shared: info.shared,
            atomic_batch: info.atomic_batch,
            failure_layout: info.failure_layout.map(FailureLayout::name),
            abilities: abilities(backend),
            round_trip_ms: round_trip.as_secs_f64() * 1e3,
            server_time: Moment::new(server_time),
            clock_ahead_ms: ahead(server_time, middle),
            unreadable_queues: glance.queues.unreadable.len() as u64,
            unreadable_workers: glance.workers.unreadable.len() as u64,
            server: facts(keyspace).await,
        })
    }
}

/// What the server says. It may refuse to, which is no reason to show nothing else.
async fn facts(keyspace: Option<&dyn Keyspace>) -> Vec<Fact> {
    let Some(keyspace) = keyspace else {
        return Vec::new();
    };
    let facts = keyspace.server_facts().await.unwrap_or_default();
    let fact = |(name, value)| Fact { name, value };
    facts.into_iter().map(fact).collect()
}

fn ahead(theirs: std::time::SystemTime, ours: std::time::SystemTime) -> i64 {
    let millis = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    match theirs.duration_since(ours) {
        Ok(ahead) => millis(ahead),
        Err(behind) => -millis(behind.duration()),
    }
}

fn abilities(backend: &Backend) -> Vec<Ability> {
    let queues = backend.queues();
    let ability = |name, about, offered| Ability {
        name,
        about,
        offered,
    };
    vec![
        ability(
            "waiting",
            "idle workers are woken by a push instead of asking",
            queues.waiting().is_some(),
        ),
        ability(
            "delayed",
            "jobs wait until they are due",
            queues.delayed().is_some(),
        ),
        ability(
            "control",
            "queues are stopped and all workers paused",
            queues.control().is_some(),
        ),
        ability(
            "schedules",
            "recurring jobs fire once for each of their times",
            queues.schedules().is_some(),
        ),
        ability(
            "limits",
            "jobs are unique, and limited in number and rate",
            queues.limits().is_some(),
        ),
        ability(
            "cancel",
            "a running job is asked to end",
            queues.cancel().is_some(),
        ),
        ability(
            "history",
            "numbers are kept for seven days, for charts",
            queues.history().is_some(),
        ),
        ability(
            "loans",
            "jobs are lent to programs that ask over HTTP",
            queues.loans().is_some(),
        ),
        ability(
            "http workers",
            "such programs register themselves and are counted",
            queues.http_workers().is_some(),
        ),
        ability(
            "keyspace",
            "the keys of the namespace are named and listed",
            queues.keyspace().is_some(),
        ),
    ]
}
