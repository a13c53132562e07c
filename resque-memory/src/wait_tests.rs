use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use resque_core::{
    Edit, EditTo, FailureRetry, FailureStore, Payload, QueueBackend, QueueList, Settlement, Ticket,
    WaitForJobs,
};

use crate::testing::{World, list, queue, slot};

/// Remembers whether the task was woken.
#[derive(Default)]
struct Alarm(AtomicBool);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A task in the middle of a wait, polled by hand.
struct Sleeper<'a> {
    wait: Pin<Box<dyn Future<Output = resque_core::Result<()>> + Send + 'a>>,
    alarm: Arc<Alarm>,
}

impl<'a> Sleeper<'a> {
    fn new(waiting: &'a dyn WaitForJobs, ticket: Ticket, from: &'a QueueList) -> Self {
        Self {
            wait: waiting.wait(ticket, from),
            alarm: Arc::default(),
        }
    }

    /// Polls once; true when the wait is over.
    fn poll(&mut self) -> bool {
        self.alarm = Arc::default();
        let waker = Waker::from(Arc::clone(&self.alarm));
        let mut context = Context::from_waker(&waker);
        self.wait.as_mut().poll(&mut context).is_ready()
    }

    fn woken(&self) -> bool {
        self.alarm.0.load(Ordering::SeqCst)
    }
}

fn waiting(world: &World) -> &dyn WaitForJobs {
    world.memory.waiting().unwrap()
}

#[tokio::test]
async fn a_push_before_the_wait_began_ends_it() {
    let (world, from) = (World::new(), list("q"));
    let ticket = waiting(&world).ticket(&from).await.unwrap();
    world.push("q", &["a"]).await;
    assert!(Sleeper::new(waiting(&world), ticket, &from).poll());
}

#[tokio::test]
async fn a_push_before_the_ticket_does_not_matter() {
    let (world, from) = (World::new(), list("q"));
    world.push("q", &["a"]).await;
    let ticket = waiting(&world).ticket(&from).await.unwrap();
    assert!(!Sleeper::new(waiting(&world), ticket, &from).poll());
}

#[tokio::test]
async fn an_older_ticket_sees_what_a_newer_one_does_not() {
    let (world, from) = (World::new(), list("q"));
    let old = waiting(&world).ticket(&from).await.unwrap();
    world.push("q", &["a"]).await;
    let new = waiting(&world).ticket(&from).await.unwrap();
    assert!(!Sleeper::new(waiting(&world), new, &from).poll());
    assert!(Sleeper::new(waiting(&world), old, &from).poll());
}

#[tokio::test]
async fn only_queues_that_the_list_serves_wake() {
    for (text, other, own) in [("a,b", "c", "b"), ("*,!b", "b", "new"), ("m?", "m", "m1")] {
        let (world, from) = (World::new(), list(text));
        let ticket = waiting(&world).ticket(&from).await.unwrap();
        let mut asleep = Sleeper::new(waiting(&world), ticket, &from);
        assert!(!asleep.poll());
        world.push(other, &["x"]).await;
        assert!(!asleep.woken() && !asleep.poll(), "{text}");
        let mut late = Sleeper::new(waiting(&world), ticket, &from);
        assert!(!late.poll(), "{text}");
        world.push(own, &["x"]).await;
        assert!(asleep.woken() && asleep.poll(), "{text}");
        assert!(late.woken() && late.poll(), "{text}");
    }
}

#[tokio::test]
async fn a_push_into_a_queue_that_was_deleted_since_ends_the_wait() {
    let (world, from) = (World::new(), list("q"));
    let ticket = waiting(&world).ticket(&from).await.unwrap();
    world.push("q", &["a"]).await;
    world.memory.delete_queue(&queue("q")).await.unwrap();
    assert!(Sleeper::new(waiting(&world), ticket, &from).poll());
}

#[tokio::test]
async fn the_task_of_the_last_poll_is_woken() {
    let (world, from) = (World::new(), list("q"));
    let ticket = waiting(&world).ticket(&from).await.unwrap();
    let mut asleep = Sleeper::new(waiting(&world), ticket, &from);
    assert!(!asleep.poll());
    let first = Arc::clone(&asleep.alarm);
    assert!(!asleep.poll());
    world.push("q", &["a"]).await;
    assert!(asleep.woken() && !first.0.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_dropped_wait_leaves_nothing_behind() {
    let (world, from) = (World::new(), list("q"));
    let ticket = waiting(&world).ticket(&from).await.unwrap();
    let mut dropped = Sleeper::new(waiting(&world), ticket, &from);
    let mut stays = Sleeper::new(waiting(&world), ticket, &from);
    assert!(!dropped.poll() && !stays.poll());
    let alarm = Arc::clone(&dropped.alarm);
    drop(dropped);
    world.push("q", &["a"]).await;
    assert!(stays.woken() && !alarm.0.load(Ordering::SeqCst));
    drop(stays);
    assert_eq!(
        world
            .memory
            .store
            .step(|state| state.queues.bell.waiters.len()),
        0
    );
}

/// Checks when it is dropped that the store is not locked, as the waker of a task may whose future
/// holds a wait.
struct Heir(crate::MemoryBackend);

impl Wake for Heir {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Heir {
    fn drop(&mut self) {
        assert!(self.0.store.is_free());
    }
}

#[tokio::test]
async fn no_waker_is_dropped_under_the_lock() {
    let (world, from) = (World::new(), list("q"));
    let ticket = waiting(&world).ticket(&from).await.unwrap();
    for pushes in [0, 1] {
        let mut wait = waiting(&world).wait(ticket, &from);
        for _ in 0..2 {
            let waker = Waker::from(Arc::new(Heir(world.memory.clone())));
            let mut context = Context::from_waker(&waker);
            assert!(wait.as_mut().poll(&mut context).is_pending());
        }
        for _ in 0..pushes {
            world.push("q", &["a"]).await;
        }
    }
}

/// A deed by which a job comes into the queue `q`, or can be had from it again.
type Deed = (
    &'static str,
    fn(&World) -> Pin<Box<dyn Future<Output = ()> + '_>>,
);

const DEEDS: [Deed; 10] = [
    ("push", |world| Box::pin(world.push("q", &["a"]))),
    ("promotion", |world| {
        Box::pin(async {
            let delayed = world.memory.delayed().unwrap();
            let moved = delayed
                .promote("h:1", world.later(9), 9)
                .await
                .unwrap()
                .moved;
            assert_eq!(moved, 1);
        })
    }),
    ("early promotion", |world| {
        Box::pin(async {
            let delayed = world.memory.delayed().unwrap();
            let id = delayed.list(None, 1).await.unwrap().jobs.remove(0).id;
            let to = resque_core::DelayedTo::Queue;
            let edited = delayed.edit(&[resque_core::DelayedEdit { id, to }]).await;
            assert!(edited.unwrap().remove(0).is_ok());
        })
    }),
    ("release", |world| {
        Box::pin(async {
            let held = world.memory.store.step(|state| {
                let slot = slot(0);
                state.workers.get_mut(&slot).unwrap().held(&slot).unwrap()
            });
            world.settle(Settlement::release(held.receipt)).await;
        })
    }),
    ("retry", |world| {
        Box::pin(async {
            let page = world.memory.list(&Default::default()).await.unwrap();
            let retry = FailureRetry::new(page.entries[0].id.clone());
            let retried = world.memory.retry(&[retry], world.now()).await.unwrap();
            assert!(retried[0].is_ok());
        })
    }),
    ("move", |world| {
        Box::pin(edit(world, "other", EditTo::Queue(queue("q"))))
    }),
    ("move to the front", |world| {
        Box::pin(edit(world, "q", EditTo::Front))
    }),
    ("start", |world| {
        Box::pin(async {
            world.stop("q", false).await;
        })
    }),
    ("end of the pause", |world| {
        Box::pin(async { world.pause(false).await })
    }),
    ("clear, which ends the pause too", |world| {
        Box::pin(async {
            QueueBackend::clear(&world.memory).await.unwrap();
        })
    }),
];

async fn edit(world: &World, from: &str, to: EditTo) {
    let edit = Edit {
        queue: queue(from),
        payload: Payload::from("x"),
        at_most: 1,
        to,
    };
    assert_eq!(world.memory.edit(&[edit]).await.unwrap(), [1]);
}

/// A store in which every deed is possible.
async fn prepared() -> World {
    let world = World::new();
    world.push("q", &["h"]).await;
    world.take(0, "q").await;
    world.push("q", &["x"]).await;
    world.push("other", &["x"]).await;
    world.delay("q", "d", world.later(1)).await;
    let record = resque_core::FailureRecord::new(world.now(), Payload::from("f"), "E", "e");
    world.memory.record(&[record.on("w", "q")]).await.unwrap();
    world.stop("q", true).await;
    world.pause(true).await;
    world
}

#[tokio::test]
async fn whatever_brings_a_job_wakes() {
    for (name, deed) in DEEDS {
        for from in [list("none,q"), list("*")] {
            let world = prepared().await;
            let ticket = waiting(&world).ticket(&from).await.unwrap();
            let mut asleep = Sleeper::new(waiting(&world), ticket, &from);
            assert!(!asleep.poll(), "{name}");
            deed(&world).await;
            assert!(asleep.woken() && asleep.poll(), "{name}");
            let mut late = Sleeper::new(waiting(&world), ticket, &from);
            assert!(late.poll(), "{name}");
        }
    }
}

#[path = "wait_schedules_tests.rs"]
mod schedules;
