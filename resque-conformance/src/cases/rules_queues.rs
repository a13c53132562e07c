//! What the traits say of queues beside the guarantees.

use resque_core::{Page, Settlement};

use crate::snapshot::Snapshot;
use crate::store::{Store, job, list, number, queue};

async fn peek(store: &Store, page: Page) -> crate::Verdict<Vec<u64>> {
    let payloads = store.queues().peek(&queue("mail"), page).await?;
    Ok(payloads.iter().filter_map(number).collect())
}

cases! {
    rules_queues: Rules;

    /// A queue exists from its first job on.
    async fn a_push_makes_its_queue_exist(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        ensure_eq!(store.queue_names().await?, ["mail"], "the queues");
        Ok(())
    }

    /// A queue that was emptied goes on existing.
    async fn an_empty_queue_stays(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        store.push("news", [2]).await?;
        let slot = store.register(0).await?;
        store.drain(&slot, "mail").await?;
        store.queues().pop(&list("news"), 1).await?;
        let listing = store.queues().queues().await?;
        let lengths: Vec<_> = listing
            .queues
            .iter()
            .map(|q| (q.name.as_str(), q.length))
            .collect();
        ensure_eq!(lengths, [("mail", 0), ("news", 0)], "the queues");
        Ok(())
    }

    /// Queues are listed in byte order with their lengths.
    async fn queues_are_listed_in_byte_order_with_lengths(world: &World) -> Verdict {
        let store = world.store();
        store.push("b", [1, 2]).await?;
        store.push("a:b", [3]).await?;
        store.push("B", [4, 5, 6]).await?;
        let listing = store.queues().queues().await?;
        let lengths: Vec<_> = listing
            .queues
            .iter()
            .map(|q| (q.name.as_str(), q.length))
            .collect();
        ensure_eq!(lengths, [("B", 3), ("a:b", 1), ("b", 2)], "the queues");
        ensure_eq!(listing.unreadable.len(), 0, "unreadable names");
        Ok(())
    }

    /// What a worker holds does not count as waiting.
    async fn a_held_job_does_not_count_as_waiting(world: &World) -> Verdict {
        let store = world.store();
        store.hand_out("mail", [1, 2]).await?;
        store.push("mail", [3]).await?;
        let listing = store.queues().queues().await?;
        ensure_eq!(
            listing.get("mail").map(|status| status.length),
            Some(1),
            "the length"
        );
        Ok(())
    }

    /// A queue can be made without a job; the answer tells whether it is new.
    async fn a_queue_can_be_made_without_a_job(world: &World) -> Verdict {
        let store = world.store();
        ensure!(
            store.queues().create_queue(&queue("mail")).await?,
            "the first time it is not new"
        );
        ensure!(
            !store.queues().create_queue(&queue("mail")).await?,
            "the second time it is new"
        );
        ensure_eq!(store.queue_names().await?, ["mail"], "the queues");
        Ok(())
    }

    /// Making a queue that exists leaves its jobs alone.
    async fn making_a_queue_that_exists_leaves_its_jobs(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        ensure!(
            !store.queues().create_queue(&queue("mail")).await?,
            "it is said to be new"
        );
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// A deleted queue is gone with its jobs, whose number is the answer.
    async fn a_deleted_queue_is_gone_with_its_jobs(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2, 3]).await?;
        ensure_eq!(
            store.queues().delete_queue(&queue("mail")).await?,
            3,
            "jobs deleted"
        );
        ensure_eq!(
            store.queue_names().await?,
            Vec::<String>::new(),
            "the queues"
        );
        let slot = store.register(0).await?;
        ensure_eq!(
            store.reserve(&slot, "mail").await?,
            None,
            "what a worker is given"
        );
        Ok(())
    }

    /// A queue tells how many jobs wait in it; one that does not exist has none, and is not made by
    /// asking.
    async fn a_queue_tells_its_length(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2, 3]).await?;
        store.push("news", [4]).await?;
        store.hand_out_one("mail", 5).await?;
        for (name, length) in [("mail", 3), ("news", 1), ("none", 0)] {
            ensure_eq!(
                store.queues().length(&queue(name)).await?,
                length,
                "jobs in {name}"
            );
        }
        ensure_eq!(store.queue_names().await?, ["mail", "news"], "the queues");
        Ok(())
    }

    /// Deleting a queue leaves other queues, failures and counters alone.
    async fn deleting_a_queue_leaves_everything_else(world: &World) -> Verdict {
        let store = world.store();
        store.push("news", [2]).await?;
        store.fail("mail", 3).await?;
        store.hand_out_one("other", 4).await?;
        let before = Snapshot::of(&store).await?;
        store.push("mail", [1]).await?;
        store.queues().delete_queue(&queue("mail")).await?;
        before.still_holds(&store).await
    }

    /// Deleting a queue leaves the jobs that wait for their time to go into it.
    #[needs(delayed)]
    async fn deleting_a_queue_leaves_its_delayed_jobs(world: &World) -> Verdict {
        let store = world.store();
        store.push_due("mail", 1, 10).await?;
        store.push("mail", [2]).await?;
        ensure_eq!(
            store.queues().delete_queue(&queue("mail")).await?,
            1,
            "jobs deleted"
        );
        store.promote(10).await?;
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// Deleting a queue that does not exist deletes nothing.
    async fn deleting_no_queue_deletes_nothing(world: &World) -> Verdict {
        let store = world.store();
        ensure_eq!(
            store.queues().delete_queue(&queue("mail")).await?,
            0,
            "jobs deleted"
        );
        ensure_eq!(
            store.queue_names().await?,
            Vec::<String>::new(),
            "the queues"
        );
        Ok(())
    }

    /// A queue that was deleted can be used again.
    async fn a_deleted_queue_can_be_used_again(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        store.queues().delete_queue(&queue("mail")).await?;
        store.push("mail", [2]).await?;
        let slot = store.register(0).await?;
        ensure_eq!(store.drain(&slot, "*").await?, [2], "what a star serves");
        Ok(())
    }

    /// Looking into a queue that does not exist finds nothing and does not make it.
    async fn looking_does_not_make_a_queue(world: &World) -> Verdict {
        let store = world.store();
        let slot = store.register(0).await?;
        ensure_eq!(store.bytes_in("mail").await?, [], "the queue");
        ensure_eq!(
            store.reserve(&slot, "mail").await?,
            None,
            "what a worker is given"
        );
        ensure_eq!(
            store.queues().pop(&list("mail"), 1).await?,
            [],
            "what is popped"
        );
        ensure_eq!(
            store.queue_names().await?,
            Vec::<String>::new(),
            "the queues"
        );
        Ok(())
    }

    /// Peeking shows the next job first and takes nothing.
    async fn peeking_takes_nothing(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2]).await?;
        ensure_eq!(peek(&store, Page::new(0, 1)).await?, [1], "the next job");
        ensure_eq!(peek(&store, Page::ALL).await?, [1, 2], "all jobs");
        ensure_eq!(
            store.numbers_in("mail").await?,
            [1, 2],
            "the queue afterwards"
        );
        Ok(())
    }

    /// A page is a part of the queue by first and last index, also counted from the end.
    async fn peeking_follows_the_page(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", 0..6).await?;
        let all: Vec<u64> = (0..6).collect();
        for first in [0, 1, 3, 5, 6, 9, -1, -2, -6, -9] {
            for count in [0, 1, 2, 6, 7, -1, -2, -6, -9] {
                for page in [Page::ruby(first, count), Page::perl(first, count)] {
                    let expected = &all[page.range(all.len())];
                    ensure_eq!(peek(&store, page).await?, expected, "{page:?}");
                }
            }
        }
        Ok(())
    }

    /// Pages one behind the other show the whole queue.
    async fn pages_show_the_whole_queue(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", 0..25).await?;
        let mut seen = Vec::new();
        for start in (0..30).step_by(10) {
            seen.extend(peek(&store, Page::new(start, 10)).await?);
        }
        ensure_eq!(seen, (0..25).collect::<Vec<_>>(), "all pages");
        ensure_eq!(
            peek(&store, Page::new(0, 0)).await?,
            [0; 0],
            "a page of nothing"
        );
        Ok(())
    }

    /// A second connection sees the same queues.
    async fn a_second_connection_sees_the_same_queues(world: &World) -> Verdict {
        let (store, twin) = (world.store(), world.twin().await?);
        store.push("mail", [1]).await?;
        twin.push("mail", [2]).await?;
        ensure_eq!(store.numbers_in("mail").await?, [1, 2], "seen by the first");
        ensure_eq!(twin.numbers_in("mail").await?, [1, 2], "seen by the second");
        Ok(())
    }

    /// Clearing removes everything there is.
    async fn clearing_removes_everything(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out("mail", [1, 2]).await?;
        store
            .applies(Settlement::done(given[0].receipt.clone()))
            .await?;
        store.push("news", [3]).await?;
        store.fail("mail", 4).await?;
        store.workers().set_stat("mails", 5).await?;
        ensure!(
            store.queues().clear().await? > 0,
            "clearing says that nothing was there"
        );
        ensure!(Snapshot::of(&store).await?.is_empty(), "something is left");
        ensure_eq!(store.workers().stat("mails").await?, 0, "a counter");
        ensure_eq!(
            store.queues().clear().await?,
            0,
            "what clearing again finds"
        );
        Ok(())
    }

    /// Clearing removes delayed jobs too.
    #[needs(delayed)]
    async fn clearing_removes_delayed_jobs(world: &World) -> Verdict {
        let store = world.store();
        store.push_due("mail", 1, 10).await?;
        ensure!(
            store.queues().clear().await? > 0,
            "clearing says that nothing was there"
        );
        ensure_eq!(store.promote(10).await?, 0, "jobs moved");
        ensure_eq!(store.delayed()?.count().await?, 0, "delayed jobs");
        Ok(())
    }

    /// Clearing starts stopped queues and ends a pause.
    #[needs(control)]
    async fn clearing_ends_every_stop(world: &World) -> Verdict {
        let store = world.store();
        store.control()?.set_stopped(&queue("mail"), true).await?;
        store.control()?.set_paused(true).await?;
        store.queues().clear().await?;
        ensure!(!store.control()?.paused().await?, "still paused");
        store.hand_out_one("mail", 1).await?;
        Ok(())
    }

    /// A store that was cleared can be used again.
    async fn a_cleared_store_can_be_used_again(world: &World) -> Verdict {
        let store = world.store();
        store.hand_out_one("mail", 1).await?;
        store.queues().clear().await?;
        let given = store.hand_out_one("mail", 2).await?;
        ensure_eq!(
            (given.payload, given.redelivered),
            (job(2), false),
            "what is given out"
        );
        Ok(())
    }

    /// Another namespace of the same store sees nothing of this one.
    #[needs(neighbour)]
    async fn neighbours_see_nothing_of_each_other(world: &World) -> Verdict {
        let (store, neighbour) = (world.store(), world.next_door()?);
        store.hand_out_one("mail", 1).await?;
        store.push("mail", [2]).await?;
        store.fail("mail", 3).await?;
        store.workers().set_stat("processed", 4).await?;
        ensure!(
            Snapshot::of(&neighbour).await?.is_empty(),
            "the neighbour sees something"
        );
        neighbour.push("mail", [9]).await?;
        ensure_eq!(store.numbers_in("mail").await?, [2], "this side's queue");
        Ok(())
    }

    /// Clearing leaves other namespaces alone.
    #[needs(neighbour)]
    async fn clearing_leaves_neighbours_alone(world: &World) -> Verdict {
        let (store, neighbour) = (world.store(), world.next_door()?);
        neighbour.hand_out_one("mail", 1).await?;
        neighbour.push("mail", [2]).await?;
        neighbour.fail("mail", 3).await?;
        store.push("mail", [4]).await?;
        let before = Snapshot::of(&neighbour).await?;
        store.queues().clear().await?;
        before.still_holds(&neighbour).await
    }
}
