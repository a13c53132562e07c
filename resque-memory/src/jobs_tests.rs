use resque_core::{
    Edit, EditTo, Enqueue, Page, Payload, Pushed, QueueBackend, QueueListing, QueueName,
};

use crate::MemoryBackend;
use crate::testing::{World, list, queue};

fn edit(from: &str, payload: &str, at_most: u64, to: EditTo) -> Edit {
    Edit {
        queue: queue(from),
        payload: Payload::from(payload.to_owned()),
        at_most,
        to,
    }
}

async fn edited(world: &World, edit: Edit) -> u64 {
    world.memory.edit(&[edit]).await.unwrap().remove(0)
}

async fn pop(world: &World, from: &str, at_most: usize) -> Vec<(String, String)> {
    let popped = world.memory.pop(&list(from), at_most).await.unwrap();
    let shown = popped.into_iter().map(|job| {
        let payload = job.payload.to_text_lossy().into_owned();
        (job.queue.to_string(), payload)
    });
    shown.collect()
}

fn pair(queue: &str, payload: &str) -> (String, String) {
    (queue.to_owned(), payload.to_owned())
}

async fn listing(world: &World) -> QueueListing {
    world.memory.queues().await.unwrap()
}

async fn names(world: &World) -> Vec<String> {
    listing(world)
        .await
        .names()
        .map(QueueName::to_string)
        .collect()
}

#[tokio::test]
async fn a_push_answers_where_each_job_waits() {
    let world = World::new();
    let batch = [
        Enqueue::new(queue("a"), "1"),
        Enqueue::new(queue("b"), "2"),
        Enqueue::at(queue("c"), "3", world.now()),
        Enqueue::new(queue("a"), "4"),
    ];
    let pushed = world.memory.push(&batch).await.unwrap();
    let queued = |length| Pushed::Queued { length };
    assert_eq!(pushed, [queued(1), queued(1), Pushed::Delayed, queued(2)]);
    assert_eq!(world.waiting("a").await, ["1", "4"]);
    // A job that waits for its time makes no queue, even when its time has come.
    assert_eq!(names(&world).await, ["a", "b"]);
}

#[tokio::test]
async fn a_pop_takes_for_good_in_strict_order() {
    let world = World::new();
    world.push("low", &["l"]).await;
    world.push("high", &["h1", "h2"]).await;
    assert_eq!(pop(&world, "high,low", 0).await, []);
    let two = [pair("high", "h1"), pair("high", "h2")];
    assert_eq!(pop(&world, "none,high,low", 2).await, two);
    assert_eq!(pop(&world, "*", usize::MAX).await, [pair("low", "l")]);
    assert_eq!(pop(&world, "*", 1).await, []);
    assert_eq!(world.stat("processed").await, 0);
}

#[tokio::test]
async fn a_pop_heeds_stopped_queues_but_no_pause() {
    let world = World::new();
    world.push("a", &["1"]).await;
    world.push("b", &["2"]).await;
    world.pause(true).await;
    world.stop("a", true).await;
    assert_eq!(pop(&world, "a,b", 9).await, [pair("b", "2")]);
}

#[tokio::test]
async fn a_peek_shows_a_part_and_takes_nothing() {
    let world = World::new();
    world.push("q", &["1", "2", "3"]).await;
    let peek = async |page| world.memory.peek(&queue("q"), page).await.unwrap();
    assert_eq!(
        peek(Page::new(1, 5)).await,
        [Payload::from("2"), Payload::from("3")]
    );
    assert_eq!(peek(Page::ruby(-1, 1)).await, [Payload::from("3")]);
    assert_eq!(peek(Page::new(7, 1)).await, []);
    assert_eq!(
        world.memory.peek(&queue("none"), Page::ALL).await.unwrap(),
        []
    );
    assert_eq!(world.waiting("q").await.len(), 3);
}

#[tokio::test]
async fn an_edit_removes_the_oldest_jobs_of_exactly_these_bytes() {
    let world = World::new();
    world.push("q", &["x", "y", "x", "x "]).await;
    assert_eq!(edited(&world, edit("q", "x", 1, EditTo::Nowhere)).await, 1);
    assert_eq!(world.waiting("q").await, ["y", "x", "x "]);
    assert_eq!(
        edited(&world, edit("q", "x", u64::MAX, EditTo::Nowhere)).await,
        1
    );
    assert_eq!(edited(&world, edit("q", "x", 9, EditTo::Nowhere)).await, 0);
    assert_eq!(edited(&world, edit("q", "y", 0, EditTo::Nowhere)).await, 0);
    assert_eq!(
        edited(&world, edit("none", "y", 9, EditTo::Nowhere)).await,
        0
    );
    assert_eq!(world.waiting("q").await, ["y", "x "]);
}

#[tokio::test]
async fn an_edit_moves_to_the_front() {
    let world = World::new();
    world.push("q", &["a", "x", "b", "x", "x"]).await;
    assert_eq!(edited(&world, edit("q", "x", 2, EditTo::Front)).await, 2);
    assert_eq!(world.waiting("q").await, ["x", "x", "a", "b", "x"]);
}

#[tokio::test]
async fn an_edit_moves_to_another_queue_and_makes_it() {
    let world = World::new();
    world.push("q", &["a", "x", "b"]).await;
    let to = || EditTo::Queue(queue("new"));
    assert_eq!(edited(&world, edit("q", "none", 9, to())).await, 0);
    assert_eq!(names(&world).await, ["q"]);
    let batch = [edit("q", "b", 1, to()), edit("q", "a", 1, to())];
    assert_eq!(world.memory.edit(&batch).await.unwrap(), [1, 1]);
    assert_eq!(world.waiting("new").await, ["b", "a"]);
    // Moving into the queue itself is moving to its end.
    world.push("q", &["c"]).await;
    assert_eq!(
        edited(&world, edit("q", "x", 1, EditTo::Queue(queue("q")))).await,
        1
    );
    assert_eq!(world.waiting("q").await, ["c", "x"]);
}

#[tokio::test]
async fn empty_queues_stay_until_they_are_deleted() {
    let world = World::new();
    world.push("q", &["a", "b"]).await;
    pop(&world, "q", 9).await;
    assert!(world.memory.create_queue(&queue("p")).await.unwrap());
    assert!(!world.memory.create_queue(&queue("p")).await.unwrap());
    assert!(!world.memory.create_queue(&queue("q")).await.unwrap());
    assert_eq!(names(&world).await, ["p", "q"]);
    world.push("p", &["a", "b"]).await;
    assert_eq!(world.memory.delete_queue(&queue("p")).await.unwrap(), 2);
    assert_eq!(world.memory.delete_queue(&queue("p")).await.unwrap(), 0);
    assert_eq!(names(&world).await, ["q"]);
}

#[tokio::test]
async fn deleting_a_queue_leaves_everything_else() {
    let world = World::new();
    world.push("q", &["held", "waits"]).await;
    world.take(0, "q").await;
    world.delay("q", "delayed", world.now()).await;
    world.stop("q", true).await;
    world.memory.delete_queue(&queue("q")).await.unwrap();
    assert!(world.take(0, "*").await.redelivered);
    let delayed = world.memory.delayed().unwrap();
    assert_eq!(
        delayed.promote("h:1", world.now(), 9).await.unwrap().moved,
        1
    );
    let listing = listing(&world).await;
    assert!(listing.get("q").unwrap().stopped);
    assert_eq!(listing.get("q").unwrap().length, 1);
}

#[tokio::test]
async fn a_listing_tells_since_when_the_oldest_job_waits() {
    let world = World::new();
    let start = world.now();
    world.push("q", &["a"]).await;
    world.pass(1);
    world.push("q", &["b"]).await;
    world.memory.create_queue(&queue("empty")).await.unwrap();
    let oldest = async || {
        let listing = listing(&world).await;
        assert_eq!(listing.get("empty").unwrap().oldest, None);
        listing.get("q").unwrap().oldest
    };
    assert_eq!(oldest().await, Some(start));
    // A younger job in front does not hide an older one behind it.
    edited(&world, edit("q", "b", 1, EditTo::Front)).await;
    assert_eq!(oldest().await, Some(start));
    let taken = world.reserve(&[0, 1], "q").await;
    assert_eq!(oldest().await, None);
    // A released job has waited all the time.
    let release = |n: usize| resque_core::Settlement::release(taken[n].receipt.clone());
    world.exchange(&[release(0), release(1)], &[], "q").await;
    assert_eq!(oldest().await, Some(start));
    // Coming into another queue, a job begins to wait anew.
    edited(&world, edit("q", "a", 1, EditTo::Queue(queue("p")))).await;
    assert_eq!(
        listing(&world).await.get("p").unwrap().oldest,
        Some(world.now())
    );
}

#[tokio::test]
async fn clones_and_their_backends_share_one_store() {
    let memory = MemoryBackend::new();
    let backend = memory.clone().backend();
    let again = backend.connect_again().await.unwrap();
    again
        .queues()
        .push(&[Enqueue::new(queue("q"), "a")])
        .await
        .unwrap();
    assert_eq!(
        memory.peek(&queue("q"), Page::ALL).await.unwrap(),
        [Payload::from("a")]
    );
    assert_eq!(MemoryBackend::new().queues().await.unwrap().queues, []);
}

#[test]
fn the_facts_are_those_of_a_store_within_one_process() {
    let info = MemoryBackend::new().info();
    assert_eq!(info.name, "memory");
    assert_eq!(
        (info.durable, info.shared, info.atomic_batch),
        (false, false, true)
    );
}
