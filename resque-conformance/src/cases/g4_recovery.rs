//! G4: what a dead worker held comes back, exactly once.

use std::slice::from_ref;

use resque_core::{DeadWorker, Held, Leaving, Left, Settled, Settlement};

use crate::Broken;
use crate::ledger::Ledger;
use crate::race::race;
use crate::snapshot::Snapshot;
use crate::store::{Store, job, worker};

/// The one dead worker of a second.
async fn the_dead(store: &Store, before: u64) -> crate::Verdict<DeadWorker> {
    let mut dead = store.workers().dead(store.at(before)).await?;
    ensure_eq!(dead.len(), 1, "dead workers");
    Ok(dead.remove(0))
}

/// What it holds.
fn held(dead: &DeadWorker) -> crate::Verdict<Held> {
    let held = dead.holds.clone();
    held.ok_or_else(|| Broken::new("the dead worker is said to hold nothing"))
}

cases! {
    g4_recovery: Recovery;

    /// A worker whose last heartbeat is too old is dead.
    async fn a_silent_worker_is_dead(world: &World) -> Verdict {
        let store = world.store();
        let slot = store.register(0).await?;
        let dead = the_dead(&store, 60).await?;
        ensure_eq!(
            (&dead.id, dead.last_heartbeat),
            (&slot, store.at(0)),
            "who is dead since when"
        );
        Ok(())
    }

    /// A worker that has beaten in time is not dead.
    async fn a_worker_that_beats_is_not_dead(world: &World) -> Verdict {
        let store = world.store();
        let slots = store.register_many(2).await?;
        store.beat(&slots[0], 100).await?;
        ensure_eq!(the_dead(&store, 60).await?.id, slots[1], "who is dead");
        Ok(())
    }

    /// A heartbeat at the very limit is not too old.
    async fn a_heartbeat_at_the_limit_is_young_enough(world: &World) -> Verdict {
        let store = world.store();
        let slot = store.register(0).await?;
        store.beat(&slot, 60).await?;
        ensure_eq!(
            store.workers().dead(store.at(60)).await?,
            [],
            "the dead at the limit"
        );
        ensure_eq!(
            the_dead(&store, 61).await?.id,
            slot,
            "the dead a second later"
        );
        Ok(())
    }

    /// All dead workers are listed.
    async fn all_the_dead_are_listed(world: &World) -> Verdict {
        let store = world.store();
        let slots = store.register_many(25).await?;
        let dead = store.workers().dead(store.at(60)).await?;
        let mut ids: Vec<_> = dead.into_iter().map(|dead| dead.id).collect();
        ids.sort_unstable();
        let mut expected = slots;
        expected.sort_unstable();
        ensure_eq!(ids, expected, "the dead");
        Ok(())
    }

    /// A dead worker is listed with the job that it holds, its queue and its bytes.
    async fn a_dead_worker_is_listed_with_its_job(world: &World) -> Verdict {
        let store = world.store();
        store.hand_out_one("mail", 1).await?;
        let held = held(&the_dead(&store, 60).await?)?;
        ensure_eq!(
            (held.queue.as_str(), &held.payload),
            ("mail", &job(1)),
            "what it holds"
        );
        ensure_eq!(held.receipt.worker(), &worker(0), "whose receipt it is");
        Ok(())
    }

    /// A dead worker without a job is listed as holding nothing.
    async fn an_idle_dead_worker_holds_nothing(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        store.applies(Settlement::done(given.receipt)).await?;
        ensure_eq!(the_dead(&store, 60).await?.holds, None, "what it holds");
        Ok(())
    }

    /// Listing the dead changes nothing, however often.
    async fn listing_the_dead_changes_nothing(world: &World) -> Verdict {
        let store = world.store();
        store.hand_out_one("mail", 1).await?;
        store.register(1).await?;
        let before = Snapshot::of(&store).await?;
        let first = store.workers().dead(store.at(60)).await?;
        let second = store.workers().dead(store.at(60)).await?;
        ensure_eq!(second, first, "the dead, asked again");
        before.still_holds(&store).await
    }

    /// What a dead worker held can be recorded as a failure with the receipt of the list.
    async fn what_a_dead_worker_held_is_recorded(world: &World) -> Verdict {
        let store = world.store();
        store.hand_out_one("mail", 1).await?;
        let held = held(&the_dead(&store, 60).await?)?;
        store
            .applies(Settlement::recovered(
                held.receipt,
                store.record_of("mail", 1),
            ))
            .await?;
        ensure_eq!(store.numbers_failed().await?, [1], "the failed list");
        ensure_eq!(
            store.held_by(&worker(0)).await?,
            None,
            "what the worker holds"
        );
        Ledger::of([1]).balances(&store).await
    }

    /// Or tried again later.
    #[needs(delayed)]
    async fn what_a_dead_worker_held_is_retried(world: &World) -> Verdict {
        let store = world.store();
        store.hand_out_one("mail", 1).await?;
        let held = held(&the_dead(&store, 60).await?)?;
        let retry = Settlement::retry_at(held.receipt, job(1), store.at(120));
        store.applies(retry).await?;
        ensure_eq!(store.numbers_delayed().await?, [1], "the delayed set");
        Ledger::of([1]).balances(&store).await
    }

    /// Or released, in front of its queue.
    async fn what_a_dead_worker_held_is_released(world: &World) -> Verdict {
        let store = world.store();
        store.hand_out_one("mail", 1).await?;
        store.push("mail", [2]).await?;
        let held = held(&the_dead(&store, 60).await?)?;
        store.applies(Settlement::release(held.receipt)).await?;
        ensure_eq!(store.numbers_in("mail").await?, [1, 2], "the queue");
        Ok(())
    }

    /// Janitors that race recover a job once.
    async fn racing_janitors_recover_a_job_once(world: &World) -> Verdict {
        let store = world.store();
        store.hand_out("mail", 0..10).await?;
        let dead = store.workers().dead(store.at(60)).await?;
        let recover = |_, twin: Store| {
            let dead = dead.clone();
            async move {
                let mut recovered = 0;
                for dead in dead {
                    let (held, mut record) = (held(&dead)?, twin.record_of("mail", 0));
                    record.payload = held.payload;
                    let settled = twin
                        .settle(Settlement::recovered(held.receipt, record))
                        .await?;
                    recovered += usize::from(matches!(settled, Settled::Applied));
                    twin.workers().unregister(&[dead.leaving()]).await?;
                }
                Ok(recovered)
            }
        };
        let recovered: usize = race(world, 4, recover).await?.iter().sum();
        ensure_eq!(recovered, 10, "jobs recovered");
        ensure_eq!(store.workers().workers().await?.workers, [], "the workers");
        Ledger::of(0..10).balances(&store).await
    }

    /// A worker that wakes up while janitors let its jobs wait for another attempt: each of them
    /// waits once, whoever wins.
    #[needs(delayed)]
    async fn a_waking_worker_and_a_janitor_retry_a_job_once(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out("mail", 0..20).await?;
        let given: Vec<_> = given.into_iter().map(|one| (one.receipt, one.payload)).collect();
        let dead = store.workers().dead(store.at(60)).await?;
        let held = dead.into_iter().filter_map(|dead| dead.holds);
        let held: Vec<_> = held.map(|held| (held.receipt, held.payload)).collect();
        ensure_eq!(held.len(), 20, "jobs held by the dead");
        let retry = |runner: usize, twin: Store| {
            let mine = if runner == 0 { given.clone() } else { held.clone() };
            async move {
                let mut applied = 0;
                for (receipt, payload) in mine {
                    let retry = Settlement::retry_at(receipt, payload, twin.at(120));
                    let settled = twin.settle(retry).await?;
                    applied += usize::from(matches!(settled, Settled::Applied));
                }
                Ok(applied)
            }
        };
        let applied: usize = race(world, 3, retry).await?.iter().sum();
        ensure_eq!(applied, 20, "retries applied");
        let mut waiting = store.numbers_delayed().await?;
        waiting.sort_unstable();
        ensure_eq!(waiting, (0..20).collect::<Vec<_>>(), "the delayed set");
        Ledger::of(0..20).balances(&store).await
    }

    /// A janitor that died between recovering and removing is followed by one that only removes.
    async fn a_janitor_that_died_half_way_is_followed_by_another(world: &World) -> Verdict {
        let store = world.store();
        store.hand_out_one("mail", 1).await?;
        let first = held(&the_dead(&store, 60).await?)?;
        store
            .applies(Settlement::recovered(
                first.receipt,
                store.record_of("mail", 1),
            ))
            .await?;
        let dead = the_dead(&store, 60).await?;
        ensure_eq!(dead.holds, None, "what the second janitor finds");
        let left = store.workers().unregister(&[dead.leaving()]).await?;
        ensure_eq!(left, [Left::Gone], "what became of the worker");
        Ledger::of([1]).balances(&store).await
    }

    /// A dead worker that another janitor has removed already is gone.
    async fn a_dead_worker_that_was_removed_already_is_gone(world: &World) -> Verdict {
        let store = world.store();
        store.register(0).await?;
        let leaving = [the_dead(&store, 60).await?.leaving()];
        for janitor in ["first", "second"] {
            let left = store.workers().unregister(&leaving).await?;
            ensure_eq!(left, [Left::Gone], "what the {janitor} janitor is told");
        }
        Ok(())
    }

    /// A dead worker whose job was not recovered yet cannot be removed.
    async fn a_dead_worker_with_a_job_cannot_be_removed(world: &World) -> Verdict {
        let store = world.store();
        store.hand_out_one("mail", 1).await?;
        let dead = the_dead(&store, 60).await?;
        let left = store.workers().unregister(&[dead.leaving()]).await?;
        ensure_matches!(
            left.as_slice(),
            [Left::Holding(_)],
            "what became of the worker"
        );
        Ledger::of([1]).balances(&store).await
    }

    /// The receipt of a dead worker is worth nothing once the worker has beaten again.
    async fn a_heartbeat_voids_the_janitors_receipt(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        let held = held(&the_dead(&store, 60).await?)?;
        store.beat(&given.worker, 70).await?;
        store
            .is_lost(Settlement::recovered(
                held.receipt,
                store.record_of("mail", 1),
            ))
            .await?;
        ensure_eq!(store.failures().count(None).await?, 0, "records");
        store.applies(Settlement::done(given.receipt)).await
    }

    /// So it is once the worker has registered again.
    async fn a_registration_voids_the_janitors_receipt(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        let held = held(&the_dead(&store, 60).await?)?;
        store
            .workers()
            .register(from_ref(&given.worker), store.at(70))
            .await?;
        store
            .is_lost(Settlement::recovered(
                held.receipt,
                store.record_of("mail", 1),
            ))
            .await?;
        store.applies(Settlement::done(given.receipt)).await
    }

    /// A worker that has beaten again cannot be removed as dead.
    async fn a_heartbeat_voids_the_janitors_removal(world: &World) -> Verdict {
        let store = world.store();
        let slot = store.register(0).await?;
        let dead = the_dead(&store, 60).await?;
        store.beat(&slot, 70).await?;
        let left = store.workers().unregister(&[dead.leaving()]).await?;
        ensure_eq!(left, [Left::Alive], "what became of the worker");
        ensure!(
            store
                .workers()
                .workers()
                .await?
                .get(slot.as_str())
                .is_some(),
            "it is gone"
        );
        Ok(())
    }

    /// A worker's own settlement is worth something however long it was silent, until it is recovered.
    async fn a_silent_worker_that_was_not_recovered_settles(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        the_dead(&store, 3_600).await?;
        store.applies(Settlement::done(given.receipt)).await?;
        Ledger::of([]).balances(&store).await
    }

    /// A recovery counts neither a processed nor a failed job.
    async fn a_recovery_counts_nothing(world: &World) -> Verdict {
        let store = world.store();
        store.hand_out_one("mail", 1).await?;
        let held = held(&the_dead(&store, 60).await?)?;
        store
            .applies(Settlement::recovered(
                held.receipt,
                store.record_of("mail", 1),
            ))
            .await?;
        for name in ["processed", "failed"] {
            ensure_eq!(store.workers().stat(name).await?, 0, "{name}");
        }
        Ok(())
    }

    /// A process that comes back under the same id is told what it holds.
    async fn a_process_that_comes_back_is_told_what_it_holds(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out("mail", [1, 2]).await?;
        let ids = [given[0].worker.clone(), worker(9), given[1].worker.clone()];
        let mut holds = store.workers().register(&ids, store.at(70)).await?;
        holds.sort_by_key(|held| held.payload.clone());
        let payloads: Vec<_> = holds.iter().map(|held| held.payload.clone()).collect();
        ensure_eq!(payloads, [job(1), job(2)], "what they hold");
        store
            .applies(Settlement::done(holds.remove(0).receipt))
            .await
    }

    /// A worker that left is not among the dead.
    async fn a_worker_that_left_is_not_among_the_dead(world: &World) -> Verdict {
        let store = world.store();
        let slot = store.register(0).await?;
        store.workers().unregister(&[Leaving::new(slot)]).await?;
        ensure_eq!(store.workers().dead(store.at(60)).await?, [], "the dead");
        Ok(())
    }

    /// The heartbeat of a worker that was removed writes nothing and says so.
    async fn a_heartbeat_brings_no_removed_worker_back(world: &World) -> Verdict {
        let store = world.store();
        let slots = store.register_many(2).await?;
        store
            .workers()
            .unregister(&[Leaving::new(slots[0].clone())])
            .await?;
        let beats = store.workers().heartbeat(&slots, store.at(10)).await?;
        ensure_eq!(beats.gone, [slots[0].clone()], "who is gone");
        let listing = store.workers().workers().await?;
        ensure_eq!(listing.workers.len(), 1, "registered workers");
        ensure_eq!(the_dead(&store, 60).await?.id, slots[1], "who is dead");
        Ok(())
    }

    /// A job that was given to a slot on no registry is found by the janitor too, or not given at all.
    async fn a_slot_on_no_registry_hides_no_job(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        if store.reserve(&worker(0), "mail").await?.is_none() {
            ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
            return Ok(());
        }
        let held = held(&the_dead(&store, 3_600).await?)?;
        store
            .applies(Settlement::recovered(
                held.receipt,
                store.record_of("mail", 1),
            ))
            .await?;
        ensure_eq!(store.numbers_failed().await?, [1], "the failed list");
        Ok(())
    }

    /// A heartbeat that no one can read tells nothing: its worker is never among the dead.
    #[needs(plant)]
    async fn an_unreadable_heartbeat_is_not_dead(world: &World) -> Verdict {
        let store = world.store();
        let slots = store.register_many(2).await?;
        let planted = crate::Planted::Heartbeat(slots[0].clone(), b"not a time".to_vec());
        world
            .plant()
            .ok_or_else(|| Broken::new("no plant"))?
            .plant(planted)
            .await?;
        ensure_eq!(the_dead(&store, 3_600).await?.id, slots[1], "who is dead");
        Ok(())
    }

    /// Every worker dies with a job in its hand, again and again, and no job is lost or done twice.
    async fn jobs_survive_any_number_of_deaths(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", 0..30).await?;
        let mut ledger = Ledger::of(0..30);
        for life in 0..40_u64 {
            let id = worker(usize::try_from(life).unwrap_or_default());
            store
                .workers()
                .register(from_ref(&id), store.at(life * 100))
                .await?;
            let Some(given) = store.reserve(&id, "mail").await? else {
                break;
            };
            // Every other worker dies before it can settle.
            if life % 2 == 0 {
                ledger.done(crate::store::number(&given.payload).unwrap_or(u64::MAX));
                store.applies(Settlement::done(given.receipt)).await?;
            }
            for dead in store.workers().dead(store.at(life * 100 + 50)).await? {
                if let Some(held) = &dead.holds {
                    store
                        .applies(Settlement::release(held.receipt.clone()))
                        .await?;
                }
                store.workers().unregister(&[dead.leaving()]).await?;
            }
            ledger.balances(&store).await?;
        }
        ensure_eq!(ledger.count_done(), 20, "jobs done");
        Ok(())
    }
}
