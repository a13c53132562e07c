//! The roles of docs/postgres.md: what each can do, and what it cannot.

use std::future::Future;
use std::slice::from_ref;
use std::time::Duration;

use resque_core::worker::WorkerEnv;
use resque_core::{
    Backend, Client, Enqueue, Error, FailureQuery, JobError, Lease, LoanRequest, LoanSettlement,
    Lock, NewJob, Page, Pushed, QueueList, Settled, Worker,
};
use resque_postgres::{Config, Outbox, PostgresBackend};
use sqlx::postgres::{PgConnection, PgDatabaseError};
use sqlx::{AssertSqlSafe, Connection as _, raw_sql};

use crate::abilities::use_each;
use crate::support::{World, job, name, role, slot};

const PAGE: &str = include_str!("../../../docs/postgres.md");

/// A role of the page on a schema of the test's own.
struct Role {
    world: World,
    name: String,
    config: Config,
    url: String,
}

impl Role {
    /// Makes the role with the grants that the page gives it.
    async fn new(kind: &str) -> Self {
        let world = World::new().await;
        let on_page = format!("resque_{kind}");
        // Roles are shared by all databases of a server.
        let name = role(&on_page);
        let grants = grants(&on_page);
        assert!(!grants.is_empty(), "the page grants {on_page} nothing");
        let grants = grants.replace(&on_page, &name);
        let schema = format!("schema \"{}\"", world.config.namespace());
        let grants = grants.replace("schema resque", &schema);
        let mut owner = world.connection().await;
        let make = format!("create role {name} login; {grants}");
        let made = raw_sql(world.sql(&make)).execute(&mut owner).await;
        made.expect("the page's grants to be executed");
        let server = resque_testserver::shared_postgres().expect("a Postgres server");
        let url = server.url().replacen("postgres@", &format!("{name}@"), 1);
        let config = Config::parse(&url).expect("a URL");
        let config = config.with_namespace(world.config.namespace());
        Self {
            world,
            name,
            config: config.expect("a name"),
            url,
        }
    }

    async fn backend(&self) -> Backend {
        let connected = PostgresBackend::builder(self.config.clone()).connect();
        connected.await.expect("to be let in")
    }

    async fn connection(&self) -> PgConnection {
        let connected = PgConnection::connect(&self.url).await;
        connected.expect("to be let in")
    }

    /// Executes each statement as the role and expects it to be refused for want of a right.
    async fn is_refused(&self, statements: &[&str]) {
        let mut connection = self.connection().await;
        for text in statements {
            let done = raw_sql(self.world.sql(text)).execute(&mut connection).await;
            let error = done.err().unwrap_or_else(|| {
                panic!("{} was allowed: {text}", self.name);
            });
            let error = error.into_database_error().expect("a refusal");
            let error = error.downcast_ref::<PgDatabaseError>();
            assert_eq!(error.code(), "42501", "{text}: {}", error.message());
        }
    }

    /// Removes the role, so that a server that stays is left as it was.
    async fn remove(self) {
        let mut owner = self.world.connection().await;
        let drop = format!("drop owned by {0}; drop role {0}", self.name);
        let dropped = raw_sql(AssertSqlSafe(drop)).execute(&mut owner).await;
        dropped.expect("to be dropped");
    }
}

/// The statements of the page that end with `to ROLE` or `from ROLE`.
fn grants(role: &str) -> String {
    let (_, roles) = PAGE.split_once("<!-- roles:").expect("the roles");
    let blocks = roles.split("```sql\n").skip(1);
    let blocks = blocks.filter_map(|rest| Some(rest.split_once("```")?.0));
    blocks
        .filter(|block| block.contains(&format!("to {role};")))
        .collect()
}

/// The backend refuses for want of a right.
async fn forbidden<T: std::fmt::Debug>(call: impl Future<Output = Result<T, Error>>) {
    let error = call.await.expect_err("a refusal");
    let Error::Rejected {
        reason, transient, ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert!(!transient, "{error}");
    assert!(reason.contains("42501"), "{error}");
}

/// What nobody but the owner can do.
const OF_THE_OWNER: &[&str] = &[
    "drop table resque.jobs",
    "drop table resque.migrations",
    "alter table resque.jobs add column spy text",
    "truncate resque.jobs",
    "create table resque.mine (id int)",
    "create trigger spy before insert on resque.jobs for each row execute function resque.count_failures()",
    "drop function resque.push",
    "alter function resque.push cost 1",
    "create or replace function resque.is_outdated(p_seen text) returns boolean language sql as 'select true'",
    "insert into resque.migrations (version, name) values (99, 'x')",
    "update resque.migrations set version = 99",
    "delete from resque.migrations",
];

const ENQUEUE: &str = "select resque.enqueue('q', 'A', '[1]')";

#[tokio::test]
async fn sql_only_enqueues_and_sees_no_table() {
    let role = Role::new("sql").await;
    let mut connection = role.connection().await;
    let calls = "select resque.enqueue('q', 'A');
        select resque.enqueue('q', 'B', '[1]'::json);
        select resque.enqueue('q', 'C', '[1]'::jsonb);
        select resque.enqueue('q', 'D', '[1]', now() + interval '1 day');
        select resque.enqueue('q', 'E', '[1]'::json, now() + interval '1 day');
        select resque.enqueue('q', 'F', '[1]'::jsonb, now() + interval '1 day')";
    // Nothing of the caller's can get in between.
    let calls = format!("create temporary table jobs (x int); {calls}");
    let called = raw_sql(role.world.sql(&calls)).execute(&mut connection);
    called.await.unwrap();
    assert_eq!(role.world.waiting("q").await.len(), 3);
    let delayed = role.world.backend.queues().delayed().unwrap();
    assert_eq!(delayed.count().await.unwrap(), 3);
    role.is_refused(OF_THE_OWNER).await;
    role.is_refused(&[
        "select resque.payload_of('q', 'A', '[]')",
        "select from resque.jobs",
        "select from resque.queues",
        "insert into resque.jobs (queue, payload) values (1, 'x')",
        "select resque.push(array['q'], array[1], array['a'::bytea], '{}', '{}', '{}')",
    ])
    .await;
    drop(connection);
    role.remove().await;
}

#[tokio::test]
async fn a_producer_enqueues_and_nothing_else() {
    let role = Role::new("producer").await;
    // A worker sleeps, and is to be woken.
    let mut owner = role.world.connection().await;
    let sleep = "insert into resque.sleepers (id, queues) values (4711, '{q}')";
    let slept = raw_sql(role.world.sql(sleep)).execute(&mut owner);
    slept.await.unwrap();
    role.world.push("q", &["secret"]).await;
    let slept = raw_sql(role.world.sql(sleep)).execute(&mut owner);
    slept.await.unwrap();

    let backend = role.backend().await;
    let client = Client::new(backend.clone());
    client.enqueue_raw("q", "A", &(1,)).await.unwrap();
    client.enqueue_raw("made", "A", &(2,)).await.unwrap();
    let later = NewJob::raw("A", &(3,)).to("q");
    let later = later.after(Duration::from_secs(60));
    client.submit(later).await.unwrap();
    let notes = "select count(*) from resque.sleepers";
    assert_eq!(role.world.raw().await.number(notes).await, 0, "woken");
    // A queue that was deleted comes back.
    role.world
        .backend
        .queues()
        .delete_queue(&name("made"))
        .await
        .unwrap();
    let outbox = Outbox::new(client, &role.config);
    let mut connection = role.connection().await;
    let mut transaction = connection.begin().await.unwrap();
    let again = NewJob::raw("A", &(4,)).to("made");
    outbox.submit_in(&mut transaction, again).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(role.world.waiting("q").await.len(), 2);
    assert_eq!(role.world.waiting("made").await.len(), 1);
    let delayed = role.world.backend.queues().delayed().unwrap();
    assert_eq!(delayed.count().await.unwrap(), 1);
    let queues = backend.queues();
    assert!(queues.create_queue(&name("empty")).await.unwrap());
    assert!(!queues.create_queue(&name("empty")).await.unwrap());
    // One of two jobs with the same lock, at once and later.
    for (place, due) in [("now", None), ("later", Some(role.world.now))] {
        let mut unique = job("unique", "a");
        unique.due = due;
        unique.lock = Some(Box::new(Lock {
            lease: Lease::new(place, "digest"),
            now: role.world.now,
            until: role.world.now + Duration::from_secs(60),
        }));
        let pushed = queues.push(&[unique.clone(), unique]).await.unwrap();
        assert_eq!(pushed[1], Pushed::Duplicate, "{place}");
        assert_ne!(pushed[0], Pushed::Duplicate, "{place}");
    }
    assert_eq!(role.world.waiting("unique").await, ["a"]);

    let q: QueueList = "q".parse().unwrap();
    forbidden(queues.pop(&q, 1)).await;
    forbidden(queues.exchange(&[], &[slot(0)], &q, role.world.now)).await;
    forbidden(queues.peek(&name("q"), Page::ALL)).await;
    forbidden(queues.clear()).await;
    forbidden(backend.failures().count(None)).await;
    forbidden(backend.workers().workers()).await;
    role.is_refused(OF_THE_OWNER).await;
    role.is_refused(&[
        "select payload from resque.jobs",
        "delete from resque.jobs",
        "update resque.jobs set payload = ''",
        "insert into resque.jobs (queue, pos, payload) values (1, -9, '')",
        "select from resque.delayed",
        "delete from resque.delayed",
        "update resque.queues set stopped = true",
        "update resque.queues set name = 'x'",
        "delete from resque.queues",
        "update resque.settings set paused = true",
        "select payload from resque.workers",
        "select from resque.failures",
        ENQUEUE,
    ])
    .await;
    assert_eq!(role.world.waiting("q").await.len(), 2);
    drop(connection);
    role.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_works_and_changes_no_table() {
    let role = Role::new("worker").await;
    let backend = role.backend().await;
    let client = Client::new(backend.clone());
    for class in ["Fine", "Broken", "Again"] {
        client.enqueue_raw("q", class, &(1,)).await.unwrap();
    }
    let env = WorkerEnv::from_vars([("INTERVAL", "0")]).unwrap();
    let worker = Worker::builder(backend.clone())
        .env(&env)
        .queues("*")
        .register_fn("Fine", |_: (i32,), _| async { Ok(()) })
        .register_fn("Broken", |_: (i32,), _| async {
            Err::<(), _>(JobError::new("Broken", "as ordered"))
        });
    let report = worker.build().unwrap().run().await.unwrap();
    assert_eq!((report.processed, report.failed), (3, 2));
    let failures = backend.failures();
    assert_eq!(failures.count(None).await.unwrap(), 2);
    let queues = backend.queues();
    let waiting = queues.waiting().unwrap();
    let q: QueueList = "q".parse().unwrap();
    let ticket = waiting.ticket(&q).await.unwrap();
    // Leaves a note and takes it for read.
    role.world.push("q", &["new"]).await;
    waiting.wait(ticket, &q).await.unwrap();
    let later = Enqueue::at(name("q"), "later", role.world.now);
    queues.push(from_ref(&later)).await.unwrap();
    let due = role.world.now + Duration::from_secs(1);
    let promoted = queues.delayed().unwrap().promote("me", due, 9).await;
    assert_eq!(promoted.unwrap().moved, 1);
    queues.control().unwrap().set_paused(true).await.unwrap();
    queues.control().unwrap().set_paused(false).await.unwrap();
    let loans = queues.loans().unwrap();
    let until = due + Duration::from_secs(1);
    let request = LoanRequest::new(&q, 1, until);
    assert_eq!(loans.lend(&request, due).await.unwrap().loans.len(), 1);
    assert_eq!(loans.put_back(9, until).await.unwrap().jobs, 1);
    let mut lent = loans.lend(&request, due).await.unwrap();
    let done = LoanSettlement::done(lent.loans.remove(0).receipt);
    let settled = loans.settle(&[done], due).await.unwrap();
    assert!(matches!(settled[..], [Settled::Applied]), "{settled:?}");
    use_each(&backend, role.world.now).await;
    queues.clear().await.unwrap();
    failures.clear(None).await.unwrap();
    role.is_refused(OF_THE_OWNER).await;
    role.is_refused(&[ENQUEUE]).await;
    role.remove().await;
}

#[tokio::test]
async fn a_dashboard_looks_and_changes_nothing() {
    let role = Role::new("dashboard").await;
    role.world.push("q", &["a"]).await;
    role.world.register(0).await;
    let backend = role.backend().await;
    let queues = backend.queues();
    assert_eq!(queues.queues().await.unwrap().get("q").unwrap().length, 1);
    assert_eq!(queues.peek(&name("q"), Page::ALL).await.unwrap().len(), 1);
    let workers = backend.workers();
    assert_eq!(workers.workers().await.unwrap().workers.len(), 1);
    workers.stat("processed").await.unwrap();
    let failures = backend.failures();
    failures.count(None).await.unwrap();
    let newest = FailureQuery::default();
    let list = failures.list(&newest);
    assert!(list.await.unwrap().entries.is_empty());
    let delayed = queues.delayed().unwrap();
    assert!(delayed.list(None, 9).await.unwrap().jobs.is_empty());
    queues.control().unwrap().paused().await.unwrap();
    // It sees what is over and was not put back, and puts nothing back.
    role.world.push("lent", &["l"]).await;
    let (lent, now) = ("lent".parse().unwrap(), role.world.now);
    let request = LoanRequest::new(&lent, 1, now + Duration::from_secs(1));
    let owner = role.world.backend.queues().loans().unwrap();
    assert_eq!(owner.lend(&request, now).await.unwrap().loans.len(), 1);
    let loans = queues.loans().unwrap();
    let later = now + Duration::from_secs(2);
    assert_eq!(loans.list(None, 9, later).await.unwrap().loans.len(), 1);
    assert_eq!(loans.count().await.unwrap(), 1);
    let account = queues.http_workers().unwrap();
    assert!(account.workers(None).await.unwrap().is_empty());

    forbidden(loans.put_back(9, later)).await;
    forbidden(loans.lend(&request, now)).await;
    forbidden(queues.push(&[job("q", "b")])).await;
    forbidden(queues.pop(&"q".parse().unwrap(), 1)).await;
    forbidden(queues.delete_queue(&name("q"))).await;
    forbidden(queues.control().unwrap().set_paused(true)).await;
    forbidden(workers.set_stat("processed", 1)).await;
    forbidden(failures.clear(None)).await;
    role.is_refused(OF_THE_OWNER).await;
    role.is_refused(&[
        ENQUEUE,
        "insert into resque.jobs (queue, payload) values (1, 'x')",
        "delete from resque.workers",
        "update resque.settings set paused = true",
        "select nextval('resque.back')",
    ])
    .await;
    assert_eq!(role.world.waiting("q").await, ["a"]);
    role.remove().await;
}
