//! Waking up, at the moments at which it is easily missed.

use std::time::Duration;

use resque_core::{QueueBackend, QueueList, Result, Ticket, WaitForJobs};
use resque_postgres::PostgresBackend;
use tokio::task::JoinHandle;

use crate::support::{Raw, World, push, until};

const PUT: &str = "select resque.push(array['q'], array[1], array['a'::bytea], '{}', '{}', '{}')";
const NOTES: &str = "select count(*) from resque.sleepers";

fn from() -> QueueList {
    "q".parse().expect("a list of queues")
}

fn waiting_of(queues: &dyn QueueBackend) -> &dyn WaitForJobs {
    queues.waiting().expect("waiting is offered")
}

async fn ticket(world: &World) -> Ticket {
    let waiting = waiting_of(&**world.backend.queues());
    waiting.ticket(&from()).await.expect("a ticket")
}

/// A ticket that is drawn when there is a note already; the first wait ends when it has been left.
async fn ticket_with_note(world: &World) -> Ticket {
    let early = ticket(world).await;
    woken(wait(world, early)).await.expect("to look again");
    ticket(world).await
}

fn wait(world: &World, ticket: Ticket) -> JoinHandle<Result<()>> {
    let queues = world.backend.queues().clone();
    tokio::spawn(async move { waiting_of(&*queues).wait(ticket, &from()).await })
}

async fn woken(waiting: JoinHandle<Result<()>>) -> Result<()> {
    let patience = Duration::from_secs(60);
    let ended = tokio::time::timeout(patience, waiting).await;
    ended.expect("to be woken").expect("not to panic")
}

/// Waits until so many notes are there.
async fn notes_become(world: &World, count: i64, mut step: impl AsyncFnMut()) {
    let mut raw = world.raw().await;
    let waiting = async {
        while raw.number(NOTES).await != count {
            step().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    waited.expect("the notes stay");
}

#[tokio::test]
async fn the_notes_of_those_who_have_gone_are_forgotten() {
    let world = World::new().await;
    ticket_with_note(&world).await;
    let mut gone = world.raw().await;
    gone.run("insert into resque.sleepers (id, queues) select i, '{other}' from generate_series(1, 100) i")
        .await;
    drop(gone);
    // The server notices in its own time that they have gone.
    let workers = world.backend.workers();
    notes_become(&world, 1, async || {
        workers.dead(world.now).await.unwrap();
    })
    .await;
    // Who begins to listen looks after them too.
    let mut gone = world.raw().await;
    gone.run(
        "insert into resque.sleepers (id, queues) select i, null from generate_series(1, 100) i",
    )
    .await;
    drop(gone);
    let mut raw = world.raw().await;
    notes_become(&world, 1, async || {
        let twin = world.twin().await;
        let waiting = waiting_of(&**twin.queues());
        let drawn = waiting.ticket(&from()).await.unwrap();
        waiting.wait(drawn, &from()).await.unwrap();
        drop(twin);
        // Its own one goes with it, or with the next one.
        raw.number("select 1::bigint").await;
    })
    .await;
}

#[tokio::test]
async fn who_ends_takes_its_notes_along() {
    let world = World::new().await;
    let twin = world.twin().await;
    let waiting = waiting_of(&**twin.queues());
    let drawn = waiting.ticket(&from()).await.unwrap();
    waiting.wait(drawn, &from()).await.unwrap();
    assert_eq!(world.raw().await.number(NOTES).await, 1);
    drop(twin);
    notes_become(&world, 0, async || tokio::task::yield_now().await).await;
}

#[tokio::test]
async fn who_waits_is_woken_whatever_the_schema_is_called() {
    let server = resque_testserver::shared_postgres().expect("a Postgres server");
    for name in ["$$", "$do$ $do$", r"back\slash \", "it's \"quoted\""] {
        let world = World::named(server.url(), &format!("{name} {:016x}", fastrand::u64(..))).await;
        let drawn = ticket_with_note(&world).await;
        let waiting = wait(&world, drawn);
        world.push("q", &["a"]).await;
        woken(waiting).await.unwrap();
    }
    // As long as names get.
    let longest = format!("{:x<63}", format!("{:016x}", fastrand::u64(..)));
    let world = World::named(server.url(), &longest).await;
    let drawn = ticket_with_note(&world).await;
    let waiting = wait(&world, drawn);
    world.push("q", &["a"]).await;
    woken(waiting).await.unwrap();
}

#[tokio::test]
async fn a_push_that_began_before_the_note_was_left_wakes_when_it_ends() {
    let world = World::new().await;
    let mut early = world.raw().await;
    early.run(&format!("begin; {PUT}")).await;
    let drawn = ticket_with_note(&world).await;
    assert!(world.waiting("q").await.is_empty());
    let waiting = wait(&world, drawn);
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    early.run("commit").await;
    woken(waiting).await.unwrap();
    assert_eq!(world.waiting("q").await, ["a"]);
}

#[tokio::test]
async fn it_wakes_although_an_older_transaction_goes_on() {
    let world = World::new().await;
    world.push("q", &["before"]).await;
    let (mut early, mut long) = (world.raw().await, world.raw().await);
    long.run("begin; select pg_current_xact_id()").await;
    early.run(&format!("begin; {PUT}")).await;
    let drawn = ticket_with_note(&world).await;
    let waiting = wait(&world, drawn);
    early.run("commit").await;
    woken(waiting).await.unwrap();
    assert_eq!(world.waiting("q").await, ["before", "a"]);
}

#[tokio::test]
async fn a_push_that_began_while_the_note_was_being_left_wakes_when_it_ends() {
    let world = World::new().await;
    world.push("q", &["before"]).await;
    let (mut early, mut gate) = (world.raw().await, world.raw().await);
    // The note has its number, and its commit waits.
    gate.run(
        "create function resque.wait_at_gate() returns trigger language plpgsql as $$ begin \
            perform pg_advisory_xact_lock(tableoid::bigint) from resque.sleepers; return null; end $$; \
        create constraint trigger gate after insert on resque.sleepers deferrable initially deferred \
            for each row execute function resque.wait_at_gate(); \
        select pg_advisory_lock('resque.sleepers'::regclass::oid::bigint)",
    )
    .await;
    let drawn = ticket(&world).await;
    let leaving = wait(&world, drawn);
    let held_up = "select count(*) from pg_locks where locktype = 'advisory' and not granted \
        and objid = 'resque.sleepers'::regclass::oid";
    until("the note is held up", async || {
        gate.number(held_up).await > 0
    })
    .await;
    early.run(&format!("begin; {PUT}")).await;
    gate.run("select pg_advisory_unlock('resque.sleepers'::regclass::oid::bigint)")
        .await;
    woken(leaving).await.unwrap();
    let drawn = ticket(&world).await;
    assert_eq!(world.waiting("q").await, ["before"]);
    let waiting = wait(&world, drawn);
    early.run("commit").await;
    woken(waiting).await.unwrap();
}

#[tokio::test]
async fn a_note_that_was_refused_is_left_again() {
    let world = World::new().await;
    let mut raw = world.raw().await;
    raw.run(
        "create function resque.refuse() returns trigger language plpgsql as $$ begin \
            raise exception 'full' using errcode = 'disk_full'; end $$; \
        create trigger refuse before insert on resque.sleepers for each row \
            execute function resque.refuse()",
    )
    .await;
    let drawn = ticket(&world).await;
    woken(wait(&world, drawn)).await.unwrap_err();
    raw.run("drop trigger refuse on resque.sleepers").await;
    ticket_with_note(&world).await;
    assert_eq!(raw.number(NOTES).await, 1);
}

#[tokio::test]
async fn a_push_in_a_stricter_transaction_wakes_too() {
    let world = World::new().await;
    world.push("q", &["before"]).await;
    let mut strict = world.raw().await;
    strict
        .run("begin isolation level repeatable read; select from resque.queues")
        .await;
    let drawn = ticket_with_note(&world).await;
    let waiting = wait(&world, drawn);
    strict.run(&format!("{PUT}; commit")).await;
    woken(waiting).await.unwrap();
}

#[tokio::test]
async fn a_push_that_is_rolled_back_wakes_nobody_and_hides_no_other() {
    let world = World::new().await;
    world
        .backend
        .queues()
        .create_queue(&"q".parse().unwrap())
        .await
        .unwrap();
    let drawn = ticket_with_note(&world).await;
    let waiting = wait(&world, drawn);
    let (mut undecided, mut raw) = (world.raw().await, world.raw().await);
    undecided.run(&format!("begin; {PUT}")).await;
    // The note is about to be taken away: whoever pushes now has to announce it nevertheless.
    world.push("q", &["b"]).await;
    woken(waiting).await.unwrap();
    undecided.run("rollback").await;
    assert_eq!(raw.number(NOTES).await, 1);
    assert_eq!(world.waiting("q").await, ["b"]);
}

#[tokio::test]
async fn who_drew_a_ticket_before_the_note_was_left_looks_again() {
    let world = World::new().await;
    let (early, other) = (ticket(&world).await, ticket(&world).await);
    // Nobody was told to announce this one.
    world.push("q", &["a"]).await;
    woken(wait(&world, early)).await.unwrap();
    woken(wait(&world, other)).await.unwrap();
    assert_eq!(world.raw().await.number(NOTES).await, 1);
}

#[tokio::test]
async fn a_busy_store_tells_nobody() {
    let world = World::new().await;
    let mut raw = world.raw().await;
    let drawn = ticket_with_note(&world).await;
    assert_eq!(ticket(&world).await, drawn);
    assert_eq!(raw.number(NOTES).await, 1, "one note for both tickets");
    world.push("other", &["a"]).await;
    assert_eq!(raw.number(NOTES).await, 1, "a push elsewhere");
    world.push("q", &["a"]).await;
    assert_eq!(raw.number(NOTES).await, 0, "the push took the note");
    woken(wait(&world, drawn)).await.unwrap();
}

#[tokio::test]
async fn a_lost_listener_ends_the_wait_and_the_next_ticket_makes_a_new_one() {
    let world = World::new().await;
    let mut raw = world.raw().await;
    let listeners = format!(
        "from pg_stat_activity where query = 'LISTEN \"{}\"'",
        world.config.namespace()
    );
    let count = format!("select count(*) {listeners}");
    let end = format!("select count(pg_terminate_backend(pid)) {listeners}");
    for _ in 0..3 {
        let drawn = ticket_of_who_listens(&world, &mut raw, &count).await;
        let waiting = wait(&world, drawn);
        until("the wait ends", async || {
            raw.number(&end).await;
            waiting.is_finished()
        })
        .await;
        // It may have woken for no reason before.
        if let Err(lost) = woken(waiting).await {
            assert!(lost.is_transient(), "{lost}");
        }
        until("nobody listens", async || raw.number(&end).await == 0).await;
    }
    let drawn = ticket_of_who_listens(&world, &mut raw, &count).await;
    let waiting = wait(&world, drawn);
    push(&world.twin().await, "q", &["a"]).await;
    woken(waiting).await.unwrap();
}

/// A ticket that is drawn when the server has a listener, and a note of it. Until then every wait ends:
/// because a loss is told of, or when a note was left anew.
async fn ticket_of_who_listens(world: &World, raw: &mut Raw, count: &str) -> Ticket {
    while raw.number(count).await == 0 {
        if let Err(lost) = woken(wait(world, ticket(world).await)).await {
            assert!(lost.is_transient(), "{lost}");
        }
    }
    ticket(world).await
}

#[tokio::test]
async fn without_announcements_a_wait_ends_by_itself() {
    let world = World::new().await;
    let config = world.config.clone().with_announcements(false);
    let backend = PostgresBackend::builder(config).connect().await.unwrap();
    let waiting = backend.queues().waiting().unwrap();
    let drawn = waiting.ticket(&from()).await.unwrap();
    waiting.wait(drawn, &from()).await.unwrap();
    assert_eq!(world.raw().await.number(NOTES).await, 0);
}
