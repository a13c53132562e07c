//! The counters: what settlements count, and counters by name.

use resque_core::{Leaving, Outcome, Settlement, Tally};

use crate::race::race;
use crate::store::{Store, job};

/// Settles one job with each outcome and tally, and looks at the counters every time.
async fn counts<F>(world: &crate::World, outcomes: F) -> crate::Verdict
where
    F: Fn(&Store) -> Vec<Outcome>,
{
    let store = world.store();
    let (mut processed, mut failed) = (0, 0);
    for outcome in outcomes(&store) {
        for tally in [Tally::Nothing, Tally::Processed, Tally::ProcessedAndFailed] {
            let given = store.hand_out_one("mail", 1).await?;
            let told = format!("{outcome:?} with {tally:?}");
            let (receipt, outcome) = (given.receipt, outcome.clone());
            store
                .applies(Settlement {
                    receipt,
                    outcome,
                    tally,
                    leases: None,
                })
                .await?;
            processed += i64::from(tally != Tally::Nothing);
            failed += i64::from(tally == Tally::ProcessedAndFailed);
            let own = |name: &str| format!("{name}:{}", given.worker);
            let stat = async |name: String| store.workers().stat(&name).await;
            ensure_eq!(
                stat("processed".into()).await?,
                processed,
                "processed after {told}"
            );
            ensure_eq!(stat("failed".into()).await?, failed, "failed after {told}");
            ensure_eq!(
                stat(own("processed")).await?,
                processed,
                "own processed after {told}"
            );
            ensure_eq!(
                stat(own("failed")).await?,
                failed,
                "own failed after {told}"
            );
            store
                .queues()
                .delete_queue(&crate::store::queue("mail"))
                .await?;
        }
    }
    Ok(())
}

cases! {
    rules_counters: Rules;

    /// Whatever the outcome, exactly what the tally says is counted, in total and for the worker.
    async fn a_settlement_counts_what_its_tally_says(world: &World) -> Verdict {
        counts(world, |store| {
            let record = Box::new(store.record_of("mail", 1));
            vec![
                Outcome::Done,
                Outcome::Failed(record),
                Outcome::Release,
                Outcome::ReleaseAs(job(2)),
                Outcome::Discard,
            ]
        })
        .await
    }

    /// So it is with the outcomes that need the delayed set.
    #[needs(delayed)]
    async fn a_settlement_that_delays_counts_what_its_tally_says(world: &World) -> Verdict {
        counts(world, |store| {
            let at = store.at(60);
            vec![
                Outcome::RetryAt {
                    payload: job(1),
                    at,
                },
                Outcome::Defer(at),
            ]
        })
        .await
    }

    /// The list of workers shows what each has performed.
    async fn workers_are_listed_with_their_counters(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out("mail", [1, 2]).await?;
        store
            .applies(Settlement::done(given[0].receipt.clone()))
            .await?;
        let record = store.record_of("mail", 2);
        store
            .applies(Settlement::failed(given[1].receipt.clone(), record))
            .await?;
        let listing = store.workers().workers().await?;
        let counters: Vec<_> = listing
            .workers
            .iter()
            .map(|w| (w.processed, w.failed))
            .collect();
        ensure_eq!(counters, [(1, 0), (1, 1)], "processed and failed");
        Ok(())
    }

    /// A worker that leaves takes its own counters along; the totals stay.
    async fn a_worker_that_leaves_takes_its_counters_along(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        let record = store.record_of("mail", 1);
        store
            .applies(Settlement::failed(given.receipt, record))
            .await?;
        store
            .workers()
            .unregister(&[Leaving::new(given.worker.clone())])
            .await?;
        for name in ["processed", "failed"] {
            let own = store
                .workers()
                .stat(&format!("{name}:{}", given.worker))
                .await?;
            ensure_eq!(
                (own, store.workers().stat(name).await?),
                (0, 1),
                "own and total {name}"
            );
        }
        Ok(())
    }

    /// What was counted by name shows up in the list, and the other way round.
    async fn counters_by_name_are_the_workers_counters(world: &World) -> Verdict {
        let store = world.store();
        let slot = store.register(0).await?;
        store
            .workers()
            .incr_stat(&format!("processed:{slot}"), 3)
            .await?;
        store
            .workers()
            .set_stat(&format!("failed:{slot}"), 2)
            .await?;
        let listing = store.workers().workers().await?;
        let counters: Vec<_> = listing
            .workers
            .iter()
            .map(|w| (w.processed, w.failed))
            .collect();
        ensure_eq!(counters, [(3, 2)], "processed and failed");
        Ok(())
    }

    /// A counter that was never set is zero.
    async fn a_counter_begins_at_zero(world: &World) -> Verdict {
        let store = world.store();
        for name in ["processed", "failed", "mails", "processed:h:1:q"] {
            ensure_eq!(store.workers().stat(name).await?, 0, "{name}");
        }
        Ok(())
    }

    /// A counter can be set to any value.
    async fn a_counter_can_be_set(world: &World) -> Verdict {
        let store = world.store();
        for value in [1, -5, 0, i64::MAX, i64::MIN] {
            store.workers().set_stat("mails", value).await?;
            ensure_eq!(store.workers().stat("mails").await?, value, "the counter");
        }
        Ok(())
    }

    /// A counter can be added to and taken from; the answer is its new value.
    async fn a_counter_can_be_added_to(world: &World) -> Verdict {
        let store = world.store();
        let mut sum = 0;
        for by in [1, 41, -50, 0, 9_000_000_000] {
            sum += by;
            ensure_eq!(
                store.workers().incr_stat("mails", by).await?,
                sum,
                "the answer"
            );
            ensure_eq!(store.workers().stat("mails").await?, sum, "the counter");
        }
        Ok(())
    }

    /// A counter that was removed is zero again.
    async fn a_counter_can_be_removed(world: &World) -> Verdict {
        let store = world.store();
        store.workers().set_stat("mails", 5).await?;
        store.workers().clear_stat("mails").await?;
        ensure_eq!(store.workers().stat("mails").await?, 0, "the counter");
        store.workers().clear_stat("mails").await?;
        ensure_eq!(
            store.workers().incr_stat("mails", 1).await?,
            1,
            "the counter, added to"
        );
        Ok(())
    }

    /// Counters of different names are different counters.
    async fn counters_stay_apart(world: &World) -> Verdict {
        let store = world.store();
        let names = [
            "a",
            "a:b",
            "A",
            "räksmörgås",
            "a b",
            "processed:x",
            "queue:mail",
        ];
        for (value, name) in (1..).zip(names) {
            store.workers().set_stat(name, value).await?;
        }
        for (value, name) in (1..).zip(names) {
            ensure_eq!(store.workers().stat(name).await?, value, "{name}");
        }
        ensure_eq!(store.workers().stat("processed").await?, 0, "processed");
        Ok(())
    }

    /// Additions of many connections at the same time all count.
    async fn additions_race_without_loss(world: &World) -> Verdict {
        let add = |_, twin: Store| async move {
            for _ in 0..50 {
                twin.workers().incr_stat("mails", 1).await?;
            }
            Ok(())
        };
        race(world, 4, add).await?;
        let sum = world.store().workers().stat("mails").await?;
        ensure_eq!(sum, 200, "the counter");
        Ok(())
    }

    /// Neither pushing nor taking nor recording counts anything.
    async fn only_settlements_count(world: &World) -> Verdict {
        let store = world.store();
        store.hand_out_one("mail", 1).await?;
        store.fail("mail", 2).await?;
        store.push("mail", [3]).await?;
        store.queues().pop(&crate::store::list("mail"), 1).await?;
        for name in ["processed", "failed"] {
            ensure_eq!(store.workers().stat(name).await?, 0, "{name}");
        }
        Ok(())
    }
}
