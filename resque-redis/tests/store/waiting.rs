//! Waking up for jobs that anybody pushes, without asking again and again.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use resque_core::{ManualClock, QueueList, WaitForJobs, Worker};
use resque_redis::FailureLayout;
use resque_redis::driver::Batch;

use crate::support::{World, at, calls_of, job, list, name, slots, text};

/// Only a test that hangs reaches it.
const AT_MOST: Duration = Duration::from_secs(30);

fn waiting(world: &World) -> &dyn WaitForJobs {
    world.backend.queues().waiting().unwrap()
}

/// Goes to wait as an idle worker does, a ticket, a last look, and only then the wait; answers when
/// `event`, which comes about once it waits, has woken it.
async fn woken_by(world: &World, from: &QueueList, event: impl Future<Output = ()>) {
    let ticket = waiting(world).ticket(from).await.unwrap();
    let queues = world.backend.queues();
    let given = queues.exchange(&[], &slots(1), from, at(0)).await.unwrap();
    assert!(given.reserved.is_empty(), "{given:?}");
    let wait = waiting(world).wait(ticket, from);
    let wait = tokio::time::timeout(AT_MOST, wait);
    let (woken, ()) = futures::join!(wait, event);
    woken.expect("a wake-up").unwrap();
}

#[tokio::test]
async fn a_plain_push_by_anybody_wakes_even_into_a_queue_that_is_new() {
    for from in ["mail", "*", "other,mail", "ma*"] {
        let world = World::new().await;
        let from = list(from);
        let push = async {
            world
                .raw
                .on("RPUSH", "queue:mail", &[job(1).as_bytes()])
                .await;
            world.raw.on("SADD", "queues", &[b"mail"]).await;
        };
        woken_by(&world, &from, push).await;
        let queues = world.backend.queues();
        let given = queues.exchange(&[], &slots(1), &from, at(0)).await.unwrap();
        assert_eq!(given.reserved.len(), 1, "{from}");
    }
}

#[tokio::test]
async fn a_push_between_the_last_look_and_the_wait_is_not_missed() {
    let world = World::new().await;
    let from = list("*");
    for number in 0..50 {
        let ticket = waiting(&world).ticket(&from).await.unwrap();
        let queues = world.backend.queues();
        let looked = queues.exchange(&[], &slots(1), &from, at(0)).await.unwrap();
        assert!(looked.reserved.is_empty());
        world
            .raw
            .on("RPUSH", &format!("queue:q{}", number % 3), &[b"job"])
            .await;
        let wait = waiting(&world).wait(ticket, &from);
        tokio::time::timeout(AT_MOST, wait)
            .await
            .expect("a wake-up")
            .unwrap();
        let given = queues.exchange(&[], &slots(1), &from, at(0)).await.unwrap();
        assert_eq!(given.reserved.len(), 1, "{number}");
        let receipt = given.reserved.into_iter().next().unwrap().receipt;
        let done = [resque_core::Settlement::done(receipt)];
        queues.exchange(&done, &[], &from, at(0)).await.unwrap();
    }
}

#[tokio::test]
async fn a_started_queue_and_the_end_of_a_pause_wake() {
    let (world, all) = (World::new().await, list("*"));
    let control = world.backend.queues().control().unwrap();
    world.push("mail", job(1)).await;
    control.set_stopped(&name("mail"), true).await.unwrap();
    let start = async {
        control.set_stopped(&name("mail"), false).await.unwrap();
    };
    woken_by(&world, &all, start).await;
    control.set_paused(true).await.unwrap();
    let end = async {
        control.set_paused(false).await.unwrap();
    };
    woken_by(&world, &all, end).await;
    assert_eq!(world.reserve(&slots(1), "*").await.reserved.len(), 1);
}

#[tokio::test]
async fn a_queue_that_still_has_jobs_is_asked_again_without_a_wake_up() {
    let world = World::new().await;
    let from = list("*");
    wait_idle_until_pushed(&world, &from, 3).await;
    let queues = world.backend.queues();
    let done = |exchange: resque_core::Exchange| {
        exchange
            .reserved
            .into_iter()
            .map(|job| resque_core::Settlement::done(job.receipt))
            .collect::<Vec<_>>()
    };
    let mut settlements = Vec::new();
    for number in 0..3 {
        let given = queues
            .exchange(&settlements, &slots(1), &from, at(0))
            .await
            .unwrap();
        assert_eq!(given.reserved.len(), 1, "{number}");
        settlements = done(given);
    }
}

async fn wait_idle_until_pushed(world: &World, from: &QueueList, jobs: usize) {
    let push = async {
        for number in 0..jobs {
            world.push("mail", job(number)).await;
        }
    };
    woken_by(world, from, push).await;
}

#[tokio::test]
async fn nobody_wakes_for_another_queue_or_namespace() {
    let (world, stranger) = (World::new().await, World::new().await);
    let from = list("mail");
    let ticket = waiting(&world).ticket(&from).await.unwrap();
    world.reserve(&slots(1), "mail").await;
    let wait = waiting(&world).wait(ticket, &from);
    world.push("other", job(1)).await;
    stranger.push("mail", job(1)).await;
    // A push that does wake comes behind them: had they woken anybody, it would be known by now.
    let other = list("other");
    let elsewhere = waiting(&world).wait(ticket, &other);
    tokio::time::timeout(AT_MOST, elsewhere)
        .await
        .expect("a wake-up")
        .unwrap();
    assert!(wait.now_or_never().is_none());
}

#[tokio::test]
async fn ten_thousand_empty_queues_are_not_asked_for_one_job() {
    let server = resque_testserver::Redis::new().start().unwrap();
    let world = World::on(&server.url(), FailureLayout::Single).await;
    for part in 0..10 {
        let names: Vec<String> = (0..1000).map(|n| format!("q{part}{n:03}")).collect();
        let names: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
        world.raw.on("SADD", "queues", &names).await;
    }
    let from = list("*");
    wait_idle_until_pushed(&world, &from, 1).await;
    let before = calls_of_exists(&world).await;
    assert!(before >= 10_000 / 64, "all were asked once, {before}");
    assert_eq!(world.reserve(&slots(1), "*").await.reserved.len(), 1);
    assert!(calls_of_exists(&world).await < before + 10);
}

#[tokio::test]
async fn an_idle_worker_takes_jobs_where_they_are_announced() {
    let server = resque_testserver::Redis::new().start().unwrap();
    let world = World::on(&server.url(), FailureLayout::Single).await;
    wait_idle_until_pushed(&world, &list("mail"), 1).await;
    assert_eq!(world.reserve(&slots(1), "mail").await.reserved.len(), 1);
    let mut batch = Batch::new();
    batch.command("CLIENT").arg("LIST");
    let clients = world.raw.connection.run(&batch).await.unwrap().remove(0);
    let clients = text(clients).unwrap();
    let hearing: Vec<_> = clients
        .lines()
        .filter(|line| line.contains("flags=tB"))
        .collect();
    assert_eq!(hearing.len(), 1, "{clients}");
    assert!(hearing[0].contains("cmd=evalsha"), "{clients}");
}

#[tokio::test]
async fn a_job_for_an_idle_worker_costs_three_calls_and_no_switching() {
    const JOBS: u64 = 20;
    let server = resque_testserver::Redis::new().start().unwrap();
    let world = World::on(&server.url(), FailureLayout::Single).await;
    // Time stands still, so that nothing but jobs makes the worker call.
    let worker = Worker::builder(world.backend.clone())
        .queues("*")
        .concurrency(4)
        .register_fn("Archive", |_: (u64, String), _| async { Ok(()) })
        .clock(Arc::new(ManualClock::new()))
        .build()
        .unwrap();
    let handle = worker.handle();
    let running = tokio::spawn(worker.run());
    world.push("mail", job(0)).await;
    processed(&world, 1).await;

    let calls = calls_of(&world, "evalsha").await;
    let switches = calls_of(&world, "client|tracking").await;
    for number in 1..=JOBS {
        let payload = job(1);
        world
            .raw
            .on("RPUSH", "queue:mail", &[payload.as_bytes()])
            .await;
        processed(&world, number + 1).await;
    }
    // One takes the job; the announcement that it was taken, which may hide one of a job that came
    // right behind it, makes for another; and one settles.
    let made = calls_of(&world, "evalsha").await - calls;
    // The call that settled the first job, and what its announcement led to, may have come late; and
    // whether one announcement hides another is not always as here.
    assert!(made <= 4 * JOBS, "{made} calls for {JOBS} jobs");
    assert_eq!(calls_of(&world, "client|tracking").await, switches);
    handle.quit();
    running.await.unwrap().unwrap();
}

async fn processed(world: &World, jobs: u64) {
    let counted = async {
        while world.raw.get("stat:processed").await != Some(jobs.to_string()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(AT_MOST, counted)
        .await
        .expect("the job is processed");
}

/// How often the server was asked whether keys exist; for its whole life.
async fn calls_of_exists(world: &World) -> u64 {
    calls_of(world, "exists").await
}
