//! The failed list.

use std::time::Duration;

use resque_core::{
    Error, FailureEntry, FailureId, FailureOrder, FailureQuery, FailureRecord, FailureRetry,
    Settlement,
};

use crate::race::race;
use crate::snapshot::Snapshot;
use crate::store::{Store, job, number, queue};

fn numbers(entries: &[FailureEntry]) -> Vec<u64> {
    let records = entries.iter().filter_map(|entry| entry.content.record());
    records
        .filter_map(|record| number(&record.payload))
        .collect()
}

/// A question in this order for pages of so many.
fn query(order: FailureOrder, limit: usize) -> FailureQuery {
    let mut query = FailureQuery::default();
    query.order = order;
    query.limit = limit;
    query
}

/// Reads all pages; between two of them, something may happen.
async fn pages<F, W>(store: &Store, mut query: FailureQuery, between: F) -> crate::Verdict<Vec<u64>>
where
    F: Fn(Vec<FailureId>) -> W,
    W: Future<Output = crate::Verdict>,
{
    let mut all = Vec::new();
    // A list that never ends is broken too.
    for _ in 0..1_000 {
        let page = store.failures().list(&query).await?;
        ensure!(
            page.entries.len() <= query.limit,
            "a page has {} records",
            page.entries.len()
        );
        ensure!(
            page.scanned <= query.scan_budget,
            "{} records were read",
            page.scanned
        );
        all.extend(numbers(&page.entries));
        query.cursor = page.next;
        if query.cursor.is_none() {
            return Ok(all);
        }
        between(page.entries.into_iter().map(|entry| entry.id).collect()).await?;
    }
    Err(crate::Broken::new("there is always another page"))
}

/// Records jobs of these numbers.
async fn record(store: &Store, numbers: impl IntoIterator<Item = u64>) -> crate::Verdict {
    let records: Vec<_> = numbers
        .into_iter()
        .map(|n| store.record_of("mail", n))
        .collect();
    Ok(store.failures().record(&records).await?)
}

/// Which numbers a filter finds among a few different records.
async fn finds(
    world: &crate::World,
    change: impl Fn(&Store, &mut resque_core::FailureFilter),
) -> crate::Verdict<Vec<u64>> {
    let store = world.store();
    let plain = |n: u64| FailureRecord::new(store.at(10 * n), job(n), "Broken", "it broke");
    let mut other = FailureRecord::new(store.at(30), job(3), "Timeout", "took TOO long");
    other.payload = r#"{"class":"Slow","args":[3]}"#.to_owned().into();
    let records = [
        plain(1).on("a:1:q", "mail"),
        plain(2).on("b:1:q", "news"),
        other,
    ];
    store.failures().record(&records).await?;
    let first = store.failed().await?.remove(0).id;
    store
        .failures()
        .retry(&[FailureRetry::new(first)], store.at(50))
        .await?;
    let mut query = query(FailureOrder::OldestFirst, 10);
    change(&store, &mut query.filter);
    pages(&store, query, |_| async { Ok(()) }).await
}

cases! {
    rules_failures: Rules;

    /// Records are kept in the order in which they came; the newest is shown first unless asked.
    async fn records_keep_their_order(world: &World) -> Verdict {
        let store = world.store();
        record(&store, [3, 1]).await?;
        record(&store, [2]).await?;
        ensure_eq!(store.numbers_failed().await?, [3, 1, 2], "oldest first");
        let page = store.failures().list(&FailureQuery::default()).await?;
        ensure_eq!(numbers(&page.entries), [2, 1, 3], "newest first");
        Ok(())
    }

    /// A failed job's record stands behind those that were there before, with its texts.
    async fn a_settlement_records_its_failure(world: &World) -> Verdict {
        let store = world.store();
        record(&store, [1]).await?;
        let given = store.hand_out_one("mail", 2).await?;
        let record = FailureRecord::new(store.at(5), job(2), "A::B", "no")
            .on(given.worker.as_str(), "mail")
            .backtrace(vec!["a.rs:1".to_owned()]);
        store
            .applies(Settlement::failed(given.receipt, record.clone()))
            .await?;
        let entries = store.failed().await?;
        ensure_eq!(numbers(&entries), [1, 2], "order");
        ensure_eq!(entries[1].content.record(), Some(&record), "the record");
        Ok(())
    }

    /// The number of records is known.
    async fn records_are_counted(world: &World) -> Verdict {
        let store = world.store();
        ensure_eq!(store.failures().count(None).await?, 0, "at the beginning");
        record(&store, 0..7).await?;
        ensure_eq!(store.failures().count(None).await?, 7, "records");
        Ok(())
    }

    /// Pages one behind the other show every record once, newest first.
    async fn pages_show_every_record_newest_first(world: &World) -> Verdict {
        let store = world.store();
        record(&store, 0..25).await?;
        let seen = pages(&store, query(FailureOrder::NewestFirst, 4), |_| async {
            Ok(())
        })
        .await?;
        ensure_eq!(seen, (0..25).rev().collect::<Vec<_>>(), "all pages");
        Ok(())
    }

    /// And oldest first.
    async fn pages_show_every_record_oldest_first(world: &World) -> Verdict {
        let store = world.store();
        record(&store, 0..25).await?;
        let seen = pages(&store, query(FailureOrder::OldestFirst, 4), |_| async {
            Ok(())
        })
        .await?;
        ensure_eq!(seen, (0..25).collect::<Vec<_>>(), "all pages");
        Ok(())
    }

    /// Removing what a page showed makes the next one miss nothing and repeat nothing, newest first.
    async fn removing_a_page_disturbs_no_other_newest_first(world: &World) -> Verdict {
        let store = world.store();
        record(&store, 0..25).await?;
        let remove = |ids: Vec<FailureId>| {
            let store = store.clone();
            async move {
                store.failures().remove(&ids).await?;
                Ok(())
            }
        };
        let seen = pages(&store, query(FailureOrder::NewestFirst, 4), remove).await?;
        ensure_eq!(seen, (0..25).rev().collect::<Vec<_>>(), "all pages");
        Ok(())
    }

    /// And oldest first.
    async fn removing_a_page_disturbs_no_other_oldest_first(world: &World) -> Verdict {
        let store = world.store();
        record(&store, 0..25).await?;
        let remove = |ids: Vec<FailureId>| {
            let store = store.clone();
            async move {
                store.failures().remove(&ids).await?;
                Ok(())
            }
        };
        let seen = pages(&store, query(FailureOrder::OldestFirst, 4), remove).await?;
        ensure_eq!(seen, (0..25).collect::<Vec<_>>(), "all pages");
        Ok(())
    }

    /// Records that come while pages are read, newest first, make none appear twice or be missed.
    async fn new_records_disturb_no_page(world: &World) -> Verdict {
        let store = world.store();
        record(&store, 0..12).await?;
        let add = |_| {
            let store = store.clone();
            async move { record(&store, [100]).await }
        };
        let seen = pages(&store, query(FailureOrder::NewestFirst, 4), add).await?;
        ensure_eq!(seen, (0..12).rev().collect::<Vec<_>>(), "all pages");
        Ok(())
    }

    /// Marking records as retried disturbs no page.
    async fn retries_disturb_no_page(world: &World) -> Verdict {
        let store = world.store();
        record(&store, 0..12).await?;
        let retry = |ids: Vec<FailureId>| {
            let store = store.clone();
            async move {
                let retries: Vec<_> = ids.into_iter().map(FailureRetry::new).collect();
                store.failures().retry(&retries, store.at(1)).await?;
                Ok(())
            }
        };
        for order in [FailureOrder::NewestFirst, FailureOrder::OldestFirst] {
            let mut seen = pages(&store, query(order, 5), retry).await?;
            seen.sort_unstable();
            ensure_eq!(seen, (0..12).collect::<Vec<_>>(), "all pages, {order:?}");
        }
        Ok(())
    }

    /// No page reads more records than its budget; the next one goes on where it stopped.
    async fn a_page_reads_no_more_than_its_budget(world: &World) -> Verdict {
        let store = world.store();
        record(&store, 0..30).await?;
        store
            .failures()
            .record(&[store.record_of("news", 99)])
            .await?;
        record(&store, 30..60).await?;
        for order in [FailureOrder::NewestFirst, FailureOrder::OldestFirst] {
            let mut query = query(order, 5);
            query.scan_budget = 7;
            query.filter.queue = Some("news".to_owned());
            let seen = pages(&store, query, |_| async { Ok(()) }).await?;
            ensure_eq!(seen, [99], "what the filter finds, {order:?}");
        }
        Ok(())
    }

    /// The list of nothing is one empty page.
    async fn an_empty_list_has_one_page(world: &World) -> Verdict {
        let store = world.store();
        let page = store.failures().list(&FailureQuery::default()).await?;
        ensure_eq!(
            (page.entries.len(), page.next),
            (0, None),
            "records, next page"
        );
        Ok(())
    }

    /// Records can be filtered by the queue that the job came from.
    async fn records_can_be_filtered_by_queue(world: &World) -> Verdict {
        let found = finds(world, |_, filter| filter.queue = Some("news".to_owned())).await?;
        ensure_eq!(found, [2], "found");
        Ok(())
    }

    /// By the kind of error.
    async fn records_can_be_filtered_by_exception(world: &World) -> Verdict {
        let found = finds(world, |_, filter| {
            filter.exception = Some("Timeout".to_owned())
        })
        .await?;
        ensure_eq!(found, [3], "found");
        Ok(())
    }

    /// By the class of the job.
    async fn records_can_be_filtered_by_class(world: &World) -> Verdict {
        let found = finds(world, |_, filter| filter.class = Some("Count".to_owned())).await?;
        ensure_eq!(found, [1, 2], "found");
        Ok(())
    }

    /// By a text, in upper or lower case.
    async fn records_can_be_filtered_by_text(world: &World) -> Verdict {
        let found = finds(world, |_, filter| filter.text = Some("too LONG".to_owned())).await?;
        ensure_eq!(found, [3], "found");
        Ok(())
    }

    /// By whether they were put back.
    async fn records_can_be_filtered_by_retry(world: &World) -> Verdict {
        let found = finds(world, |_, filter| filter.retried = Some(false)).await?;
        ensure_eq!(found, [2, 3], "found");
        Ok(())
    }

    /// By the time of the failure, the beginning included and the end not.
    async fn records_can_be_filtered_by_time(world: &World) -> Verdict {
        let found = finds(world, |store, filter| {
            filter.since = Some(store.at(20));
            filter.until = Some(store.at(30));
        })
        .await?;
        ensure_eq!(found, [2], "found");
        Ok(())
    }

    /// A failed job that is put back waits at the end of its queue; its record stays, marked.
    async fn a_retried_record_stays_marked(world: &World) -> Verdict {
        let store = world.store();
        record(&store, [1, 2]).await?;
        store.push("mail", [3]).await?;
        let id = store.failed().await?.remove(0).id;
        let answers = store
            .failures()
            .retry(&[FailureRetry::new(id)], store.at(9))
            .await?;
        ensure_matches!(answers.as_slice(), [Ok(())], "the answer");
        ensure_eq!(store.numbers_in("mail").await?, [3, 1], "the queue");
        let entries = store.failed().await?;
        let retried = entries
            .iter()
            .filter_map(|e| e.content.record())
            .map(|r| r.retried_at);
        ensure_eq!(
            retried.collect::<Vec<_>>(),
            [Some(store.at(9)), None],
            "when they were put back"
        );
        Ok(())
    }

    /// An id names its record still after the record was marked, and all its other texts stay.
    async fn an_id_outlives_the_mark(world: &World) -> Verdict {
        let store = world.store();
        record(&store, [1, 2]).await?;
        let before = store.failed().await?;
        let id = before[0].id.clone();
        store
            .failures()
            .retry(&[FailureRetry::new(id.clone())], store.at(9))
            .await?;
        let after = store.failed().await?;
        ensure_eq!(after[0].id, id, "the id");
        let mut expected = store.record_of("mail", 1);
        expected.retried_at = Some(store.at(9));
        ensure_eq!(after[0].content.record(), Some(&expected), "the record");
        let answers = store.failures().remove(&[id]).await?;
        ensure_matches!(answers.as_slice(), [Ok(())], "removing it");
        ensure_eq!(store.numbers_failed().await?, [2], "the failed list");
        Ok(())
    }

    /// A record can be put back again; the mark tells the last time.
    async fn a_record_can_be_put_back_twice(world: &World) -> Verdict {
        let store = world.store();
        record(&store, [1]).await?;
        let id = store.failed().await?.remove(0).id;
        for seconds in [5, 9] {
            let retry = FailureRetry::new(id.clone());
            let answers = store.failures().retry(&[retry], store.at(seconds)).await?;
            ensure_matches!(answers.as_slice(), [Ok(())], "the answer");
        }
        ensure_eq!(store.numbers_in("mail").await?, [1, 1], "the queue");
        let entries = store.failed().await?;
        let retried = entries[0]
            .content
            .record()
            .and_then(|record| record.retried_at);
        ensure_eq!(retried, Some(store.at(9)), "when it was put back");
        Ok(())
    }

    /// Whoever wants no job put back that was put back since a time is refused that, to the second.
    async fn what_was_put_back_since_is_not_put_back(world: &World) -> Verdict {
        let store = world.store();
        record(&store, [1]).await?;
        let id = store.failed().await?.remove(0).id;
        for (since, keep, done) in [(5, true, true), (5, true, false), (5, false, false), (10, false, true)] {
            let mut retry = FailureRetry::new(id.clone()).unless_since(store.at(since));
            retry.keep = keep;
            let before = Snapshot::of(&store).await?;
            let answers = store.failures().retry(&[retry], store.at(9)).await?;
            if done {
                ensure_matches!(answers.as_slice(), [Ok(())], "the answer");
            } else {
                ensure_matches!(answers.as_slice(), [Err(Error::Conflict { .. })], "the answer");
                before.still_holds(&store).await?;
            }
        }
        ensure_eq!(store.numbers_in("mail").await?, [1, 1], "the queue");
        Ok(())
    }

    /// Of many who put the same jobs back at the same time one does, for each job, and the others are
    /// told.
    async fn of_racing_retries_since_a_time_one_applies(world: &World) -> Verdict {
        let store = world.store();
        for round in 0..5 {
            store.queues().delete_queue(&queue("mail")).await?;
            record(&store, round * 10..round * 10 + 10).await?;
            let ids: Vec<_> = store.failed().await?.into_iter().map(|entry| entry.id).collect();
            let retry = |_, twin: Store| {
                let since = |id: &FailureId| FailureRetry::new(id.clone()).unless_since(twin.at(9));
                let retries: Vec<_> = ids.iter().map(since).collect();
                async move { Ok(twin.failures().retry(&retries, twin.at(9)).await?) }
            };
            let answers: Vec<_> = race(world, 4, retry).await?.into_iter().flatten().collect();
            let done = answers.iter().filter(|answer| answer.is_ok()).count();
            ensure_eq!(done, 10, "jobs that somebody has put back");
            let mut back = store.numbers_in("mail").await?;
            back.sort_unstable();
            ensure_eq!(back, (round * 10..round * 10 + 10).collect::<Vec<_>>(), "the queue");
        }
        Ok(())
    }

    /// A record may go in the same step in which its job is put back.
    async fn a_retried_record_may_go(world: &World) -> Verdict {
        let store = world.store();
        record(&store, [1, 2]).await?;
        let id = store.failed().await?.remove(0).id;
        let retry = FailureRetry::new(id.clone()).and_remove();
        let answers = store.failures().retry(&[retry], store.at(9)).await?;
        ensure_matches!(answers.as_slice(), [Ok(())], "the answer");
        ensure_eq!(store.numbers_failed().await?, [2], "the failed list");
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        crate::ledger::Ledger::of([1, 2]).balances(&store).await
    }

    /// A failed job may be put into another queue, which is made if need be.
    async fn a_failed_job_may_go_into_another_queue(world: &World) -> Verdict {
        let store = world.store();
        record(&store, [1]).await?;
        let id = store.failed().await?.remove(0).id;
        let retry = FailureRetry::new(id).into_queue(queue("news"));
        store.failures().retry(&[retry], store.at(9)).await?;
        ensure_eq!(store.numbers_in("news").await?, [1], "the queue it went to");
        ensure_eq!(store.queue_names().await?, ["news"], "the queues");
        Ok(())
    }

    /// Whatever an error says, NUL and backslashes among it, the job goes back into its own queue.
    async fn an_error_with_nul_hinders_no_retry(world: &World) -> Verdict {
        let store = world.store();
        for (n, name) in [(1, "mail"), (2, r"a\b")] {
            let record = FailureRecord::new(store.at(1), job(n), "E\0", "a\0b\\0")
                .on("w", name)
                .backtrace(vec!["\0".to_owned()]);
            store.failures().record(&[record]).await?;
        }
        let retries = store.failed().await?.into_iter();
        let retries: Vec<_> = retries.map(|entry| FailureRetry::new(entry.id)).collect();
        let answers = store.failures().retry(&retries, store.at(9)).await?;
        ensure_matches!(answers.as_slice(), [Ok(()), Ok(())], "the answers");
        ensure_eq!(store.numbers_in("mail").await?, [1], "the one queue");
        ensure_eq!(store.numbers_in(r"a\b").await?, [2], "the other one");
        Ok(())
    }

    /// The id of a record that has gone conflicts, and touches no other record.
    async fn the_id_of_a_gone_record_conflicts(world: &World) -> Verdict {
        let store = world.store();
        record(&store, [1, 1, 1]).await?;
        let id = store.failed().await?.remove(1).id;
        store.failures().remove(std::slice::from_ref(&id)).await?;
        let before = Snapshot::of(&store).await?;
        for retry in [
            FailureRetry::new(id.clone()),
            FailureRetry::new(id.clone()).and_remove(),
        ] {
            let answers = store.failures().retry(&[retry], store.at(9)).await?;
            ensure_matches!(
                answers.as_slice(),
                [Err(Error::Conflict { .. })],
                "putting it back"
            );
        }
        let answers = store.failures().remove(&[id]).await?;
        ensure_matches!(
            answers.as_slice(),
            [Err(Error::Conflict { .. })],
            "removing it"
        );
        before.still_holds(&store).await
    }

    /// So does an id that never was one.
    async fn a_made_up_id_conflicts(world: &World) -> Verdict {
        let store = world.store();
        record(&store, [1]).await?;
        for text in ["", "made up", "0", "-1", "99999999999999999999"] {
            let answers = store.failures().remove(&[FailureId::new(text)]).await?;
            ensure_matches!(
                answers.as_slice(),
                [Err(Error::Conflict { .. })],
                "removing {text:?}"
            );
        }
        ensure_eq!(store.failures().count(None).await?, 1, "records");
        Ok(())
    }

    /// A record is found by its id, as it was listed, until it has gone.
    async fn a_record_is_found_by_its_id(world: &World) -> Verdict {
        let store = world.store();
        record(&store, [1, 1, 2]).await?;
        let listed = store.failed().await?;
        let twin = world.twin().await?;
        for entry in &listed {
            for reader in [&store, &twin] {
                let found = reader.failures().get(&entry.id).await?;
                ensure_eq!(found.as_ref(), Some(entry), "the record {}", entry.id);
            }
        }
        let retry = FailureRetry::new(listed[0].id.clone());
        store.failures().retry(&[retry], store.at(9)).await?;
        let found = store.failures().get(&listed[0].id).await?;
        let retried = found.and_then(|entry| entry.content.record()?.retried_at);
        ensure!(retried.is_some(), "a record that was put back is found without its mark");
        store.failures().remove(&[listed[1].id.clone()]).await?;
        let gone = store.failures().get(&listed[1].id).await?;
        ensure_eq!(gone, None, "the record that has gone");
        let other = store.failures().get(&listed[2].id).await?;
        ensure_eq!(other.as_ref(), Some(&listed[2]), "the record behind it");
        for text in ["", "made up", "0", "-1", "99999999999999999999"] {
            let found = store.failures().get(&FailureId::new(text)).await?;
            ensure_eq!(found, None, "the record {text:?}");
        }
        Ok(())
    }

    /// Ids go on naming their records while others come and go.
    async fn ids_are_stable(world: &World) -> Verdict {
        let store = world.store();
        record(&store, 0..5).await?;
        let ids: Vec<_> = store
            .failed()
            .await?
            .into_iter()
            .map(|entry| entry.id)
            .collect();
        store
            .failures()
            .remove(&[ids[0].clone(), ids[2].clone()])
            .await?;
        record(&store, [9]).await?;
        let answers = store.failures().remove(&[ids[3].clone()]).await?;
        ensure_matches!(answers.as_slice(), [Ok(())], "the answer");
        ensure_eq!(store.numbers_failed().await?, [1, 4, 9], "the failed list");
        Ok(())
    }

    /// Two equal records have ids of their own.
    async fn equal_records_have_ids_of_their_own(world: &World) -> Verdict {
        let store = world.store();
        record(&store, [1, 1, 1]).await?;
        let mut ids: Vec<_> = store
            .failed()
            .await?
            .into_iter()
            .map(|entry| entry.id)
            .collect();
        store.failures().remove(&[ids[1].clone()]).await?;
        ids.sort_unstable();
        ids.dedup();
        ensure_eq!(ids.len(), 3, "different ids");
        ensure_eq!(
            store.failures().count(None).await?,
            2,
            "records that are left"
        );
        Ok(())
    }

    /// A batch is answered one by one, in order; a stale id stops no other.
    async fn a_stale_id_stops_no_other(world: &World) -> Verdict {
        let store = world.store();
        record(&store, [1, 2, 3]).await?;
        let ids: Vec<_> = store
            .failed()
            .await?
            .into_iter()
            .map(|entry| entry.id)
            .collect();
        let batch = [ids[2].clone(), ids[2].clone(), ids[0].clone()];
        let answers = store.failures().remove(&batch).await?;
        let good: Vec<_> = answers.iter().map(Result::is_ok).collect();
        ensure_eq!(good, [true, false, true], "removing");
        let retries = [ids[0].clone(), ids[1].clone()].map(FailureRetry::new);
        let answers = store.failures().retry(&retries, store.at(9)).await?;
        let good: Vec<_> = answers.iter().map(Result::is_ok).collect();
        ensure_eq!(good, [false, true], "putting back");
        ensure_eq!(store.numbers_in("mail").await?, [2], "the queue");
        Ok(())
    }

    /// Clearing removes all records and tells how many; jobs and counters stay.
    async fn clearing_removes_all_records(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        let record_of_1 = store.record_of("mail", 1);
        store
            .applies(Settlement::failed(given.receipt, record_of_1))
            .await?;
        record(&store, [2, 3]).await?;
        store.push("mail", [4]).await?;
        ensure_eq!(store.failures().clear(None).await?, 3, "records removed");
        ensure_eq!(
            store.failures().count(None).await?,
            0,
            "records that are left"
        );
        ensure_eq!(store.workers().stat("failed").await?, 1, "failed");
        ensure_eq!(store.numbers_in("mail").await?, [4], "the queue");
        Ok(())
    }

    /// A failure that is older than the newest record still stands behind it.
    async fn records_are_ordered_by_their_coming(world: &World) -> Verdict {
        let store = world.store();
        record(&store, [1]).await?;
        let mut old = store.record_of("mail", 2);
        old.failed_at -= Duration::from_secs(3_600);
        store.failures().record(&[old]).await?;
        ensure_eq!(store.numbers_failed().await?, [1, 2], "order");
        Ok(())
    }

    /// A second connection sees the same records under the same ids.
    async fn a_second_connection_sees_the_same_records(world: &World) -> Verdict {
        let (store, twin) = (world.store(), world.twin().await?);
        record(&store, [1, 2]).await?;
        let seen = twin.failed().await?;
        ensure_eq!(seen, store.failed().await?, "the records");
        twin.failures().remove(&[seen[0].id.clone()]).await?;
        ensure_eq!(store.numbers_failed().await?, [2], "the failed list");
        Ok(())
    }
}
