//! How long failed jobs stay on record.

use std::time::{Duration, SystemTime};

use resque_core::worker::KeepFailures;
use resque_core::{FailureOrder, FailureQuery, FailureRecord, Payload};

use crate::world::{World, start};

const AGE: Duration = Duration::from_secs(600);

/// Plants so many failed jobs, all of the same age, with this number.
async fn plant_of(world: &World, count: usize, at: SystemTime, number: u64) {
    let payload = Payload::from(r#"{"class":"A","args":[]}"#.to_owned());
    let record = FailureRecord::new(at, payload, "E", number.to_string());
    let records = vec![record; count];
    world.store.failures().record(&records).await.unwrap();
}

/// Plants failed jobs, each a second younger than the one before; the last failed just now.
async fn plant(world: &World, count: u64) {
    let now = world.store.workers().server_time().await.unwrap();
    let record = |number: u64| {
        let at: SystemTime = now - Duration::from_secs(count - 1 - number);
        let payload = Payload::from(format!(r#"{{"class":"A","args":[{number}]}}"#));
        FailureRecord::new(at, payload, "E", number.to_string())
    };
    let records: Vec<_> = (0..count).map(record).collect();
    world.store.failures().record(&records).await.unwrap();
}

/// The numbers of those that are left, the oldest one first.
async fn left(world: &World) -> Vec<u64> {
    let query = FailureQuery::default()
        .order(FailureOrder::OldestFirst)
        .limit(10_000)
        .scan_budget(10_000);
    let page = world.store.failures().list(&query).await.unwrap();
    let records = page.entries.iter().map(|entry| entry.content.record());
    let numbers = records.map(|record| record.unwrap().error.parse().unwrap());
    numbers.collect()
}

#[tokio::test]
async fn everything_is_kept_unless_it_is_said() {
    let world = World::new();
    plant(&world, 5).await;
    let _worker = start(world.worker());
    world.pass(3_600, 4).await;
    assert_eq!(left(&world).await.len(), 5);
}

#[tokio::test]
async fn only_the_newest_are_kept() {
    let world = World::new();
    plant(&world, 2_500).await;
    let keep = KeepFailures::all().newest(2);
    let _one = start(world.worker().keep_failures(keep));
    let _other = start(world.worker().keep_failures(keep));
    world.pass(60, 8).await;
    assert_eq!(left(&world).await, [2498, 2499]);
}

#[tokio::test]
async fn what_is_too_old_goes() {
    let world = World::new();
    plant(&world, 100).await;
    let keep = KeepFailures::all().younger_than(Duration::from_secs(600));
    let _worker = start(world.worker().keep_failures(keep));
    world.pass(510, 4).await;
    assert_eq!(left(&world).await.len(), 100);
    world.pass(60, 4).await;
    let rest = left(&world).await;
    assert!(!rest.is_empty() && rest.len() < 100, "{}", rest.len());
    world.pass(120, 4).await;
    assert_eq!(left(&world).await, Vec::<u64>::new());
}

#[tokio::test]
async fn what_is_too_old_goes_from_behind_records_of_the_future() {
    let world = World::new();
    let now = world.store.workers().server_time().await.unwrap();
    plant_of(&world, 1_500, now + 1_000 * AGE, 1).await;
    plant_of(&world, 1_200, now - 2 * AGE, 2).await;
    plant_of(&world, 3, now, 3).await;
    let keep = KeepFailures::all().younger_than(AGE);
    let _worker = start(world.worker().keep_failures(keep));
    world.pass(60, 4).await;
    let mut rest = left(&world).await;
    assert_eq!(rest.len(), 1_503);
    rest.dedup();
    assert_eq!(rest, [1, 3]);
}

#[tokio::test]
async fn what_is_too_old_goes_from_behind_younger_records() {
    let world = World::new();
    let now = world.store.workers().server_time().await.unwrap();
    // As after a move from another store.
    plant_of(&world, 2_500, now, 1).await;
    plant_of(&world, 1_200, now - 2 * AGE, 2).await;
    plant_of(&world, 2_500, now, 3).await;
    let keep = KeepFailures::all().younger_than(AGE);
    let _worker = start(world.worker().keep_failures(keep));
    // The whole list is looked at in a few rounds.
    world.pass(240, 4).await;
    let mut rest = left(&world).await;
    assert_eq!(rest.len(), 5_000);
    rest.dedup();
    assert_eq!(rest, [1, 3]);
}
