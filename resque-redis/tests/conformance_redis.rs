//! The backend under the conformance suite, by the `redis` crate.
#![cfg(feature = "redis")]

mod conformance;

use resque_redis::DriverKind;

async fn world(
    case: resque_conformance::CaseName,
) -> resque_core::Result<resque_conformance::World> {
    conformance::world(case, DriverKind::Redis).await
}

resque_conformance::conformance_tests! {
    factory: world,
    waiting: yes,
    delayed: yes,
    control: yes,
    schedules: yes,
    keyspace: yes,
    limits: yes,
    cancel: yes,
    history: yes,
    loans: yes,
    http_workers: yes,
    atomic_batch: yes,
    neighbour: yes,
    outage: yes,
    plant: yes,
}
