//! Takes two orders for one lamp and lets a worker confirm what was taken.
//!
//! ```sh
//! DATABASE_URL=postgres://localhost/shop cargo run -p transactional-enqueue
//! ```

use std::env;
use std::error::Error;
use std::io::Write;

use resque::postgres::PostgresBackend;
use resque::worker::{Worker, WorkerEnv};
use sqlx::{PgPool, query_scalar, raw_sql};
use transactional_enqueue::{Confirm, Shop};

/// The shop's own tables, and one lamp.
const TABLES: &str = "
    create table if not exists orders (
        id bigint generated always as identity primary key, item text, email text
    );
    create table if not exists stock (
        item text primary key, amount integer not null check (amount >= 0)
    );
    create table if not exists mails (\"order\" bigint primary key references orders, recipient text);
    insert into stock values ('lamp', 1) on conflict (item) do update set amount = 1";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::var("DATABASE_URL").unwrap_or_else(|_| "postgres://localhost/shop".to_owned());
    let pool = PgPool::connect(&url).await?;
    raw_sql(TABLES).execute(&pool).await?;
    // In production a deployment does that, by `resque migrate`.
    let backend = PostgresBackend::over(pool.clone()).migrate(true);
    let backend = backend.connect().await?;
    let shop = Shop::open(pool.clone()).await?;

    let mut out = std::io::stdout();
    for email in ["ada@example.org", "bob@example.org"] {
        match shop.order("lamp", email).await {
            Ok(order) => writeln!(out, "{email} gets a lamp, order {order}")?,
            Err(error) => writeln!(out, "{email} gets none: {error}")?,
        }
    }
    // Leaves when nothing is left to do.
    let env = WorkerEnv::from_vars([("INTERVAL", "0")])?;
    let worker = Worker::builder(backend)
        .env(&env)
        .queues("*")
        .register::<Confirm>()
        .state(pool.clone());
    let report = worker.build()?.run().await?;
    let mails: Vec<String> = query_scalar("select recipient from mails order by \"order\"")
        .fetch_all(&pool)
        .await?;
    writeln!(
        out,
        "{} performed, mails to {}",
        report.processed,
        mails.join(", ")
    )?;
    Ok(())
}
