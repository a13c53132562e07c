//! The worker on Postgres.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use resque_core::Worker;
use resque_core::worker::WorkerEnv;

use crate::support::{World, job};

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_performs_every_job_once_and_leaves_nothing() {
    const JOBS: u64 = 3_000;
    let world = World::new().await;
    let jobs: Vec<_> = (0..JOBS)
        .map(|number| job("q", &format!(r#"{{"class":"Add","args":[{number}]}}"#)))
        .collect();
    world.backend.queues().push(&jobs).await.unwrap();
    let sum = Arc::new(AtomicU64::new(0));
    let env = WorkerEnv::from_vars([("INTERVAL", "0")]).unwrap();
    let worker = Worker::builder(world.backend.clone())
        .env(&env)
        .queues("*")
        .concurrency(100)
        .register_fn("Add", {
            let sum = Arc::clone(&sum);
            move |(number,): (u64,), _| {
                let sum = Arc::clone(&sum);
                async move {
                    sum.fetch_add(number, Ordering::Relaxed);
                    Ok(())
                }
            }
        });
    let report = worker.build().unwrap().run().await.unwrap();
    assert_eq!(report.processed, JOBS);
    assert_eq!(sum.load(Ordering::Relaxed), JOBS * (JOBS - 1) / 2);
    let workers = world.backend.workers();
    assert_eq!(
        workers.stat("processed").await.unwrap(),
        i64::try_from(JOBS).unwrap()
    );
    assert!(workers.workers().await.unwrap().workers.is_empty());
    assert!(world.waiting("q").await.is_empty());
}
