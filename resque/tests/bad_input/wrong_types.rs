//! A value of another type at each key that a worker's scripts touch.

use redis::RedisResult;
use resque::redis::FailureLayout;
use resque_testserver::shared_redis;

use crate::world::{World, bad, good};

/// The second in which the delayed job of each round was due.
const SECOND: &str = "1700000000";

/// What a worker touches; `{slot}` is the id of one of its slots.
const KEYS: &[(FailureLayout, &str)] = &[
    (FailureLayout::Single, "queues"),
    (FailureLayout::Single, "queue:mail"),
    (FailureLayout::Single, "pause:queue:mail"),
    (FailureLayout::Single, "pause-all-workers"),
    (FailureLayout::Single, "workers"),
    (FailureLayout::Single, "workers:heartbeat"),
    (FailureLayout::Single, "worker:{slot}"),
    (FailureLayout::Single, "stat:processed"),
    (FailureLayout::Single, "stat:failed"),
    (FailureLayout::Single, "stat:processed:{slot}"),
    (FailureLayout::Single, "stat:failed:{slot}"),
    (FailureLayout::Single, "failed"),
    (FailureLayout::PerQueue, "failed_queues"),
    (FailureLayout::PerQueue, "mail_failed"),
    (FailureLayout::Single, "delayed_queue_schedule"),
    (FailureLayout::Single, "delayed:1700000000"),
    (FailureLayout::Single, "timestamps:{item}"),
    (
        FailureLayout::Single,
        "{namespace}:resque_scheduler_master_lock",
    ),
    (FailureLayout::Single, "rs:delayed"),
    (FailureLayout::Single, "rs:delayed:jobs"),
];

#[tokio::test]
async fn it_is_told_and_passes_and_nothing_is_lost() {
    for (layout, key) in KEYS {
        let mut world = World::on(shared_redis().unwrap(), *layout).await;
        let mut worker = world.start().await;
        let slot = world.client.workers().await.unwrap()[0].id.to_string();
        let key = key
            .replace("{slot}", &slot)
            .replace("{namespace}", &world.namespace)
            .replace("{item}", &item(20));
        plant_own_delayed(&world).await;
        spoil(&mut world, &key).await;
        // Past ours, as somebody else would: where the key itself is spoilt, it cannot be done.
        let mut expected = vec![1];
        for (number, payload) in [
            (Some(10), good(10)),
            (None, bad(11)),
            (None, bad(12)),
            (Some(13), good(13)),
        ] {
            let payload = [payload.as_bytes()];
            let pushed: RedisResult<u64> = world.try_on("RPUSH", "queue:mail", &payload).await;
            let _: RedisResult<u64> = world.try_on("SADD", "queues", &[b"mail"]).await;
            expected.extend(number.filter(|_| pushed.is_ok()));
        }
        if plant_delayed(&mut world, 20).await {
            expected.push(20);
        }
        expected.push(30);
        // Our own delayed jobs are looked for as long as one is noted; of this one there is no more.
        let _: RedisResult<u64> = world.try_on("ZADD", "rs:delayed", &[b"0", b"999"]).await;
        worker.said(&[&world.key(&key)]).await;
        heal(&mut world, &key).await;
        world.push_good(1).await;
        worker.performed_in_the_end(&world, expected).await;
        worker.quit().await;
        assert_eq!(world.client.size("mail").await.unwrap(), 0, "{key}");
        let failed = if key == "queue:mail" { 0 } else { 2 };
        let records = world.failures().await.into_iter();
        let booms = records.filter(|record| record.exception == "Boom").count();
        assert_eq!(booms, failed, "{key}");
        assert!(world.client.workers().await.unwrap().is_empty(), "{key}");
    }
}

/// Sets aside what is there and puts a value of another type in its place, in one step.
async fn spoil(world: &mut World, key: &str) {
    const SPOIL: &str = "if redis.call('EXISTS', KEYS[1]) == 1 then \
                         redis.call('RENAME', KEYS[1], KEYS[2]) end \
                         redis.call(ARGV[1], KEYS[1], 'spoilt')";
    let set =
        matches!(key, "queues" | "workers" | "failed_queues") || key.starts_with("timestamps:");
    let command = if set { "RPUSH" } else { "SADD" };
    script(world, SPOIL, key, command).await;
}

/// Puts back what was there.
async fn heal(world: &mut World, key: &str) {
    const HEAL: &str = "redis.call('DEL', KEYS[1]) \
                        if redis.call('EXISTS', KEYS[2]) == 1 then \
                        redis.call('RENAME', KEYS[2], KEYS[1]) end";
    script(world, HEAL, key, "").await;
}

async fn script(world: &mut World, script: &str, key: &str, argument: &str) {
    let (key, aside) = (world.key(key), world.key(&format!("aside:{key}")));
    let mut eval = redis::cmd("EVAL");
    eval.arg(script).arg(2).arg(key).arg(aside).arg(argument);
    eval.query_async::<()>(&mut world.raw).await.unwrap();
}

/// A job as resque-scheduler keeps it.
fn item(number: u64) -> String {
    format!(r#"{{"class":"Good","args":[{number}],"queue":"mail"}}"#)
}

/// A job in resque-scheduler's keys that is due; answers whether that could be done.
async fn plant_delayed(world: &mut World, number: u64) -> bool {
    let item = item(number);
    let bucket = format!("delayed:{SECOND}");
    let pushed: RedisResult<u64> = world.try_on("RPUSH", &bucket, &[item.as_bytes()]).await;
    let second = SECOND.as_bytes();
    let noted: RedisResult<u64> = world
        .try_on("ZADD", "delayed_queue_schedule", &[second, second])
        .await;
    if pushed.is_ok() && noted.is_err() {
        // Nobody would ever look there.
        world.on_key::<()>("DEL", &bucket, &[]).await;
    }
    pushed.is_ok() && noted.is_ok()
}

/// A job in our own delayed set that is due.
async fn plant_own_delayed(world: &World) {
    let payload = r#"{"class":"Good","args":[30],"extra":1}"#;
    let due = std::time::SystemTime::UNIX_EPOCH;
    let job = resque::Enqueue::at("mail".parse().unwrap(), payload, due);
    world.backend.queues().push(&[job]).await.unwrap();
}
