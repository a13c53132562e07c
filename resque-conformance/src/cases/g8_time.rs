//! G8: nothing before its time, everything in order of it.

use std::time::Duration;

use resque_core::{DelayedEdit, DelayedTo, Enqueue, Error, Settlement};

use crate::Broken;
use crate::ledger::Ledger;
use crate::race::race;
use crate::snapshot::Snapshot;
use crate::store::{Store, job, list, number, queue};

cases! {
    g8_time: Time;

    /// A job that is not due is in no queue, and promoting moves nothing.
    #[needs(delayed)]
    async fn a_job_is_not_visible_before_its_time(world: &World) -> Verdict {
        let store = world.store();
        store.push_due("mail", 1, 10).await?;
        ensure_eq!(store.promote(9).await?, 0, "jobs moved");
        ensure_eq!(store.bytes_in("mail").await?, [], "the queue");
        let slot = store.register(0).await?;
        ensure_eq!(
            store.reserve(&slot, "*").await?,
            None,
            "what a worker is given"
        );
        Ok(())
    }

    /// A job is visible as soon as it is due.
    #[needs(delayed)]
    async fn a_job_is_visible_at_its_time(world: &World) -> Verdict {
        let store = world.store();
        store.push_due("mail", 1, 10).await?;
        ensure_eq!(store.promote(10).await?, 1, "jobs moved");
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ledger::of([1]).balances(&store).await
    }

    /// Not even a fraction of a second too early.
    #[needs(delayed)]
    async fn a_job_is_not_visible_a_moment_too_early(world: &World) -> Verdict {
        let store = world.store();
        let due = store.at(10) + Duration::from_millis(700);
        store
            .queues()
            .push(&[Enqueue::at(queue("mail"), job(1), due)])
            .await?;
        let moment = due - Duration::from_millis(1);
        store.delayed()?.promote("suite:1", moment, 10).await?;
        ensure_eq!(
            store.bytes_in("mail").await?,
            [],
            "the queue a moment too early"
        );
        store.promote(11).await?;
        ensure_eq!(
            store.numbers_in("mail").await?,
            [1],
            "the queue a second later"
        );
        Ok(())
    }

    /// A due time that has passed goes through the delayed set all the same.
    #[needs(delayed)]
    async fn a_time_that_has_passed_goes_through_the_delayed_set(world: &World) -> Verdict {
        let store = world.store();
        let past = store.at(0) - Duration::from_secs(100);
        store
            .queues()
            .push(&[Enqueue::at(queue("mail"), job(1), past)])
            .await?;
        ensure_eq!(store.bytes_in("mail").await?, [], "the queue before");
        ensure_eq!(store.promote(0).await?, 1, "jobs moved");
        Ok(())
    }

    /// Due jobs come into their queue in order of their time.
    #[needs(delayed)]
    async fn due_jobs_come_in_order_of_their_time(world: &World) -> Verdict {
        let store = world.store();
        for (number, seconds) in [(3, 30), (1, 10), (4, 40), (2, 20)] {
            store.push_due("mail", number, seconds).await?;
        }
        store.promote(40).await?;
        ensure_eq!(store.numbers_in("mail").await?, [1, 2, 3, 4], "order");
        Ok(())
    }

    /// Jobs of the same time come in the order in which they were pushed.
    #[needs(delayed)]
    async fn jobs_of_the_same_time_come_in_order_of_pushing(world: &World) -> Verdict {
        let store = world.store();
        for number in [5, 3, 9, 1, 7, 2] {
            store.push_due("mail", number, 10).await?;
        }
        store.promote(10).await?;
        ensure_eq!(store.numbers_in("mail").await?, [5, 3, 9, 1, 7, 2], "order");
        Ok(())
    }

    /// A promotion moves as many jobs as asked for, the earliest ones.
    #[needs(delayed)]
    async fn a_promotion_moves_at_most_as_many_as_asked(world: &World) -> Verdict {
        let store = world.store();
        for number in 1..=5 {
            store.push_due("mail", number, number).await?;
        }
        let promotion = store.delayed()?.promote("suite:1", store.at(60), 2).await?;
        ensure_eq!(promotion.moved, 2, "jobs moved");
        ensure_eq!(store.numbers_in("mail").await?, [1, 2], "the queue");
        Ledger::of(1..=5).balances(&store).await
    }

    /// A promotion tells when the next job is due.
    #[needs(delayed)]
    async fn a_promotion_tells_when_the_next_job_is_due(world: &World) -> Verdict {
        let store = world.store();
        store.push_due("mail", 1, 10).await?;
        store.push_due("mail", 2, 20).await?;
        let promote = |seconds| {
            let (store, now) = (store.clone(), store.at(seconds));
            async move {
                crate::Verdict::Ok(store.delayed()?.promote("suite:1", now, 10).await?.next_due)
            }
        };
        ensure_eq!(promote(5).await?, Some(store.at(10)), "the next time");
        ensure_eq!(
            promote(10).await?,
            Some(store.at(20)),
            "the next time after the first"
        );
        ensure_eq!(promote(20).await?, None, "the next time after the last");
        Ok(())
    }

    /// A backlog of more than eight thousand due jobs moves in chunks, in order, and none is lost.
    #[needs(delayed)]
    async fn a_large_backlog_moves_in_chunks(world: &World) -> Verdict {
        const JOBS: u64 = 8_200;
        let store = world.store();
        let due = |number| Enqueue::at(queue("mail"), job(number), store.at(10 + number / 100));
        let batch: Vec<_> = (0..JOBS).map(due).collect();
        store.queues().push(&batch).await?;
        let mut moved = 0;
        while moved < JOBS {
            let step = store
                .delayed()?
                .promote("suite:1", store.at(1_000), 3_000)
                .await?
                .moved;
            ensure!(
                (1..=3_000).contains(&step),
                "{step} jobs were moved by one promotion"
            );
            moved += step as u64;
        }
        let expected: Vec<u64> = (0..JOBS).collect();
        ensure_eq!(store.numbers_in("mail").await?, expected, "the queue");
        ensure_eq!(store.delayed()?.count().await?, 0, "jobs that still wait");
        Ok(())
    }

    /// Several processes that promote at the same time move each job once.
    #[needs(delayed)]
    async fn racing_promoters_move_each_job_once(world: &World) -> Verdict {
        const JOBS: u64 = 300;
        let store = world.store();
        let due = |number| Enqueue::at(queue("mail"), job(number), store.at(10));
        let batch: Vec<_> = (0..JOBS).map(due).collect();
        store.queues().push(&batch).await?;
        let promote = |runner: usize, twin: Store| async move {
            let holder = format!("suite:{runner}");
            for _ in 0..40 {
                twin.delayed()?.promote(&holder, twin.at(10), 10).await?;
            }
            Ok(twin.delayed()?.resign(&holder).await?)
        };
        race(world, 4, promote).await?;
        store.promote(11).await?;
        let moved = store.numbers_in("mail").await?.len();
        ensure_eq!(moved as u64, JOBS, "jobs in the queue");
        Ledger::of(0..JOBS).balances(&store).await
    }

    /// A process that resigns lets another one promote at once.
    #[needs(delayed)]
    async fn a_promoter_that_resigns_makes_room(world: &World) -> Verdict {
        let (store, twin) = (world.store(), world.twin().await?);
        store.push_due("mail", 1, 10).await?;
        store.push_due("mail", 2, 20).await?;
        store
            .delayed()?
            .promote("suite:1", store.at(10), 10)
            .await?;
        store.delayed()?.resign("suite:1").await?;
        let promotion = twin.delayed()?.promote("suite:2", store.at(20), 10).await?;
        ensure_eq!(
            (promotion.moved, promotion.standby),
            (1, false),
            "moved, on standby"
        );
        ensure_eq!(store.numbers_in("mail").await?, [1, 2], "the queue");
        Ok(())
    }

    /// Resigning takes nothing from a process that promotes, when another one resigns.
    #[needs(delayed)]
    async fn resigning_for_nothing_does_no_harm(world: &World) -> Verdict {
        let store = world.store();
        store.push_due("mail", 1, 10).await?;
        store.delayed()?.resign("suite:7").await?;
        store.promote(10).await?;
        store.delayed()?.resign("suite:7").await?;
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// A job that becomes due goes to the end of its queue, which is made if need be.
    #[needs(delayed)]
    async fn a_due_job_goes_to_the_end_of_its_queue(world: &World) -> Verdict {
        let store = world.store();
        store.push_due("mail", 1, 10).await?;
        store.push_due("news", 2, 10).await?;
        store.push("mail", [3]).await?;
        store.promote(10).await?;
        ensure_eq!(store.numbers_in("mail").await?, [3, 1], "the queue");
        ensure_eq!(store.queue_names().await?, ["mail", "news"], "the queues");
        Ok(())
    }

    /// A due job comes into a stopped queue and waits there.
    #[needs(delayed, control)]
    async fn a_due_job_comes_into_a_stopped_queue(world: &World) -> Verdict {
        let store = world.store();
        store.control()?.set_stopped(&queue("mail"), true).await?;
        store.push_due("mail", 1, 10).await?;
        ensure_eq!(store.promote(10).await?, 1, "jobs moved");
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// A deferred job comes back at its time with its own bytes and no attempt counted.
    #[needs(delayed)]
    async fn a_deferred_job_comes_back_as_it_was(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        store
            .applies(Settlement::defer(given.receipt, store.at(10)))
            .await?;
        ensure_eq!(store.promote(9).await?, 0, "jobs moved too early");
        store.promote(10).await?;
        ensure_eq!(store.bytes_in("mail").await?, [job(1)], "the queue");
        ensure_eq!(store.workers().stat("processed").await?, 0, "processed");
        Ok(())
    }

    /// A job to be retried comes back at its time into the queue that it came from.
    #[needs(delayed)]
    async fn a_retried_job_comes_back_at_its_time(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        store
            .applies(Settlement::retry_at(given.receipt, job(1), store.at(10)))
            .await?;
        ensure_eq!(store.promote(9).await?, 0, "jobs moved too early");
        store.promote(10).await?;
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// A time that has passed is as good as any: the job comes with the next promotion.
    #[needs(delayed)]
    async fn a_job_can_be_retried_at_a_time_that_has_passed(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        store
            .applies(Settlement::retry_at(given.receipt, job(1), store.at(0)))
            .await?;
        ensure_eq!(store.bytes_in("mail").await?, [], "the queue before");
        store.promote(10).await?;
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// Retried, deferred and delayed jobs come in order of their time, to the fraction of a second,
    /// and none of them before it.
    #[needs(delayed)]
    async fn retried_deferred_and_delayed_jobs_come_in_one_order(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out("mail", 1..5).await?;
        let at = |millis| store.at(10) + Duration::from_millis(millis);
        let due = Enqueue::at(queue("mail"), job(5), at(500));
        store.queues().push(&[due]).await?;
        let mut receipts = given.into_iter().map(|given| given.receipt);
        let mut next = || receipts.next().ok_or_else(|| Broken::new("a job is missing"));
        for settlement in [
            Settlement::retry_at(next()?, job(1), at(700)),
            Settlement::defer(next()?, at(600)),
            Settlement::retry_at(next()?, job(3), at(400)),
            Settlement::retry_at(next()?, job(4), at(800)),
        ] {
            store.applies(settlement).await?;
        }
        let delayed = store.delayed()?;
        delayed.promote("someone", at(700), usize::MAX).await?;
        ensure_eq!(store.numbers_in("mail").await?, [3, 5, 2, 1], "the queue");
        ensure_eq!(store.numbers_delayed().await?, [4], "the delayed set");
        Ok(())
    }

    /// Delayed jobs are listed in order of their time, each with time, queue and bytes.
    #[needs(delayed)]
    async fn delayed_jobs_are_listed_with_time_queue_and_bytes(world: &World) -> Verdict {
        let store = world.store();
        store.push_due("news", 2, 20).await?;
        store.push_due("mail", 1, 10).await?;
        let all = store.all_delayed().await?;
        let told = |at: usize| (all[at].due, all[at].queue.clone(), all[at].payload.clone());
        ensure_eq!(all.len(), 2, "jobs listed");
        ensure_eq!(
            told(0),
            (store.at(10), Some(queue("mail")), job(1)),
            "the first"
        );
        ensure_eq!(
            told(1),
            (store.at(20), Some(queue("news")), job(2)),
            "the second"
        );
        ensure_eq!(store.delayed()?.count().await?, 2, "jobs counted");
        Ok(())
    }

    /// The list of delayed jobs is read page by page without missing or repeating one.
    #[needs(delayed)]
    async fn delayed_jobs_are_listed_page_by_page(world: &World) -> Verdict {
        let store = world.store();
        // Several at each time, so that pages end between jobs of the same time.
        let due = |number: u64| Enqueue::at(queue("mail"), job(number), store.at(number / 5));
        store
            .queues()
            .push(&(0..33).map(due).collect::<Vec<_>>())
            .await?;
        let (mut numbers, mut cursor) = (Vec::new(), None);
        for _ in 0..100 {
            let page = store.delayed()?.list(cursor.as_ref(), 7).await?;
            ensure!(page.jobs.len() <= 7, "a page has {} jobs", page.jobs.len());
            numbers.extend(page.jobs.iter().filter_map(|job| number(&job.payload)));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        ensure_eq!(numbers, (0..33).collect::<Vec<_>>(), "all pages");
        Ok(())
    }

    /// A delayed job can be cancelled; its neighbours of the same time and bytes stay.
    #[needs(delayed)]
    async fn a_delayed_job_can_be_cancelled(world: &World) -> Verdict {
        let store = world.store();
        for number in [1, 1, 2] {
            store.push_due("mail", number, 10).await?;
        }
        let id = store.all_delayed().await?.remove(0).id;
        let edit = DelayedEdit {
            id,
            to: DelayedTo::Nowhere,
        };
        let answers = store.delayed()?.edit(&[edit]).await?;
        ensure_matches!(answers.as_slice(), [Ok(())], "the answer");
        ensure_eq!(store.numbers_delayed().await?, [1, 2], "the delayed set");
        Ok(())
    }

    /// A delayed job can be moved into its queue at once.
    #[needs(delayed)]
    async fn a_delayed_job_can_be_moved_into_its_queue(world: &World) -> Verdict {
        let store = world.store();
        store.push_due("mail", 1, 10).await?;
        store.push_due("mail", 2, 20).await?;
        let id = store.all_delayed().await?.remove(1).id;
        let answers = store
            .delayed()?
            .edit(&[DelayedEdit {
                id,
                to: DelayedTo::Queue,
            }])
            .await?;
        ensure_matches!(answers.as_slice(), [Ok(())], "the answer");
        ensure_eq!(store.numbers_in("mail").await?, [2], "the queue");
        Ledger::of([1, 2]).balances(&store).await
    }

    /// A delayed job can be put off or brought forward.
    #[needs(delayed)]
    async fn a_delayed_job_can_be_given_another_time(world: &World) -> Verdict {
        let store = world.store();
        for (number, seconds) in [(1, 10), (2, 20), (3, 30)] {
            store.push_due("mail", number, seconds).await?;
        }
        let all = store.all_delayed().await?;
        let to = |at: usize, seconds| DelayedEdit {
            id: all[at].id.clone(),
            to: DelayedTo::At(store.at(seconds)),
        };
        let answers = store.delayed()?.edit(&[to(0, 40), to(2, 5)]).await?;
        ensure_matches!(answers.as_slice(), [Ok(()), Ok(())], "the answers");
        ensure_eq!(store.numbers_delayed().await?, [3, 2, 1], "order");
        ensure_eq!(store.promote(5).await?, 1, "jobs due at the new time");
        Ledger::of([1, 2, 3]).balances(&store).await
    }

    /// The id of a delayed job that has gone conflicts and touches no other job.
    #[needs(delayed)]
    async fn the_id_of_a_gone_job_conflicts(world: &World) -> Verdict {
        let store = world.store();
        store.push_due("mail", 1, 10).await?;
        store.push_due("mail", 1, 20).await?;
        let id = store.all_delayed().await?.remove(0).id;
        store.promote(10).await?;
        let before = Snapshot::of(&store).await?;
        for to in [
            DelayedTo::Nowhere,
            DelayedTo::Queue,
            DelayedTo::At(store.at(50)),
        ] {
            let answers = store
                .delayed()?
                .edit(&[DelayedEdit { id: id.clone(), to }])
                .await?;
            ensure_matches!(answers.as_slice(), [Err(Error::Conflict { .. })], "{to:?}");
        }
        before.still_holds(&store).await
    }

    /// Edits of delayed jobs are answered one by one, in order.
    #[needs(delayed)]
    async fn edits_of_delayed_jobs_are_answered_one_by_one(world: &World) -> Verdict {
        let store = world.store();
        for number in 1..=3 {
            store.push_due("mail", number, 10 * number).await?;
        }
        let all = store.all_delayed().await?;
        let cancel = |at: usize| DelayedEdit {
            id: all[at].id.clone(),
            to: DelayedTo::Nowhere,
        };
        let answers = store
            .delayed()?
            .edit(&[cancel(1), cancel(1), cancel(0)])
            .await?;
        let good: Vec<_> = answers.iter().map(Result::is_ok).collect();
        ensure_eq!(good, [true, false, true], "the answers");
        ensure_eq!(store.numbers_delayed().await?, [3], "the delayed set");
        Ok(())
    }

    /// A reservation tells since when, in the time of the exchange.
    async fn a_reservation_tells_since_when(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        let slot = store.register(0).await?;
        let (want, from) = (std::slice::from_ref(&slot), list("mail"));
        let given = store
            .queues()
            .exchange(&[], want, &from, store.at(7))
            .await?
            .reserved;
        ensure_matches!(given.as_slice(), [given] if given.since == store.at(7), "since when");
        let again = store
            .queues()
            .exchange(&[], want, &from, store.at(30))
            .await?
            .reserved;
        ensure_matches!(again.as_slice(), [again] if again.since == store.at(7), "since when, again");
        let held = store.held_by(&slot).await?.and_then(|held| held.since);
        ensure_eq!(held, Some(store.at(7)), "since when it is held");
        Ok(())
    }

    /// The store tells its own time, which does not go back and is near the beginning of the world.
    async fn the_store_tells_its_time(world: &World) -> Verdict {
        let store = world.store();
        let first = store.workers().server_time().await?;
        let second = store.workers().server_time().await?;
        ensure!(
            second >= first,
            "the time went back from {first:?} to {second:?}"
        );
        let day = Duration::from_secs(86_400);
        let near = store.at(0) - day..store.at(0) + day;
        ensure!(
            near.contains(&first),
            "{first:?} is not within a day of {:?}",
            store.at(0)
        );
        let slot = store.register(0).await?;
        let beats = store.workers().heartbeat(&[slot], store.at(1)).await?;
        ensure!(
            near.contains(&beats.server_time),
            "a heartbeat tells {:?}",
            beats.server_time
        );
        Ok(())
    }
}
