//! The registry of workers.

use std::slice::from_ref;

use resque_core::{Leaving, Left, Settlement, WorkerId};

use crate::Broken;
use crate::snapshot::Snapshot;
use crate::store::{job, worker};

cases! {
    rules_registry: Rules;

    /// A worker that registered is listed with its start and its first heartbeat, idle.
    async fn a_registered_worker_is_listed(world: &World) -> Verdict {
        let store = world.store();
        let slot = store.register(0).await?;
        let listing = store.workers().workers().await?;
        let status = listing
            .get(slot.as_str())
            .ok_or_else(|| Broken::new("it is not listed"))?;
        ensure_eq!(status.started, Some(store.at(0)), "its start");
        ensure_eq!(status.heartbeat, Some(store.at(0)), "its heartbeat");
        ensure_eq!((status.processed, status.failed), (0, 0), "its counters");
        ensure_eq!(status.holds, None, "what it holds");
        Ok(())
    }

    /// Workers are listed in byte order of their ids, and nothing else is.
    async fn workers_are_listed_in_byte_order(world: &World) -> Verdict {
        let store = world.store();
        let ids = ["b:1:q", "a:2:q", "a:10:q,r:s", "é:1:*"].map(WorkerId::new);
        let ids = ids.into_iter().collect::<Result<Vec<_>, _>>()?;
        store.workers().register(&ids, store.at(0)).await?;
        let listing = store.workers().workers().await?;
        let found: Vec<_> = listing
            .workers
            .iter()
            .map(|status| status.id.as_str())
            .collect();
        ensure_eq!(
            found,
            ["a:10:q,r:s", "a:2:q", "b:1:q", "é:1:*"],
            "the workers"
        );
        ensure_eq!(listing.unreadable.len(), 0, "unreadable ids");
        Ok(())
    }

    /// A registration answers what its workers hold already: nothing, for new ones.
    async fn a_new_worker_holds_nothing(world: &World) -> Verdict {
        let store = world.store();
        ensure_eq!(
            store.workers().register(&[worker(0)], store.at(0)).await?,
            [],
            "what it holds"
        );
        Ok(())
    }

    /// A worker that registers again keeps its start and beats.
    async fn registering_again_keeps_the_start(world: &World) -> Verdict {
        let store = world.store();
        let slot = store.register(0).await?;
        store
            .workers()
            .register(from_ref(&slot), store.at(100))
            .await?;
        let listing = store.workers().workers().await?;
        let times: Vec<_> = listing
            .workers
            .iter()
            .map(|w| (w.started, w.heartbeat))
            .collect();
        ensure_eq!(
            times,
            [(Some(store.at(0)), Some(store.at(100)))],
            "start and heartbeat"
        );
        Ok(())
    }

    /// A worker that registers again keeps its counters.
    async fn registering_again_keeps_the_counters(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        store.applies(Settlement::done(given.receipt)).await?;
        store
            .workers()
            .register(from_ref(&given.worker), store.at(100))
            .await?;
        let listing = store.workers().workers().await?;
        ensure_eq!(
            listing.get(given.worker.as_str()).map(|w| w.processed),
            Some(1),
            "processed"
        );
        Ok(())
    }

    /// A worker that left and registers again starts anew.
    async fn registering_after_leaving_starts_anew(world: &World) -> Verdict {
        let store = world.store();
        let slot = store.register(0).await?;
        store
            .workers()
            .unregister(&[Leaving::new(slot.clone())])
            .await?;
        store.workers().register(&[slot], store.at(100)).await?;
        let listing = store.workers().workers().await?;
        let starts: Vec<_> = listing
            .workers
            .iter()
            .map(|status| status.started)
            .collect();
        ensure_eq!(starts, [Some(store.at(100))], "when the workers started");
        Ok(())
    }

    /// A heartbeat moves the time of the last heartbeat and nothing else.
    async fn a_heartbeat_moves_the_last_heartbeat(world: &World) -> Verdict {
        let store = world.store();
        let slots = store.register_many(2).await?;
        store.beat(&slots[0], 50).await?;
        let listing = store.workers().workers().await?;
        let times: Vec<_> = listing
            .workers
            .iter()
            .map(|w| (w.started, w.heartbeat))
            .collect();
        let start = Some(store.at(0));
        ensure_eq!(
            times,
            [(start, Some(store.at(50))), (start, start)],
            "starts and heartbeats"
        );
        Ok(())
    }

    /// A heartbeat keeps what the worker holds.
    async fn a_heartbeat_keeps_what_is_held(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        store.beat(&given.worker, 50).await?;
        let held = store.held_by(&given.worker).await?.map(|held| held.payload);
        ensure_eq!(held, Some(job(1)), "what it holds");
        store.applies(Settlement::done(given.receipt)).await
    }

    /// A worker at work is listed with its job, queue and since when; one that is idle is not.
    async fn a_worker_is_listed_with_what_it_holds(world: &World) -> Verdict {
        let store = world.store();
        let slots = store.register_many(2).await?;
        store.push("mail", [1]).await?;
        store.take(&slots[1], "mail").await?;
        ensure_eq!(
            store.held_by(&slots[0]).await?,
            None,
            "what the idle one holds"
        );
        let held = store.held_by(&slots[1]).await?;
        let held = held.ok_or_else(|| Broken::new("the busy one is said to hold nothing"))?;
        ensure_eq!(
            (held.queue.as_str(), held.payload),
            ("mail", job(1)),
            "what it holds"
        );
        ensure_eq!(held.since, Some(store.at(0)), "since when");
        Ok(())
    }

    /// The receipt in the list of workers settles the job, for a person who removes a worker by hand.
    async fn what_a_worker_holds_can_be_settled_from_the_list(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        let held = store.held_by(&given.worker).await?;
        let held = held.ok_or_else(|| Broken::new("the worker is said to hold nothing"))?;
        store.applies(Settlement::release(held.receipt)).await?;
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        store.is_lost(Settlement::done(given.receipt)).await
    }

    /// A worker that leaves is listed no more.
    async fn a_worker_that_leaves_is_listed_no_more(world: &World) -> Verdict {
        let store = world.store();
        let slots = store.register_many(2).await?;
        let left = store
            .workers()
            .unregister(&[Leaving::new(slots[0].clone())])
            .await?;
        ensure_eq!(left, [Left::Gone], "the answer");
        let listing = store.workers().workers().await?;
        let ids: Vec<_> = listing.workers.iter().map(|status| &status.id).collect();
        ensure_eq!(ids, [&slots[1]], "the workers");
        Ok(())
    }

    /// A worker that holds a job cannot leave; the answer tells what it holds, and nothing changes.
    async fn a_worker_that_holds_a_job_cannot_leave(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        let before = Snapshot::of(&store).await?;
        let leaving = [Leaving::new(given.worker.clone())];
        let left = store.workers().unregister(&leaving).await?;
        let [Left::Holding(held)] = left.as_slice() else {
            return Err(Broken::new(format!("found {left:?}")));
        };
        ensure_eq!(held.payload, job(1), "what it holds");
        before.still_holds(&store).await?;
        store
            .applies(Settlement::release(held.receipt.clone()))
            .await?;
        ensure_eq!(
            store.workers().unregister(&leaving).await?,
            [Left::Gone],
            "afterwards"
        );
        Ok(())
    }

    /// A worker that was never there is gone.
    async fn a_worker_that_was_never_there_is_gone(world: &World) -> Verdict {
        let store = world.store();
        let left = store
            .workers()
            .unregister(&[Leaving::new(worker(7))])
            .await?;
        ensure_eq!(left, [Left::Gone], "the answer");
        Ok(())
    }

    /// Only the worker that is named leaves, not one whose id begins alike.
    async fn only_the_named_worker_leaves(world: &World) -> Verdict {
        let store = world.store();
        let ids = ["h:1:q", "h:1:q,r", "h:11:q", "h:1:qq"].map(WorkerId::new);
        let ids = ids.into_iter().collect::<Result<Vec<_>, _>>()?;
        store.workers().register(&ids, store.at(0)).await?;
        store
            .workers()
            .unregister(&[Leaving::new(ids[0].clone())])
            .await?;
        let listing = store.workers().workers().await?;
        ensure_eq!(listing.workers.len(), 3, "workers that are left");
        ensure!(listing.get("h:1:q").is_none(), "the named one is left");
        Ok(())
    }

    /// A heartbeat tells who is not registered, in a batch with others.
    async fn a_heartbeat_tells_who_is_not_registered(world: &World) -> Verdict {
        let store = world.store();
        let slot = store.register(0).await?;
        let ids = [worker(7), slot, worker(8)];
        let mut gone = store.workers().heartbeat(&ids, store.at(50)).await?.gone;
        gone.sort_unstable();
        ensure_eq!(gone, [worker(7), worker(8)], "who is gone");
        ensure_eq!(
            store.workers().dead(store.at(3_600)).await?.len(),
            1,
            "heartbeats noted"
        );
        Ok(())
    }

    /// A second connection sees the same workers.
    async fn a_second_connection_sees_the_same_workers(world: &World) -> Verdict {
        let (store, twin) = (world.store(), world.twin().await?);
        let given = store.hand_out_one("mail", 1).await?;
        let held = twin.held_by(&given.worker).await?.map(|held| held.payload);
        ensure_eq!(held, Some(job(1)), "what the worker holds");
        Ok(())
    }
}
