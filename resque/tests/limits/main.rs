//! Limits, unique jobs and cancelling by real workers on every store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod killed;
mod queues;
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use resque::{Enqueued, Handlers, JobError, JobLimits, NewJob, Rate, RetryPolicy, Unique};

use self::world::{Any, World};

/// One test for each store.
macro_rules! on_every_store {
    ($($name:ident),+ $(,)?) => {
        mod on_memory {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::world::World::on_memory()).await;
            })+
        }

        mod on_redis {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::world::World::on_redis().await).await;
            })+
        }

        mod on_postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::world::World::on_postgres().await).await;
            })+
        }
    };
}

use on_every_store;

on_every_store! {
    workers_share_the_places_of_a_key,
    workers_share_a_rate,
    what_has_to_wait_runs_later,
    of_many_clients_one_enqueues_a_unique_job,
    a_unique_job_stays_unique_through_its_retries,
    a_cancelled_job_is_not_tried_again,
}

async fn workers_share_the_places_of_a_key(world: World) {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let worker = || {
        let (now, most) = (now.clone(), most.clone());
        let limits = JobLimits::new().at_most_by(3, |_: &Any| "crowd");
        let builder = world.worker().concurrency(6).limits("Crowd", limits);
        builder.register_fn("Crowd", move |_: Any, _| {
            let (now, most) = (now.clone(), most.clone());
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                for _ in 0..50 {
                    tokio::task::yield_now().await;
                }
                now.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            }
        })
    };
    let jobs = (0..40).map(|number| NewJob::raw("Crowd", &(number,)).to("q"));
    world.client.submit_all(jobs).await.unwrap();
    let workers = [world::start(worker()), world::start(worker())];
    world
        .until("all are done", async || world.counts().await == (40, 0))
        .await;
    assert!((1..=3).contains(&most.load(Ordering::SeqCst)), "{most:?}");
    for worker in workers {
        worker.quit().await;
    }
    assert_eq!(world.holders("at_most:crowd").await, 0);
}

/// Eight jobs, and two workers of which this one is a pattern, with so many of them in that time.
async fn eight_jobs(world: &World, rate: Rate) -> [world::Running; 2] {
    let worker = || {
        let limits = JobLimits::new().rate_by(rate, |_: &Any| "all");
        world.worker().concurrency(4).limits("Ok", limits)
    };
    let jobs = (0..8).map(|number| NewJob::raw("Ok", &(number,)).to("q"));
    world.client.submit_all(jobs).await.unwrap();
    [world::start(worker()), world::start(worker())]
}

async fn workers_share_a_rate(world: World) {
    let workers = eight_jobs(&world, Rate::new(1, Duration::from_secs(3_600))).await;
    let delayed = world.client.delayed().unwrap();
    let others_wait = async || delayed.count().await.unwrap() == 7;
    world.until("all but the first wait", others_wait).await;
    for worker in workers {
        worker.quit().await;
    }
    assert_eq!(world.counts().await, (1, 0));
}

async fn what_has_to_wait_runs_later(world: World) {
    let workers = eight_jobs(&world, Rate::new(1, Duration::from_millis(20))).await;
    world
        .until("all are done", async || world.counts().await == (8, 0))
        .await;
    for worker in workers {
        worker.quit().await;
    }
}

async fn of_many_clients_one_enqueues_a_unique_job(world: World) {
    let handlers = || {
        let limits = JobLimits::<Any>::new().unique(Unique::until_done());
        Handlers::new().limits("Ok", limits)
    };
    let enqueue = |_: usize| {
        let client = world.client.with_handlers(handlers());
        tokio::spawn(async move { client.enqueue_raw("q", "Ok", &(1,)).await.unwrap() })
    };
    let mut taken = 0;
    let enqueues: Vec<_> = (0..16).map(enqueue).collect();
    for enqueued in enqueues {
        taken += usize::from(enqueued.await.unwrap() != Enqueued::Duplicate);
    }
    assert_eq!(taken, 1);
    let limits = JobLimits::<Any>::new().unique(Unique::until_done());
    let worker = world::start(world.worker().limits("Ok", limits));
    world
        .until("it is done", async || world.counts().await == (1, 0))
        .await;
    let client = world.client.with_handlers(handlers());
    assert!(
        client
            .enqueue_raw("q", "Ok", &(1,))
            .await
            .unwrap()
            .is_taken()
    );
    worker.quit().await;
}

async fn a_unique_job_stays_unique_through_its_retries(world: World) {
    let limits = || JobLimits::<Any>::new().unique(Unique::until_done());
    let client = world
        .client
        .with_handlers(Handlers::new().limits("Flaky", limits()));
    let duplicates = Arc::new(AtomicUsize::new(0));
    let (counts, enqueues) = (duplicates.clone(), client.clone());
    let builder = world.worker().limits("Flaky", limits());
    let builder = builder.retry(RetryPolicy::fixed(Duration::from_millis(20)).max_attempts(3));
    let worker = world::start(builder.register_fn("Flaky", move |_: Any, ctx| {
        let (counts, client) = (counts.clone(), enqueues.clone());
        async move {
            let again = client.enqueue_raw("q", "Flaky", &(1,)).await?;
            counts.fetch_add(usize::from(again == Enqueued::Duplicate), Ordering::SeqCst);
            if ctx.attempt() < 3 {
                return Err(JobError::new("Flaky", "again"));
            }
            Ok(())
        }
    }));
    assert!(
        client
            .enqueue_raw("q", "Flaky", &(1,))
            .await
            .unwrap()
            .is_taken()
    );
    world
        .until("it is done", async || world.counts().await == (3, 2))
        .await;
    assert_eq!(duplicates.load(Ordering::SeqCst), 3, "once in each attempt");
    assert!(
        client
            .enqueue_raw("other", "Flaky", &(1,))
            .await
            .unwrap()
            .is_taken()
    );
    worker.quit().await;
}

async fn a_cancelled_job_is_not_tried_again(world: World) {
    let builder = world
        .worker()
        .retry(RetryPolicy::fixed(Duration::ZERO).max_attempts(9));
    let worker = world::start(builder.register_fn("Waits", |_: Any, ctx| async move {
        ctx.cancellation().cancelled().await;
        Err(JobError::new("Stopped", "half done"))
    }));
    world.client.enqueue_raw("q", "Waits", &(1,)).await.unwrap();
    let running = async || world.client.working().await.unwrap().len() == 1;
    world.until("it runs", running).await;
    let busy = world.client.working().await.unwrap().remove(0);
    assert!(world.client.cancel(busy.id.as_str()).await.unwrap());
    world
        .until("it has ended", async || world.counts().await == (1, 1))
        .await;
    let failures = world.client.failures().unwrap().all(0, 9).await.unwrap();
    assert_eq!(
        failures[0].content.record().unwrap().exception,
        "Resque::Cancelled"
    );
    assert_eq!(world.client.delayed().unwrap().count().await.unwrap(), 0);
    worker.quit().await;
}
