//! A worker process that is killed while its job holds the only place.

use std::env;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use resque::JobLimits;
use resque::worker::WorkerBuilder;
use resque_testserver::{shared_postgres, shared_redis};

use crate::world::{self, Any, World};

/// The killed worker is dead after this silence, for which the tests wait.
const SILENCE: Duration = Duration::from_secs(6);

/// Tells the process that is killed which server and which namespace to work in.
const SERVER: &str = "RESQUE_TEST_LIMITS_SERVER";
const NAMESPACE: &str = "RESQUE_TEST_LIMITS_NAMESPACE";

async fn world(url: &str, namespace: &str) -> World {
    if url.starts_with("redis") {
        World::at_redis(url, namespace).await
    } else {
        World::at_postgres(url, namespace).await
    }
}

fn one_at_a_time(worker: WorkerBuilder) -> WorkerBuilder {
    worker
        .prune_after(SILENCE)
        .limits("Hang", JobLimits::<Any>::new().at_most(1))
}

/// The process that is killed: its jobs never end.
#[tokio::test]
#[ignore = "is started, and killed, by the other tests here"]
async fn a_worker_that_hangs() {
    let (Ok(url), Ok(namespace)) = (env::var(SERVER), env::var(NAMESPACE)) else {
        return;
    };
    let worker = world(&url, &namespace).await.worker().concurrency(1);
    let worker = one_at_a_time(worker).register_fn("Hang", |_: Any, _| std::future::pending());
    worker.build().unwrap().run().await.unwrap();
}

fn launch(url: &str, namespace: &str) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "killed::a_worker_that_hangs", "--ignored"]);
    command.env(SERVER, url).env(NAMESPACE, namespace);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

async fn the_place_of_a_killed_worker_is_given_again(url: &str) {
    let namespace = world::name();
    let world = world(url, &namespace).await;
    for number in [1, 2] {
        world
            .client
            .enqueue_raw("q", "Hang", &(number,))
            .await
            .unwrap();
    }
    let mut child = launch(url, &namespace);
    let holds = async || world.holders("at_most:Hang").await == 1;
    world.until("the job has its place", holds).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(world.holders("at_most:Hang").await, 1, "nobody gave it up");

    let worker = one_at_a_time(world.worker()).register_fn("Hang", |_: Any, _| async { Ok(()) });
    let worker = world::start(worker);
    let done = async || world.counts().await.0 == 1;
    world.until("the other job is done", done).await;
    let failures = world.client.failures().unwrap();
    let recorded = async || failures.count().await.unwrap() == 1;
    world.until("the first job is recorded", recorded).await;
    worker.quit().await;
    assert_eq!(world.holders("at_most:Hang").await, 0);
}

#[tokio::test]
async fn on_redis() {
    the_place_of_a_killed_worker_is_given_again(&shared_redis().unwrap().url()).await;
}

#[tokio::test]
async fn on_postgres() {
    the_place_of_a_killed_worker_is_given_again(shared_postgres().unwrap().url()).await;
}
