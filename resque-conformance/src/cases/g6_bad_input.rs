//! G6: what is no job stops nothing and can be restored.

use resque_core::{
    Enqueue, Error, FailureContent, FailureRecord, FailureRetry, Leaving, Left, Payload, Settlement,
};

use crate::store::{job, list, queue, worker};
use crate::{Broken, Planted};

/// What is no job, in all its forms.
const NO_JOBS: &[&[u8]] = &[
    b"not json",
    b"",
    b"null",
    b"17",
    b"\"text\"",
    b"[1,2]",
    b"{}",
    br#"{"class":"","args":[]}"#,
    br#"{"class":null,"args":[]}"#,
    br#"{"class":"A"}"#,
    br#"{"class":"A","args":null}"#,
    br#"{"class":"A","args":{"a":1}}"#,
    br#"{"class":"A","args":"text"}"#,
    b"{\"class\":\"\xff\",\"args\":[\0]}",
    b"{\"class\":\"A\",\"args\":[",
];

/// Puts foreign bytes into the world's store.
async fn plant(world: &crate::World, what: Planted) -> crate::Verdict {
    let plant = world
        .plant()
        .ok_or_else(|| Broken::new("the world has no `plant`"))?;
    Ok(plant.plant(what).await?)
}

cases! {
    g6_bad_input: BadInput;

    /// A payload that is no job is given out and held like any other.
    async fn what_is_no_job_is_given_out(world: &World) -> Verdict {
        let store = world.store();
        let slot = store.register(0).await?;
        for bytes in NO_JOBS {
            let payload = Payload::from(*bytes);
            store.push_bytes("mail", payload.clone()).await?;
            let given = store.take(&slot, "mail").await?;
            ensure_eq!(given.payload, payload, "what is given out");
            let held = store.held_by(&slot).await?.map(|held| held.payload);
            ensure_eq!(held, Some(payload), "what is held");
            store.applies(Settlement::done(given.receipt)).await?;
        }
        Ok(())
    }

    /// It fails into a record from which the very bytes can be put back.
    async fn what_is_no_job_can_fail_and_be_put_back(world: &World) -> Verdict {
        let store = world.store();
        for bytes in NO_JOBS {
            let payload = Payload::from(*bytes);
            let record = FailureRecord::new(store.at(0), payload.clone(), "NoJob", "it is no job");
            store
                .failures()
                .record(&[record.on("someone", "mail")])
                .await?;
            let id = store.failed().await?.remove(0).id;
            let retry = FailureRetry::new(id).and_remove();
            let answers = store.failures().retry(&[retry], store.at(1)).await?;
            ensure_matches!(answers.as_slice(), [Ok(())], "putting {payload:?} back");
            ensure_eq!(store.bytes_in("mail").await?, [payload], "the queue");
            store.queues().pop(&list("mail"), 1).await?;
        }
        Ok(())
    }

    /// It stops no job behind it.
    async fn what_is_no_job_stops_no_other(world: &World) -> Verdict {
        let store = world.store();
        for bytes in NO_JOBS {
            store.push_bytes("mail", *bytes).await?;
        }
        store.push("mail", [1]).await?;
        let slots = store.register_many(NO_JOBS.len() + 1).await?;
        let given = store.exchange(&[], &slots, "*").await?.reserved;
        ensure_eq!(given.len(), NO_JOBS.len() + 1, "jobs given out");
        ensure_eq!(
            given.last().map(|given| &given.payload),
            Some(&job(1)),
            "the good job"
        );
        Ok(())
    }

    /// It can be recovered from a dead worker.
    async fn what_is_no_job_is_recovered(world: &World) -> Verdict {
        let store = world.store();
        for bytes in NO_JOBS {
            store.push_bytes("mail", *bytes).await?;
        }
        let slots = store.register_many(NO_JOBS.len()).await?;
        store.exchange(&[], &slots, "mail").await?;
        for dead in store.workers().dead(store.at(60)).await? {
            let held = dead
                .holds
                .ok_or_else(|| Broken::new(format!("{} holds nothing", dead.id)))?;
            let record = FailureRecord::new(store.at(60), held.payload, "Dead", "its worker died");
            store
                .applies(Settlement::recovered(
                    held.receipt,
                    record.on("someone", "mail"),
                ))
                .await?;
        }
        let failed = store.failed().await?;
        let records = failed.iter().filter_map(|entry| entry.content.record());
        let mut found: Vec<_> = records
            .map(|record| record.payload.as_bytes().to_vec())
            .collect();
        let mut expected: Vec<_> = NO_JOBS.iter().map(|bytes| bytes.to_vec()).collect();
        found.sort_unstable();
        expected.sort_unstable();
        ensure_eq!(found, expected, "the failed list");
        Ok(())
    }

    /// It waits for its time and is moved like any other, and stops no promotion.
    #[needs(delayed)]
    async fn what_is_no_job_is_promoted(world: &World) -> Verdict {
        let store = world.store();
        for bytes in NO_JOBS {
            let due = Enqueue::at(queue("mail"), *bytes, store.at(10));
            store.queues().push(&[due]).await?;
        }
        store.push_due("mail", 1, 20).await?;
        store.promote(21).await?;
        let mut found = store.bytes_in("mail").await?;
        ensure_eq!(found.pop(), Some(job(1)), "the good job");
        found.sort_unstable();
        let mut expected: Vec<_> = NO_JOBS.iter().map(|bytes| Payload::from(*bytes)).collect();
        expected.sort_unstable();
        ensure_eq!(found, expected, "the queue");
        Ok(())
    }

    /// A record that names no queue cannot be put back into its own; nothing changes.
    async fn a_record_without_a_queue_stays(world: &World) -> Verdict {
        let store = world.store();
        for from in ["", "a,b", "a\nb"] {
            let record = FailureRecord::new(store.at(0), job(1), "A", "b").on("someone", from);
            store.failures().record(&[record]).await?;
        }
        for entry in store.failed().await? {
            let retry = FailureRetry::new(entry.id).and_remove();
            let answers = store.failures().retry(&[retry], store.at(1)).await?;
            ensure_matches!(answers.as_slice(), [Err(_)], "putting it back");
        }
        ensure_eq!(store.failures().count(None).await?, 3, "records");
        ensure_eq!(
            store.queue_names().await?,
            Vec::<String>::new(),
            "the queues"
        );
        Ok(())
    }

    /// It can be put into a queue that the caller names.
    async fn a_record_without_a_queue_can_be_put_elsewhere(world: &World) -> Verdict {
        let store = world.store();
        let record = FailureRecord::new(store.at(0), job(1), "A", "b");
        store.failures().record(&[record]).await?;
        let id = store.failed().await?.remove(0).id;
        let retry = FailureRetry::new(id).into_queue(queue("mail"));
        let answers = store.failures().retry(&[retry], store.at(1)).await?;
        ensure_matches!(answers.as_slice(), [Ok(())], "putting it elsewhere");
        ensure_eq!(store.bytes_in("mail").await?, [job(1)], "the queue");
        Ok(())
    }

    /// A name among the queues' names that is none is listed apart and left alone.
    #[needs(plant)]
    async fn a_name_that_is_none_is_listed_apart(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        for name in [&b"a,b"[..], b"\xff\xfe", b"a\nb"] {
            plant(world, Planted::QueueName(name.to_vec())).await?;
        }
        let listing = store.queues().queues().await?;
        ensure_eq!(listing.unreadable.len(), 3, "unreadable names");
        ensure_eq!(store.queue_names().await?, ["mail"], "the queues");
        let slot = store.register(0).await?;
        ensure_eq!(store.drain(&slot, "*").await?, [1], "what a star serves");
        ensure_eq!(
            store.queues().queues().await?.unreadable.len(),
            3,
            "unreadable names, later"
        );
        Ok(())
    }

    /// An id among the workers' ids that is none is listed apart and left alone.
    #[needs(plant)]
    async fn an_id_that_is_none_is_listed_apart(world: &World) -> Verdict {
        let store = world.store();
        for id in [&b"host"[..], b"host:1", b"host:1:", b"\xff:1:q"] {
            plant(world, Planted::WorkerId(id.to_vec())).await?;
        }
        store.register(0).await?;
        let listing = store.workers().workers().await?;
        ensure_eq!(
            (listing.workers.len(), listing.unreadable.len()),
            (1, 4),
            "workers, other ids"
        );
        store.workers().dead(store.at(60)).await?;
        ensure_eq!(
            store.workers().workers().await?.unreadable.len(),
            4,
            "other ids, later"
        );
        Ok(())
    }

    /// A note that nobody can read is what the worker holds: its bytes can be recorded.
    #[needs(plant)]
    async fn a_note_that_nobody_can_read_is_held(world: &World) -> Verdict {
        let store = world.store();
        let slot = store.register(0).await?;
        plant(world, Planted::Note(slot.clone(), b"not a note".to_vec())).await?;
        let held = store.held_by(&slot).await?;
        let held = held.ok_or_else(|| Broken::new("the worker is said to hold nothing"))?;
        ensure_eq!(held.payload.as_bytes(), b"not a note", "what it holds");
        let left = store
            .workers()
            .unregister(&[Leaving::new(slot.clone())])
            .await?;
        ensure_matches!(
            left.as_slice(),
            [Left::Holding(_)],
            "what became of the worker"
        );
        let record = FailureRecord::new(store.at(0), held.payload, "Dead", "its worker died");
        store
            .applies(Settlement::recovered(
                held.receipt,
                record.on("someone", "mail"),
            ))
            .await?;
        ensure_eq!(
            store.held_by(&slot).await?,
            None,
            "what the worker holds afterwards"
        );
        Ok(())
    }

    /// The receipt of a note is worth nothing once the note has changed.
    #[needs(plant)]
    async fn a_note_that_has_changed_is_another_one(world: &World) -> Verdict {
        let store = world.store();
        let slot = store.register(0).await?;
        plant(world, Planted::Note(slot.clone(), b"not a note".to_vec())).await?;
        let held = store.held_by(&slot).await?;
        let held = held.ok_or_else(|| Broken::new("the worker is said to hold nothing"))?;
        plant(
            world,
            Planted::Note(slot.clone(), b"not this note".to_vec()),
        )
        .await?;
        store.is_lost(Settlement::done(held.receipt)).await?;
        let held = store.held_by(&slot).await?.map(|held| held.payload);
        ensure_eq!(
            held,
            Some(Payload::from("not this note")),
            "what the worker holds"
        );
        Ok(())
    }

    /// A failure record that nobody can read is listed with its bytes, and can be removed.
    #[needs(plant)]
    async fn a_record_that_nobody_can_read_can_be_removed(world: &World) -> Verdict {
        let store = world.store();
        store.fail("mail", 1).await?;
        for bytes in [&b"not a record"[..], b"", b"[]"] {
            plant(world, Planted::Failure(bytes.to_vec())).await?;
        }
        store.fail("mail", 2).await?;
        let entries = store.failed().await?;
        let unreadable =
            |content: &FailureContent| matches!(content, FailureContent::Unreadable(_));
        let bad: Vec<_> = entries.iter().filter(|e| unreadable(&e.content)).collect();
        ensure_eq!(
            (entries.len(), bad.len()),
            (5, 3),
            "records, unreadable ones"
        );
        let ids: Vec<_> = bad.iter().map(|entry| entry.id.clone()).collect();
        let answers = store.failures().remove(&ids).await?;
        ensure!(
            answers.iter().all(Result::is_ok),
            "removing them: {answers:?}"
        );
        ensure_eq!(store.numbers_failed().await?, [1, 2], "the failed list");
        ensure_eq!(
            store.failures().count(None).await?,
            2,
            "records that are left"
        );
        Ok(())
    }

    /// It cannot be put back, and stays.
    #[needs(plant)]
    async fn a_record_that_nobody_can_read_cannot_be_put_back(world: &World) -> Verdict {
        let store = world.store();
        plant(world, Planted::Failure(b"not a record".to_vec())).await?;
        let id = store.failed().await?.remove(0).id;
        let retry = FailureRetry::new(id).into_queue(queue("mail")).and_remove();
        let answers = store.failures().retry(&[retry], store.at(1)).await?;
        ensure_matches!(answers.as_slice(), [Err(_)], "putting it back");
        ensure_eq!(store.failures().count(None).await?, 1, "records");
        ensure_eq!(store.bytes_in("mail").await?, [], "the queue");
        Ok(())
    }

    /// A queue that cannot be read is reported with its place, and the others are served.
    #[needs(plant)]
    async fn a_queue_that_cannot_be_read_stops_no_other(world: &World) -> Verdict {
        let store = world.store();
        plant(world, Planted::SpoiltQueue(queue("bad"))).await?;
        store.push("good", [1]).await?;
        let slot = store.register(0).await?;
        let (want, from) = (std::slice::from_ref(&slot), list("bad,good"));
        let exchange = store
            .queues()
            .exchange(&[], want, &from, store.at(0))
            .await?;
        ensure_matches!(exchange.reserved.as_slice(), [given] if given.payload == job(1), "the job");
        ensure_matches!(
            exchange.troubles.as_slice(),
            [Error::Corrupt { .. }],
            "the troubles"
        );
        Ok(())
    }

    /// A job that cannot be put back where it came from stays held; the others are settled.
    #[needs(plant)]
    async fn a_release_into_a_spoilt_queue_stays_held(world: &World) -> Verdict {
        let store = world.store();
        store.push("bad", [1]).await?;
        store.push("good", [2]).await?;
        let slots = store.register_many(2).await?;
        let given = store.exchange(&[], &slots, "bad,good").await?.reserved;
        plant(world, Planted::SpoiltQueue(queue("bad"))).await?;
        let release = |at: usize| Settlement::release(given[at].receipt.clone());
        let done = [release(0), release(1)];
        let settled = store
            .queues()
            .exchange(&done, &[], &list("good"), store.at(0))
            .await?
            .settled;
        ensure_matches!(
            settled.as_slice(),
            [
                resque_core::Settled::Trouble(_),
                resque_core::Settled::Applied
            ],
            "the answers"
        );
        let held = store.held_by(&worker(0)).await?.map(|held| held.payload);
        ensure_eq!(held, Some(job(1)), "what the worker holds");
        ensure_eq!(store.numbers_in("good").await?, [2], "the other queue");
        Ok(())
    }
}
