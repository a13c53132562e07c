//! What was there before an upgrade is there afterwards, and works.

use std::slice::from_ref;
use std::time::Duration;

use resque_core::{
    Backend, FailureQuery, LoanRequest, Page, QueueList, QueueName, Settled, Settlement, WorkerId,
};
use resque_postgres::{Config, Migrator, PostgresBackend, VERSION};

use crate::support::{config, run, texts};

const HOLDER: &str = "host~a1b2c:1-0:q";

/// One of everything, by what every version has had since the first.
const FILL: &str = r#"
    select SCHEMA.push(array['q', 'stopped'], array[1, 1, 2],
        array['waits 1', 'waits 2', 'stands']::bytea[],
        array['q'], array[timestamptz '2999-01-01'], array['\x00ff']::bytea[]);
    update SCHEMA.queues set stopped = true where name = 'stopped';
    insert into SCHEMA.workers (id, started, heartbeat, mark, number, queue, payload, since,
        waited_since, processed, total_processed)
    values ('host~a1b2c:1-0:q', now(), now(), nextval('SCHEMA.numbers'), nextval('SCHEMA.numbers'),
        'q', 'is held', now(), now(), 3, 3);
    insert into SCHEMA.counters (name, value) values ('processed', 4), ('mine', 5);
    insert into SCHEMA.failures (failed_at, queue, worker, exception, error, backtrace, payload)
    values (now(), 'q', 'w', 'E', 'e', '{}', 'has failed')"#;

async fn connect(config: &Config) -> Backend {
    let connected = PostgresBackend::builder(config.clone()).connect().await;
    connected.expect("a backend")
}

/// Everything of [`FILL`] is there and in working order.
async fn check(backend: &Backend) {
    let (queues, workers) = (backend.queues(), backend.workers());
    let name = |text: &str| QueueName::new(text).expect("a name");
    let now = workers.server_time().await.expect("a time");
    let holder = WorkerId::new(HOLDER).expect("an id");
    let from = "*".parse().expect("a list");

    let held = workers.register(from_ref(&holder), now).await;
    let held = held.expect("to be registered").remove(0);
    assert_eq!(held.payload.as_bytes(), b"is held");
    let done = [Settlement::done(held.receipt)];
    let next = queues.exchange(&done, from_ref(&holder), &from, now).await;
    let next = next.expect("an exchange");
    assert!(matches!(next.settled[..], [Settled::Applied]));
    assert_eq!(next.reserved[0].payload.as_bytes(), b"waits 1");
    assert_eq!(workers.stat("processed").await.expect("a count"), 8);
    assert_eq!(workers.stat("mine").await.expect("a count"), 5);

    let stands = queues.peek(&name("stopped"), Page::ALL).await;
    assert_eq!(stands.expect("a queue").len(), 1);
    let listing = queues.queues().await.expect("a listing");
    assert!(listing.get("stopped").expect("the queue").stopped);
    let delayed = queues.delayed().expect("delayed jobs");
    let page = delayed.list(None, 9).await.expect("a page");
    assert_eq!(page.jobs[0].payload.as_bytes(), b"\x00\xff");
    let failures = backend.failures().list(&FailureQuery::default()).await;
    let entries = failures.expect("a list").entries;
    let record = entries[0].content.record().expect("a record");
    assert_eq!(record.payload.as_bytes(), b"has failed");
    assert_eq!(backend.failures().count(None).await.expect("a count"), 1);
    assert_eq!(
        backend.failures().count(Some("q")).await.expect("a count"),
        1
    );
}

#[tokio::test]
async fn from_every_version_to_the_newest() {
    for from in 1..=VERSION {
        let config = config(&format!("upgrade from {from}"));
        let migrator = Migrator::new(config.clone());
        migrator.up_to(from).await.unwrap();
        run(&config, FILL).await;
        let steps = usize::try_from(VERSION - from).unwrap();
        assert_eq!(migrator.up().await.unwrap(), steps);
        check(&connect(&config).await).await;
    }
}

#[tokio::test]
async fn back_to_every_version_and_up_again() {
    for to in (1..=VERSION).rev().skip(1) {
        let config = config(&format!("back to {to}"));
        let migrator = Migrator::new(config.clone());
        migrator.up().await.unwrap();
        let first = catalog(&config).await;
        run(&config, FILL).await;
        let steps = usize::try_from(VERSION - to).unwrap();
        assert_eq!(migrator.down_to(to).await.unwrap(), steps);
        assert_eq!(migrator.up().await.unwrap(), steps);
        check(&connect(&config).await).await;
        assert_eq!(catalog(&config).await, first, "back to {to}");
    }
}

#[tokio::test]
async fn what_is_lent_goes_back_with_the_tables_of_loans() {
    let config = config("lent");
    let migrator = Migrator::new(config.clone());
    migrator.up().await.unwrap();
    run(&config, FILL).await;
    let backend = connect(&config).await;
    let now = backend.workers().server_time().await.unwrap();
    let from = QueueList::one(QueueName::new("q").unwrap());
    let request = LoanRequest::new(&from, 1, now + Duration::from_secs(3_600));
    let loans = backend.queues().loans().unwrap();
    let lent = loans.lend(&request, now).await.unwrap();
    assert_eq!(lent.loans[0].payload.as_bytes(), b"waits 1");
    migrator.down_to(4).await.unwrap();
    let waiting = "select convert_from(payload, 'UTF8') from SCHEMA.jobs order by queue, pos";
    let waiting = texts(&config, waiting).await;
    assert_eq!(waiting, ["waits 1", "waits 2", "stands"]);
}

#[tokio::test]
async fn whoever_finds_an_older_version_says_so_and_touches_nothing() {
    for version in 0..VERSION {
        let config = config(&format!("older {version}"));
        let migrator = Migrator::new(config.clone());
        migrator.up_to(version).await.unwrap();
        let before = catalog(&config).await;
        let refused = PostgresBackend::builder(config.clone()).connect().await;
        let error = refused.unwrap_err().to_string();
        let found = match version {
            0 => "no tables of Resque".to_owned(),
            _ => format!("version {version} of the tables"),
        };
        assert!(error.contains(&found), "{error}");
        assert!(error.contains("`resque migrate` makes it"), "{error}");
        assert_eq!(catalog(&config).await, before);
    }
}

/// What a schema is made of.
async fn catalog(config: &Config) -> Vec<String> {
    let text = "
        select relkind::text || ' ' || relname || ' ' || coalesce(reloptions::text, '')
            || coalesce(' ' || pg_get_indexdef(i.indexrelid), '')
        from pg_class c left join pg_index i on i.indexrelid = c.oid
        where relnamespace = 'SCHEMA'::regnamespace
        union all
        select c.relname::text || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
            || ' ' || a.attnotnull::text || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
        from pg_attribute a join pg_class c on c.oid = a.attrelid
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where c.relnamespace = 'SCHEMA'::regnamespace and c.relkind = 'r'
            and a.attnum > 0 and not a.attisdropped
        union all
        select pg_get_functiondef(p.oid) || coalesce(p.proacl::text, '') from pg_proc p
        where p.pronamespace = 'SCHEMA'::regnamespace and p.prokind = 'f'
        union all
        select c.conname::text || ' ' || pg_get_constraintdef(c.oid) from pg_constraint c
        where c.connamespace = 'SCHEMA'::regnamespace
        order by 1";
    texts(config, text).await
}
