use resque_core::{HeartbeatMark, Leaving, Left, Settlement, WorkerRegistry, WorkerStatus};

use crate::testing::{World, slot};

async fn status(world: &World, number: usize) -> Option<WorkerStatus> {
    let listing = world.memory.workers().await.unwrap();
    listing.get(slot(number).as_str()).cloned()
}

async fn leave(world: &World, leaving: Leaving) -> Left {
    world.memory.unregister(&[leaving]).await.unwrap().remove(0)
}

#[tokio::test]
async fn registering_notes_start_and_heartbeat() {
    let world = World::new();
    world.register(&[1, 0]).await;
    let start = world.now();
    world.pass(5);
    world.register(&[0]).await;
    let seen = status(&world, 0).await.unwrap();
    assert_eq!(
        (seen.started, seen.heartbeat),
        (Some(start), Some(world.now()))
    );
    assert_eq!((seen.processed, seen.failed, seen.holds), (0, 0, None));
    let listing = world.memory.workers().await.unwrap();
    let ids: Vec<_> = listing
        .workers
        .iter()
        .map(|worker| worker.id.clone())
        .collect();
    assert_eq!(ids, [slot(0), slot(1)]);
}

#[tokio::test]
async fn registering_again_answers_what_is_held() {
    let world = World::new();
    world.register(&[0, 1]).await;
    world.push("q", &["a"]).await;
    let job = world.take(1, "q").await;
    let ids = [slot(0), slot(1)];
    let held = world.memory.register(&ids, world.later(1)).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(
        (held[0].queue.as_str(), &held[0].payload),
        ("q", &job.payload)
    );
    assert_eq!(
        (held[0].since, &held[0].receipt),
        (Some(job.since), &job.receipt)
    );
    assert_eq!(
        status(&world, 1).await.unwrap().holds.as_ref(),
        Some(&held[0])
    );
}

#[tokio::test]
async fn a_heartbeat_is_written_for_registered_workers_only() {
    let world = World::new();
    world.register(&[0]).await;
    world.pass(5);
    let ids = [slot(1), slot(0)];
    let answer = world.memory.heartbeat(&ids, world.later(1)).await.unwrap();
    assert_eq!(answer.gone, [slot(1)]);
    assert_eq!(answer.server_time, world.now());
    assert_eq!(
        status(&world, 0).await.unwrap().heartbeat,
        Some(world.later(1))
    );
    assert_eq!(status(&world, 1).await, None);
    assert!(world.memory.dead(world.later(99)).await.unwrap().len() == 1);
}

#[tokio::test]
async fn leaving_takes_start_heartbeat_and_counters() {
    let world = World::new();
    world.register(&[0]).await;
    world.push("q", &["a"]).await;
    let job = world.take(0, "q").await;
    world.settle(Settlement::done(job.receipt)).await;
    assert_eq!(leave(&world, Leaving::new(slot(0))).await, Left::Gone);
    assert_eq!(status(&world, 0).await, None);
    assert!(world.memory.dead(world.later(99)).await.unwrap().is_empty());
    assert_eq!(world.stat(&format!("processed:{}", slot(0))).await, 0);
    assert_eq!(world.stat("processed").await, 1);
    assert_eq!(leave(&world, Leaving::new(slot(0))).await, Left::Gone);
}

#[tokio::test]
async fn nobody_leaves_with_a_job_in_hand() {
    let world = World::new();
    world.register(&[0]).await;
    world.push("q", &["a"]).await;
    let job = world.take(0, "q").await;
    let Left::Holding(held) = leave(&world, Leaving::new(slot(0))).await else {
        panic!("it holds a job");
    };
    assert_eq!(held.receipt, job.receipt);
    assert!(status(&world, 0).await.is_some());
    world.settle(Settlement::release(held.receipt)).await;
    assert_eq!(leave(&world, Leaving::new(slot(0))).await, Left::Gone);
}

#[tokio::test]
async fn whoever_has_beaten_since_stays() {
    let world = World::new();
    world.register(&[0, 1]).await;
    let dead = world.memory.dead(world.later(1)).await.unwrap();
    world
        .memory
        .heartbeat(&[slot(0)], world.now())
        .await
        .unwrap();
    assert_eq!(leave(&world, dead[0].leaving()).await, Left::Alive);
    assert_eq!(leave(&world, dead[1].leaving()).await, Left::Gone);
    let forged = Leaving {
        worker: slot(0),
        unless_beaten: Some(HeartbeatMark::new("")),
    };
    assert_eq!(leave(&world, forged).await, Left::Alive);
    assert_eq!(leave(&world, dead[1].leaving()).await, Left::Gone);
}

#[tokio::test]
async fn the_dead_are_those_silent_for_longer() {
    let world = World::new();
    world.register(&[2, 0]).await;
    let silent_since = world.now();
    world.push("q", &["a"]).await;
    let job = world.take(2, "q").await;
    world.pass(60);
    world.register(&[1]).await;
    assert!(world.memory.dead(silent_since).await.unwrap().is_empty());
    let dead = world.memory.dead(world.now()).await.unwrap();
    let ids: Vec<_> = dead.iter().map(|worker| worker.id.clone()).collect();
    assert_eq!(ids, [slot(0), slot(2)]);
    assert_eq!(
        (dead[0].last_heartbeat, &dead[0].holds),
        (silent_since, &None)
    );
    let receipt = &dead[1].holds.as_ref().unwrap().receipt;
    assert_eq!(receipt.guard(), Some(&dead[1].mark));
    assert_eq!(receipt.number(), job.receipt.number());
    assert_eq!(world.memory.dead(world.now()).await.unwrap(), dead);
}

#[tokio::test]
async fn an_orphaned_heartbeat_is_among_the_dead_and_can_be_removed() {
    let world = World::new();
    world.push("q", &["a"]).await;
    let job = world.take(0, "q").await;
    world.settle(Settlement::done(job.receipt)).await;
    assert_eq!(status(&world, 0).await, None);
    let beaten = world.memory.heartbeat(&[slot(0)], world.later(9)).await;
    assert_eq!(beaten.unwrap().gone, [slot(0)]);
    let dead = world.memory.dead(world.later(1)).await.unwrap();
    assert_eq!((&dead[0].id, &dead[0].holds), (&slot(0), &None));
    assert_eq!(leave(&world, dead[0].leaving()).await, Left::Gone);
    assert!(world.memory.dead(world.later(1)).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_time_is_that_of_the_injected_clock() {
    let world = World::new();
    world.pass(5);
    assert_eq!(world.memory.server_time().await.unwrap(), world.now());
}
