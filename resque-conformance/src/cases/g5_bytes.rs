//! G5: a payload comes back byte for byte.

use resque_core::{
    Edit, EditTo, Enqueue, FailureEntry, FailureRecord, FailureRetry, Payload, QueueList,
    Settlement,
};

use crate::Broken;
use crate::store::{Store, list, queue, worker};

/// Sends a payload to every place there is and looks at its bytes in each.
async fn travels(world: &crate::World, payload: impl Into<Payload>) -> crate::Verdict {
    let (store, payload) = (world.store(), payload.into());
    store.push_bytes("mail", payload.clone()).await?;
    waits_in(&store, "mail", &payload, "in the queue").await?;
    let slot = store.register(0).await?;
    let given = store.take(&slot, "mail").await?;
    ensure_eq!(given.payload, payload, "given out");
    let held = store.held_by(&slot).await?.map(|held| held.payload);
    ensure_eq!(held, Some(payload.clone()), "held");
    ensure_eq!(
        store.take(&slot, "mail").await?.payload,
        payload,
        "given again"
    );
    store.applies(Settlement::release(given.receipt)).await?;
    waits_in(&store, "mail", &payload, "released").await?;
    let given = store.take(&slot, "mail").await?;
    let record = FailureRecord::new(store.at(0), payload.clone(), "Broken", "it broke");
    store
        .applies(Settlement::failed(
            given.receipt,
            record.on("someone", "mail"),
        ))
        .await?;
    let id = failed_bytes(&store, &payload).await?.id;
    store
        .failures()
        .retry(&[FailureRetry::new(id)], store.at(1))
        .await?;
    waits_in(&store, "mail", &payload, "retried").await?;
    failed_bytes(&store, &payload).await?;
    let moved = edit(&store, &payload, EditTo::Queue(queue("news"))).await?;
    ensure_eq!(
        (moved, store.bytes_in("news").await?),
        (1, vec![payload.clone()]),
        "moved"
    );
    let popped = store.queues().pop(&list("news"), 1).await?;
    ensure_matches!(popped.as_slice(), [popped] if popped.payload == payload, "popped");
    waits(&store, &payload).await
}

/// The queue must hold these bytes alone.
async fn waits_in(store: &Store, name: &str, payload: &Payload, when: &str) -> crate::Verdict {
    let found = store.bytes_in(name).await?;
    ensure_matches!(found.as_slice(), [only] if only == payload, "{when}");
    Ok(())
}

/// The one failure record must hold these bytes.
async fn failed_bytes(store: &Store, payload: &Payload) -> crate::Verdict<FailureEntry> {
    let mut entries = store.failed().await?;
    ensure_eq!(entries.len(), 1, "records");
    let entry = entries.remove(0);
    let found = entry.content.record().map(|record| &record.payload);
    ensure_eq!(found, Some(payload), "in the failed list");
    Ok(entry)
}

/// Sends a payload through the delayed set, if there is one.
async fn waits(store: &Store, payload: &Payload) -> crate::Verdict {
    if store.delayed().is_err() {
        return Ok(());
    }
    let due = Enqueue::at(queue("later"), payload.clone(), store.at(10));
    store.queues().push(&[due]).await?;
    let waiting = store.all_delayed().await?;
    ensure_matches!(waiting.as_slice(), [job] if job.payload == *payload, "delayed");
    store.promote(11).await?;
    waits_in(store, "later", payload, "promoted").await?;
    let given = store.take(&worker(0), "later").await?;
    store
        .applies(Settlement::retry_at(
            given.receipt,
            payload.clone(),
            store.at(20),
        ))
        .await?;
    store.promote(21).await?;
    waits_in(store, "later", payload, "tried again").await?;
    Ok(())
}

async fn edit(store: &Store, payload: &Payload, to: EditTo) -> crate::Verdict<u64> {
    let edit = Edit {
        queue: queue("mail"),
        payload: payload.clone(),
        at_most: 1,
        to,
    };
    let found = store.queues().edit(&[edit]).await?;
    found
        .into_iter()
        .next()
        .ok_or_else(|| Broken::new("no answer to an edit"))
}

/// Sends a job through a queue of this name.
async fn name_works(store: &Store, name: &str) -> crate::Verdict {
    store.push(name, [1]).await?;
    ensure_eq!(store.queue_names().await?, [name], "the queues");
    let (slot, from) = (store.register(0).await?, QueueList::one(queue(name)));
    let want = std::slice::from_ref(&slot);
    let exchange = store
        .queues()
        .exchange(&[], want, &from, store.at(0))
        .await?;
    let [given] = exchange.reserved.as_slice() else {
        return Err(Broken::new(format!("nothing was given from {name:?}")));
    };
    ensure_eq!(given.queue.as_str(), name, "the queue of the job");
    let held = store.held_by(&slot).await?.map(|held| held.queue);
    ensure_eq!(held.as_deref(), Some(name), "the queue of the held job");
    store
        .applies(Settlement::done(given.receipt.clone()))
        .await?;
    store.queues().delete_queue(&queue(name)).await?;
    Ok(())
}

cases! {
    g5_bytes: Bytes;

    /// Integers beyond 64 bits and beyond what a float can hold.
    async fn big_integers_are_kept(world: &World) -> Verdict {
        travels(
            world,
            r#"{"class":"A","args":[9007199254740993,123456789012345678901234567890]}"#,
        )
        .await
    }

    /// The text of a float, whatever its value.
    async fn floats_keep_their_text(world: &World) -> Verdict {
        travels(
            world,
            r#"{"class":"A","args":[1.0,1.10,1e2,1E+20,-0.0,0.1000000000000000055]}"#,
        )
        .await
    }

    /// Raw unicode and the same as escapes, lone surrogates too.
    async fn unicode_and_escapes_are_kept(world: &World) -> Verdict {
        travels(
            world,
            r#"{"class":"Å","args":["é\u00e9\u2028 ","\ud83d\ude00😀","\ud800","\/"]}"#,
        )
        .await
    }

    /// NUL bytes, raw and as escapes.
    async fn nul_bytes_are_kept(world: &World) -> Verdict {
        travels(world, &b"{\"class\":\"A\",\"args\":[\"\\u0000\"]}\0\0"[..]).await
    }

    /// Bytes that are no UTF-8.
    async fn invalid_utf8_is_kept(world: &World) -> Verdict {
        travels(world, &b"{\"class\":\"A\",\"args\":[\"\xff\xfe\xc3\"]}"[..]).await
    }

    /// All bytes there are.
    async fn every_byte_is_kept(world: &World) -> Verdict {
        travels(world, (0..=255).collect::<Vec<u8>>()).await
    }

    /// Members that we do not know.
    async fn unknown_members_are_kept(world: &World) -> Verdict {
        travels(
            world,
            r#"{"class":"A","args":[],"queue":"x","id":7,"rs":{"n":1},"":null}"#,
        )
        .await
    }

    /// Members in another order than ours.
    async fn the_order_of_members_is_kept(world: &World) -> Verdict {
        travels(world, r#"{"args":[{"z":1,"a":2}],"z":0,"class":"A"}"#).await
    }

    /// A member that is there twice.
    async fn repeated_members_are_kept(world: &World) -> Verdict {
        travels(world, r#"{"class":"A","class":"B","args":[1],"args":[2]}"#).await
    }

    /// Empty lists and empty objects, which are not the same.
    async fn empty_lists_and_objects_are_kept(world: &World) -> Verdict {
        travels(
            world,
            r#"{"class":"A","args":[[],{},[[]],{"a":[]},{"b":{}}]}"#,
        )
        .await
    }

    /// Blanks around and inside an object.
    async fn blanks_are_kept(world: &World) -> Verdict {
        travels(world, " \t\r\n{ \"class\" : \"A\" ,\n \"args\" : [ ] } \n").await
    }

    /// Lists inside lists, deeper than parsers go.
    async fn deep_nesting_is_kept(world: &World) -> Verdict {
        let depth = 3_000;
        let args = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        travels(world, format!(r#"{{"class":"A","args":{args}}}"#)).await
    }

    /// No bytes at all.
    async fn an_empty_payload_is_kept(world: &World) -> Verdict {
        travels(world, "").await
    }

    /// Ten million bytes.
    async fn ten_megabytes_are_kept(world: &World) -> Verdict {
        let text = "0123456789".repeat(1_000_000);
        travels(world, format!(r#"{{"class":"A","args":["{text}"]}}"#)).await
    }

    /// What is JSON but no object.
    async fn other_json_is_kept(world: &World) -> Verdict {
        for text in ["null", "true", "17", "1.50", "\"text\"", "[1,2]", "[]"] {
            travels(world, text).await?;
            world.store().queues().clear().await?;
        }
        Ok(())
    }

    /// Payloads that look like another format's control bytes.
    async fn lines_and_protocol_bytes_are_kept(world: &World) -> Verdict {
        travels(world, "*2\r\n$3\r\nfoo\r\n'; -- \\x00 \\ \" %s {0} $1 ?").await
    }

    /// A job that is tried again carries the bytes that the settlement names, not the old ones.
    #[needs(delayed)]
    async fn a_retry_carries_its_own_bytes(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        let other = Payload::from(r#"{"class":"Count","args":[1],"rs":{"attempt":2}}"#);
        store
            .applies(Settlement::retry_at(
                given.receipt,
                other.clone(),
                store.at(10),
            ))
            .await?;
        store.promote(11).await?;
        ensure_eq!(store.bytes_in("mail").await?, [other], "the queue");
        Ok(())
    }

    /// A job that is released with other bytes comes back with those, and is held with them.
    async fn a_release_carries_its_own_bytes(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        let other = Payload::from(r#"{"class":"Count","args":[1],"rs":{"releases":1}}"#);
        let release = Settlement::release_as(given.receipt, other.clone());
        store.applies(release).await?;
        ensure_eq!(
            store.bytes_in("mail").await?,
            std::slice::from_ref(&other),
            "the queue"
        );
        let again = store.exchange(&[], &[given.worker], "mail").await?.reserved;
        let again: Vec<_> = again.into_iter().map(|given| given.payload).collect();
        ensure_eq!(again, [other], "what is given out");
        Ok(())
    }

    /// A failure record keeps its own bytes, even when they are not those of the job.
    async fn a_record_keeps_the_bytes_it_names(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        let other = Payload::from(&b"\xff other"[..]);
        let record = FailureRecord::new(store.at(0), other.clone(), "Broken", "it broke");
        store
            .applies(Settlement::failed(
                given.receipt,
                record.on("someone", "mail"),
            ))
            .await?;
        failed_bytes(&store, &other).await?;
        Ok(())
    }

    /// Every text of a failure record comes back as it was.
    async fn the_texts_of_a_record_are_kept(world: &World) -> Verdict {
        let store = world.store();
        let record = FailureRecord::new(store.at(0), crate::store::job(1), "A::B", "é \"q\"\n\t\\")
            .on("host:1:a:b", "mail: räksmörgås/1")
            .backtrace(vec![
                "a.rs:1".to_owned(),
                String::new(),
                "b.rs:2 \u{1F600}".to_owned(),
            ]);
        store
            .failures()
            .record(std::slice::from_ref(&record))
            .await?;
        let entries = store.failed().await?;
        let found: Vec<_> = entries
            .iter()
            .filter_map(|entry| entry.content.record())
            .collect();
        ensure_eq!(found, [&record], "the record");
        Ok(())
    }

    /// Any name that a queue may have works everywhere.
    async fn any_queue_name_works(world: &World) -> Verdict {
        let long = "q".repeat(255);
        for name in [
            "a:b",
            "a/b",
            " a b ",
            "räk 🦀",
            "%s",
            "{a}",
            "[a]",
            "\\",
            "'\"`",
            "*?",
            &long,
        ] {
            name_works(&world.store(), name).await?;
        }
        Ok(())
    }

    /// Queues whose names are prefixes of each other, or words of the store, stay apart.
    async fn similar_queue_names_stay_apart(world: &World) -> Verdict {
        let store = world.store();
        let names = [
            "a",
            "a:b",
            "a:b:c",
            "queues",
            "failed",
            "workers",
            "stat:processed",
            "queue:a",
        ];
        for (number, name) in names.iter().enumerate() {
            store.push(name, [number as u64]).await?;
        }
        for (number, name) in names.iter().enumerate() {
            ensure_eq!(
                store.numbers_in(name).await?,
                [number as u64],
                "the queue {name}"
            );
        }
        store.queues().delete_queue(&queue("a")).await?;
        ensure_eq!(
            store.queue_names().await?.len(),
            names.len() - 1,
            "queues that are left"
        );
        ensure_eq!(store.failures().count(None).await?, 0, "records");
        Ok(())
    }
}
