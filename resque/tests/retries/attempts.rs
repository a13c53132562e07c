//! After an error.

use resque::worker::{Ending, Event};

use crate::on_every_store;
use crate::world::{Running, World};

on_every_store! {
    a_job_is_tried_again_until_it_comes_to_a_good_end,
    the_failed_list_tells_of_the_attempts_and_a_retry_begins_anew,
    a_discarded_job_is_on_no_list,
    a_job_that_fails_now_is_recorded_as_it_is,
    a_snoozed_job_comes_back_as_it_is,
    jobs_of_others_are_left_as_they_are,
}

async fn a_job_is_tried_again_until_it_comes_to_a_good_end(world: World) {
    let mut worker = Running::start(world.worker("q"));
    world
        .push(r#"{"class":"Flaky","args":[3],"x": 1e400}"#)
        .await;
    worker.settled(4).await;
    let report = worker.quit().await;
    assert_eq!((report.processed, report.failed, report.retried), (4, 3, 3));
    assert_eq!(world.counts().await, (4, 3));
    assert_eq!(
        (world.failures().await, world.delayed().await),
        (vec![], vec![])
    );
}

async fn the_failed_list_tells_of_the_attempts_and_a_retry_begins_anew(world: World) {
    let mut worker = Running::start(world.worker("q"));
    world.push(r#"{"class":"Flaky","args":[9]}"#).await;
    for life in 1..=2 {
        worker.settled(4).await;
        let record = world.failures().await.remove(0);
        assert_eq!(
            (record.attempts(), &*record.error),
            (4, "attempt 4"),
            "life {life}"
        );
        let text = record.payload.to_text_lossy().into_owned();
        let told = r#"{"class":"Flaky","args":[9],"rs":{"attempts":4,"first_at":"#;
        assert!(text.starts_with(told), "{text}");
        if life == 1 {
            let mass = resque::MassRemove::new().requeue();
            mass.run(&world.client.failures().unwrap()).await.unwrap();
        }
    }
    worker.quit().await;
    assert_eq!(world.counts().await, (8, 8));
}

async fn a_discarded_job_is_on_no_list(world: World) {
    let mut worker = Running::start(world.worker("q"));
    world.push(r#"{"class":"Says","args":["discard"]}"#).await;
    let ending = worker
        .saw(|event| match event {
            Event::JobFinished { ending, .. } => Some(ending.clone()),
            _ => None,
        })
        .await;
    assert!(matches!(ending, Ending::Discarded(_)), "{ending:?}");
    worker.settled(1).await;
    worker.quit().await;
    assert_eq!(world.counts().await, (1, 0));
    assert_eq!(
        (world.failures().await, world.delayed().await),
        (vec![], vec![])
    );
}

async fn a_job_that_fails_now_is_recorded_as_it_is(world: World) {
    let mut worker = Running::start(world.worker("q"));
    let payload = r#"{"class":"Says","args":["fail"]}"#;
    world.push(payload).await;
    worker.settled(1).await;
    worker.quit().await;
    let record = world.failures().await.remove(0);
    assert_eq!(record.payload.as_bytes(), payload.as_bytes());
    assert_eq!(world.counts().await, (1, 1));
}

async fn a_snoozed_job_comes_back_as_it_is(world: World) {
    let mut worker = Running::start(world.worker("q"));
    world.push(r#"{"class":"Says","args":["snooze"]}"#).await;
    for life in 1..=2 {
        let ending = worker
            .saw(|event| match event {
                Event::JobFinished { ending, .. } => Some(ending.clone()),
                _ => None,
            })
            .await;
        match (life, ending) {
            (1, Ending::Snoozed { .. }) | (2, Ending::Done) => {}
            other => panic!("{other:?}"),
        }
    }
    worker.settled(1).await;
    worker.quit().await;
    assert_eq!(world.counts().await, (1, 0), "a snooze is no attempt");
}

async fn jobs_of_others_are_left_as_they_are(world: World) {
    let mut worker = Running::start(world.worker("q"));
    // What a newer version tells besides stays, and garbage breaks nothing.
    world
        .push(r#"{"class":"Flaky","args":[9],"rs":{"attempts":3,"trace":"00-4bf9","new":[1e999]}}"#)
        .await;
    world
        .push(r#"{"class":"Flaky","args":[0],"rs":"garbage"}"#)
        .await;
    worker.settled(2).await;
    worker.quit().await;
    let record = world.failures().await.remove(0);
    let text = record.payload.to_text_lossy().into_owned();
    assert_eq!(record.attempts(), 4);
    assert!(
        text.ends_with(r#","ended":true,"trace":"00-4bf9","new":[1e999]}}"#),
        "{text}"
    );
    assert_eq!(world.counts().await, (2, 1));
}
