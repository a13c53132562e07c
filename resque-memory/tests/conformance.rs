//! The memory backend under the conformance suite.

use std::sync::Arc;

use async_trait::async_trait;
use resque_conformance::{CaseName, Outage, World, conformance_tests};
use resque_core::testing::{Faults, Faulty};
use resque_core::{Backend, ManualClock, Result};
use resque_memory::MemoryBackend;

/// A store of its own for each case, under a clock that stands still, behind a connection that can
/// be cut.
async fn world(_: CaseName) -> Result<World> {
    let memory = MemoryBackend::with_clock(Arc::new(ManualClock::new()));
    let neighbour = memory.clone().with_namespace("neighbour").backend();
    let (backend, faults) = Faulty::wrap(&memory.backend());
    Ok(World::new(backend)
        .named("a store in memory")
        .with_neighbour(neighbour)
        .with_outage(Cut(faults)))
}

#[derive(Debug)]
struct Cut(Faults);

#[async_trait]
impl Outage for Cut {
    async fn begin(&self) {
        self.0.set_down(true);
    }

    async fn end(&self) {
        self.0.set_down(false);
    }
}

conformance_tests! {
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
    plant: no,
}

/// The same without a wrapper in between, as programs use it.
mod bare {
    use super::{Backend, CaseName, MemoryBackend, Result, World, conformance_tests};

    async fn world(_: CaseName) -> Result<World> {
        let backend: Backend = MemoryBackend::new().into();
        Ok(World::new(backend))
    }

    conformance_tests! {
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
        neighbour: no,
        outage: no,
        plant: no,
    }
}
