//! Removing and moving waiting jobs by their exact bytes.

use resque_core::{Edit, EditTo, Payload};

use crate::ledger::Ledger;
use crate::race::race;
use crate::snapshot::Snapshot;
use crate::store::{Store, job, queue};

/// One edit of the queue «mail».
async fn edit(store: &Store, number: u64, at_most: u64, to: EditTo) -> crate::Verdict<u64> {
    let edit = Edit {
        queue: queue("mail"),
        payload: job(number),
        at_most,
        to,
    };
    let found = store.queues().edit(&[edit]).await?;
    ensure_eq!(found.len(), 1, "answers to one edit");
    Ok(found[0])
}

cases! {
    rules_edits: Rules;

    /// All jobs of the same bytes are removed, and their number is the answer.
    async fn equal_jobs_are_removed(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2, 1, 3, 1]).await?;
        ensure_eq!(
            edit(&store, 1, u64::MAX, EditTo::Nowhere).await?,
            3,
            "jobs found"
        );
        ensure_eq!(store.numbers_in("mail").await?, [2, 3], "the queue");
        Ok(())
    }

    /// No more are removed than asked for, the oldest first.
    async fn at_most_as_many_as_asked_are_removed(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2, 1, 3, 1]).await?;
        ensure_eq!(edit(&store, 1, 2, EditTo::Nowhere).await?, 2, "jobs found");
        ensure_eq!(store.numbers_in("mail").await?, [2, 3, 1], "the queue");
        Ok(())
    }

    /// Asking for none removes none.
    async fn asking_for_none_removes_none(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 1]).await?;
        ensure_eq!(edit(&store, 1, 0, EditTo::Nowhere).await?, 0, "jobs found");
        ensure_eq!(store.numbers_in("mail").await?, [1, 1], "the queue");
        Ok(())
    }

    /// The same job in other bytes is another job.
    async fn only_the_exact_bytes_are_meant(world: &World) -> Verdict {
        let store = world.store();
        let others = [
            r#"{"args":[1],"class":"Count"}"#,
            r#"{"class": "Count","args":[1]}"#,
            "1",
        ];
        for other in others {
            store.push_bytes("mail", other).await?;
        }
        ensure_eq!(
            edit(&store, 1, u64::MAX, EditTo::Nowhere).await?,
            0,
            "jobs found"
        );
        ensure_eq!(
            store.bytes_in("mail").await?,
            others.map(Payload::from),
            "the queue"
        );
        Ok(())
    }

    /// An edit of a queue that does not exist finds nothing and makes nothing.
    async fn an_edit_of_no_queue_finds_nothing(world: &World) -> Verdict {
        let store = world.store();
        for to in [EditTo::Nowhere, EditTo::Front, EditTo::Queue(queue("news"))] {
            ensure_eq!(edit(&store, 1, 1, to).await?, 0, "jobs found");
        }
        ensure_eq!(
            store.queue_names().await?,
            Vec::<String>::new(),
            "the queues"
        );
        Ok(())
    }

    /// A job can be moved to the front of its queue.
    async fn a_job_can_be_moved_to_the_front(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2, 3, 2]).await?;
        ensure_eq!(edit(&store, 2, 1, EditTo::Front).await?, 1, "jobs found");
        ensure_eq!(store.numbers_in("mail").await?, [2, 1, 3, 2], "the queue");
        ensure_eq!(edit(&store, 3, 1, EditTo::Front).await?, 1, "jobs found");
        ensure_eq!(store.numbers_in("mail").await?, [3, 2, 1, 2], "the queue");
        Ok(())
    }

    /// A job can be moved to the end of another queue.
    async fn a_job_can_be_moved_to_another_queue(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2, 1]).await?;
        store.push("news", [3]).await?;
        ensure_eq!(
            edit(&store, 1, 1, EditTo::Queue(queue("news"))).await?,
            1,
            "jobs found"
        );
        ensure_eq!(store.numbers_in("mail").await?, [2, 1], "the queue it left");
        ensure_eq!(
            store.numbers_in("news").await?,
            [3, 1],
            "the queue it went to"
        );
        Ok(())
    }

    /// The queue that a job is moved to is made if need be, and found by a star.
    async fn moving_makes_the_other_queue(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        edit(&store, 1, 1, EditTo::Queue(queue("news"))).await?;
        ensure_eq!(store.queue_names().await?, ["mail", "news"], "the queues");
        let slot = store.register(0).await?;
        ensure_eq!(store.drain(&slot, "*").await?, [1], "what a star serves");
        Ok(())
    }

    /// Moving several jobs moves all of them, and loses none.
    async fn several_jobs_can_be_moved(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2, 1, 1]).await?;
        ensure_eq!(
            edit(&store, 1, 2, EditTo::Queue(queue("news"))).await?,
            2,
            "jobs found"
        );
        ensure_eq!(
            store.numbers_in("mail").await?,
            [2, 1],
            "the queue they left"
        );
        ensure_eq!(
            store.numbers_in("news").await?,
            [1, 1],
            "the queue they went to"
        );
        Ok(())
    }

    /// An edit leaves alone what workers hold and what has failed.
    async fn an_edit_leaves_what_does_not_wait(world: &World) -> Verdict {
        let store = world.store();
        store.hand_out_one("mail", 1).await?;
        store.fail("mail", 1).await?;
        store.push("news", [1]).await?;
        let before = Snapshot::of(&store).await?;
        ensure_eq!(
            edit(&store, 1, u64::MAX, EditTo::Nowhere).await?,
            0,
            "jobs found"
        );
        before.still_holds(&store).await
    }

    /// An edit leaves delayed jobs alone.
    #[needs(delayed)]
    async fn an_edit_leaves_delayed_jobs(world: &World) -> Verdict {
        let store = world.store();
        store.push_due("mail", 1, 10).await?;
        ensure_eq!(
            edit(&store, 1, u64::MAX, EditTo::Nowhere).await?,
            0,
            "jobs found"
        );
        ensure_eq!(store.numbers_delayed().await?, [1], "the delayed set");
        Ok(())
    }

    /// Jobs that are moved to and fro while others take them are neither lost nor doubled.
    async fn moving_races_with_taking_without_loss(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", 0..100).await?;
        let slot = store.register(0).await?;
        // Runner 0 takes from the front, runner 1 moves from the end.
        let run = |runner: usize, twin: Store| {
            let slot = slot.clone();
            async move {
                if runner == 0 {
                    return twin.drain(&slot, "mail").await;
                }
                for number in (0..100).rev() {
                    edit(&twin, number, 1, EditTo::Queue(queue("news"))).await?;
                }
                Ok(Vec::new())
            }
        };
        edit(&store, 50, 1, EditTo::Queue(queue("news"))).await?;
        let mut ledger = Ledger::of(0..100);
        ledger.all_done(race(world, 2, run).await?.concat());
        ledger.balances(&store).await
    }
}
