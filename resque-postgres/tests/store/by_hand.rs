//! What people and other programs can put into the tables, and what the tables keep out.
//!
//! The conformance suite plants bytes of which a store in the Resque format knows nothing. Types and
//! checks leave few of them a way in here; those that get in do no harm.

use std::slice::from_ref;

use resque_core::{FailureRecord, Leaving, Left, QueueName, Settlement, WorkerId};

use crate::support::{World, given, name};

/// The SQLSTATE with which a statement is refused.
async fn refused(world: &World, sql: &str) -> String {
    let mut connection = world.connection().await;
    let done = sqlx::raw_sql(world.sql(sql)).execute(&mut connection).await;
    let error = done.expect_err(sql).into_database_error();
    let error = error.expect("the server's own refusal");
    error.code().expect("a code").into_owned()
}

#[tokio::test]
async fn the_tables_keep_out_what_is_no_name_and_no_time() {
    let world = World::new().await;
    for (sql, code) in [
        ("insert into resque.queues (name) values ('a,b')", "23514"),
        (
            r"insert into resque.queues (name) values (E'a\nb')",
            "23514",
        ),
        ("insert into resque.queues (name) values ('')", "23514"),
        (
            r"insert into resque.queues (name) values (E'\xff\xfe')",
            "22021",
        ),
        (
            r"insert into resque.queues (name) values (E'a\x00')",
            "22021",
        ),
        (
            "insert into resque.delayed (due, queue, payload) values (now(), 'a,b', '')",
            "23514",
        ),
        (
            "insert into resque.workers (id, heartbeat) values ('host:1:q', 'not a time')",
            "22007",
        ),
        ("insert into resque.settings default values", "23505"),
    ] {
        assert_eq!(refused(&world, sql).await, code, "{sql}");
    }
    assert!(
        world
            .backend
            .queues()
            .queues()
            .await
            .unwrap()
            .queues
            .is_empty()
    );
}

#[tokio::test]
async fn an_id_that_is_none_is_listed_apart_and_left_alone() {
    let world = World::new().await;
    let mut raw = world.raw().await;
    raw.run(
        "insert into resque.workers (id, started, heartbeat) select i, now(), '2000-01-01'
        from unnest(array['host', 'host:1', 'host:1:']) i",
    )
    .await;
    world.register(0).await;
    let workers = world.backend.workers();
    let listing = workers.workers().await.unwrap();
    assert_eq!((listing.workers.len(), listing.unreadable.len()), (1, 3));
    assert!(workers.dead(world.now).await.unwrap().is_empty());
    assert_eq!(workers.workers().await.unwrap().unreadable.len(), 3);
}

#[tokio::test]
async fn a_note_by_hand_is_held_and_can_be_recorded() {
    let world = World::new().await;
    let slot = world.register(0).await;
    let mut raw = world.raw().await;
    // Neither a queue nor a job nor a time.
    raw.run(r"update resque.workers set number = 4711, payload = '\x00ff'")
        .await;
    let workers = world.backend.workers();
    let leaving = [Leaving::new(slot.clone())];
    let left = workers.unregister(&leaving).await.unwrap();
    let [Left::Holding(held)] = &left[..] else {
        panic!("{left:?}");
    };
    assert_eq!(held.payload.as_bytes(), b"\x00\xff");
    // Once it has changed, what was read of it is worth nothing.
    let record = FailureRecord::new(world.now, held.payload.clone(), "Dead", "it died");
    let recovered = Settlement::recovered(held.receipt.clone(), record.on("someone", "q"));
    raw.run("update resque.workers set number = 4712").await;
    world.exchange(from_ref(&recovered), &[], "q").await;
    assert_eq!(world.backend.failures().count(None).await.unwrap(), 0);
    raw.run("update resque.workers set number = 4711").await;
    world.exchange(from_ref(&recovered), &[], "q").await;
    assert_eq!(world.backend.failures().count(None).await.unwrap(), 1);
    let left = workers.unregister(&leaving).await.unwrap();
    assert!(matches!(left[..], [Left::Gone]), "{left:?}");
}

#[tokio::test]
async fn a_note_without_a_queue_is_told_of_and_keeps_nobody_else_from_work() {
    let world = World::new().await;
    world.push("q", &["a", "b", "c"]).await;
    let (one, two) = (world.register(0).await, world.register(1).await);
    world.exchange(&[], &[one.clone(), two.clone()], "q").await;
    let mut raw = world.raw().await;
    raw.run("update resque.workers set queue = 'a,b' where payload = 'a'")
        .await;
    let three = world.register(2).await;
    let again = world.exchange(&[], &[one.clone(), two, three], "q").await;
    assert_eq!(given(&again), ["b", "c"]);
    let [trouble] = &again.troubles[..] else {
        panic!("{:?}", again.troubles);
    };
    let text = trouble.to_string();
    assert!(text.contains(one.as_str()), "{text}");
    assert!(text.contains("a,b"), "{text}");
}

#[tokio::test]
async fn nothing_that_is_a_name_here_holds_nul_and_every_payload_may() {
    assert!(QueueName::new("a\0b").is_err());
    assert!(WorkerId::new("host\0:1:q").is_err());
    let world = World::new().await;
    let bytes: Vec<u8> = (0..=255).collect();
    let job = resque_core::Enqueue::new(name("q"), bytes.clone());
    world.backend.queues().push(&[job]).await.unwrap();
    let slot = world.register(0).await;
    let taken = world.exchange(&[], from_ref(&slot), "q").await;
    assert_eq!(taken.reserved[0].payload.as_bytes(), bytes);
}
