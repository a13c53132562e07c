use resque_core::{
    FailureRecord, FailureStore, HeartbeatMark, Payload, QueueBackend, Receipt, Settled,
    Settlement, WorkerRegistry,
};

use crate::testing::{World, queue, slot, texts};

fn applied(settled: &[Settled]) -> Vec<bool> {
    let is_applied = |one: &Settled| match one {
        Settled::Applied => true,
        Settled::Lost => false,
        Settled::Trouble(error) => panic!("{error}"),
    };
    settled.iter().map(is_applied).collect()
}

fn record(world: &World, payload: &str) -> FailureRecord {
    let payload = Payload::from(payload.to_owned());
    FailureRecord::new(world.now(), payload, "RuntimeError", "boom").on("w", "q")
}

#[tokio::test]
async fn a_reservation_says_everything_about_the_job() {
    let world = World::new();
    world.push("q", &["\u{0}any bytes"]).await;
    world.pass(5);
    let job = world.take(0, "q").await;
    assert_eq!((job.worker.clone(), job.queue.as_str()), (slot(0), "q"));
    assert_eq!(job.payload.as_bytes(), b"\0any bytes");
    assert_eq!((job.since, job.redelivered), (world.now(), false));
    assert_eq!(job.receipt.worker(), &slot(0));
    assert!(world.waiting("q").await.is_empty());
}

#[tokio::test]
async fn a_plain_list_is_strict_priority_and_earlier_slots_come_first() {
    let world = World::new();
    world.push("low", &["l1", "l2"]).await;
    world.push("high", &["h1", "h2"]).await;
    let reserved = world.reserve(&[2, 0, 1], "high,none,low").await;
    assert_eq!(texts(&reserved), ["h1", "h2", "l1"]);
    let slots: Vec<_> = reserved.iter().map(|r| r.worker.clone()).collect();
    assert_eq!(slots, [slot(2), slot(0), slot(1)]);
}

#[tokio::test]
async fn a_dynamic_list_serves_what_exists_in_byte_order() {
    let world = World::new();
    for name in ["slow", "b", "high", "a"] {
        world.push(name, &[name]).await;
    }
    let reserved = world.reserve(&[0, 1, 2, 3], "high,*,!slow").await;
    assert_eq!(texts(&reserved), ["high", "a", "b"]);
}

#[tokio::test]
async fn a_slot_that_holds_a_job_is_given_that_one_again() {
    let world = World::new();
    world.push("q", &["a", "b"]).await;
    let first = world.take(0, "q").await;
    world.pass(1);
    // Neither the list, a pause nor a stopped queue matters to what is held already.
    world.pause(true).await;
    let again = world.take(0, "other").await;
    assert_eq!(again, first.again());
    assert_eq!(world.waiting("q").await, ["b"]);
}

#[tokio::test]
async fn holding_and_free_slots_mix_and_each_is_served_once() {
    let world = World::new();
    world.push("q", &["a", "b", "c"]).await;
    world.take(1, "q").await;
    let reserved = world.reserve(&[0, 1, 1, 0], "q").await;
    assert_eq!(texts(&reserved), ["b", "a"]);
    assert_eq!(
        [reserved[0].redelivered, reserved[1].redelivered],
        [false, true]
    );
    assert_eq!(
        texts(&world.reserve(&[0, 1, 1, 0, 2], "q").await),
        ["b", "a", "c"]
    );
}

#[tokio::test]
async fn settling_and_filling_are_one_step() {
    let world = World::new();
    world.push("q", &["a", "b"]).await;
    let first = world.take(0, "q").await;
    let answer = world
        .exchange(&[Settlement::done(first.receipt)], &[0], "q")
        .await;
    assert_eq!(applied(&answer.settled), [true]);
    assert_eq!(texts(&answer.reserved), ["b"]);
    assert!(!answer.reserved[0].redelivered);
}

#[tokio::test]
async fn a_receipt_is_worth_something_once() {
    let world = World::new();
    world.push("q", &["a", "a"]).await;
    let first = world.take(0, "q").await;
    let done = Settlement::done(first.receipt.clone());
    let twice = world
        .exchange(&[done.clone(), done.clone()], &[], "q")
        .await;
    assert_eq!(applied(&twice.settled), [true, false]);
    // The same bytes at the same time in the same slot are another reservation.
    let second = world.take(0, "q").await;
    assert_eq!(applied(&world.settle(done).await.settled), [false]);
    assert_eq!(world.stat("processed").await, 1);
    let done = Settlement::done(second.receipt);
    assert_eq!(applied(&world.settle(done).await.settled), [true]);
}

#[tokio::test]
async fn receipts_of_strangers_and_forgers_are_lost() {
    let world = World::new();
    world.push("q", &["a"]).await;
    let job = world.take(0, "q").await;
    let number = job.receipt.number().unwrap();
    for receipt in [
        Receipt::new(slot(0), ""),
        Receipt::new(slot(0), number.to_string()),
        Receipt::numbered(slot(1), number),
        Receipt::numbered(slot(0), number + 1),
    ] {
        let answer = world.settle(Settlement::release(receipt)).await;
        assert_eq!(applied(&answer.settled), [false]);
    }
    assert!(world.waiting("q").await.is_empty());
}

#[tokio::test]
async fn a_guarded_receipt_ends_with_the_next_heartbeat() {
    let world = World::new();
    world.register(&[0]).await;
    world.push("q", &["a"]).await;
    let own = world.take(0, "q").await.receipt;
    let dead = world.memory.dead(world.later(1)).await.unwrap().remove(0);
    let guarded = dead.holds.unwrap().receipt;
    // Even a heartbeat of the very same time is a sign of life.
    world
        .memory
        .heartbeat(&[slot(0)], world.now())
        .await
        .unwrap();
    let late = world.settle(Settlement::discard(guarded)).await;
    assert_eq!(applied(&late.settled), [false]);

    let dead = world.memory.dead(world.later(1)).await.unwrap().remove(0);
    let forged = own.clone().guarded_by(HeartbeatMark::new("no mark"));
    assert_eq!(
        applied(&world.settle(Settlement::discard(forged)).await.settled),
        [false]
    );
    let guarded = dead.holds.unwrap().receipt;
    let recovered = Settlement::recovered(guarded, record(&world, "a"));
    assert_eq!(applied(&world.settle(recovered).await.settled), [true]);
    assert_eq!(
        applied(&world.settle(Settlement::done(own)).await.settled),
        [false]
    );
}

#[tokio::test]
async fn released_jobs_keep_their_order_at_the_front() {
    let world = World::new();
    world.push("q", &["a", "b", "c", "d"]).await;
    let taken = world.reserve(&[0, 1, 2], "q").await;
    let done: Vec<_> = taken
        .iter()
        .map(|r| Settlement::release(r.receipt.clone()))
        .collect();
    world.exchange(&done, &[], "q").await;
    assert_eq!(world.waiting("q").await, ["a", "b", "c", "d"]);
    assert_eq!(world.stat("processed").await, 0);
}

#[tokio::test]
async fn a_released_job_can_be_given_out_in_the_same_exchange() {
    let world = World::new();
    world.push("q", &["a", "b"]).await;
    let job = world.take(0, "q").await;
    world.memory.delete_queue(&queue("q")).await.unwrap();
    let answer = world
        .exchange(&[Settlement::release(job.receipt)], &[1], "*")
        .await;
    assert_eq!(texts(&answer.reserved), ["a"]);
}

#[tokio::test]
async fn a_failed_job_is_recorded_as_it_is() {
    let world = World::new();
    world.push("q", &["a"]).await;
    let job = world.take(0, "q").await;
    let record = record(&world, "a");
    world
        .settle(Settlement::failed(job.receipt, record.clone()))
        .await;
    let page = world.memory.list(&Default::default()).await.unwrap();
    assert_eq!(page.entries[0].content.record(), Some(&record));
}

#[tokio::test]
async fn retried_and_deferred_jobs_wait_with_the_right_bytes() {
    let world = World::new();
    world.push("q", &["a", "b"]).await;
    let taken = world.reserve(&[0, 1], "q").await;
    let [first, second] = [0, 1].map(|n| taken[n].receipt.clone());
    let noted = Payload::from("a again");
    let done = [
        Settlement::retry_at(first, noted, world.later(2)),
        Settlement::defer(second, world.later(1)),
    ];
    world.exchange(&done, &[], "q").await;
    let page = world.memory.delayed().unwrap().list(None, 9).await.unwrap();
    let shown = |n: usize| {
        (
            page.jobs[n].payload.to_text_lossy().into_owned(),
            page.jobs[n].due,
        )
    };
    assert_eq!(shown(0), ("b".to_owned(), world.later(1)));
    assert_eq!(shown(1), ("a again".to_owned(), world.later(2)));
    assert_eq!(page.jobs[0].queue, Some(queue("q")));
}

#[tokio::test]
async fn each_outcome_counts_as_its_tally_says() {
    let world = World::new();
    world.register(&[0]).await;
    let settle: [fn(&World, Receipt) -> Settlement; 7] = [
        |_, receipt| Settlement::done(receipt),
        |world, receipt| Settlement::failed(receipt, record(world, "x")),
        |world, receipt| Settlement::dirty_exit(receipt, record(world, "x")),
        |world, receipt| Settlement::retry_at(receipt, Payload::from("x"), world.now()),
        |world, receipt| Settlement::recovered(receipt, record(world, "x")),
        |world, receipt| Settlement::defer(receipt, world.now()),
        |_, receipt| Settlement::discard(receipt),
    ];
    for settle in settle {
        world.push("q", &["x"]).await;
        let job = world.take(0, "q").await;
        world.settle(settle(&world, job.receipt)).await;
    }
    for (name, count) in [("processed", 4), ("failed", 2)] {
        assert_eq!(world.stat(name).await, count, "{name}");
        assert_eq!(
            world.stat(&format!("{name}:{}", slot(0))).await,
            count,
            "{name}"
        );
    }
}

#[tokio::test]
async fn nothing_is_given_during_a_pause_or_from_a_stopped_queue() {
    let world = World::new();
    world.push("a", &["a1"]).await;
    world.push("b", &["b1"]).await;
    world.pause(true).await;
    let answer = world.exchange(&[], &[0, 1], "a,b").await;
    assert!(answer.paused && answer.reserved.is_empty());

    world.pause(false).await;
    world.stop("a", true).await;
    for from in ["a,b", "*"] {
        let answer = world.exchange(&[], &[0], from).await;
        assert!(!answer.paused);
        assert_eq!(texts(&answer.reserved), ["b1"]);
    }
}

#[tokio::test]
async fn settling_goes_on_during_a_pause() {
    let world = World::new();
    world.push("q", &["a"]).await;
    let job = world.take(0, "q").await;
    world.pause(true).await;
    let answer = world
        .exchange(&[Settlement::done(job.receipt)], &[0], "q")
        .await;
    assert_eq!(applied(&answer.settled), [true]);
}

#[tokio::test]
async fn what_an_unregistered_slot_holds_is_found_when_it_dies() {
    let world = World::new();
    world.push("q", &["a"]).await;
    world.take(0, "q").await;
    let dead = world.memory.dead(world.later(1)).await.unwrap().remove(0);
    assert_eq!(dead.id, slot(0));
    let held = dead.holds.unwrap();
    assert_eq!(
        applied(
            &world
                .settle(Settlement::release(held.receipt))
                .await
                .settled
        ),
        [true]
    );
    assert_eq!(world.waiting("q").await, ["a"]);
}

#[tokio::test]
async fn an_exchange_of_nothing_changes_nothing() {
    let world = World::new();
    world.push("q", &["a"]).await;
    let answer = world.exchange(&[], &[], "q").await;
    assert!(answer.settled.is_empty() && answer.reserved.is_empty() && answer.troubles.is_empty());
    assert_eq!(world.waiting("q").await, ["a"]);
}
