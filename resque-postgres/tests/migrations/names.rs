//! Names of schemas that need more than to be written down, side by side in one database.

use std::slice::from_ref;

use resque_core::{Backend, Enqueue, FailureRecord, Page, QueueName, Settlement, WorkerId};
use resque_postgres::{Config, Migrator, PostgresBackend};
use resque_testserver::Postgres;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::on;

fn names() -> Vec<String> {
    let mut names = [
        "resque",
        "Resque",
        "resque.resque",
        "'resque'",
        r#"it's "quoted""#,
        "$$",
        "a$$; drop schema resque cascade; $$b",
        "$do$ $do$x0$",
        r"back\slash \",
        "select",
        "with\nnewline\tand\u{1}",
        "größe 😀 العربية",
        " ",
    ]
    .map(String::from)
    .to_vec();
    // As long as names get, and no letter cut in two.
    names.extend(["x".repeat(63), format!("{}y", "ü".repeat(31))]);
    names
}

/// Lets a job fail, delays one, and leaves one that nobody but the namespace's own worker finds.
async fn use_it(backend: &Backend, name: &str) {
    let queues = backend.queues();
    let queue = QueueName::new("q").expect("a name");
    let from = "q".parse().expect("a list");
    let now = backend.workers().server_time().await.expect("a time");
    let waiting = queues.waiting().expect("waiting");
    let ticket = waiting.ticket(&from).await.expect("a ticket");
    let due = now + std::time::Duration::from_secs(60);
    let jobs = [
        Enqueue::new(queue.clone(), format!("{name} 1")),
        Enqueue::new(queue.clone(), format!("{name} 2")),
        Enqueue::at(queue.clone(), format!("{name} 3"), due),
    ];
    queues.push(&jobs).await.expect("to be pushed");
    waiting.wait(ticket, &from).await.expect("to be woken");
    let id = WorkerId::compose("host", "a1b2c", 1, 0, "q").expect("an id");
    let workers = backend.workers();
    workers.register(from_ref(&id), now).await.expect("a place");
    let taken = queues.exchange(&[], from_ref(&id), &from, now).await;
    let taken = taken.expect("a job").reserved.remove(0);
    assert_eq!(taken.payload.as_bytes(), format!("{name} 1").as_bytes());
    let record = FailureRecord::new(now, taken.payload, "E", "e").on("w", "q");
    let failed = [Settlement::failed(taken.receipt, record)];
    queues
        .exchange(&failed, &[], &from, now)
        .await
        .expect("to be settled");
}

async fn check(backend: &Backend, name: &str) {
    let queue = QueueName::new("q").expect("a name");
    let queues = backend.queues();
    let left = queues.peek(&queue, Page::ALL).await.expect("a queue");
    let texts: Vec<_> = left
        .iter()
        .map(|job| job.to_text_lossy().into_owned())
        .collect();
    assert_eq!(texts, [format!("{name} 2")]);
    let delayed = queues.delayed().expect("delayed jobs");
    assert_eq!(delayed.count().await.expect("a count"), 1, "{name}");
    let failures = backend.failures().count(None).await.expect("a count");
    assert_eq!(failures, 1, "{name}");
    let processed = backend.workers().stat("processed").await;
    assert_eq!(processed.expect("a count"), 1, "{name}");
}

#[tokio::test]
async fn namespaces_live_side_by_side_whatever_they_are_called() {
    let server = Postgres::new().start().unwrap();
    let configs: Vec<Config> = names().iter().map(|name| on(server.url(), name)).collect();
    let mut backends = Vec::new();
    for config in &configs {
        let builder = PostgresBackend::builder(config.clone()).migrate(true);
        let backend = builder.connect().await.unwrap();
        use_it(&backend, config.namespace()).await;
        backends.push(backend);
    }
    for (config, backend) in configs.iter().zip(&backends) {
        check(backend, config.namespace()).await;
    }
    // One after another goes, and takes nothing of the others along.
    for (index, config) in configs.iter().enumerate() {
        Migrator::new(config.clone()).down_to(0).await.unwrap();
        if let Some(next) = configs.get(index + 1) {
            check(&backends[index + 1], next.namespace()).await;
        }
    }
}

#[tokio::test]
async fn a_session_that_reads_backslashes_in_its_own_way_finds_the_schema_too() {
    let server = Postgres::new().start().unwrap();
    let mut owner = PgConnection::connect(server.url()).await.unwrap();
    let old = "alter database postgres set standard_conforming_strings = off";
    sqlx::raw_sql(AssertSqlSafe(old))
        .execute(&mut owner)
        .await
        .unwrap();
    let name = r"it's back\slash \";
    let config = on(server.url(), name);
    let builder = PostgresBackend::builder(config).migrate(true);
    let backend = builder.connect().await.unwrap();
    use_it(&backend, name).await;
    check(&backend, name).await;
}
