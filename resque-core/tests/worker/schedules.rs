//! Recurring jobs: workers that fire schedules, one after another and many at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use resque_core::testing::{Fault, Operation};
use resque_core::worker::{Event, WorkerBuilder};
use resque_core::{Begin, CatchUp, Client, Error, Hooks, Schedule, Worker};

use crate::world::{Running, World, start};

/// Runs every minute, late rather than never: time flows past workers that are busy.
fn minutely(name: &str) -> Schedule {
    let schedule = Schedule::raw(name, "Tick", &(name,)).unwrap();
    let schedule = schedule.queue("q").unwrap().every("1m").unwrap();
    schedule.catch_up(CatchUp::UpTo(1_000))
}

/// A worker that performs nothing, so that what was fired stays in its queue.
fn idle(world: &World) -> WorkerBuilder {
    world.worker().queues("nothing")
}

fn client(world: &World) -> Client {
    Client::new(world.store.clone()).with_clock(Arc::new(world.clock.clone()))
}

/// Begins to follow the schedule `a` before time flows, so that it is known what is to fire.
async fn begun(world: &World) -> SystemTime {
    let begin = Begin {
        name: "a".parse().unwrap(),
        timing: "every 1m".to_owned(),
    };
    let schedules = world.store.queues().schedules().unwrap();
    let begun = schedules
        .begin(&[begin], world.now())
        .await
        .unwrap()
        .remove(0);
    begun.unwrap()
}

/// Waits for a firing and answers its tick.
async fn fired(worker: &mut Running, name: &str) -> SystemTime {
    worker
        .event(|event| match event {
            Event::Fired { schedule, tick } if schedule.as_str() == name => Some(*tick),
            _ => None,
        })
        .await
}

/// Whether a time is a full minute.
fn is_full_minute(time: SystemTime) -> bool {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    since.as_nanos().is_multiple_of(60_000_000_000)
}

#[tokio::test]
async fn a_declared_schedule_fires_at_its_times() {
    let world = World::new();
    let _flow = world.flow();
    let mut worker = start(idle(&world).schedule(minutely("a")));
    let first = fired(&mut worker, "a").await;
    let second = fired(&mut worker, "a").await;
    assert!(is_full_minute(first), "{first:?}");
    assert_eq!(second, first + Duration::from_secs(60));
    let queue = world.queue().await;
    assert!(queue.len() >= 2);
    assert_eq!(queue[0], r#"{"class":"Tick","args":["a"]}"#);
    worker.quit().await;
}

#[tokio::test]
async fn many_workers_fire_each_tick_once_and_take_over_from_each_other() {
    let world = World::new();
    let begin = begun(&world).await;
    let _flow = world.flow();
    let declared = || minutely("a");
    let workers = || start(idle(&world).schedule(declared()));
    let mut workers = vec![workers(), workers(), workers()];
    fired_by_any(&mut workers).await;
    // Whoever leads goes, with and without saying so.
    for round in 0..4 {
        let leader = fired_by_any(&mut workers).await;
        let leader = workers.remove(leader);
        match round % 2 {
            0 => drop(leader.quit().await),
            _ => leader.abort(),
        }
        workers.push(start(idle(&world).schedule(declared())));
    }
    fired_by_any(&mut workers).await;
    for worker in workers {
        worker.quit().await;
    }
    let fired = world.queue().await.len() as u64;
    let entry = world
        .store
        .queues()
        .schedules()
        .unwrap()
        .list()
        .await
        .unwrap();
    let settled = entry.get("a").unwrap().settled.unwrap();
    let first = begin
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs()
        / 60;
    let last = settled
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs()
        / 60;
    assert_eq!(fired, last - first, "each minute since the beginning once");
}

/// Which worker fires next.
async fn fired_by_any(workers: &mut [Running]) -> usize {
    let firings = workers
        .iter_mut()
        .map(|worker| Box::pin(fired(worker, "a")));
    futures::future::select_all(firings).await.1
}

#[tokio::test]
async fn what_was_missed_while_no_worker_ran_is_made_up_for() {
    let world = World::new();
    let schedules = [
        minutely("skips")
            .catch_up(CatchUp::Skip)
            .cron("0 * * * * UTC")
            .unwrap(),
        minutely("last").catch_up(CatchUp::Last),
        minutely("three").catch_up(CatchUp::UpTo(3)),
    ];
    let flow = world.flow();
    let mut worker = start(idle(&world).schedules(schedules.clone()));
    fired(&mut worker, "last").await;
    worker.quit().await;
    drop(flow);
    let queue = "q".parse().unwrap();
    world.store.queues().delete_queue(&queue).await.unwrap();

    // Five hours and a few minutes on.
    world.clock.advance(Duration::from_secs(5 * 3_600 + 200));
    let worker = idle(&world).schedules(schedules);
    let mut worker = start(worker);
    let _flow = world.flow();
    fired(&mut worker, "three").await;
    fired(&mut worker, "three").await;
    fired(&mut worker, "three").await;
    let queue = world.queue().await;
    let count = |name: &str| queue.iter().filter(|job| job.contains(name)).count();
    assert_eq!(
        (count("last"), count("three"), count("skips")),
        (1, 3, 0),
        "{queue:?}"
    );
    worker.quit().await;
}

#[tokio::test]
async fn stored_schedules_are_followed_while_they_change() {
    let world = World::new();
    let _flow = world.flow();
    let client = client(&world);
    let schedules = client.schedules().unwrap();
    let mut worker = start(idle(&world).stored_schedules(true));
    schedules.set(&minutely("a")).await.unwrap();
    fired(&mut worker, "a").await;
    schedules.set(&minutely("b")).await.unwrap();
    fired(&mut worker, "b").await;
    schedules.disable("a").await.unwrap();
    assert!(schedules.remove("b").await.unwrap());
    let gone = async || {
        let queue = world.queue().await;
        queue.len()
    };
    let before = gone().await;
    schedules.set(&minutely("c")).await.unwrap();
    fired(&mut worker, "c").await;
    fired(&mut worker, "c").await;
    let queue = world.queue().await;
    let news: Vec<_> = queue.iter().skip(before).collect();
    assert!(news.iter().all(|job| job.contains("[\"c\"]")), "{news:?}");
    schedules.enable("a").await.unwrap();
    fired(&mut worker, "a").await;
    worker.quit().await;
}

#[tokio::test]
async fn a_declared_schedule_can_be_switched_off_and_is_overruled_by_a_stored_one() {
    let world = World::new();
    let _flow = world.flow();
    let client = client(&world);
    let schedules = client.schedules().unwrap();
    let both = idle(&world).schedule(minutely("a")).schedule(minutely("b"));
    let mut worker = start(both.stored_schedules(true));
    fired(&mut worker, "a").await;
    schedules.disable("a").await.unwrap();
    let stored = Schedule::raw("b", "Other", &())
        .unwrap()
        .queue("q")
        .unwrap();
    schedules.set(&stored.every("1m").unwrap()).await.unwrap();
    let before = world.queue().await.len();
    fired(&mut worker, "b").await;
    fired(&mut worker, "b").await;
    fired(&mut worker, "b").await;
    let queue = world.queue().await;
    let news: Vec<_> = queue.iter().skip(before + 2).collect();
    assert!(news.iter().all(|job| job.contains("Other")), "{news:?}");
    worker.quit().await;
}

#[tokio::test]
async fn lost_replies_and_outages_cost_no_tick_and_fire_none_twice() {
    let world = World::new();
    let begin = begun(&world).await;
    let _flow = world.flow();
    let schedule = minutely("a");
    let mut worker = start(idle(&world).schedule(schedule));
    fired(&mut worker, "a").await;
    for fault in [Fault::ReplyLost, Fault::NotExecuted, Fault::ReplyLost] {
        world.faults.next(Operation::Fire, fault);
        fired(&mut worker, "a").await;
    }
    worker.quit().await;
    let listing = world
        .store
        .queues()
        .schedules()
        .unwrap()
        .list()
        .await
        .unwrap();
    let settled = listing.get("a").unwrap().settled.unwrap();
    let minute = |time: SystemTime| {
        time.duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs()
            / 60
    };
    let fired = world.queue().await.len() as u64;
    assert_eq!(fired, minute(settled) - minute(begin));
}

#[tokio::test]
async fn the_enqueue_hooks_of_a_job_run_and_can_refuse_it() {
    let world = World::new();
    let _flow = world.flow();
    let asked = Arc::new(AtomicU32::new(0));
    let counts = asked.clone();
    let hooks = Hooks::new().before_enqueue("every second one", move |_| {
        let number = counts.fetch_add(1, Ordering::SeqCst);
        async move { Ok(number % 2 == 1) }
    });
    let mut worker = start(idle(&world).hooks(hooks).schedule(minutely("a")));
    let first = fired(&mut worker, "a").await;
    let second = fired(&mut worker, "a").await;
    assert_eq!(second, first + Duration::from_secs(120), "one was refused");
    worker.quit().await;
}

#[tokio::test]
async fn a_recurring_job_is_told_to_its_own_hook_first() {
    let world = World::new();
    let _flow = world.flow();
    let called = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (first, second) = (called.clone(), called.clone());
    let hooks = Hooks::new()
        .before_delayed_enqueue("note", move |_| {
            first.lock().unwrap().push("before_delayed_enqueue");
            async { Ok(()) }
        })
        .before_enqueue("note", move |_| {
            second.lock().unwrap().push("before_enqueue");
            async { Ok(true) }
        });
    let mut worker = start(idle(&world).hooks(hooks).schedule(minutely("a")));
    fired(&mut worker, "a").await;
    worker.quit().await;
    let called = called.lock().unwrap();
    assert_eq!(called[..2], ["before_delayed_enqueue", "before_enqueue"]);
}

#[tokio::test]
async fn a_schedule_runs_only_in_its_environment() {
    let world = World::new();
    let _flow = world.flow();
    let named = minutely("a").environments(["production"]);
    let mut worker = start(
        idle(&world)
            .schedule(named)
            .schedule(minutely("b"))
            .schedule_environment("test"),
    );
    fired(&mut worker, "b").await;
    fired(&mut worker, "b").await;
    assert!(world.queue().await.iter().all(|job| job.contains("\"b\"")));
    worker.quit().await;
}

#[tokio::test]
async fn a_worker_with_schedules_that_cannot_work_does_not_start() {
    let world = World::new();
    let error = idle(&world)
        .schedule(minutely("a"))
        .schedule(minutely("a"))
        .build()
        .unwrap_err();
    assert!(matches!(error, Error::InvalidSchedule { .. }), "{error}");
    let no_queue = Schedule::raw("a", "Tick", &())
        .unwrap()
        .every("1m")
        .unwrap();
    let error = idle(&world).schedule(no_queue).build().unwrap_err();
    assert!(error.to_string().contains("name of a queue"), "{error}");
    assert!(
        Worker::builder(world.store.clone())
            .schedule_file("/no/such/file")
            .is_err()
    );
}

#[tokio::test]
async fn a_worker_without_schedules_asks_the_store_nothing_about_them() {
    let world = World::new();
    let _flow = world.flow();
    let mut worker = start(world.worker());
    world.push("Ok", 0..1).await;
    worker.settled(1).await;
    worker.quit().await;
    for operation in [
        Operation::Lead,
        Operation::ScheduleList,
        Operation::StepDown,
    ] {
        assert_eq!(world.faults.calls(operation), 0, "{operation}");
    }
}
