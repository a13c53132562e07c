//! A move that is killed at every step, between stores in memory.

use resque::QueueList;

use super::queues::Mover;
use super::*;

/// How many jobs there are: a few portions and a part of one.
const JOBS: u64 = 620;

/// Two stores, one of them with jobs.
async fn stores(test: &str) -> Stores {
    let open = async |side: &str| {
        let url = format!("memory:move-{test}-{side}");
        resque::connect(&url).await.unwrap()
    };
    let (source, target) = (open("from").await, open("to").await);
    let stores = Stores {
        from: Client::new(source.clone()),
        to: Client::new(target.clone()),
        source,
        target,
        out: Out::new(true),
        clock: Arc::new(resque::SystemClock::new()),
        interrupted: Arc::default(),
    };
    for number in 0..JOBS {
        let payload = format!("{{\"class\":\"A\",\"args\":[{number}]}}");
        stores
            .from
            .push("files", payload.into_bytes())
            .await
            .unwrap();
    }
    stores
}

fn files() -> QueueName {
    QueueName::new("files").unwrap()
}

/// All jobs are there, each once and in their order; nothing is left here or noted there.
async fn assert_all_moved(stores: &Stores) {
    let jobs = stores.to.peek("files", resque::Page::ALL).await.unwrap();
    let numbers = jobs.iter().map(|job| job.args::<(u64,)>().unwrap().0);
    assert_eq!(numbers.collect::<Vec<_>>(), (0..JOBS).collect::<Vec<_>>());
    assert_eq!(stores.from.size("files").await.unwrap(), 0);
    assert_eq!(stores.from.workers().await.unwrap(), []);
    assert_eq!(stores.to.delayed().unwrap().count().await.unwrap(), 0);
    let stats = stores.from.stats().unwrap();
    assert_eq!(stats.get("processed").await.unwrap(), 0);
    assert_eq!(stats.get("move:id").await.unwrap(), 0);
}

/// A move that dies after so many steps: it takes a portion, pushes it, takes the next one …
async fn die_after(stores: &Stores, steps: u64) {
    let from = QueueList::one(files());
    let mut mover = Mover::begin(stores).await.unwrap();
    let mut taken = Vec::new();
    for step in 0..steps {
        if step % 2 == 0 {
            taken = mover.take(&from).await.unwrap();
            continue;
        }
        taken.sort_by_key(|job| !job.redelivered);
        mover.push(&taken).await.unwrap();
        mover.arrive(std::mem::take(&mut taken));
    }
}

#[tokio::test]
async fn whenever_a_move_dies_each_job_is_moved_once_and_in_order() {
    for steps in 1..8 {
        let stores = stores(&format!("die-{steps}")).await;
        die_after(&stores, steps).await;
        // And once more, right at the beginning.
        die_after(&stores, 1).await;
        die_after(&stores, 2).await;
        let mut mover = Mover::begin(&stores).await.unwrap();
        mover.move_queue(&files()).await.unwrap();
        mover.end().await.unwrap();
        assert_all_moved(&stores).await;
    }
}

#[tokio::test]
async fn an_earlier_start_leaves_the_field_to_a_later_one() {
    let stores = stores("field").await;
    let from = QueueList::one(files());
    let mut first = Mover::begin(&stores).await.unwrap();
    let jobs = first.take(&from).await.unwrap();
    let mut second = Mover::begin(&stores).await.unwrap();
    assert!(matches!(first.push(&jobs).await, Err(Failure::Undone(_))));
    second.move_queue(&files()).await.unwrap();
    second.end().await.unwrap();
    assert_all_moved(&stores).await;
}

#[tokio::test]
async fn a_store_is_not_moved_into_itself() {
    let mut stores = stores("itself").await;
    assert!(stores.refuse_the_same().await.is_ok());
    stores.to = stores.from.clone();
    assert!(stores.refuse_the_same().await.is_err());
}

#[tokio::test]
async fn an_interrupted_move_goes_on() {
    let stores = stores("interrupted").await;
    stores.interrupted.store(true, Ordering::Relaxed);
    let mut mover = Mover::begin(&stores).await.unwrap();
    assert!(mover.move_queue(&files()).await.is_err());
    drop(mover);
    stores.interrupted.store(false, Ordering::Relaxed);
    let mut mover = Mover::begin(&stores).await.unwrap();
    mover.move_queue(&files()).await.unwrap();
    mover.end().await.unwrap();
    assert_all_moved(&stores).await;
}
