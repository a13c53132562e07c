//! G2: first in, first out; queue lists are strict priority.

use resque_core::Settlement;

use crate::store::{job, list, number};

cases! {
    g2_order: Order;

    /// Jobs leave a queue in the order in which they came.
    async fn jobs_leave_a_queue_in_the_order_they_came(world: &World) -> Verdict {
        let store = world.store();
        for number in 1..=5 {
            store.push("mail", [number]).await?;
        }
        let slot = store.register(0).await?;
        ensure_eq!(store.drain(&slot, "mail").await?, [1, 2, 3, 4, 5], "order");
        Ok(())
    }

    /// The jobs of one batch keep its order.
    async fn a_batch_keeps_its_order(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [3, 1, 2]).await?;
        store.push("mail", [5, 4]).await?;
        ensure_eq!(store.numbers_in("mail").await?, [3, 1, 2, 5, 4], "order");
        Ok(())
    }

    /// Of several slots in one exchange the earlier one is given the earlier job.
    async fn earlier_slots_are_given_earlier_jobs(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2, 3]).await?;
        let mut slots = store.register_many(3).await?;
        slots.reverse();
        let given = store.exchange(&[], &slots, "mail").await?.reserved;
        for (expected, slot) in slots.iter().enumerate() {
            let own = given.iter().find(|reservation| reservation.worker == *slot);
            let number = own.and_then(|own| number(&own.payload));
            ensure_eq!(number, Some(expected as u64 + 1), "the job of {slot}");
        }
        Ok(())
    }

    /// When there are fewer jobs than slots, the later slots are given nothing.
    async fn later_slots_go_without_when_jobs_run_out(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        let slots = store.register_many(3).await?;
        let given = store.exchange(&[], &slots, "mail").await?.reserved;
        ensure_matches!(given.as_slice(), [only] if only.worker == slots[0], "who was served");
        Ok(())
    }

    /// A queue that stands earlier in the list is served first, even when its jobs are younger.
    async fn an_earlier_queue_is_served_first(world: &World) -> Verdict {
        let store = world.store();
        store.push("low", [1, 2]).await?;
        store.push("high", [3, 4]).await?;
        let slot = store.register(0).await?;
        ensure_eq!(store.drain(&slot, "high,low").await?, [3, 4, 1, 2], "order");
        Ok(())
    }

    /// The list is read from its beginning for every job.
    async fn an_earlier_queue_is_asked_again_before_every_job(world: &World) -> Verdict {
        let store = world.store();
        store.push("low", [1, 2]).await?;
        let slot = store.register(0).await?;
        let first = store.take(&slot, "high,low").await?;
        store.push("high", [3]).await?;
        store.applies(Settlement::done(first.receipt)).await?;
        ensure_eq!(store.drain(&slot, "high,low").await?, [3, 2], "order");
        Ok(())
    }

    /// One exchange fills its slots from several queues, in their order.
    async fn one_exchange_serves_several_queues_in_order(world: &World) -> Verdict {
        let store = world.store();
        store.push("low", [3, 4, 5]).await?;
        store.push("high", [1, 2]).await?;
        let slots = store.register_many(4).await?;
        let given = store
            .exchange(&[], &slots, "high,middle,low")
            .await?
            .reserved;
        let numbers: Vec<_> = given
            .iter()
            .filter_map(|given| number(&given.payload))
            .collect();
        ensure_eq!(numbers, [1, 2, 3, 4], "order");
        ensure_eq!(store.numbers_in("low").await?, [5], "what still waits");
        Ok(())
    }

    /// A queue that is named twice in a list is served once.
    async fn a_queue_named_twice_is_served_once(world: &World) -> Verdict {
        let store = world.store();
        store.push("high", [1]).await?;
        store.push("low", [2]).await?;
        let slot = store.register(0).await?;
        ensure_eq!(store.drain(&slot, "low,high,low").await?, [2, 1], "order");
        Ok(())
    }

    /// A queue in a plain list need not exist yet; its first job is found.
    async fn a_plain_list_finds_a_queue_that_comes_later(world: &World) -> Verdict {
        let store = world.store();
        let slot = store.register(0).await?;
        ensure_eq!(store.reserve(&slot, "mail,news").await?, None, "before");
        store.push("news", [1]).await?;
        ensure_eq!(
            store.take(&slot, "mail,news").await?.payload,
            job(1),
            "afterwards"
        );
        Ok(())
    }

    /// `*` serves all queues in byte order of their names.
    async fn a_star_serves_queues_in_byte_order(world: &World) -> Verdict {
        let store = world.store();
        for (name, number) in [("b", 3), ("Z", 1), ("a", 2), ("é", 4)] {
            store.push(name, [number]).await?;
        }
        let slot = store.register(0).await?;
        ensure_eq!(store.drain(&slot, "*").await?, [1, 2, 3, 4], "order");
        Ok(())
    }

    /// `*` serves a queue at once that came into being after the last exchange.
    async fn a_star_serves_a_new_queue_at_once(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        let slot = store.register(0).await?;
        store.drain(&slot, "*").await?;
        world.twin().await?.push("news", [2]).await?;
        ensure_eq!(store.drain(&slot, "*").await?, [2], "the new queue");
        Ok(())
    }

    /// A named queue stands before all others that `*` finds.
    async fn a_named_queue_stands_before_the_rest(world: &World) -> Verdict {
        let store = world.store();
        for (name, number) in [("a", 2), ("high", 1), ("z", 3)] {
            store.push(name, [number]).await?;
        }
        let slot = store.register(0).await?;
        ensure_eq!(store.drain(&slot, "high,*").await?, [1, 2, 3], "order");
        Ok(())
    }

    /// A negation takes a queue out, wherever it stands in the list.
    async fn a_negation_takes_a_queue_out(world: &World) -> Verdict {
        let store = world.store();
        for (name, number) in [("a", 1), ("low", 2), ("z", 3)] {
            store.push(name, [number]).await?;
        }
        let slot = store.register(0).await?;
        ensure_eq!(store.drain(&slot, "!low,*").await?, [1, 3], "order");
        ensure_eq!(store.numbers_in("low").await?, [2], "the queue left out");
        Ok(())
    }

    /// A glob serves the queues that it matches and no other.
    async fn a_glob_chooses_queues_by_pattern(world: &World) -> Verdict {
        let store = world.store();
        for (name, number) in [("mail_2", 2), ("mail_1", 1), ("mail_10", 9), ("news", 9)] {
            store.push(name, [number]).await?;
        }
        let slot = store.register(0).await?;
        ensure_eq!(store.drain(&slot, "mail_?").await?, [1, 2], "order");
        Ok(())
    }

    /// `*` leaves names alone that begin with a dot.
    async fn a_star_leaves_hidden_queues_alone(world: &World) -> Verdict {
        let store = world.store();
        store.push(".hidden", [1]).await?;
        store.push("mail", [2]).await?;
        let slot = store.register(0).await?;
        ensure_eq!(store.drain(&slot, "*").await?, [2], "what a star serves");
        ensure_eq!(
            store.drain(&slot, ".hidden").await?,
            [1],
            "what its name serves"
        );
        Ok(())
    }

    /// A released job is the next one of its queue.
    async fn a_released_job_is_the_next_one(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        store.push("mail", [2]).await?;
        store.applies(Settlement::release(given.receipt)).await?;
        ensure_eq!(store.numbers_in("mail").await?, [1, 2], "order");
        Ok(())
    }

    /// Several jobs released in one batch keep their order: the first of the list comes first.
    async fn released_jobs_keep_their_order(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out("mail", [1, 2, 3]).await?;
        store.push("mail", [4]).await?;
        let release = |at: usize| Settlement::release(given[at].receipt.clone());
        store
            .exchange(&[release(0), release(1), release(2)], &[], "mail")
            .await?;
        ensure_eq!(store.numbers_in("mail").await?, [1, 2, 3, 4], "order");
        Ok(())
    }

    /// A job that is released with other bytes keeps its place among the releases of its batch.
    async fn a_job_released_with_other_bytes_keeps_its_place(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out("mail", [1, 2, 3]).await?;
        store.push("mail", [4]).await?;
        let receipt = |at: usize| given[at].receipt.clone();
        let settlements = [
            Settlement::release(receipt(0)),
            Settlement::release_as(receipt(1), job(7)),
            Settlement::release(receipt(2)),
        ];
        store.exchange(&settlements, &[], "mail").await?;
        ensure_eq!(store.numbers_in("mail").await?, [1, 7, 3, 4], "order");
        Ok(())
    }

    /// Releases keep their order also among other settlements and for several queues.
    async fn released_jobs_keep_their_order_among_others(world: &World) -> Verdict {
        let store = world.store();
        store.push("high", [1, 2]).await?;
        store.push("low", [3, 4, 5]).await?;
        let slots = store.register_many(5).await?;
        let given = store.exchange(&[], &slots, "high,low").await?.reserved;
        let receipt = |at: usize| given[at].receipt.clone();
        let settlements = [
            Settlement::release(receipt(2)),
            Settlement::release(receipt(0)),
            Settlement::done(receipt(3)),
            Settlement::release(receipt(1)),
            Settlement::release(receipt(4)),
        ];
        store.exchange(&settlements, &[], "high").await?;
        ensure_eq!(
            store.numbers_in("high").await?,
            [1, 2],
            "order of one queue"
        );
        ensure_eq!(
            store.numbers_in("low").await?,
            [3, 5],
            "order of the other queue"
        );
        Ok(())
    }

    /// A plain pop takes the next jobs, in order.
    async fn a_plain_pop_takes_the_next_jobs(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2, 3]).await?;
        let popped = store.queues().pop(&list("mail"), 2).await?;
        let payloads: Vec<_> = popped.into_iter().map(|popped| popped.payload).collect();
        ensure_eq!(payloads, [job(1), job(2)], "order");
        ensure_eq!(store.numbers_in("mail").await?, [3], "what still waits");
        Ok(())
    }

    /// A plain pop goes through its list in order and says where each job came from.
    async fn a_plain_pop_goes_through_its_list_in_order(world: &World) -> Verdict {
        let store = world.store();
        store.push("low", [2, 3]).await?;
        store.push("high", [1]).await?;
        let popped = store.queues().pop(&list("high,low"), 10).await?;
        let places: Vec<_> = popped
            .iter()
            .map(|p| (p.queue.as_str(), p.payload.clone()))
            .collect();
        ensure_eq!(
            places,
            [("high", job(1)), ("low", job(2)), ("low", job(3))],
            "order"
        );
        Ok(())
    }

    /// A plain pop of nothing takes nothing.
    async fn a_plain_pop_of_none_takes_none(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        ensure_eq!(
            store.queues().pop(&list("mail"), 0).await?,
            [],
            "what was popped"
        );
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// A plain pop with a glob serves what the glob matches, in byte order.
    async fn a_plain_pop_understands_globs(world: &World) -> Verdict {
        let store = world.store();
        for (name, number) in [("b", 2), ("a", 1), ("low", 3)] {
            store.push(name, [number]).await?;
        }
        let popped = store.queues().pop(&list("*,!low"), 10).await?;
        let numbers: Vec<_> = popped
            .iter()
            .filter_map(|popped| number(&popped.payload))
            .collect();
        ensure_eq!(numbers, [1, 2], "order");
        Ok(())
    }
}
