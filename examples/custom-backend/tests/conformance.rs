//! The whole suite over the backend: one named test for each promise.

use custom_backend::FileBackend;
use resque::Backend;
use resque_conformance::{CaseName, World, conformance_tests};

async fn world(case: CaseName) -> resque::Result<World> {
    let folder = tempfile::tempdir().map_err(|e| resque::Error::unavailable("make a folder", e))?;
    let path = folder.path().join("jobs.json");
    let neighbour = Backend::new(FileBackend::new(folder.path().join("neighbour.json")));
    // The folder goes when the world does.
    Ok(World::new(Backend::new(FileBackend::new(path)))
        .named(case.slug())
        .with_neighbour(neighbour)
        .guarded_by(folder))
}

conformance_tests! {
    factory: world,
    waiting: no, delayed: yes, control: no, keyspace: no, atomic_batch: yes,
    neighbour: yes, outage: no, plant: no,
}
