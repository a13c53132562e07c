//! Stopping queues and pausing all workers.

use resque_core::Settlement;

use crate::store::{job, list, queue};

cases! {
    rules_control: Rules;

    /// A stopped queue gives no job.
    #[needs(control)]
    async fn a_stopped_queue_gives_nothing(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        let slot = store.register(0).await?;
        store.control()?.set_stopped(&queue("mail"), true).await?;
        for from in ["mail", "*"] {
            ensure_eq!(store.reserve(&slot, from).await?, None, "what {from} gives");
        }
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// A stopped queue takes jobs.
    #[needs(control)]
    async fn a_stopped_queue_takes_jobs(world: &World) -> Verdict {
        let store = world.store();
        store.control()?.set_stopped(&queue("mail"), true).await?;
        store.push("mail", [1, 2]).await?;
        ensure_eq!(store.numbers_in("mail").await?, [1, 2], "the queue");
        Ok(())
    }

    /// A stopped queue stops no other one, wherever it stands in the list.
    #[needs(control)]
    async fn a_stopped_queue_stops_no_other(world: &World) -> Verdict {
        let store = world.store();
        store.push("high", [1]).await?;
        store.push("low", [2]).await?;
        let slot = store.register(0).await?;
        store.control()?.set_stopped(&queue("high"), true).await?;
        ensure_eq!(store.drain(&slot, "high,low").await?, [2], "what is given");
        Ok(())
    }

    /// A queue that was started again gives its jobs, in order.
    #[needs(control)]
    async fn a_started_queue_gives_its_jobs(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        store.control()?.set_stopped(&queue("mail"), true).await?;
        store.push("mail", [2]).await?;
        store.control()?.set_stopped(&queue("mail"), false).await?;
        let slot = store.register(0).await?;
        ensure_eq!(store.drain(&slot, "mail").await?, [1, 2], "order");
        Ok(())
    }

    /// A stopped queue that is deleted is still stopped when jobs come into it again.
    #[needs(control)]
    async fn a_deleted_queue_stays_stopped(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        store.control()?.set_stopped(&queue("mail"), true).await?;
        store.queues().delete_queue(&queue("mail")).await?;
        store.push("mail", [2]).await?;
        let slot = store.register(0).await?;
        ensure_eq!(store.reserve(&slot, "mail").await?, None, "what it gives");
        store.control()?.set_stopped(&queue("mail"), false).await?;
        ensure_eq!(store.drain(&slot, "mail").await?, [2], "once started");
        Ok(())
    }

    /// A plain pop takes nothing from a stopped queue either.
    #[needs(control)]
    async fn a_plain_pop_obeys_a_stopped_queue(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        store.push("news", [2]).await?;
        store.control()?.set_stopped(&queue("mail"), true).await?;
        let popped = store.queues().pop(&list("mail,news"), 10).await?;
        ensure_matches!(popped.as_slice(), [only] if only.payload == job(2), "what is popped");
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// The list of queues says which ones are stopped.
    #[needs(control)]
    async fn the_list_says_which_queues_are_stopped(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        store.push("news", [2]).await?;
        store.control()?.set_stopped(&queue("mail"), true).await?;
        let stopped = async || {
            let listing = store.queues().queues().await?;
            let stopped = listing.queues.iter().filter(|status| status.stopped);
            crate::Verdict::Ok(
                stopped
                    .map(|status| status.name.clone())
                    .collect::<Vec<_>>(),
            )
        };
        ensure_eq!(stopped().await?, [queue("mail")], "stopped queues");
        store.control()?.set_stopped(&queue("mail"), false).await?;
        ensure_eq!(stopped().await?, [], "stopped queues afterwards");
        Ok(())
    }

    /// Anybody can ask whether a queue is stopped, before it exists too.
    #[needs(control)]
    async fn a_stop_can_be_asked_for(world: &World) -> Verdict {
        let store = world.store();
        store.push("news", [1]).await?;
        ensure_eq!(store.control()?.stopped(&queue("mail")).await?, false, "before");
        store.control()?.set_stopped(&queue("mail"), true).await?;
        ensure_eq!(store.control()?.stopped(&queue("mail")).await?, true, "without a job");
        store.push("mail", [2]).await?;
        ensure_eq!(store.control()?.stopped(&queue("mail")).await?, true, "with a job");
        ensure_eq!(store.control()?.stopped(&queue("news")).await?, false, "the other queue");
        store.control()?.set_stopped(&queue("mail"), false).await?;
        ensure_eq!(store.control()?.stopped(&queue("mail")).await?, false, "afterwards");
        Ok(())
    }

    /// A queue can be stopped before it exists.
    #[needs(control)]
    async fn a_queue_can_be_stopped_before_it_exists(world: &World) -> Verdict {
        let store = world.store();
        store.control()?.set_stopped(&queue("mail"), true).await?;
        store.push("mail", [1]).await?;
        let slot = store.register(0).await?;
        ensure_eq!(store.reserve(&slot, "mail").await?, None, "what is given");
        Ok(())
    }

    /// A queue can be stopped twice and started twice; the last word counts.
    #[needs(control)]
    async fn stopping_twice_is_stopping_once(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        for stopped in [true, true, false] {
            store
                .control()?
                .set_stopped(&queue("mail"), stopped)
                .await?;
        }
        let slot = store.register(0).await?;
        ensure_eq!(store.drain(&slot, "mail").await?, [1], "what is given");
        store.control()?.set_stopped(&queue("mail"), false).await?;
        Ok(())
    }

    /// A stop by one connection is obeyed by the next exchange of another one.
    #[needs(control)]
    async fn a_stop_is_obeyed_by_everybody_at_once(world: &World) -> Verdict {
        let (store, twin) = (world.store(), world.twin().await?);
        store.push("mail", [1, 2]).await?;
        let slots = store.register_many(2).await?;
        store.take(&slots[0], "mail").await?;
        twin.control()?.set_stopped(&queue("mail"), true).await?;
        ensure_eq!(
            store.reserve(&slots[1], "mail").await?,
            None,
            "what is given"
        );
        Ok(())
    }

    /// A job of a stopped queue that is held can be settled, and given again to its slot.
    #[needs(control)]
    async fn a_held_job_of_a_stopped_queue_goes_on(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        store.control()?.set_stopped(&queue("mail"), true).await?;
        let again = store.take(&given.worker, "mail").await?;
        store.applies(Settlement::done(again.receipt)).await
    }

    /// While reserving is paused nothing is given out, and the exchange says so.
    #[needs(control)]
    async fn a_pause_gives_nothing_out(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        let slot = store.register(0).await?;
        store.control()?.set_paused(true).await?;
        let exchange = store
            .exchange(&[], std::slice::from_ref(&slot), "mail")
            .await?;
        ensure!(exchange.paused, "the exchange does not tell of the pause");
        ensure_eq!(exchange.reserved, [], "what is given");
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// After the pause jobs are given out again, and the exchange says so.
    #[needs(control)]
    async fn after_a_pause_jobs_are_given_out(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        let slot = store.register(0).await?;
        store.control()?.set_paused(true).await?;
        store.control()?.set_paused(false).await?;
        let exchange = store
            .exchange(&[], std::slice::from_ref(&slot), "mail")
            .await?;
        ensure!(!exchange.paused, "the exchange tells of a pause");
        ensure_eq!(exchange.reserved.len(), 1, "jobs given");
        Ok(())
    }

    /// Jobs are settled during a pause.
    #[needs(control)]
    async fn jobs_are_settled_during_a_pause(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        store.control()?.set_paused(true).await?;
        store.applies(Settlement::done(given.receipt)).await?;
        ensure_eq!(store.workers().stat("processed").await?, 1, "processed");
        Ok(())
    }

    /// A slot is given its own job again during a pause, which is about new jobs only.
    #[needs(control)]
    async fn a_held_job_is_given_again_during_a_pause(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        store.control()?.set_paused(true).await?;
        let again = store.take(&given.worker, "mail").await?;
        ensure_eq!(
            (again.payload, again.redelivered),
            (job(1), true),
            "what the slot is given"
        );
        Ok(())
    }

    /// A plain pop does not know the pause of the workers.
    #[needs(control)]
    async fn a_plain_pop_ignores_a_pause(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        store.control()?.set_paused(true).await?;
        let popped = store.queues().pop(&list("mail"), 1).await?;
        ensure_matches!(popped.as_slice(), [only] if only.payload == job(1), "what is popped");
        Ok(())
    }

    /// Whether reserving is paused can be asked, by every connection.
    #[needs(control)]
    async fn a_pause_can_be_asked_for(world: &World) -> Verdict {
        let (store, twin) = (world.store(), world.twin().await?);
        ensure!(
            !twin.control()?.paused().await?,
            "paused from the beginning"
        );
        store.control()?.set_paused(true).await?;
        ensure!(twin.control()?.paused().await?, "the pause is not seen");
        store.control()?.set_paused(false).await?;
        ensure!(
            !twin.control()?.paused().await?,
            "the end of the pause is not seen"
        );
        Ok(())
    }

    /// A pause leaves queues that are stopped as they are.
    #[needs(control)]
    async fn a_pause_leaves_stopped_queues_stopped(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        store.control()?.set_stopped(&queue("mail"), true).await?;
        store.control()?.set_paused(true).await?;
        store.control()?.set_paused(false).await?;
        let slot = store.register(0).await?;
        ensure_eq!(store.reserve(&slot, "mail").await?, None, "what is given");
        Ok(())
    }

    /// No queue is stopped and nothing is paused in a new store.
    async fn a_new_store_is_neither_stopped_nor_paused(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        let listing = store.queues().queues().await?;
        ensure_eq!(
            listing.get("mail").map(|status| status.stopped),
            Some(false),
            "stopped"
        );
        ensure!(!store.exchange(&[], &[], "mail").await?.paused, "paused");
        Ok(())
    }
}
