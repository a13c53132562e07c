//! Unique jobs of each kind, and limits of queues.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use resque::{Client, Enqueued, Handlers, JobLimits, NewJob, Rate, Unique};
use tokio::sync::Semaphore;

use crate::on_every_store;
use crate::world::{self, Any, World};

on_every_store! {
    a_job_is_unique_while_it_waits_and_no_longer,
    a_job_is_unique_for_a_time_whatever_becomes_of_it,
    workers_share_the_places_of_a_queue,
    workers_share_the_rate_of_a_queue,
}

/// A client that knows how unique the jobs of this class are.
fn client(world: &World, class: &str, unique: Unique) -> Client {
    let limits = JobLimits::<Any>::new().unique(unique);
    world
        .client
        .with_handlers(Handlers::new().limits(class, limits))
}

async fn is_taken(client: &Client, class: &str) -> bool {
    let enqueued = client.enqueue_raw("q", class, &(1,)).await.unwrap();
    assert!(
        enqueued.is_taken() || enqueued == Enqueued::Duplicate,
        "{enqueued:?}"
    );
    enqueued.is_taken()
}

async fn a_job_is_unique_while_it_waits_and_no_longer(world: World) {
    let client = client(&world, "Waits", Unique::while_queued());
    let (begun, may_end) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    assert!(is_taken(&client, "Waits").await);
    assert!(!is_taken(&client, "Waits").await);
    let limits = JobLimits::<Any>::new().unique(Unique::while_queued());
    let (tells, waits) = (begun.clone(), may_end.clone());
    let builder = world.worker().concurrency(1).limits("Waits", limits);
    let worker = world::start(builder.register_fn("Waits", move |_: Any, _| {
        let (tells, waits) = (tells.clone(), waits.clone());
        async move {
            tells.add_permits(1);
            waits.acquire().await?.forget();
            Ok(())
        }
    }));
    begun.acquire().await.unwrap().forget();
    // It runs, so that the next one may wait.
    assert!(is_taken(&client, "Waits").await);
    assert!(!is_taken(&client, "Waits").await);
    may_end.add_permits(2);
    world
        .until("both are done", async || world.counts().await == (2, 0))
        .await;
    assert!(is_taken(&client, "Waits").await);
    may_end.add_permits(1);
    worker.quit().await;
}

async fn a_job_is_unique_for_a_time_whatever_becomes_of_it(world: World) {
    let hour = Unique::for_time(Duration::from_secs(3_600));
    let moment = Unique::for_time(Duration::from_millis(50));
    let (long, short) = (client(&world, "Ok", hour), client(&world, "Brief", moment));
    assert!(is_taken(&long, "Ok").await && is_taken(&short, "Brief").await);
    let worker = world
        .worker()
        .limits("Ok", JobLimits::<Any>::new().unique(hour))
        .limits("Brief", JobLimits::<Any>::new().unique(moment))
        .register_fn("Brief", |_: Any, _| async { Ok(()) });
    let worker = world::start(worker);
    world
        .until("both are done", async || world.counts().await == (2, 0))
        .await;
    assert!(!is_taken(&long, "Ok").await, "its hour is not over");
    world
        .until("a moment is over", async || is_taken(&short, "Brief").await)
        .await;
    assert!(!is_taken(&long, "Ok").await);
    worker.quit().await;
}

async fn workers_share_the_places_of_a_queue(world: World) {
    const JOBS: i64 = 30;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let worker = || {
        let mut builder = world.worker().concurrency(5).queue_at_most("q", 2);
        for class in ["One", "Other"] {
            let (now, most) = (now.clone(), most.clone());
            builder = builder.register_fn(class, move |_: Any, _| {
                let (now, most) = (now.clone(), most.clone());
                async move {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    for _ in 0..50 {
                        tokio::task::yield_now().await;
                    }
                    now.fetch_sub(1, Ordering::SeqCst);
                    Ok(())
                }
            });
        }
        builder
    };
    let class = |number| if number % 2 == 0 { "One" } else { "Other" };
    let jobs = (0..JOBS).map(|number| NewJob::raw(class(number), &(number,)).to("q"));
    world.client.submit_all(jobs).await.unwrap();
    let workers = [world::start(worker()), world::start(worker())];
    world
        .until("all are done", async || world.counts().await == (JOBS, 0))
        .await;
    assert!((1..=2).contains(&most.load(Ordering::SeqCst)), "{most:?}");
    for worker in workers {
        worker.quit().await;
    }
}

async fn workers_share_the_rate_of_a_queue(world: World) {
    let rate = Rate::new(2, Duration::from_secs(3_600)).burst(2);
    let worker = || world.worker().concurrency(4).queue_rate("q", rate);
    let jobs = (0..8).map(|number| NewJob::raw("Ok", &(number,)).to("q"));
    world.client.submit_all(jobs).await.unwrap();
    let workers = [world::start(worker()), world::start(worker())];
    let delayed = world.client.delayed().unwrap();
    world
        .until("the others wait", async || {
            delayed.count().await.unwrap() == 6 && world.counts().await == (2, 0)
        })
        .await;
    for worker in workers {
        worker.quit().await;
    }
    let waiting = world.client.size("q").await.unwrap() + delayed.count().await.unwrap();
    assert_eq!((world.counts().await, waiting), ((2, 0), 6));
}
