//! Jobs that wait for a place or a token, and jobs that are there once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use resque_core::testing::{Fault, Operation};
use resque_core::worker::{Event, Worker, WorkerBuilder};
use resque_core::{Client, Enqueued, Job, JobContext, JobLimits, JobResult, NewJob, Rate, Unique};
use serde::{Deserialize, Serialize};

use crate::world::{Gate, Running, World, outage, start, until};

/// Any arguments.
type Any = Vec<serde_json::Value>;

/// One gate job at a time, over all workers.
fn one_at_a_time(worker: WorkerBuilder) -> WorkerBuilder {
    worker.limits("Gate", JobLimits::<Any>::new().at_most(1))
}

/// Counts how many jobs run at once.
#[derive(Clone, Default)]
struct Crowd {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Crowd {
    /// Jobs of the class `Crowd` yield a few times.
    fn on(&self, worker: WorkerBuilder) -> WorkerBuilder {
        let crowd = self.clone();
        worker.register_fn("Crowd", move |_: Any, _| {
            let crowd = crowd.clone();
            async move {
                let now = crowd.now.fetch_add(1, Ordering::SeqCst) + 1;
                crowd.most.fetch_max(now, Ordering::SeqCst);
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
                crowd.now.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            }
        })
    }
}

/// Waits until so many jobs have been performed, however often some were deferred.
async fn processed(world: &World, count: i64) {
    let performed = async || world.stat("processed").await >= count;
    until("the jobs are performed", performed).await;
}

async fn deferred(worker: &mut Running) {
    worker
        .event(|event| matches!(event, Event::Deferred { .. }).then_some(()))
        .await;
}

#[tokio::test]
async fn no_more_jobs_run_at_once_than_there_are_places() {
    let world = World::new();
    let crowd = Crowd::default();
    let limits = || JobLimits::<Any>::new().at_most_by(2, |_: &Any| "crowd");
    world.push("Crowd", 0..30).await;
    let worker = || {
        crowd
            .on(world.worker())
            .concurrency(8)
            .limits("Crowd", limits())
    };
    let workers = [start(worker()), start(worker())];
    // The heartbeats of both are among them: neither is taken for dead before it has begun.
    world.parked(6).await;
    let _flow = world.flow();
    processed(&world, 30).await;
    assert_eq!(crowd.most.load(Ordering::SeqCst), 2);
    assert_eq!(
        (world.stat("processed").await, world.stat("failed").await),
        (30, 0)
    );
    for worker in &workers {
        worker.handle.quit();
    }
    let [first, second] = workers;
    let (first, second) = (first.end().await, second.end().await);
    assert_eq!(
        first.processed + second.processed,
        30,
        "deferred jobs are no attempts"
    );
    let places = world.store.queues().limits().unwrap();
    assert!(
        places
            .leases("at_most:crowd", world.now())
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_refused_job_waits_without_an_attempt_and_without_a_slot() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..2).await;
    world.push("Ok", 2..3).await;
    let mut worker = start(one_at_a_time(gate.on(world.worker())).concurrency(2));
    deferred(&mut worker).await;
    worker.settled(2).await;
    assert_eq!(
        world.stat("processed").await,
        1,
        "only the other class was performed"
    );
    gate.open(2);
    let _flow = world.flow();
    worker.settled(2).await;
    let report = worker.quit().await;
    assert_eq!((report.processed, report.released), (3, 0));
}

#[tokio::test]
async fn a_key_that_panics_ends_no_worker() {
    let world = World::new();
    let limits = JobLimits::<Any>::new().at_most_by(1, |args: &Any| match args[0].as_u64() {
        Some(1) => panic!("nobody has thought of 1"),
        number => format!("{number:?}"),
    });
    world.push("Ok", 0..3).await;
    let mut worker = start(world.worker().limits("Ok", limits));
    worker.settled(3).await;
    assert_eq!(worker.quit().await.processed, 3);
}

#[tokio::test]
async fn a_rate_spreads_the_starts() {
    let world = World::new();
    world.push("Ok", 0..4).await;
    let limits = JobLimits::<Any>::new().rate(Rate::new(1, Duration::from_secs(10)));
    let mut worker = start(world.worker().concurrency(4).limits("Ok", limits));
    worker.settled(4).await;
    assert_eq!(world.stat("processed").await, 1);
    let delayed = world.store.queues().delayed().unwrap();
    let page = delayed.list(None, 9).await.unwrap();
    let after = |job: &resque_core::DelayedJob| job.due.duration_since(world.now()).unwrap();
    let waits: Vec<u64> = page.jobs.iter().map(|job| after(job).as_secs()).collect();
    assert_eq!(waits, [10, 20, 30]);
    let _flow = world.flow();
    processed(&world, 4).await;
    assert_eq!(worker.quit().await.processed, 4);
}

#[tokio::test]
async fn a_queue_has_limits_for_jobs_of_all_classes() {
    let world = World::new();
    world.push("Ok", 0..2).await;
    world.push("Fail", 2..3).await;
    let rate = Rate::new(1, Duration::from_secs(10)).burst(2);
    let mut worker = start(world.worker().concurrency(3).queue_rate("q", rate));
    worker.settled(3).await;
    assert_eq!(world.stat("processed").await, 2);
    worker.quit().await;
}

#[tokio::test]
async fn a_place_is_held_on_while_its_job_runs() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..1).await;
    let mut worker = start(one_at_a_time(gate.on(world.worker())));
    worker.started().await;
    let flow = world.flow();
    let begin = world.now();
    let end = begin + Duration::from_secs(200);
    until("time has passed", async || world.now() >= end).await;
    drop(flow);
    let limits = world.store.queues().limits().unwrap();
    let leases = limits.leases("at_most:Gate", world.now()).await.unwrap();
    assert_eq!(
        leases.len(),
        1,
        "the job runs for longer than a lease lasts"
    );
    gate.open(1);
    worker.quit().await;
}

#[tokio::test]
async fn a_dead_workers_place_is_free_when_it_is_recovered() {
    let world = World::new();
    let gate = Gate::new();
    world.push("Gate", 0..2).await;
    let mut dead = start(one_at_a_time(gate.on(world.worker())));
    dead.started().await;
    let limits = world.store.queues().limits().unwrap();
    let holders = async || {
        limits
            .leases("at_most:Gate", world.now())
            .await
            .unwrap()
            .len()
    };
    assert_eq!(holders().await, 1);
    let healthy = world.worker_of(world.store.clone());
    let mut other = start(one_at_a_time(gate.on(healthy)));
    deferred(&mut other).await;
    world.faults.set_down(true);
    let _flow = world.flow();
    outage(&mut dead).await;
    // The second job gets the place of the first one, whose worker has fallen silent.
    other.started().await;
    gate.open(2);
    other.settled(1).await;
    let recorded = async || !world.failures().await.is_empty();
    until("the job of the dead is on record", recorded).await;
    dead.handle.stop_now();
    dead.handle.stop_now();
    other.quit().await;
}

#[tokio::test]
async fn claims_outlast_an_outage() {
    let world = World::new();
    world.push("Ok", 0..1).await;
    for fault in [Fault::NotExecuted, Fault::ReplyLost] {
        world.faults.next(Operation::Claim, fault);
    }
    let limits = JobLimits::<Any>::new().at_most(1);
    let mut worker = start(world.worker().limits("Ok", limits));
    let _flow = world.flow();
    worker.settled(1).await;
    assert_eq!(worker.quit().await.processed, 1);
}

#[tokio::test]
async fn limits_need_a_store_that_offers_them() {
    let limits = JobLimits::<Any>::new().at_most(1);
    let offering = Worker::builder(World::new().store).queues("q");
    assert!(offering.limits("Ok", limits).build().is_ok());
}

/// A job that is there once for each number.
#[derive(Debug, Serialize, Deserialize)]
struct Once {
    number: u32,
    text: String,
}

impl Once {
    fn new(number: u32, text: &str) -> Self {
        let text = text.to_owned();
        Self { number, text }
    }
}

impl Job for Once {
    const CLASS: &'static str = "Once";
    const QUEUE: &'static str = "q";

    fn limits() -> JobLimits<Self> {
        JobLimits::new().unique_by(Unique::until_done(), |job: &Self| job.number.to_string())
    }

    async fn perform(self, ctx: &JobContext) -> JobResult {
        assert_eq!(ctx.client().enqueue(&self).await?, Enqueued::Duplicate);
        match self.text.as_str() {
            "fail" => Err("it failed".into()),
            _ => Ok(()),
        }
    }
}

fn client(world: &World) -> Client {
    Client::new(world.store.clone()).with_clock(Arc::new(world.clock.clone()))
}

#[tokio::test]
async fn a_unique_job_is_there_once_until_it_is_done_or_failed() {
    let world = World::new();
    let client = client(&world);
    for text in ["well", "fail"] {
        assert!(
            client
                .enqueue(&Once::new(1, text))
                .await
                .unwrap()
                .is_taken()
        );
        let again = client.enqueue(&Once::new(1, "other")).await.unwrap();
        assert_eq!(again, Enqueued::Duplicate);
        assert!(!again.is_taken());
        let mut worker = start(world.worker().register::<Once>());
        worker.settled(1).await;
        worker.quit().await;
    }
    assert!(
        client
            .enqueue(&Once::new(1, "again"))
            .await
            .unwrap()
            .is_taken()
    );
    let error = &world.failures().await[0].error;
    assert_eq!(error, "it failed");
}

#[tokio::test]
async fn a_batch_tells_which_jobs_were_there_already() {
    let world = World::new();
    let client = client(&world);
    let jobs = [1, 2, 1].map(|number| Once::new(number, ""));
    let outcomes = client.enqueue_all(&jobs).await.unwrap();
    let taken: Vec<bool> = outcomes.iter().map(|outcome| outcome.is_taken()).collect();
    assert_eq!(taken, [true, true, false]);
    let later = NewJob::of(&Once::new(3, "")).after(Duration::from_secs(60));
    assert!(client.submit(later).await.unwrap().is_taken());
    let at_once = client.enqueue(&Once::new(3, "")).await.unwrap();
    assert_eq!(
        at_once,
        Enqueued::Duplicate,
        "one that waits for its time is there, too"
    );
}

#[tokio::test]
async fn a_job_that_is_taken_out_of_its_queue_is_unique_no_more() {
    let world = World::new();
    let client = client(&world);
    client.enqueue(&Once::new(1, "")).await.unwrap();
    assert_eq!(client.dequeue(&Once::new(1, "")).await.unwrap(), Some(1));
    assert!(client.enqueue(&Once::new(1, "")).await.unwrap().is_taken());
}

#[tokio::test]
async fn a_job_that_is_unique_while_queued_may_come_again_once_it_starts() {
    let world = World::new();
    let gate = Gate::new();
    let limits = || JobLimits::<Any>::new().unique(Unique::while_queued());
    let mut worker = start(gate.on(world.worker()).limits("Gate", limits()));
    let handlers = resque_core::Handlers::new().limits("Gate", limits());
    let client = client(&world).with_handlers(handlers);
    let enqueue = async || {
        client
            .enqueue_raw("q", "Gate", &(1,))
            .await
            .unwrap()
            .is_taken()
    };
    assert!(enqueue().await);
    worker.started().await;
    assert!(enqueue().await, "the first one has started");
    assert!(!enqueue().await, "the second one waits");
    gate.open(2);
    worker.settled(2).await;
    worker.quit().await;
}
