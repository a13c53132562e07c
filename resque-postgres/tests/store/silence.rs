//! Networks that vanish without a word: connections stay open and carry nothing any more.

use std::sync::Arc;
use std::time::Duration;

use resque_core::{Backend, Error, ManualClock, QueueList, Result};
use resque_postgres::PostgresBackend;
use resque_testserver::{Detour, Postgres, PostgresServer};
use tokio::task::JoinHandle;

use crate::support::{World, config, job};

/// A client behind a network that can vanish, whose time is moved by hand.
struct Apart {
    _server: PostgresServer,
    world: World,
    detour: Detour,
    clock: ManualClock,
    backend: Backend,
}

impl Apart {
    async fn new() -> Self {
        let server = Postgres::new().start().expect("a Postgres server");
        let world = World::on(server.url()).await;
        let detour = Detour::to(server.url()).expect("a detour");
        let config = config(&detour.url(server.url()));
        let config = config.with_namespace(world.config.namespace());
        let clock = ManualClock::new();
        let backend = PostgresBackend::builder(config.expect("a name"))
            .clock(Arc::new(clock.clone()))
            .connect()
            .await;
        Self {
            _server: server,
            world,
            detour,
            clock,
            backend: backend.expect("a backend"),
        }
    }

    /// Lets so much time pass as soon as somebody sleeps, who is woken by it.
    async fn pass(&self, seconds: u64) {
        self.clock.parked(1).await;
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Waits with a note left in the database, as one does who has looked in vain before.
    async fn wait(&self) -> JoinHandle<Result<()>> {
        let from: QueueList = "q".parse().expect("a list");
        let queues = self.backend.queues().clone();
        let waiting = queues.waiting().expect("waiting");
        let early = waiting.ticket(&from).await.expect("a ticket");
        // Ends when the note has been left.
        let looked = waiting.wait(early, &from).await;
        looked.expect("to look again");
        let ticket = waiting.ticket(&from).await.expect("a ticket");
        tokio::spawn(async move {
            let waiting = queues.waiting().expect("waiting");
            waiting.wait(ticket, &from).await
        })
    }
}

/// The answer to a call that nothing keeps waiting any more.
async fn soon<T>(call: JoinHandle<T>) -> T {
    let patience = Duration::from_secs(60);
    let ended = tokio::time::timeout(patience, call).await;
    ended.expect("an end").expect("not to panic")
}

#[tokio::test]
async fn a_listener_notices_and_the_next_one_hears() {
    const ASKED: &str = "select count(*) from pg_stat_activity
        where application_name = 'resque' and query = 'select'";
    let apart = Apart::new().await;
    let mut raw = apart.world.raw().await;
    let mut waiting = apart.wait().await;
    // A connection that lives is asked now and then, and kept.
    assert_eq!(raw.number(ASKED).await, 0);
    apart.pass(20).await;
    while raw.number(ASKED).await == 0 {
        tokio::task::yield_now().await;
    }
    apart.clock.parked(1).await;
    assert!(!waiting.is_finished());

    // One that has vanished is given up when it does not answer.
    apart.detour.strand();
    apart.world.push("q", &["unheard of"]).await;
    apart.pass(20).await;
    apart.pass(30).await;
    let error = soon(waiting).await.unwrap_err();
    assert!(error.is_transient(), "{error}");

    // Statements go by connections of their own, which have vanished too.
    let queues = apart.backend.queues().clone();
    let looking = tokio::spawn(async move { queues.queues().await });
    apart.pass(5).await;
    soon(looking).await.unwrap();
    waiting = apart.wait().await;
    apart.world.push("q", &["heard of"]).await;
    soon(waiting).await.unwrap();
}

#[tokio::test]
async fn a_statement_without_an_answer_ends_and_the_next_one_has_another_connection() {
    let apart = Apart::new().await;
    let push = |payload: &'static str| {
        let queues = apart.backend.queues().clone();
        tokio::spawn(async move { queues.push(&[job("q", payload)]).await })
    };
    push("a").await.unwrap().unwrap();
    apart.detour.strand();
    let pushing = push("b");
    apart.pass(30).await;
    let error = soon(pushing).await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "no answer after 30s");
    push("c").await.unwrap().unwrap();
    assert_eq!(apart.world.waiting("q").await, ["a", "c"]);
}

#[tokio::test]
async fn idle_connections_that_have_vanished_cost_one_wait_and_not_one_each() {
    let apart = Apart::new().await;
    let mut calls = Vec::new();
    for _ in 0..8 {
        let workers = apart.backend.workers().clone();
        calls.push(tokio::spawn(async move { workers.server_time().await }));
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
    apart.clock.advance(Duration::from_secs(2));
    apart.detour.strand();
    let workers = apart.backend.workers().clone();
    let call = tokio::spawn(async move { workers.server_time().await });
    apart.pass(5).await;
    soon(call).await.unwrap();
}
