//! G7: a push of many is all or nothing, and batches of any size arrive whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use resque_core::{
    Edit, EditTo, Enqueue, FailureRetry, Leaving, Left, Pushed, Settled, Settlement,
};

use crate::ledger::Ledger;
use crate::store::{job, list, queue};

fn good<T>(answers: &[resque_core::Result<T>]) -> usize {
    answers.iter().filter(|answer| answer.is_ok()).count()
}

cases! {
    g7_batch: Batch;

    /// A push is answered job by job, each with the length of its queue.
    async fn a_push_is_answered_with_lengths(world: &World) -> Verdict {
        let store = world.store();
        let to = |name: &str, number| Enqueue::new(queue(name), job(number));
        let pushed = store
            .queues()
            .push(&[to("a", 1), to("b", 2), to("a", 3)])
            .await?;
        let lengths = [1, 1, 2].map(|length| Pushed::Queued { length });
        ensure_eq!(pushed, lengths, "the answers");
        let pushed = store.queues().push(&[to("a", 4)]).await?;
        ensure_eq!(pushed, [Pushed::Queued { length: 3 }], "the next answer");
        Ok(())
    }

    /// One push may put jobs into queues and into the delayed set.
    #[needs(delayed)]
    async fn a_push_may_mix_waiting_and_delayed_jobs(world: &World) -> Verdict {
        let store = world.store();
        let batch = [
            Enqueue::new(queue("mail"), job(1)),
            Enqueue::at(queue("mail"), job(2), store.at(60)),
            Enqueue::new(queue("mail"), job(3)),
        ];
        let pushed = store.queues().push(&batch).await?;
        let expected = [
            Pushed::Queued { length: 1 },
            Pushed::Delayed,
            Pushed::Queued { length: 2 },
        ];
        ensure_eq!(pushed, expected, "the answers");
        ensure_eq!(store.numbers_delayed().await?, [2], "the delayed set");
        Ledger::of([1, 2, 3]).balances(&store).await
    }

    /// Batches of every size arrive whole and in order.
    async fn batches_of_every_size_arrive_whole(world: &World) -> Verdict {
        let store = world.store();
        for size in (1..=33).chain([64, 100, 255, 256, 257, 999, 1_000, 1_001]) {
            store.push("mail", 0..size).await?;
            let expected: Vec<u64> = (0..size).collect();
            ensure_eq!(
                store.numbers_in("mail").await?,
                expected,
                "a batch of {size}"
            );
            store.queues().delete_queue(&queue("mail")).await?;
        }
        Ok(())
    }

    /// A batch of ten thousand jobs for many queues arrives whole and in order.
    async fn a_batch_of_ten_thousand_arrives_whole(world: &World) -> Verdict {
        let store = world.store();
        let to = |number: u64| Enqueue::new(queue(&format!("q{}", number % 10)), job(number));
        let batch: Vec<_> = (0..10_000).map(to).collect();
        let pushed = store.queues().push(&batch).await?;
        ensure_eq!(pushed.len(), 10_000, "answers");
        for rest in 0..10 {
            let expected: Vec<u64> = (rest..10_000).step_by(10).collect();
            ensure_eq!(
                store.numbers_in(&format!("q{rest}")).await?,
                expected,
                "the queue q{rest}"
            );
        }
        Ok(())
    }

    /// An empty batch of anything is fine and changes nothing.
    async fn an_empty_batch_changes_nothing(world: &World) -> Verdict {
        let store = world.store();
        ensure_eq!(store.queues().push(&[]).await?, [], "push");
        ensure_eq!(store.queues().edit(&[]).await?, [0; 0], "edit");
        ensure_eq!(
            store.workers().register(&[], store.at(0)).await?,
            [],
            "register"
        );
        ensure_eq!(
            store.workers().heartbeat(&[], store.at(0)).await?.gone,
            [],
            "heartbeat"
        );
        ensure_eq!(store.workers().unregister(&[]).await?, [], "unregister");
        store.failures().record(&[]).await?;
        ensure!(
            store.failures().retry(&[], store.at(0)).await?.is_empty(),
            "retry answers"
        );
        ensure!(
            store.failures().remove(&[]).await?.is_empty(),
            "remove answers"
        );
        ensure!(
            crate::snapshot::Snapshot::of(&store).await?.is_empty(),
            "something is there"
        );
        Ok(())
    }

    /// While a batch is pushed, nobody ever sees a part of it.
    #[needs(atomic_batch)]
    async fn nobody_sees_a_part_of_a_batch(world: &World) -> Verdict {
        const SIZE: usize = 50;
        let (store, watcher) = (world.store(), world.twin().await?);
        let finished = Arc::new(AtomicBool::new(false));
        let watching = tokio::spawn({
            let finished = finished.clone();
            async move {
                while !finished.load(Ordering::Relaxed) {
                    let seen = watcher.numbers_in("mail").await?.len();
                    ensure!(
                        seen.is_multiple_of(SIZE),
                        "{seen} jobs of batches of {SIZE} were seen"
                    );
                    tokio::task::yield_now().await;
                }
                Ok(())
            }
        });
        for round in 0..40 {
            let numbers = (0..SIZE as u64).map(|number| round * SIZE as u64 + number);
            store.push("mail", numbers).await?;
            tokio::task::yield_now().await;
        }
        finished.store(true, Ordering::Relaxed);
        watching.await?
    }

    /// A batch of which one job cannot be put in puts in none.
    #[needs(atomic_batch, plant)]
    async fn a_batch_that_cannot_be_put_in_whole_puts_in_none(world: &World) -> Verdict {
        let store = world.store();
        let plant = world
            .plant()
            .ok_or_else(|| crate::Broken::new("the world has no `plant`"))?;
        plant
            .plant(crate::Planted::SpoiltQueue(queue("bad")))
            .await?;
        let to = |name: &str, number| Enqueue::new(queue(name), job(number));
        let answer = store
            .queues()
            .push(&[to("good", 1), to("bad", 2), to("good", 3)])
            .await;
        ensure!(answer.is_err(), "the push answered {answer:?}");
        ensure_eq!(store.numbers_in("good").await?, [0; 0], "the good queue");
        Ok(())
    }

    /// A thousand slots are filled in one exchange, and a thousand jobs settled in the next.
    async fn a_thousand_slots_are_served_at_once(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out("mail", 0..1_000).await?;
        Ledger::of(0..1_000).balances(&store).await?;
        let slots: Vec<_> = given.iter().map(|given| given.worker.clone()).collect();
        let done: Vec<_> = given
            .into_iter()
            .map(|given| Settlement::done(given.receipt))
            .collect();
        store.push("mail", 1_000..1_500).await?;
        let exchange = store.exchange(&done, &slots, "mail").await?;
        let applied = exchange
            .settled
            .iter()
            .filter(|s| matches!(s, Settled::Applied))
            .count();
        ensure_eq!(
            (applied, exchange.reserved.len()),
            (1_000, 500),
            "settled, given out"
        );
        ensure_eq!(store.workers().stat("processed").await?, 1_000, "processed");
        Ledger::of(1_000..1_500).balances(&store).await
    }

    /// A batch of edits is answered edit by edit, and each sees what the one before has done.
    async fn edits_are_answered_one_by_one(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2, 1]).await?;
        let edit = |number, to| Edit {
            queue: queue("mail"),
            payload: job(number),
            at_most: u64::MAX,
            to,
        };
        let edits = [
            edit(1, EditTo::Nowhere),
            edit(1, EditTo::Nowhere),
            edit(2, EditTo::Front),
        ];
        ensure_eq!(store.queues().edit(&edits).await?, [2, 0, 1], "the answers");
        Ok(())
    }

    /// Two thousand failures are recorded, put back and removed in batches.
    async fn thousands_of_failures_move_in_batches(world: &World) -> Verdict {
        let store = world.store();
        let records: Vec<_> = (0..2_000)
            .map(|number| store.record_of("mail", number))
            .collect();
        store.failures().record(&records).await?;
        let ids: Vec<_> = store
            .failed()
            .await?
            .into_iter()
            .map(|entry| entry.id)
            .collect();
        ensure_eq!(ids.len(), 2_000, "records");
        let retries: Vec<_> = ids[..1_500]
            .iter()
            .cloned()
            .map(FailureRetry::new)
            .collect();
        let answers = store.failures().retry(&retries, store.at(1)).await?;
        ensure_eq!(good(&answers), 1_500, "put back");
        let answers = store.failures().remove(&ids[500..]).await?;
        ensure_eq!(good(&answers), 1_500, "removed");
        let expected: Vec<u64> = (0..1_500).collect();
        ensure_eq!(store.numbers_in("mail").await?, expected, "the queue");
        ensure_eq!(
            store.failures().count(None).await?,
            500,
            "records that are left"
        );
        Ok(())
    }

    /// Workers leave in one batch, and each is answered for itself, in order.
    async fn workers_leave_in_one_batch(world: &World) -> Verdict {
        let store = world.store();
        let slots = store.register_many(3).await?;
        store.push("mail", [1]).await?;
        store.take(&slots[1], "mail").await?;
        let leaving: Vec<_> = slots.into_iter().map(Leaving::new).collect();
        let left = store.workers().unregister(&leaving).await?;
        ensure_matches!(
            left.as_slice(),
            [Left::Gone, Left::Holding(_), Left::Gone],
            "the answers"
        );
        Ok(())
    }

    /// A plain pop of many takes them at once.
    async fn a_thousand_jobs_are_popped_at_once(world: &World) -> Verdict {
        let store = world.store();
        store.push("a", 0..1_500).await?;
        store.push("b", 1_500..3_000).await?;
        let popped = store.queues().pop(&list("a,b"), 2_500).await?;
        ensure_eq!(popped.len(), 2_500, "jobs popped");
        Ledger::of(2_500..3_000).balances(&store).await
    }
}
