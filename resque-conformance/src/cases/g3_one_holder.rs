//! G3: nobody else holds what one worker holds, and a lost reservation settles nothing.

use std::collections::BTreeSet;

use resque_core::{Leaving, Receipt, Settled, Settlement, WorkerId};

use crate::race::race;
use crate::snapshot::Snapshot;
use crate::store::{Store, job, number, worker};

/// The same token in the hand of another worker.
fn stolen(receipt: &Receipt, by: WorkerId) -> Receipt {
    match receipt.number() {
        Some(number) => Receipt::numbered(by, number),
        None => Receipt::new(by, receipt.token()),
    }
}

/// One settlement of each kind that every backend knows.
fn kinds(store: &Store, receipt: &Receipt) -> Vec<Settlement> {
    vec![
        Settlement::done(receipt.clone()),
        Settlement::failed(receipt.clone(), store.record_of("mail", 1)),
        Settlement::dirty_exit(receipt.clone(), store.record_of("mail", 1)),
        Settlement::recovered(receipt.clone(), store.record_of("mail", 1)),
        Settlement::release(receipt.clone()),
        Settlement::discard(receipt.clone()),
    ]
}

cases! {
    g3_one_holder: OneHolder;

    /// Two workers are never given the same job.
    async fn two_workers_are_given_two_jobs(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        let slots = store.register_many(2).await?;
        store.take(&slots[0], "mail").await?;
        ensure_eq!(
            store.reserve(&slots[1], "mail").await?,
            None,
            "the other worker's job"
        );
        Ok(())
    }

    /// Exchanges of many connections at the same time give each job to one slot.
    async fn concurrent_exchanges_give_each_job_to_one_slot(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", 0..200).await?;
        let slots = store.register_many(200).await?;
        let exchange = |runner: usize, twin: Store| {
            let own = slots[10 * runner..10 * (runner + 1)].to_vec();
            async move { Ok(twin.exchange(&[], &own, "mail").await?.reserved) }
        };
        let given = race(world, 20, exchange).await?.concat();
        let numbers: BTreeSet<_> = given.iter().filter_map(|g| number(&g.payload)).collect();
        let slots: BTreeSet<_> = given.iter().map(|given| &given.worker).collect();
        ensure_eq!(
            (numbers.len(), slots.len()),
            (200, 200),
            "different jobs, slots"
        );
        Ok(())
    }

    /// A reservation can be settled once.
    async fn a_reservation_is_settled_once(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        store
            .applies(Settlement::done(given.receipt.clone()))
            .await?;
        store.is_lost(Settlement::done(given.receipt)).await
    }

    /// Whatever a worker says about a reservation that it has lost changes nothing.
    async fn a_lost_settlement_changes_nothing(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        store
            .applies(Settlement::release(given.receipt.clone()))
            .await?;
        let before = Snapshot::of(&store).await?;
        for settlement in kinds(&store, &given.receipt) {
            store.is_lost(settlement).await?;
            before.still_holds(&store).await?;
        }
        Ok(())
    }

    /// Nor does it put anything into the delayed set.
    #[needs(delayed)]
    async fn a_lost_settlement_delays_nothing(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        store
            .applies(Settlement::done(given.receipt.clone()))
            .await?;
        let before = Snapshot::of(&store).await?;
        store
            .is_lost(Settlement::defer(given.receipt.clone(), store.at(60)))
            .await?;
        store
            .is_lost(Settlement::retry_at(given.receipt, job(1), store.at(60)))
            .await?;
        before.still_holds(&store).await
    }

    /// The receipt of a job is worth nothing for the next job of the same slot.
    async fn a_receipt_is_worth_nothing_for_the_next_job(world: &World) -> Verdict {
        let store = world.store();
        let first = store.hand_out_one("mail", 1).await?;
        store.push("mail", [2]).await?;
        store
            .applies(Settlement::done(first.receipt.clone()))
            .await?;
        store.take(&first.worker, "mail").await?;
        store.is_lost(Settlement::done(first.receipt)).await?;
        let held = store.held_by(&first.worker).await?;
        ensure_eq!(
            held.map(|held| held.payload),
            Some(job(2)),
            "what the slot holds"
        );
        Ok(())
    }

    /// Nor for the same bytes from the same queue, taken by the same slot in the same second.
    async fn a_receipt_is_worth_nothing_for_an_identical_job(world: &World) -> Verdict {
        let store = world.store();
        let first = store.hand_out_one("mail", 1).await?;
        store.push("mail", [1]).await?;
        store
            .applies(Settlement::done(first.receipt.clone()))
            .await?;
        store.take(&first.worker, "mail").await?;
        store.is_lost(Settlement::done(first.receipt)).await?;
        let held = store.held_by(&first.worker).await?;
        ensure_eq!(
            held.map(|held| held.payload),
            Some(job(1)),
            "what the slot holds"
        );
        Ok(())
    }

    /// A job that was released belongs to its next holder alone.
    async fn a_released_job_belongs_to_its_next_holder(world: &World) -> Verdict {
        let store = world.store();
        let first = store.hand_out_one("mail", 1).await?;
        let other = store.register(1).await?;
        store
            .applies(Settlement::release(first.receipt.clone()))
            .await?;
        let second = store.take(&other, "mail").await?;
        store.is_lost(Settlement::done(first.receipt)).await?;
        store.applies(Settlement::done(second.receipt)).await
    }

    /// A worker cannot settle with the token of another worker's receipt.
    async fn a_receipt_is_worth_nothing_for_another_worker(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out("mail", [1, 2]).await?;
        let stolen = stolen(&given[0].receipt, given[1].worker.clone());
        let before = Snapshot::of(&store).await?;
        store.is_lost(Settlement::done(stolen)).await?;
        before.still_holds(&store).await
    }

    /// A receipt that the store never gave is worth nothing.
    async fn a_made_up_receipt_is_worth_nothing(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        let before = Snapshot::of(&store).await?;
        for worker in [given.worker.clone(), worker(99)] {
            store
                .is_lost(Settlement::done(Receipt::new(worker.clone(), "made up")))
                .await?;
            store
                .is_lost(Settlement::done(Receipt::new(worker.clone(), "")))
                .await?;
            store
                .is_lost(Settlement::done(Receipt::numbered(worker, u64::MAX)))
                .await?;
        }
        before.still_holds(&store).await
    }

    /// One batch that settles the same reservation twice settles it once.
    async fn one_batch_settles_a_reservation_once(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        let done = Settlement::done(given.receipt.clone());
        let failed = Settlement::failed(given.receipt, store.record_of("mail", 1));
        let settled = store.exchange(&[done, failed], &[], "mail").await?.settled;
        ensure_matches!(
            settled.as_slice(),
            [Settled::Applied, Settled::Lost],
            "the answers"
        );
        ensure_eq!(store.workers().stat("processed").await?, 1, "processed");
        ensure_eq!(store.failures().count(None).await?, 0, "records");
        Ok(())
    }

    /// Of several connections that settle the same reservation at the same time one wins.
    async fn one_of_racing_settlements_wins(world: &World) -> Verdict {
        let store = world.store();
        for round in 0..20 {
            store.push("mail", [round]).await?;
            let slot = store.register(0).await?;
            let receipt = store.take(&slot, "mail").await?.receipt;
            let settle = |_, twin: Store| {
                let done = Settlement::done(receipt.clone());
                async move { twin.settle(done).await }
            };
            let answers = race(world, 4, settle).await?;
            let wins = answers
                .iter()
                .filter(|settled| matches!(settled, Settled::Applied));
            ensure_eq!(wins.count(), 1, "settlements applied in round {round}");
        }
        ensure_eq!(store.workers().stat("processed").await?, 20, "processed");
        Ok(())
    }

    /// A worker that was taken for dead, recovered and then woke up settles nothing.
    async fn a_worker_that_was_recovered_settles_nothing(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        let dead = store.workers().dead(store.at(300)).await?;
        let held = dead.into_iter().find_map(|dead| dead.holds);
        let held = held.ok_or_else(|| crate::Broken::new("no dead worker holds the job"))?;
        store
            .applies(Settlement::recovered(
                held.receipt,
                store.record_of("mail", 1),
            ))
            .await?;
        let before = Snapshot::of(&store).await?;
        for settlement in kinds(&store, &given.receipt) {
            store.is_lost(settlement).await?;
        }
        before.still_holds(&store).await
    }

    /// A worker that was taken off the registry settles nothing under its old receipt.
    async fn a_worker_that_was_removed_settles_nothing(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        store
            .applies(Settlement::release(given.receipt.clone()))
            .await?;
        store
            .workers()
            .unregister(&[Leaving::new(given.worker.clone())])
            .await?;
        let before = Snapshot::of(&store).await?;
        store.is_lost(Settlement::done(given.receipt)).await?;
        before.still_holds(&store).await
    }

    /// Receipts of before are worth nothing in a store that was cleared.
    async fn a_receipt_does_not_outlive_clearing(world: &World) -> Verdict {
        let store = world.store();
        let before = store.hand_out_one("mail", 1).await?;
        store.queues().clear().await?;
        let after = store.hand_out_one("mail", 1).await?;
        store.is_lost(Settlement::done(before.receipt)).await?;
        store.applies(Settlement::done(after.receipt)).await
    }
}
