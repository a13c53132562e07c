//! Jobs that are enqueued in transactions of the application.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use resque_core::{
    Client, Enqueue, EnqueueContext, Enqueued, Error, Hooks, Job, JobContext, JobError, JobResult,
    NewJob, Pushed,
};
use resque_postgres::{Config, Outbox, PostgresBackend};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{Connection as _, query};

use crate::support::{World, job, name};

#[derive(Serialize, Deserialize)]
struct Confirm {
    order: i64,
    email: String,
}

impl Job for Confirm {
    const CLASS: &'static str = "Confirm";
    const QUEUE: &'static str = "mail";

    async fn perform(self, _ctx: &JobContext) -> JobResult {
        Ok(())
    }
}

/// A job without a queue of its own.
#[derive(Serialize, Deserialize)]
struct Homeless;

impl Job for Homeless {
    const CLASS: &'static str = "Homeless";
    const QUEUE: &'static str = "";

    async fn perform(self, _ctx: &JobContext) -> JobResult {
        Ok(())
    }
}

const TEXT: &str = r#"{"class":"Confirm","args":[44,"ada@example.org"]}"#;

fn confirm() -> Confirm {
    Confirm {
        order: 44,
        email: "ada@example.org".to_owned(),
    }
}

fn outbox(world: &World, hooks: Hooks) -> Outbox {
    let client = Client::new(world.backend.clone()).with_hooks(hooks);
    Outbox::new(client, &world.config)
}

#[tokio::test]
async fn a_job_exists_if_and_only_if_the_transaction_commits() {
    let world = World::new().await;
    let outbox = outbox(&world, Hooks::new());
    let mut connection = world.connection().await;

    let mut transaction = connection.begin().await.unwrap();
    let enqueued = outbox.enqueue_in(&mut transaction, &confirm()).await;
    assert_eq!(enqueued.unwrap(), Enqueued::Queued { length: 1 });
    assert!(world.waiting("mail").await.is_empty(), "before the end");
    transaction.rollback().await.unwrap();
    assert!(world.waiting("mail").await.is_empty(), "rolled back");

    // One that is dropped is rolled back too.
    let mut transaction = connection.begin().await.unwrap();
    outbox
        .enqueue_in(&mut transaction, &confirm())
        .await
        .unwrap();
    drop(transaction);
    connection.ping().await.unwrap();
    assert!(world.waiting("mail").await.is_empty(), "dropped");

    let mut transaction = connection.begin().await.unwrap();
    outbox
        .enqueue_in(&mut transaction, &confirm())
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(world.waiting("mail").await, [TEXT]);
}

#[tokio::test]
async fn what_is_undone_to_a_savepoint_is_not_enqueued() {
    let world = World::new().await;
    let outbox = outbox(&world, Hooks::new());
    let mut connection = world.connection().await;
    let mut outer = connection.begin().await.unwrap();
    outbox
        .enqueue_in_to(&mut outer, "outer", &confirm())
        .await
        .unwrap();
    let mut inner = outer.begin().await.unwrap();
    outbox
        .enqueue_in_to(&mut inner, "inner", &confirm())
        .await
        .unwrap();
    inner.rollback().await.unwrap();
    outer.commit().await.unwrap();
    assert_eq!(world.waiting("outer").await, [TEXT]);
    assert!(world.waiting("inner").await.is_empty());
}

#[tokio::test]
async fn payloads_go_in_as_they_are_in_order_and_later() {
    let world = World::new().await;
    let outbox = outbox(&world, Hooks::new());
    let mut connection = world.connection().await;
    let bytes = Enqueue::new(name("q"), &b"\xff\0no job"[..]);
    let later = Enqueue::at(name("q"), "later", world.now + Duration::from_secs(60));
    let batch = [job("q", "a"), bytes.clone(), later, job("r", "b")];
    let pushed = outbox.push_in(&mut connection, &batch).await.unwrap();
    assert_eq!(
        pushed,
        [
            Pushed::Queued { length: 1 },
            Pushed::Queued { length: 2 },
            Pushed::Delayed,
            Pushed::Queued { length: 1 },
        ]
    );
    let queues = world.backend.queues();
    let waiting = queues.peek(&name("q"), resque_core::Page::ALL).await;
    assert_eq!(waiting.unwrap()[1], bytes.payload);
    assert_eq!(world.waiting("r").await, ["b"]);
    assert_eq!(queues.delayed().unwrap().count().await.unwrap(), 1);
    assert_eq!(outbox.push_in(&mut connection, &[]).await.unwrap(), []);
}

#[tokio::test]
async fn a_delay_counts_from_the_time_of_the_server_and_needs_no_second_connection() {
    let world = World::new().await;
    let server = resque_testserver::shared_postgres().expect("a Postgres server");
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect(server.url())
        .await
        .unwrap();
    let over = PostgresBackend::over(pool.clone()).namespace(world.config.namespace());
    let client = Client::new(over.unwrap().connect().await.unwrap());
    let outbox = Outbox::new(client, &world.config);
    let mut transaction = pool.begin().await.unwrap();
    let hour = Duration::from_secs(3600);
    let jobs = vec![
        NewJob::of(&confirm()).after(hour),
        NewJob::raw("Raw", &(1,)).to("q"),
        NewJob::of(&confirm()).at(world.now - hour),
    ];
    let enqueued = outbox.submit_all_in(&mut transaction, jobs).await.unwrap();
    transaction.commit().await.unwrap();
    let Enqueued::Delayed { due } = enqueued[0] else {
        panic!("{enqueued:?}");
    };
    assert!(due >= world.now + hour && due < world.now + 2 * hour);
    let delayed = world.backend.queues().delayed().unwrap();
    let delayed = delayed.list(None, 9).await.unwrap().jobs;
    assert_eq!(delayed.len(), 1);
    assert_eq!(delayed[0].due, due);
    assert_eq!(world.waiting("q").await, [r#"{"class":"Raw","args":[1]}"#]);
    assert_eq!(world.waiting("mail").await, [TEXT], "a time that has come");
}

#[tokio::test]
async fn what_is_no_job_is_refused_before_the_transaction_is_touched() {
    let world = World::new().await;
    let outbox = outbox(&world, Hooks::new());
    let mut connection = world.connection().await;
    let mut transaction = connection.begin().await.unwrap();
    let homeless = outbox.enqueue_in(&mut transaction, &Homeless).await;
    assert!(matches!(homeless, Err(Error::NoQueue { .. })));
    let comma = outbox
        .enqueue_in_to(&mut transaction, "a,b", &confirm())
        .await;
    assert!(matches!(comma, Err(Error::InvalidQueueName { .. })));
    let jobs = vec![
        NewJob::of(&confirm()),
        NewJob::raw("Nan", &(f64::NAN,)).to("q"),
    ];
    let encoded = outbox.submit_all_in(&mut transaction, jobs).await;
    assert!(matches!(encoded, Err(Error::Encode { .. })));
    let nameless = NewJob::raw("", &(1,)).to("q");
    let nameless = outbox.submit_in(&mut transaction, nameless).await;
    assert!(matches!(nameless, Err(Error::NoClass)));
    outbox
        .enqueue_in(&mut transaction, &confirm())
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(world.waiting("mail").await, [TEXT]);
}

#[tokio::test]
async fn hooks_run_and_may_refuse() {
    let world = World::new().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let (before, after) = (Arc::clone(&told), Arc::clone(&told));
    let hooks = Hooks::new()
        .before_enqueue("gate", move |job: EnqueueContext| {
            let order = job.args::<(i64, String)>().map(|(order, _)| order);
            before.lock().unwrap().push(format!("before {order:?}"));
            async move { Ok(order? != 13) }
        })
        .after_enqueue("notice", move |job: EnqueueContext| {
            after.lock().unwrap().push(format!("after {}", job.queue()));
            async { Ok(()) }
        });
    let outbox = outbox(&world, hooks);
    let mut connection = world.connection().await;
    let refused = Confirm {
        order: 13,
        ..confirm()
    };
    let jobs = vec![NewJob::of(&refused), NewJob::of(&confirm())];
    let enqueued = outbox.submit_all_in(&mut connection, jobs).await.unwrap();
    assert_eq!(
        enqueued,
        [Enqueued::Refused, Enqueued::Queued { length: 1 }]
    );
    assert_eq!(world.waiting("mail").await, [TEXT]);
    assert_eq!(
        *told.lock().unwrap(),
        ["before Ok(13)", "before Ok(44)", "after mail"]
    );
    let only = outbox.enqueue_in(&mut connection, &refused).await.unwrap();
    assert_eq!(only, Enqueued::Refused);
}

#[tokio::test]
async fn a_hook_that_fails_leaves_the_transaction_usable() {
    let world = World::new().await;
    let hooks = Hooks::new().before_enqueue("broken", |_| async {
        Err(JobError::new("Broken", "the hook broke"))
    });
    let outbox = outbox(&world, hooks);
    let mut connection = world.connection().await;
    let mut transaction = connection.begin().await.unwrap();
    let error = outbox.enqueue_in(&mut transaction, &confirm()).await;
    assert!(matches!(error, Err(Error::Hook { .. })), "{error:?}");
    query("select 1").execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(world.waiting("mail").await.is_empty());
}

#[tokio::test]
async fn workers_are_woken_by_the_commit_and_not_before() {
    let world = World::new().await;
    let outbox = outbox(&world, Hooks::new());
    let server = resque_testserver::shared_postgres().expect("a Postgres server");
    let mut listener = PgListener::connect(server.url()).await.unwrap();
    listener.listen(world.config.namespace()).await.unwrap();
    let note = world.sql("insert into resque.sleepers (id, queues) values (4711, '{mail}')");
    let (mut connection, mut other) = (world.connection().await, world.connection().await);
    query(note).execute(&mut other).await.unwrap();

    let mut transaction = connection.begin().await.unwrap();
    outbox
        .enqueue_in(&mut transaction, &confirm())
        .await
        .unwrap();
    // Announcements come in the order of their commits.
    query("select pg_notify($1, 'before')")
        .bind(world.config.namespace())
        .execute(&mut other)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let mut heard = Vec::new();
    for _ in 0..2 {
        heard.push(listener.recv().await.unwrap().payload().to_owned());
    }
    assert_eq!(heard, ["before", "4711"]);
}

#[tokio::test]
async fn an_aborted_transaction_and_missing_tables_are_told() {
    let world = World::new().await;
    let right = outbox(&world, Hooks::new());
    let mut connection = world.connection().await;
    let mut transaction = connection.begin().await.unwrap();
    query("select 1/0")
        .execute(&mut *transaction)
        .await
        .unwrap_err();
    let error = right
        .enqueue_in(&mut transaction, &confirm())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("25P02"), "{error}");
    transaction.rollback().await.unwrap();

    let config: Config = world.config.clone().with_namespace("not there").unwrap();
    let elsewhere = Outbox::new(Client::new(world.backend.clone()), &config);
    let error = elsewhere.enqueue_in(&mut connection, &confirm()).await;
    let error = error.unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains("resque migrate"), "{error}");
}

#[tokio::test]
async fn an_outbox_moves_between_tasks() {
    let world = World::new().await;
    let outbox = outbox(&world, Hooks::new());
    let mut connection = world.connection().await;
    let task = tokio::spawn({
        let outbox = outbox.clone();
        async move { outbox.enqueue_in(&mut connection, &confirm()).await }
    });
    assert!(task.await.unwrap().unwrap().is_taken());
    assert_eq!(world.waiting("mail").await, [TEXT]);
}
