use resque_core::{
    Cursor, Error, FailureEntry, FailureFilter, FailureId, FailureOrder, FailurePage, FailureQuery,
    FailureRecord, FailureRetry, FailureStore, Payload, QueueBackend,
};

use crate::testing::{World, queue};

/// Records failures of queue `q` (or the one before a slash) with these messages.
async fn record(world: &World, messages: &[&str]) {
    let records: Vec<_> = messages.iter().map(|text| failure(world, text)).collect();
    world.memory.record(&records).await.unwrap();
}

fn failure(world: &World, text: &str) -> FailureRecord {
    let (queue, message) = text.split_once('/').unwrap_or(("q", text));
    let payload = Payload::from(format!("payload of {message}"));
    FailureRecord::new(world.now(), payload, "RuntimeError", message).on("w", queue)
}

fn query(order: FailureOrder, limit: usize, scan_budget: usize) -> FailureQuery {
    let mut query = FailureQuery::default();
    (query.order, query.limit, query.scan_budget) = (order, limit, scan_budget);
    query
}

async fn list(world: &World, query: &FailureQuery) -> FailurePage {
    world.memory.list(query).await.unwrap()
}

async fn all(world: &World) -> Vec<FailureEntry> {
    list(world, &query(FailureOrder::OldestFirst, 99, 99))
        .await
        .entries
}

fn messages(entries: &[FailureEntry]) -> Vec<String> {
    let message = |entry: &FailureEntry| entry.content.record().map(|r| r.error.clone());
    entries.iter().filter_map(message).collect()
}

async fn id(world: &World, message: &str) -> FailureId {
    let entries = all(world).await;
    let named = |entry: &&FailureEntry| entry.content.record().unwrap().error == message;
    entries.iter().find(named).unwrap().id.clone()
}

async fn remove(world: &World, id: &FailureId) -> resque_core::Result<()> {
    world
        .memory
        .remove(std::slice::from_ref(id))
        .await
        .unwrap()
        .remove(0)
}

fn is_conflict(result: &resque_core::Result<()>) -> bool {
    matches!(result, Err(Error::Conflict { .. }))
}

#[tokio::test]
async fn records_come_back_as_they_were() {
    let world = World::new();
    let record = failure(&world, "boom").backtrace(vec!["a.rs:1".into()]);
    world
        .memory
        .record(std::slice::from_ref(&record))
        .await
        .unwrap();
    assert_eq!(all(&world).await[0].content.record(), Some(&record));
    assert_eq!(world.stat("failed").await, 0);
}

#[tokio::test]
async fn pages_run_through_all_records_in_both_orders() {
    let world = World::new();
    record(&world, &["1", "2", "3", "4", "5"]).await;
    for (order, expected) in [
        (
            FailureOrder::OldestFirst,
            [vec!["1", "2"], vec!["3", "4"], vec!["5"]],
        ),
        (
            FailureOrder::NewestFirst,
            [vec!["5", "4"], vec!["3", "2"], vec!["1"]],
        ),
    ] {
        let mut query = query(order, 2, 99);
        for page in expected {
            let found = list(&world, &query).await;
            assert_eq!(messages(&found.entries), page);
            assert_eq!(found.scanned, page.len());
            query.cursor = found.next;
        }
        assert_eq!(query.cursor, None);
    }
}

#[tokio::test]
async fn records_that_go_or_come_between_pages_shift_nothing() {
    let world = World::new();
    record(&world, &["1", "2", "3", "4", "5"]).await;
    let mut query = query(FailureOrder::NewestFirst, 2, 99);
    query.cursor = list(&world, &query).await.next;
    for gone in ["5", "4", "3"] {
        remove(&world, &id(&world, gone).await).await.unwrap();
    }
    record(&world, &["6"]).await;
    let page = list(&world, &query).await;
    assert_eq!(messages(&page.entries), ["2", "1"]);
    assert_eq!(page.next, None);
}

#[tokio::test]
async fn the_budget_ends_a_page_early_and_the_next_goes_on() {
    let world = World::new();
    record(&world, &["a/1", "b/2", "b/3", "a/4", "b/5"]).await;
    let mut query = query(FailureOrder::OldestFirst, 9, 2);
    query.filter.queue = Some("a".into());
    for (expected, scanned, more) in [
        (vec!["1"], 2, true),
        (vec!["4"], 2, true),
        (vec![], 1, false),
    ] {
        let page = list(&world, &query).await;
        assert_eq!(messages(&page.entries), expected);
        assert_eq!(page.scanned, scanned);
        assert_eq!(page.next.is_some(), more);
        query.cursor = page.next;
    }
}

#[tokio::test]
async fn a_page_of_nothing_ends() {
    let world = World::new();
    record(&world, &["1"]).await;
    for (limit, budget) in [(0, 9), (9, 0)] {
        let page = list(&world, &query(FailureOrder::OldestFirst, limit, budget)).await;
        assert_eq!((page.entries, page.next, page.scanned), (vec![], None, 0));
    }
}

#[tokio::test]
async fn a_cursor_of_someone_else_is_refused() {
    let world = World::new();
    let mut query = FailureQuery::default();
    query.cursor = Some(Cursor::new("from the moon"));
    let error = world.memory.list(&query).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
}

#[tokio::test]
async fn counts_know_all_and_each_queue() {
    let world = World::new();
    record(&world, &["a/1", "b/2", "a/3"]).await;
    let count = async |queue| world.memory.count(queue).await.unwrap();
    assert_eq!(
        [
            count(None).await,
            count(Some("a")).await,
            count(Some("c")).await
        ],
        [3, 2, 0]
    );
    remove(&world, &id(&world, "1").await).await.unwrap();
    assert_eq!([count(None).await, count(Some("a")).await], [2, 1]);
}

#[tokio::test]
async fn a_retry_puts_the_exact_bytes_back_and_marks_the_record() {
    let world = World::new();
    record(&world, &["a/1"]).await;
    let id = id(&world, "1").await;
    world.pass(5);
    let batch = [
        FailureRetry::new(id.clone()),
        FailureRetry::new(id).into_queue(queue("b")),
    ];
    let answers = world.memory.retry(&batch, world.now()).await.unwrap();
    assert!(answers.iter().all(Result::is_ok));
    for name in ["a", "b"] {
        assert_eq!(world.waiting(name).await, ["payload of 1"]);
    }
    let entries = all(&world).await;
    assert_eq!(
        entries[0].content.record().unwrap().retried_at,
        Some(world.now())
    );
    let listing = world.memory.queues().await.unwrap();
    assert_eq!(listing.get("a").unwrap().oldest, Some(world.now()));
}

#[tokio::test]
async fn a_retry_may_remove_the_record() {
    let world = World::new();
    record(&world, &["1", "2"]).await;
    let retry = FailureRetry::new(id(&world, "1").await).and_remove();
    let answers = world
        .memory
        .retry(&[retry.clone(), retry], world.now())
        .await
        .unwrap();
    assert!(answers[0].is_ok() && is_conflict(&answers[1]));
    assert_eq!(world.waiting("q").await, ["payload of 1"]);
    assert_eq!(messages(&all(&world).await), ["2"]);
    assert_eq!(world.memory.count(Some("q")).await.unwrap(), 1);
}

#[tokio::test]
async fn a_retry_into_no_queue_at_all_changes_nothing() {
    let world = World::new();
    record(&world, &["no,queue/1"]).await;
    let id = id(&world, "1").await;
    let retry = FailureRetry::new(id).and_remove();
    let answers = world
        .memory
        .retry(std::slice::from_ref(&retry), world.now())
        .await
        .unwrap();
    assert!(matches!(answers[0], Err(Error::InvalidQueueName { .. })));
    assert_eq!(
        all(&world).await[0].content.record().unwrap().retried_at,
        None
    );
    let elsewhere = retry.into_queue(queue("q"));
    assert!(world.memory.retry(&[elsewhere], world.now()).await.unwrap()[0].is_ok());
}

#[tokio::test]
async fn ids_stay_and_those_of_gone_records_touch_nothing_else() {
    let world = World::new();
    record(&world, &["1", "2"]).await;
    let (first, second) = (id(&world, "1").await, id(&world, "2").await);
    let ids = [first.clone(), first.clone(), FailureId::new("no id")];
    let answers = world.memory.remove(&ids).await.unwrap();
    assert!(answers[0].is_ok() && is_conflict(&answers[1]) && is_conflict(&answers[2]));
    record(&world, &["3"]).await;
    assert!(is_conflict(&remove(&world, &first).await));
    assert_eq!(id(&world, "2").await, second);
    assert_eq!(messages(&all(&world).await), ["2", "3"]);
}

#[tokio::test]
async fn a_clear_takes_all_or_one_queues_records_and_leaves_the_counters() {
    let world = World::new();
    record(&world, &["a/1", "b/2", "a/3", "b/4"]).await;
    let old = id(&world, "4").await;
    let clear = async |queue| FailureStore::clear(&world.memory, queue).await.unwrap();
    resque_core::WorkerRegistry::set_stat(&world.memory, "failed", 9)
        .await
        .unwrap();
    assert_eq!([clear(Some("a")).await, clear(Some("a")).await], [2, 0]);
    assert_eq!(messages(&all(&world).await), ["2", "4"]);
    assert_eq!([clear(None).await, clear(None).await], [2, 0]);
    assert_eq!(world.memory.count(Some("b")).await.unwrap(), 0);
    assert_eq!(world.stat("failed").await, 9);
    record(&world, &["5"]).await;
    assert!(is_conflict(&remove(&world, &old).await));
}

#[tokio::test]
async fn filters_choose() {
    let world = World::new();
    record(&world, &["a/one", "b/two"]).await;
    let retry = FailureRetry::new(id(&world, "two").await);
    world.memory.retry(&[retry], world.now()).await.unwrap();
    let found = async |set: fn(&mut FailureFilter)| {
        let mut query = FailureQuery::default();
        set(&mut query.filter);
        list(&world, &query).await.entries.len()
    };
    assert_eq!(found(|filter| filter.text = Some("TWO".into())).await, 1);
    assert_eq!(found(|filter| filter.retried = Some(false)).await, 1);
    assert_eq!(
        found(|filter| filter.exception = Some("Other".into())).await,
        0
    );
}
