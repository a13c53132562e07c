//! Unique jobs that several clients put in at the same moment.

use std::sync::Arc;
use std::time::Duration;

use resque_core::{Backend, Enqueue, Lease, Lock, Pushed};
use tokio::sync::Barrier;

use crate::support::{World, job};

const ROUNDS: usize = 300;
const CLIENTS: usize = 4;

/// Pushes a unique job of this name beside two plain ones, all in flight at once; answers whether the
/// unique one was put in.
async fn push(client: Backend, unique: Enqueue, start: Arc<Barrier>) -> bool {
    let plain = [job("q", "plain")];
    let unique = [unique];
    start.wait().await;
    let (before, pushed, behind) = tokio::join!(
        client.queues().push(&plain),
        client.queues().push(&unique),
        client.queues().push(&plain),
    );
    before.expect("a plain push");
    behind.expect("a plain push");
    pushed.expect("a unique push") != [Pushed::Duplicate]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_job_of_several_clients_is_put_in_once_and_disturbs_nobody() {
    let world = World::new().await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(world.twin().await);
    }
    for round in 0..ROUNDS {
        let start = Arc::new(Barrier::new(CLIENTS));
        let pushes: Vec<_> = clients
            .iter()
            .map(|client| {
                let mut unique = job("q", "same");
                unique.lock = Some(Box::new(Lock {
                    lease: Lease::new(format!("unique:{round}"), "digest"),
                    now: world.now,
                    until: world.now + Duration::from_secs(3_600),
                }));
                tokio::spawn(push(client.clone(), unique, start.clone()))
            })
            .collect();
        let mut put = 0;
        for pushed in pushes {
            put += usize::from(pushed.await.unwrap());
        }
        assert_eq!(put, 1, "round {round}");
    }
}
