//! G9: a store that goes away and comes back costs waiting and nothing else.

use std::slice::from_ref;

use resque_core::{Enqueue, Page, Result, Settlement};

use crate::ledger::Ledger;
use crate::patience::until_ok;
use crate::store::{Store, job, list, queue, worker};
use crate::{Broken, Outage};

fn outage(world: &crate::World) -> crate::Verdict<&dyn Outage> {
    world
        .outage()
        .ok_or_else(|| Broken::new("the world has no `outage`"))
}

/// Waits until the store answers again.
async fn back(store: &Store) -> crate::Verdict {
    until_ok(|| store.workers().server_time()).await?;
    Ok(())
}

/// A call during the outage must say that the store is away, and that this may pass.
#[track_caller]
fn reported<T: std::fmt::Debug>(answer: Result<T>) -> crate::Verdict {
    match answer {
        Err(error) if error.is_transient() => Ok(()),
        other => Err(Broken::new(format!("the store is away, found {other:?}"))),
    }
}

cases! {
    g9_outage: Outage;

    /// While the store is away, every kind of call says so, and that trying again may help.
    #[needs(outage)]
    async fn calls_report_an_outage(world: &World) -> Verdict {
        let (store, slot) = (world.store(), [worker(0)]);
        let job = [Enqueue::new(queue("mail"), job(1))];
        outage(world)?.begin().await;
        reported(store.queues().push(&job).await)?;
        reported(
            store
                .queues()
                .exchange(&[], &slot, &list("*"), store.at(0))
                .await,
        )?;
        reported(store.queues().queues().await)?;
        reported(store.workers().register(&slot, store.at(0)).await)?;
        reported(store.workers().heartbeat(&slot, store.at(0)).await)?;
        reported(store.workers().server_time().await)?;
        reported(store.failures().count(None).await)?;
        outage(world)?.end().await;
        Ok(())
    }

    /// After an outage the same connection serves again, and nothing is lost.
    #[needs(outage)]
    async fn a_connection_comes_back_by_itself(world: &World) -> Verdict {
        let store = world.store();
        store.hand_out_one("mail", 1).await?;
        store.push("mail", [2]).await?;
        store.fail("mail", 3).await?;
        outage(world)?.begin().await;
        ensure!(
            store.push("mail", [4]).await.is_err(),
            "a push during the outage succeeded"
        );
        outage(world)?.end().await;
        back(&store).await?;
        Ledger::of([1, 2, 3]).balances(&store).await
    }

    /// After an outage a worker is given the job again that it held before.
    #[needs(outage)]
    async fn a_held_job_is_given_again_after_an_outage(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        outage(world)?.begin().await;
        outage(world)?.end().await;
        back(&store).await?;
        let holds = store
            .workers()
            .register(from_ref(&given.worker), store.at(30))
            .await?;
        ensure_matches!(holds.as_slice(), [held] if held.payload == job(1), "what registering tells");
        let again = store.take(&given.worker, "mail").await?;
        ensure_eq!(
            (&again.payload, again.redelivered),
            (&job(1), true),
            "what the slot is given"
        );
        store.applies(Settlement::done(again.receipt)).await
    }

    /// A job that was finished during an outage can be settled after it.
    #[needs(outage)]
    async fn a_job_finished_during_an_outage_is_settled_after_it(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        let done = Settlement::done(given.receipt);
        outage(world)?.begin().await;
        ensure!(
            store.settle(done.clone()).await.is_err(),
            "settling during the outage succeeded"
        );
        outage(world)?.end().await;
        back(&store).await?;
        store.applies(done).await?;
        ensure_eq!(store.workers().stat("processed").await?, 1, "processed");
        Ok(())
    }

    /// A wait ends when the store goes away, so that nobody waits for ever.
    #[needs(outage, waiting)]
    async fn a_wait_ends_when_the_store_goes_away(world: &World) -> Verdict {
        let store = world.store();
        let from = list("mail");
        let ticket = store.waiting()?.ticket(&from).await?;
        let waiting = tokio::spawn({
            let (store, from) = (store.clone(), from.clone());
            async move { crate::Verdict::Ok(store.waiting()?.wait(ticket, &from).await.is_ok()) }
        });
        tokio::task::yield_now().await;
        outage(world)?.begin().await;
        // Woken for no reason or told of the outage: both are fine, waiting on is not.
        waiting.await??;
        outage(world)?.end().await;
        Ok(())
    }

    /// After an outage a push wakes again.
    #[needs(outage, waiting)]
    async fn a_push_wakes_after_an_outage(world: &World) -> Verdict {
        let store = world.store();
        let from = list("mail");
        outage(world)?.begin().await;
        outage(world)?.end().await;
        back(&store).await?;
        let waiting = store.waiting()?;
        let other = until_ok(|| world.connect_again()).await?;
        // A ticket of before the announcements were back may say so; then a new one is drawn.
        until_ok(|| async {
            let ticket = waiting.ticket(&from).await?;
            let push = [Enqueue::new(queue("mail"), job(1))];
            other.queues().push(&push).await?;
            waiting.wait(ticket, &from).await
        })
        .await?;
        ensure!(!store.numbers_in("mail").await?.is_empty(), "an empty queue");
        Ok(())
    }

    /// A second connection can be opened once the outage is over.
    #[needs(outage)]
    async fn connections_can_be_opened_after_an_outage(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        outage(world)?.begin().await;
        outage(world)?.end().await;
        let twin = until_ok(|| world.connect_again()).await?;
        let mail = queue("mail");
        let seen = until_ok(|| twin.queues().peek(&mail, Page::ALL)).await?;
        ensure_eq!(seen, [job(1)], "the queue");
        Ok(())
    }
}
