//! A schedule whose queue cannot be used for a while.

use std::time::Duration;

use resque::worker::Event;
use resque::{Begin, CatchUp, Schedule, Worker};
use tokio::sync::mpsc;

use crate::world::{HANGS, World};

#[tokio::test]
async fn runs_that_could_not_be_enqueued_are_made_up_for_once_they_can() {
    const HOURS: u32 = 10;
    let mut world = World::new().await;
    world.on_key::<()>("SET", "queue:ticks", &[b"text"]).await;
    let schedule = Schedule::raw("hourly", "Tick", &()).unwrap();
    let schedule = schedule.queue("ticks").unwrap().every("1h").unwrap();
    let schedule = schedule.catch_up(CatchUp::UpTo(3));
    let begin = Begin {
        name: "hourly".parse().unwrap(),
        timing: "every 1h".to_owned(),
    };
    let now = world.client.store_time().await.unwrap();
    let store = world.backend.queues().schedules().unwrap();
    let before = now - Duration::from_secs(3_600) * HOURS;
    store.begin(&[begin], before).await.unwrap();

    let (told, mut events) = mpsc::unbounded_channel();
    let worker = Worker::builder(world.backend.clone())
        .queues("nothing")
        .schedule(schedule)
        .schedule_lease(Duration::from_secs(1))
        .on_event(move |event| {
            let _ = told.send(event.clone());
        })
        .build()
        .unwrap();
    let handle = worker.handle();
    let run = tokio::spawn(worker.run());
    let mut saw = async |wanted: fn(&Event) -> bool| {
        let seen = async { while !wanted(&events.recv().await.unwrap()) {} };
        tokio::time::timeout(HANGS, seen).await.unwrap();
    };
    saw(|event| matches!(event, Event::Trouble { doing, .. } if doing.contains("schedule"))).await;
    world.on_key::<u64>("DEL", "queue:ticks", &[]).await;
    for _ in 0..3 {
        saw(|event| matches!(event, Event::Fired { .. })).await;
    }
    handle.quit();
    run.await.unwrap().unwrap();
    assert!(world.client.size("ticks").await.unwrap() >= 3);
}
