//! The backend under the conformance suite, on the shared server.

mod worlds;

use resque_conformance::{CaseName, World};
use resque_core::Result;

async fn world(case: CaseName) -> Result<World> {
    let server = resque_testserver::shared_postgres().expect("a Postgres server");
    worlds::world(case, server.url()).await
}

resque_conformance::conformance_tests! {
    factory: world,
    waiting: yes,
    delayed: yes,
    control: yes,
    schedules: yes,
    keyspace: no,
    atomic_batch: yes,
    neighbour: yes,
    outage: yes,
    plant: no,
}
