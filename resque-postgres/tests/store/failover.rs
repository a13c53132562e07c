//! The URL suddenly leads to another server.

use std::sync::Arc;

use resque_core::{Error, SystemClock};
use resque_testserver::{Detour, Postgres};
use sqlx::{Connection as _, PgConnection, query_scalar, raw_sql};

use crate::labour::{Labour, jobs};
use crate::support::World;

/// What is committed is on the standby too from then on, and to be seen there, however busy the machine.
const FOLLOW: [&str; 3] = [
    "alter system set synchronous_standby_names = '*'",
    "alter system set synchronous_commit = remote_apply",
    "select pg_reload_conf()",
];

const FOLLOWS: &str = "select count(*) from pg_stat_replication where sync_state = 'sync'";

/// First the other server is a standby, which can be read and refuses to be written; then it takes
/// over.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_outlives_a_failover_and_does_every_job_once() {
    const JOBS: u64 = 2_000;
    let primary = Postgres::new().on_this_machine().start().unwrap();
    let standby = primary.standby().unwrap();
    let mut old = PgConnection::connect(primary.url()).await.unwrap();
    for statement in FOLLOW {
        raw_sql(statement).execute(&mut old).await.unwrap();
    }
    while query_scalar::<_, i64>(FOLLOWS)
        .fetch_one(&mut old)
        .await
        .unwrap()
        == 0
    {
        tokio::task::yield_now().await;
    }

    let detour = Detour::to(primary.url()).unwrap();
    let world = World::on(&detour.url(primary.url())).await;
    world.backend.queues().push(&jobs(0..JOBS)).await.unwrap();
    let clock = Arc::new(SystemClock::new());
    let mut labour = Labour::start_holding(&world.backend, 10, clock, 200);
    // All slots are in mid-job.
    labour.performs(210).await;
    detour.lead_to(standby.url()).unwrap();
    labour.let_go();
    labour.until("an outage", |done| done.outages > 0).await;

    // Whoever pushes is told that this may pass; what is there can be looked at.
    let refused = loop {
        match world.backend.queues().push(&jobs(JOBS..JOBS + 1)).await {
            // The connection to the old server had to be found dead first.
            Err(Error::Unavailable { .. } | Error::OutcomeUnknown { .. }) => {}
            Err(error) => break error,
            Ok(_) => panic!("a standby was written to"),
        }
    };
    assert!(refused.is_transient(), "{refused:?}");
    assert!(refused.to_string().contains("25006"), "{refused}");
    assert!(!world.waiting("q").await.is_empty());

    drop(primary);
    let mut new = PgConnection::connect(standby.url()).await.unwrap();
    let promoted = query_scalar::<_, bool>("select pg_promote()");
    assert!(promoted.fetch_one(&mut new).await.unwrap());
    labour.performs(usize::try_from(JOBS).unwrap()).await;
    labour.ends_with(JOBS).await;
    assert!(world.waiting("q").await.is_empty());
    let processed = world.backend.workers().stat("processed").await.unwrap();
    assert_eq!(processed, i64::try_from(JOBS).unwrap());
}
