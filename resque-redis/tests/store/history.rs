//! How samples of minutes stand on Redis, and what happens when something else stands there.

use std::time::Duration;

use resque_core::Error;

use crate::support::{World, at, job, texts};

fn names_key(error: &Error, key: &str) -> bool {
    matches!(error, Error::Corrupt { place, .. } if place.contains(&format!(":{key} ")))
}

#[tokio::test]
async fn a_sample_stands_behind_the_number_of_its_minute() {
    let world = World::new().await;
    let history = world.backend.queues().history().unwrap();
    let minute = Duration::from_secs(29_920_260 * 60);
    let time = std::time::UNIX_EPOCH + minute + Duration::from_secs(7);
    assert!(
        history
            .record(time, &r#"{"processed":1}"#.into())
            .await
            .unwrap()
    );
    let members = world
        .raw
        .on("ZRANGE", "rs:history", &[b"0", b"-1", b"WITHSCORES"]);
    assert_eq!(
        texts(members.await),
        [r#"29920260:{"processed":1}"#, "29920260"]
    );
    let life = world.raw.on("TTL", "rs:history", &[]).await.as_int();
    assert!(
        life.is_some_and(|life| (600_000..=604_800).contains(&life)),
        "{life:?}"
    );
}

#[tokio::test]
async fn what_is_not_a_sample_is_left_out_of_the_history() {
    let world = World::new().await;
    let history = world.backend.queues().history().unwrap();
    let score = (1_795_215_600_u64 / 60).to_string();
    for member in ["", "text", ":", "-5:x"] {
        let args = [score.as_bytes(), member.as_bytes()];
        world.raw.on("ZADD", "rs:history", &args).await;
    }
    let around = history.range(at(0) - Duration::from_secs(3_600), at(3_600), 9);
    assert_eq!(around.await.unwrap(), []);
}

#[tokio::test]
async fn something_else_at_the_key_is_told_and_left_alone() {
    let world = World::new().await;
    world.raw.spoil("rs:history").await;
    let before = world.raw.dump().await;
    let history = world.backend.queues().history().unwrap();
    let error = history.record(at(0), &"x".into()).await.unwrap_err();
    assert!(names_key(&error, "rs:history"), "{error}");
    let error = history.range(at(0), at(60), 9).await.unwrap_err();
    assert!(names_key(&error, "rs:history"), "{error}");
    assert_eq!(world.raw.dump().await, before);
}

#[tokio::test]
async fn a_queue_that_is_no_list_does_not_count() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    world.raw.on("SADD", "queues", &[b"spoilt"]).await;
    world.raw.spoil("queue:spoilt").await;
    let history = world.backend.queues().history().unwrap();
    assert_eq!(history.backlog().await.unwrap().jobs, Some(1));
    world.raw.on("DEL", "queues", &[]).await;
    world.raw.spoil("queues").await;
    let error = history.backlog().await.unwrap_err();
    assert!(names_key(&error, "queues"), "{error}");
}

#[tokio::test]
async fn more_queues_than_can_be_counted_are_not() {
    let world = World::new().await;
    let names: Vec<String> = (0..20_001).map(|number| format!("q{number}")).collect();
    for part in names.chunks(5_000) {
        let args: Vec<&[u8]> = part.iter().map(String::as_bytes).collect();
        world.raw.on("SADD", "queues", &args).await;
    }
    let history = world.backend.queues().history().unwrap();
    assert_eq!(history.backlog().await.unwrap().jobs, None);
    world.raw.on("SREM", "queues", &[b"q0"]).await;
    assert_eq!(history.backlog().await.unwrap().jobs, Some(0));
}
