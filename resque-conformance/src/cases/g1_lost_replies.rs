//! G1 once more: the call was executed and its reply was lost, for every operation.

use std::slice::from_ref;

use resque_core::testing::{Fault, Faults, Operation};
use resque_core::{
    DelayedEdit, DelayedTo, Edit, EditTo, Enqueue, Error, FailureRetry, Leaving, Left, Result,
    Settlement, Tally,
};

use crate::Broken;
use crate::ledger::Ledger;
use crate::snapshot::Snapshot;
use crate::store::{Store, job, list, queue, worker};

/// The store, and the same one behind a connection that loses the reply to the next `operation`.
fn losing(world: &crate::World, operation: Operation) -> (Store, Store, Faults) {
    let store = world.store();
    let (lossy, faults) = store.lossy();
    faults.next(operation, Fault::ReplyLost);
    (store, lossy, faults)
}

/// The reply to this call must have been lost.
#[track_caller]
fn lost<T: std::fmt::Debug>(answer: Result<T>) -> crate::Verdict {
    match answer {
        Err(Error::OutcomeUnknown { .. }) => Ok(()),
        other => Err(Broken::new(format!(
            "the reply was to be lost, found {other:?}"
        ))),
    }
}

/// Settles the one job of worker 0 over a connection that loses the reply, then once more.
///
/// Whatever the outcome: the first settlement took effect, the repeat is lost and counts nothing.
async fn settled_once(
    world: &crate::World,
    settlement: impl Fn(&Store, resque_core::Receipt) -> Settlement,
) -> crate::Verdict<Store> {
    let (store, lossy, _) = losing(world, Operation::Exchange);
    let given = store.hand_out_one("mail", 1).await?;
    let settlement = settlement(&store, given.receipt);
    let done = from_ref(&settlement);
    lost(
        lossy
            .queues()
            .exchange(done, &[], &list("mail"), store.at(0))
            .await,
    )?;
    let after = Snapshot::of(&store).await?;
    let processed = i64::from(settlement.tally != Tally::Nothing);
    lossy.is_lost(settlement).await?;
    after.still_holds(&store).await?;
    ensure_eq!(
        store.workers().stat("processed").await?,
        processed,
        "processed"
    );
    ensure_eq!(
        store.held_by(&worker(0)).await?,
        None,
        "what the worker holds"
    );
    Ok(store)
}

cases! {
    g1_lost_replies: Conservation;

    /// A push whose reply was lost has put its job in once.
    async fn a_push_puts_its_job_in_once(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::Push);
        lost(
            lossy
                .queues()
                .push(&[Enqueue::new(queue("mail"), job(1))])
                .await,
        )?;
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ledger::of([1]).balances(&store).await
    }

    /// A slot whose reservation was lost on the way is given the same job when it asks again.
    async fn a_reservation_is_given_again(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::Exchange);
        store.push("mail", [1, 2]).await?;
        let slot = store.register(0).await?;
        lost(
            lossy
                .queues()
                .exchange(&[], from_ref(&slot), &list("mail"), store.at(0))
                .await,
        )?;
        Ledger::of([1, 2]).balances(&store).await?;
        let again = lossy.take(&slot, "mail").await?;
        ensure_eq!(
            (again.payload, again.redelivered),
            (job(1), true),
            "what the slot is given"
        );
        store.applies(Settlement::done(again.receipt)).await?;
        Ledger::of([2]).balances(&store).await
    }

    /// Reservations for many slots that were lost on the way are all given again, each to its slot.
    async fn many_reservations_are_given_again(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::Exchange);
        store.push("mail", 0..10).await?;
        let slots = store.register_many(10).await?;
        lost(
            lossy
                .queues()
                .exchange(&[], &slots, &list("mail"), store.at(0))
                .await,
        )?;
        let again = lossy.exchange(&[], &slots, "mail").await?.reserved;
        ensure_eq!(again.len(), 10, "jobs given again");
        for reservation in &again {
            let held = store.held_by(&reservation.worker).await?;
            let held = held.map(|held| held.payload);
            ensure_eq!(
                held.as_ref(),
                Some(&reservation.payload),
                "what {} holds",
                reservation.worker
            );
        }
        Ledger::of(0..10).balances(&store).await
    }

    /// A job that was done is not done again, and is counted once.
    async fn a_done_job_is_settled_once(world: &World) -> Verdict {
        let store = settled_once(world, |_, receipt| Settlement::done(receipt)).await?;
        Ledger::of([]).balances(&store).await
    }

    /// A job that failed has one record.
    async fn a_failed_job_is_recorded_once(world: &World) -> Verdict {
        let failed =
            |store: &Store, receipt| Settlement::failed(receipt, store.record_of("mail", 1));
        let store = settled_once(world, failed).await?;
        ensure_eq!(store.numbers_failed().await?, [1], "the failed list");
        ensure_eq!(store.workers().stat("failed").await?, 1, "failed");
        Ok(())
    }

    /// A released job waits once.
    async fn a_released_job_waits_once(world: &World) -> Verdict {
        let store = settled_once(world, |_, receipt| Settlement::release(receipt)).await?;
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// A deferred job waits for its time once.
    #[needs(delayed)]
    async fn a_deferred_job_is_delayed_once(world: &World) -> Verdict {
        let defer = |store: &Store, receipt| Settlement::defer(receipt, store.at(60));
        let store = settled_once(world, defer).await?;
        ensure_eq!(store.numbers_delayed().await?, [1], "the delayed set");
        Ok(())
    }

    /// A job to be retried waits for its time once.
    #[needs(delayed)]
    async fn a_retried_job_is_delayed_once(world: &World) -> Verdict {
        let retry = |store: &Store, receipt| Settlement::retry_at(receipt, job(1), store.at(60));
        let store = settled_once(world, retry).await?;
        ensure_eq!(store.numbers_delayed().await?, [1], "the delayed set");
        Ok(())
    }

    /// A discarded job is gone at the first time.
    async fn a_discarded_job_is_settled_once(world: &World) -> Verdict {
        let store = settled_once(world, |_, receipt| Settlement::discard(receipt)).await?;
        Ledger::of([]).balances(&store).await
    }

    /// The recovery of a dead worker's job records it once.
    async fn a_recovery_records_once(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::Exchange);
        store.hand_out_one("mail", 1).await?;
        let dead = store.workers().dead(store.at(60)).await?;
        let held = dead.into_iter().find_map(|dead| dead.holds);
        let held = held.ok_or_else(|| Broken::new("no dead worker holds the job"))?;
        let recovered = Settlement::recovered(held.receipt, store.record_of("mail", 1));
        let done = from_ref(&recovered);
        lost(
            lossy
                .queues()
                .exchange(done, &[], &list("*"), store.at(60))
                .await,
        )?;
        lossy.is_lost(recovered).await?;
        ensure_eq!(store.numbers_failed().await?, [1], "the failed list");
        Ledger::of([1]).balances(&store).await
    }

    /// The recovery of a dead worker's job that is to be retried lets it wait once.
    #[needs(delayed)]
    async fn a_recovery_delays_once(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::Exchange);
        store.hand_out_one("mail", 1).await?;
        let dead = store.workers().dead(store.at(60)).await?;
        let held = dead.into_iter().find_map(|dead| dead.holds);
        let held = held.ok_or_else(|| Broken::new("no dead worker holds the job"))?;
        let retry = Settlement::retry_at(held.receipt, job(1), store.at(120));
        let done = from_ref(&retry);
        let from = list("*");
        let reply = lossy.queues().exchange(done, &[], &from, store.at(60));
        lost(reply.await)?;
        lossy.is_lost(retry).await?;
        ensure_eq!(store.numbers_delayed().await?, [1], "the delayed set");
        Ledger::of([1]).balances(&store).await
    }

    /// An exchange that settles and reserves, repeated as it was, settles nothing and gives again.
    async fn a_repeated_exchange_settles_nothing_and_gives_again(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::Exchange);
        let given = store.hand_out_one("mail", 1).await?;
        store.push("mail", [2, 3]).await?;
        let (done, want) = ([Settlement::done(given.receipt)], [given.worker]);
        lost(
            lossy
                .queues()
                .exchange(&done, &want, &list("mail"), store.at(0))
                .await,
        )?;
        let again = lossy.exchange(&done, &want, "mail").await?;
        ensure_matches!(
            again.settled.as_slice(),
            [resque_core::Settled::Lost],
            "the settlement"
        );
        ensure_matches!(again.reserved.as_slice(), [next] if next.payload == job(2), "the job");
        ensure_eq!(store.workers().stat("processed").await?, 1, "processed");
        Ledger::of([2, 3]).balances(&store).await
    }

    /// A plain pop whose reply was lost has lost what it took and nothing else.
    async fn a_pop_loses_only_what_it_took(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::Pop);
        store.push("mail", [1, 2, 3]).await?;
        lost(lossy.queues().pop(&list("mail"), 1).await)?;
        Ledger::of([2, 3]).balances(&store).await
    }

    /// A job that was moved to another queue is there once, and the repeat finds nothing.
    async fn an_edit_moves_once(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::Edit);
        store.push("mail", [1]).await?;
        let edit = [Edit {
            queue: queue("mail"),
            payload: job(1),
            at_most: 1,
            to: EditTo::Queue(queue("news")),
        }];
        lost(lossy.queues().edit(&edit).await)?;
        ensure_eq!(
            lossy.queues().edit(&edit).await?,
            [0],
            "what the repeat finds"
        );
        ensure_eq!(store.numbers_in("news").await?, [1], "the other queue");
        Ledger::of([1]).balances(&store).await
    }

    /// A queue that was created is there, and the repeat says that it is not new.
    async fn a_queue_is_created_once(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::CreateQueue);
        lost(lossy.queues().create_queue(&queue("mail")).await)?;
        ensure!(
            !lossy.queues().create_queue(&queue("mail")).await?,
            "the repeat says it is new"
        );
        ensure_eq!(store.queue_names().await?, ["mail"], "the queues");
        Ok(())
    }

    /// A queue that was deleted is gone, and the repeat deletes no jobs.
    async fn a_queue_is_deleted_once(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::DeleteQueue);
        store.push("mail", [1]).await?;
        store.push("news", [2]).await?;
        lost(lossy.queues().delete_queue(&queue("mail")).await)?;
        ensure_eq!(
            lossy.queues().delete_queue(&queue("mail")).await?,
            0,
            "jobs of the repeat"
        );
        Ledger::of([2]).balances(&store).await
    }

    /// A store that was cleared is empty, and the repeat finds nothing.
    async fn a_store_is_cleared_once(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::Clear);
        store.push("mail", [1]).await?;
        lost(lossy.queues().clear().await)?;
        ensure!(Snapshot::of(&store).await?.is_empty(), "something is left");
        ensure_eq!(lossy.queues().clear().await?, 0, "what the repeat finds");
        Ok(())
    }

    /// A worker that registers again because the reply was lost is registered once, since the first.
    async fn a_registration_keeps_its_start(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::Register);
        lost(lossy.workers().register(&[worker(0)], store.at(0)).await)?;
        lossy.workers().register(&[worker(0)], store.at(30)).await?;
        let listing = store.workers().workers().await?;
        let starts: Vec<_> = listing
            .workers
            .iter()
            .map(|status| status.started)
            .collect();
        ensure_eq!(starts, [Some(store.at(0))], "when the workers started");
        Ok(())
    }

    /// A heartbeat whose reply was lost keeps its worker alive.
    async fn a_heartbeat_is_noted(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::Heartbeat);
        let slot = store.register(0).await?;
        lost(lossy.workers().heartbeat(&[slot], store.at(60)).await)?;
        ensure_eq!(store.workers().dead(store.at(60)).await?, [], "the dead");
        Ok(())
    }

    /// A worker that left is gone, and the repeat says so too.
    async fn a_worker_leaves_once(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::Unregister);
        let slot = store.register(0).await?;
        lost(
            lossy
                .workers()
                .unregister(&[Leaving::new(slot.clone())])
                .await,
        )?;
        ensure_eq!(store.workers().workers().await?.workers, [], "the workers");
        let again = lossy.workers().unregister(&[Leaving::new(slot)]).await?;
        ensure_eq!(again, [Left::Gone], "the repeat");
        Ok(())
    }

    /// An addition to a counter takes effect once.
    async fn a_counter_is_added_to_once(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::IncrStat);
        lost(lossy.workers().incr_stat("mails", 5).await)?;
        ensure_eq!(store.workers().stat("mails").await?, 5, "the counter");
        Ok(())
    }

    /// A failure is recorded once.
    async fn a_failure_is_recorded_once(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::Record);
        lost(lossy.failures().record(&[store.record_of("mail", 1)]).await)?;
        ensure_eq!(store.numbers_failed().await?, [1], "the failed list");
        Ok(())
    }

    /// A failed job that was put back and its record removed is back once; the repeat conflicts.
    async fn a_failed_job_is_put_back_once(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::Retry);
        store.fail("mail", 1).await?;
        let id = store.failed().await?.remove(0).id;
        let retry = [FailureRetry::new(id).and_remove()];
        lost(lossy.failures().retry(&retry, store.at(1)).await)?;
        let again = lossy.failures().retry(&retry, store.at(2)).await?;
        ensure_matches!(
            again.as_slice(),
            [Err(Error::Conflict { .. })],
            "the repeat"
        );
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ledger::of([1]).balances(&store).await
    }

    /// A failure record that was removed is gone; the repeat conflicts and removes no other.
    async fn a_failure_is_removed_once(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::RemoveFailures);
        store.fail("mail", 1).await?;
        store.fail("mail", 2).await?;
        let ids = [store.failed().await?.remove(0).id];
        lost(lossy.failures().remove(&ids).await)?;
        let again = lossy.failures().remove(&ids).await?;
        ensure_matches!(
            again.as_slice(),
            [Err(Error::Conflict { .. })],
            "the repeat"
        );
        ensure_eq!(store.numbers_failed().await?, [2], "the failed list");
        Ok(())
    }

    /// Due jobs move into their queues once.
    #[needs(delayed)]
    async fn due_jobs_are_promoted_once(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::Promote);
        store.push_due("mail", 1, 10).await?;
        store.push_due("mail", 2, 10).await?;
        lost(lossy.delayed()?.promote("suite:1", store.at(10), 1).await)?;
        Ledger::of([1, 2]).balances(&store).await?;
        lossy.promote(10).await?;
        ensure_eq!(store.numbers_in("mail").await?, [1, 2], "the queue");
        Ledger::of([1, 2]).balances(&store).await
    }

    /// A delayed job that was moved into its queue is there once; the repeat conflicts.
    #[needs(delayed)]
    async fn a_delayed_job_is_edited_once(world: &World) -> Verdict {
        let (store, lossy, _) = losing(world, Operation::DelayedEdit);
        store.push_due("mail", 1, 60).await?;
        let id = store.all_delayed().await?.remove(0).id;
        let edit = [DelayedEdit {
            id,
            to: DelayedTo::Queue,
        }];
        lost(lossy.delayed()?.edit(&edit).await)?;
        let again = lossy.delayed()?.edit(&edit).await?;
        ensure_matches!(
            again.as_slice(),
            [Err(Error::Conflict { .. })],
            "the repeat"
        );
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ledger::of([1]).balances(&store).await
    }

    /// Asking questions changes nothing.
    async fn questions_change_nothing(world: &World) -> Verdict {
        let store = world.store();
        store.hand_out_one("mail", 1).await?;
        store.push("mail", [2]).await?;
        store.fail("mail", 3).await?;
        let before = Snapshot::of(&store).await?;
        store.workers().dead(store.at(3_600)).await?;
        store.workers().server_time().await?;
        store.failures().count(None).await?;
        store.workers().stat("processed").await?;
        store
            .queues()
            .peek(&queue("news"), resque_core::Page::ALL)
            .await?;
        before.still_holds(&store).await
    }

    /// Workers that lose every third reply, and ask again, perform every job exactly once.
    async fn workers_that_lose_replies_perform_every_job_once(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", 0..60).await?;
        let (lossy, faults) = store.lossy();
        let mut calls = 0;
        faults.plan(move |_| {
            calls += 1;
            (calls % 3 == 0).then_some(Fault::ReplyLost)
        });
        let (slots, mut ledger) = (store.register_many(3).await?, Ledger::of(0..60));
        let mut done = Vec::new();
        for _ in 0..300 {
            let from = list("mail");
            let Ok(answer) = lossy
                .queues()
                .exchange(&done, &slots, &from, store.at(0))
                .await
            else {
                continue;
            };
            done.clear();
            for given in answer.reserved {
                ledger.done(crate::store::number(&given.payload).unwrap_or(u64::MAX));
                done.push(Settlement::done(given.receipt));
            }
        }
        ensure_eq!(ledger.count_done(), 60, "jobs performed");
        ensure_eq!(store.workers().stat("processed").await?, 60, "processed");
        ledger.balances(&store).await
    }
}
