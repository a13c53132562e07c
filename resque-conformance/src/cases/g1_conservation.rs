//! G1: at every instant a job is in exactly one place.

use resque_core::{Enqueue, Settled, Settlement};

use crate::ledger::Ledger;
use crate::race::race;
use crate::store::{Store, job, list, number, queue};

cases! {
    g1_conservation: Conservation;

    /// A job that was pushed waits in its queue until somebody takes it.
    async fn a_pushed_job_waits_in_its_queue(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        ensure_eq!(store.bytes_in("mail").await?, [job(1)], "the queue");
        Ledger::of([1]).balances(&store).await
    }

    /// A job is noted as held in the same step in which it leaves its queue.
    async fn a_reserved_job_is_held_by_its_worker(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2]).await?;
        let slot = store.register(0).await?;
        let reservation = store.take(&slot, "mail").await?;
        ensure_eq!(
            (&reservation.worker, &reservation.queue),
            (&slot, &queue("mail")),
            "its place"
        );
        let Some(held) = store.held_by(&slot).await? else {
            return Err(crate::Broken::new("the worker is said to hold nothing"));
        };
        ensure_eq!(
            (held.queue.as_str(), held.payload),
            ("mail", job(1)),
            "what is held"
        );
        Ledger::of([1, 2]).balances(&store).await
    }

    /// A job that is done is gone, and its worker holds nothing any more.
    async fn a_job_that_is_done_is_in_no_place(world: &World) -> Verdict {
        let store = world.store();
        let reservation = store.hand_out_one("mail", 1).await?;
        store.applies(Settlement::done(reservation.receipt)).await?;
        ensure_eq!(
            store.held_by(&reservation.worker).await?,
            None,
            "what the worker holds"
        );
        Ledger::of([]).balances(&store).await
    }

    /// A job that failed moves to the failed list.
    async fn a_failed_job_moves_to_the_failed_list(world: &World) -> Verdict {
        let store = world.store();
        let reservation = store.hand_out_one("mail", 1).await?;
        let record = store.record_of("mail", 1);
        store
            .applies(Settlement::failed(reservation.receipt, record))
            .await?;
        ensure_eq!(store.numbers_failed().await?, [1], "the failed list");
        Ledger::of([1]).balances(&store).await
    }

    /// A released job waits in its queue again.
    async fn a_released_job_waits_in_its_queue_again(world: &World) -> Verdict {
        let store = world.store();
        let reservation = store.hand_out_one("mail", 1).await?;
        store
            .applies(Settlement::release(reservation.receipt))
            .await?;
        ensure_eq!(store.bytes_in("mail").await?, [job(1)], "the queue");
        Ledger::of([1]).balances(&store).await
    }

    /// A deferred job moves to the delayed set.
    #[needs(delayed)]
    async fn a_deferred_job_moves_to_the_delayed_set(world: &World) -> Verdict {
        let store = world.store();
        let reservation = store.hand_out_one("mail", 1).await?;
        store
            .applies(Settlement::defer(reservation.receipt, store.at(60)))
            .await?;
        ensure_eq!(store.numbers_delayed().await?, [1], "the delayed set");
        Ledger::of([1]).balances(&store).await
    }

    /// A job that is tried again later moves to the delayed set.
    #[needs(delayed)]
    async fn a_job_to_be_retried_moves_to_the_delayed_set(world: &World) -> Verdict {
        let store = world.store();
        let reservation = store.hand_out_one("mail", 1).await?;
        store
            .applies(Settlement::retry_at(
                reservation.receipt,
                job(1),
                store.at(60),
            ))
            .await?;
        ensure_eq!(store.numbers_delayed().await?, [1], "the delayed set");
        Ledger::of([1]).balances(&store).await
    }

    /// A discarded job is gone, without a failure record.
    async fn a_discarded_job_is_in_no_place(world: &World) -> Verdict {
        let store = world.store();
        let reservation = store.hand_out_one("mail", 1).await?;
        store
            .applies(Settlement::discard(reservation.receipt))
            .await?;
        Ledger::of([]).balances(&store).await
    }

    /// A slot that holds a job is given that one again.
    async fn a_slot_that_holds_a_job_is_given_it_again(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2]).await?;
        let slot = store.register(0).await?;
        let first = store.take(&slot, "mail").await?;
        let again = store.take(&slot, "mail").await?;
        ensure_eq!(again.payload, first.payload, "the job");
        ensure_eq!(again.queue, first.queue, "its queue");
        ensure_eq!(store.numbers_in("mail").await?, [2], "what still waits");
        Ledger::of([1, 2]).balances(&store).await
    }

    /// A job that is given to its slot again says so; the first time it does not.
    async fn a_redelivered_job_is_marked(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        let slot = store.register(0).await?;
        ensure!(
            !store.take(&slot, "mail").await?.redelivered,
            "marked the first time"
        );
        ensure!(
            store.take(&slot, "mail").await?.redelivered,
            "not marked the second time"
        );
        Ok(())
    }

    /// A slot is given its job again even when it asks for other queues.
    async fn a_redelivery_does_not_depend_on_the_queues_asked_for(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        store.push("news", [2]).await?;
        let slot = store.register(0).await?;
        store.take(&slot, "mail").await?;
        let again = store.take(&slot, "news").await?;
        ensure_eq!(
            (again.queue, again.payload),
            (queue("mail"), job(1)),
            "the job"
        );
        ensure_eq!(store.numbers_in("news").await?, [2], "the other queue");
        Ok(())
    }

    /// The receipt of a redelivered job settles it.
    async fn a_redelivered_job_can_be_settled(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        let slot = store.register(0).await?;
        store.take(&slot, "mail").await?;
        let again = store.take(&slot, "mail").await?;
        store.applies(Settlement::done(again.receipt)).await?;
        ensure_eq!(store.reserve(&slot, "mail").await?, None, "the next job");
        Ok(())
    }

    /// A second connection is given the same job for the same slot.
    async fn a_reservation_outlives_its_connection(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2]).await?;
        let slot = store.register(0).await?;
        store.take(&slot, "mail").await?;
        drop(store);
        let twin = world.twin().await?;
        let again = twin.take(&slot, "mail").await?;
        ensure_eq!(again.payload, job(1), "the job");
        twin.applies(Settlement::done(again.receipt)).await?;
        ensure_eq!(
            twin.take(&slot, "mail").await?.payload,
            job(2),
            "the next job"
        );
        Ok(())
    }

    /// A slot that is named twice in one exchange takes one job.
    async fn a_slot_named_twice_takes_one_job(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2]).await?;
        let slot = store.register(0).await?;
        store
            .exchange(&[], &[slot.clone(), slot.clone()], "mail")
            .await?;
        ensure_eq!(store.numbers_in("mail").await?, [2], "what still waits");
        Ledger::of([1, 2]).balances(&store).await
    }

    /// One exchange settles a slot's job and gives it the next one.
    async fn one_exchange_settles_and_reserves(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2]).await?;
        let slot = store.register(0).await?;
        let first = store.take(&slot, "mail").await?;
        let done = [Settlement::done(first.receipt)];
        let exchange = store
            .exchange(&done, std::slice::from_ref(&slot), "mail")
            .await?;
        ensure_matches!(
            exchange.settled.as_slice(),
            [Settled::Applied],
            "the settlement"
        );
        ensure_matches!(exchange.reserved.as_slice(), [next] if next.payload == job(2), "the job");
        ensure!(
            !exchange.reserved[0].redelivered,
            "the next job is taken for the old one"
        );
        Ledger::of([2]).balances(&store).await
    }

    /// A job that is released can be given out by the same exchange.
    async fn a_released_job_can_be_reserved_in_the_same_exchange(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        let slots = store.register_many(2).await?;
        let first = store.take(&slots[0], "mail").await?;
        let done = [Settlement::release(first.receipt)];
        let exchange = store.exchange(&done, &slots[1..], "mail").await?;
        ensure_matches!(exchange.reserved.as_slice(), [next] if next.worker == slots[1], "the job");
        Ledger::of([1]).balances(&store).await
    }

    /// An exchange with two empty lists changes nothing.
    async fn an_exchange_without_lists_changes_nothing(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        let exchange = store.exchange(&[], &[], "mail").await?;
        ensure!(
            exchange.settled.is_empty() && exchange.reserved.is_empty(),
            "found {exchange:?}"
        );
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// Settlements are answered in their order, a lost one among good ones.
    async fn settlements_are_answered_in_their_order(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out("mail", [1, 2]).await?;
        let done = |at: usize| Settlement::done(given[at].receipt.clone());
        store.applies(done(0)).await?;
        let exchange = store.exchange(&[done(0), done(1)], &[], "mail").await?;
        ensure_matches!(
            exchange.settled.as_slice(),
            [Settled::Lost, Settled::Applied],
            "the answers"
        );
        Ok(())
    }

    /// Deleting a queue leaves what workers hold.
    async fn deleting_a_queue_leaves_what_workers_hold(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2]).await?;
        let slot = store.register(0).await?;
        let reservation = store.take(&slot, "mail").await?;
        ensure_eq!(
            store.queues().delete_queue(&queue("mail")).await?,
            1,
            "jobs deleted"
        );
        Ledger::of([1]).balances(&store).await?;
        store.applies(Settlement::done(reservation.receipt)).await
    }

    /// A job that is released into a queue that was deleted meanwhile can be found again.
    async fn a_job_released_into_a_deleted_queue_brings_it_back(world: &World) -> Verdict {
        let store = world.store();
        let reservation = store.hand_out_one("mail", 1).await?;
        store.queues().delete_queue(&queue("mail")).await?;
        store
            .applies(Settlement::release(reservation.receipt))
            .await?;
        ensure_eq!(store.queue_names().await?, ["mail"], "the queues");
        Ledger::of([1]).balances(&store).await
    }

    /// A plain pop takes a job out for good: nobody holds it.
    async fn a_popped_job_is_in_no_place(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2]).await?;
        let popped = store.queues().pop(&list("mail"), 1).await?;
        ensure_matches!(popped.as_slice(), [one] if one.payload == job(1), "what was popped");
        Ledger::of([2]).balances(&store).await
    }

    /// Two identical jobs are two jobs.
    async fn identical_jobs_are_counted_apart(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out("mail", [1, 1]).await?;
        store
            .applies(Settlement::done(given[0].receipt.clone()))
            .await?;
        Ledger::of([1]).balances(&store).await
    }

    /// Every outcome moves the job to its one place, in one batch of all of them.
    #[needs(delayed)]
    async fn a_batch_of_all_outcomes_loses_nothing(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out("mail", 1..=6).await?;
        let mut receipts = given.iter().map(|reservation| reservation.receipt.clone());
        let mut next = || {
            receipts
                .next()
                .ok_or_else(|| crate::Broken::new("fewer than six jobs"))
        };
        let settlements = [
            Settlement::done(next()?),
            Settlement::failed(next()?, store.record_of("mail", 2)),
            Settlement::retry_at(next()?, job(3), store.at(60)),
            Settlement::release(next()?),
            Settlement::defer(next()?, store.at(60)),
            Settlement::discard(next()?),
        ];
        let settled = store.exchange(&settlements, &[], "mail").await?.settled;
        ensure!(
            settled.iter().all(|s| matches!(s, Settled::Applied)),
            "answers: {settled:?}"
        );
        Ledger::of([2, 3, 4, 5]).balances(&store).await
    }

    /// Workers on several connections that take jobs at the same time perform each exactly once.
    async fn parallel_workers_perform_every_job_once(world: &World) -> Verdict {
        const JOBS: u64 = 2_000;
        let store = world.store();
        store.push("mail", 0..JOBS).await?;
        let slots = store.register_many(8).await?;
        let drain = |runner: usize, twin: Store| {
            let slot = slots[runner].clone();
            async move { twin.drain(&slot, "mail").await }
        };
        let mut ledger = Ledger::of(0..JOBS);
        ledger.all_done(race(world, slots.len(), drain).await?.into_iter().flatten());
        ensure_eq!(ledger.count_done() as u64, JOBS, "jobs performed");
        ledger.balances(&store).await
    }

    /// Workers that push while others take lose nothing either.
    async fn jobs_pushed_while_others_are_taken_are_performed_once(world: &World) -> Verdict {
        const EACH: u64 = 200;
        let store = world.store();
        let slot = store.register(0).await?;
        // Runner 0 takes, the others push; what is still there at the end is taken at the end.
        let run = |runner: usize, twin: Store| {
            let slot = slot.clone();
            async move {
                let first = (runner as u64).saturating_sub(1) * EACH;
                let mut taken = Vec::new();
                for number in first..first + EACH {
                    match runner {
                        0 => taken.extend(twin.drain(&slot, "mail").await?),
                        _ => twin.push("mail", [number]).await?,
                    }
                }
                Ok(taken)
            }
        };
        let mut ledger = Ledger::of(0..4 * EACH);
        ledger.all_done(race(world, 5, run).await?.into_iter().flatten());
        ledger.all_done(store.drain(&slot, "mail").await?);
        ensure_eq!(ledger.count_done() as u64, 4 * EACH, "jobs performed");
        ledger.balances(&store).await
    }

    /// The answer to a settlement keeps to it: a settlement of one worker never touches another's job.
    async fn a_settlement_leaves_other_workers_alone(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out("mail", [1, 2]).await?;
        store
            .applies(Settlement::done(given[0].receipt.clone()))
            .await?;
        let held = store.held_by(&given[1].worker).await?;
        ensure_eq!(
            held.and_then(|held| number(&held.payload)),
            Some(2),
            "what the other holds"
        );
        Ok(())
    }

    /// Pushing and taking go on while a job is held for long; the job stays held.
    async fn a_held_job_stays_held_while_others_come_and_go(world: &World) -> Verdict {
        let store = world.store();
        let slots = store.register_many(2).await?;
        store.push("mail", [0]).await?;
        let long = store.take(&slots[0], "mail").await?;
        for number in 1..=20 {
            store.push("mail", [number]).await?;
            store.drain(&slots[1], "mail").await?;
        }
        Ledger::of([0]).balances(&store).await?;
        store.applies(Settlement::done(long.receipt)).await
    }

    /// A job pushed while a worker holds an identical one is another job.
    async fn a_copy_of_a_held_job_is_another_job(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        let slots = store.register_many(2).await?;
        store.take(&slots[0], "mail").await?;
        store
            .queues()
            .push(&[Enqueue::new(queue("mail"), job(1))])
            .await?;
        let copy = store.take(&slots[1], "mail").await?;
        store.applies(Settlement::done(copy.receipt)).await?;
        Ledger::of([1]).balances(&store).await
    }
}
