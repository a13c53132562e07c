//! Orders and their jobs on a real Postgres.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use resque::postgres::{Config, Migrator};
use resque::worker::{Worker, WorkerEnv};
use resque::{Backend, Page};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, PgPool, query, query_scalar, raw_sql};
use transactional_enqueue::{Confirm, OrderError, Shop};

const TABLES: &str = "
    create table orders (id bigint generated always as identity primary key, item text, email text);
    create table stock (item text primary key, amount integer not null check (amount >= 0));
    create table mails (\"order\" bigint primary key references orders, recipient text);
    insert into stock values ('lamp', 1)";

/// A shop with one lamp in a database of its own.
struct World {
    shop: Shop,
    pool: PgPool,
    backend: Backend,
    name: String,
}

impl World {
    async fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("shop_{}_{number}", resque_testserver::this_run());
        on_server(&format!("create database {name}")).await;
        let options = options().database(&name);
        // What a deployment does once.
        Migrator::new(Config::new(options.clone()))
            .up()
            .await
            .unwrap();
        let pool = PgPool::connect_with(options).await.unwrap();
        raw_sql(TABLES).execute(&pool).await.unwrap();
        let backend = resque::postgres::PostgresBackend::over(pool.clone());
        Self {
            shop: Shop::open(pool.clone()).await.unwrap(),
            backend: backend.connect().await.unwrap(),
            pool,
            name,
        }
    }

    async fn waiting(&self) -> Vec<String> {
        let queue = "mail".parse().unwrap();
        let waiting = self.backend.queues().peek(&queue, Page::ALL).await.unwrap();
        let texts = waiting.iter().map(|job| job.to_text_lossy().into_owned());
        texts.collect()
    }

    /// Lets a worker perform what waits, and answers how many jobs that were.
    async fn work(&self) -> u64 {
        let env = WorkerEnv::from_vars([("INTERVAL", "0")]).unwrap();
        let worker = Worker::builder(self.backend.clone())
            .env(&env)
            .queues("*")
            .register::<Confirm>()
            .state(self.pool.clone());
        let report = worker.build().unwrap().run().await.unwrap();
        assert_eq!(report.failed, 0);
        report.processed
    }

    async fn mails(&self) -> Vec<String> {
        let recipients = query_scalar("select recipient from mails order by 1");
        recipients.fetch_all(&self.pool).await.unwrap()
    }

    async fn orders(&self) -> i64 {
        let count = query_scalar("select count(*) from orders");
        count.fetch_one(&self.pool).await.unwrap()
    }

    /// Leaves the server as it was.
    async fn close(self) {
        self.pool.close().await;
        on_server(&format!("drop database {} with (force)", self.name)).await;
    }
}

fn options() -> PgConnectOptions {
    let server = resque_testserver::shared_postgres().expect("a Postgres server");
    PgConnectOptions::from_str(server.url()).unwrap()
}

async fn on_server(sql: &str) {
    let pool = PgPool::connect_with(options()).await.unwrap();
    let statement = AssertSqlSafe(sql.to_owned());
    query(statement).execute(&pool).await.unwrap();
    pool.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_confirmed_by_a_worker() {
    let world = World::new().await;
    let order = world.shop.order("lamp", "ada@example.org").await.unwrap();
    assert_eq!(
        world.waiting().await,
        [format!(r#"{{"class":"Confirm","args":[{order}]}}"#)]
    );
    assert_eq!(world.work().await, 1);
    assert_eq!(world.mails().await, ["ada@example.org"]);
    assert!(world.waiting().await.is_empty());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_rolled_back_is_confirmed_by_nobody() {
    let world = World::new().await;
    world.shop.order("lamp", "ada@example.org").await.unwrap();
    // The last lamp is gone. The job was enqueued before that came out.
    let error = world.shop.order("lamp", "bob@example.org").await;
    assert!(matches!(error, Err(OrderError::Database(_))), "{error:?}");
    assert_eq!(world.orders().await, 1);
    assert_eq!(world.work().await, 1);
    assert_eq!(world.mails().await, ["ada@example.org"]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_job_cannot_be_enqueued_is_not_taken() {
    let world = World::new().await;
    let hide = "alter table resque.jobs rename to hidden";
    query(hide).execute(&world.pool).await.unwrap();
    let error = world.shop.order("lamp", "ada@example.org").await;
    assert!(matches!(error, Err(OrderError::Enqueue(_))), "{error:?}");
    let back = "alter table resque.hidden rename to jobs";
    query(back).execute(&world.pool).await.unwrap();
    assert_eq!(world.orders().await, 0);
    assert_eq!(world.work().await, 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_waits_sees_an_order_when_it_is_committed() {
    let world = World::new().await;
    let list: resque::QueueList = "mail".parse().unwrap();
    let waiting = world.backend.queues().waiting().unwrap();
    let ticket = waiting.ticket(&list).await.unwrap();
    world.shop.order("lamp", "ada@example.org").await.unwrap();
    waiting.wait(ticket, &list).await.unwrap();
    assert_eq!(world.waiting().await.len(), 1);
    world.close().await;
}
