//! Failure lists of all ages and languages, in both layouts.

use resque_core::{
    Error, FailureContent, FailureEntry, FailureId, FailureOrder, FailurePage, FailureQuery,
    FailureRecord, FailureRetry,
};
use resque_redis::FailureLayout;

use crate::support::{World, at, job, name};

fn record(number: usize) -> FailureRecord {
    FailureRecord::new(
        at(number as u64),
        job(number).into(),
        "E",
        format!("boom {number}"),
    )
    .on("w", "mail")
}

async fn filled(layout: FailureLayout, count: usize) -> World {
    let world = World::laid_out(layout).await;
    let records: Vec<_> = (0..count).map(record).collect();
    world.backend.failures().record(&records).await.unwrap();
    world
}

async fn page(world: &World, change: impl FnOnce(&mut FailureQuery)) -> FailurePage {
    let mut query = FailureQuery::default();
    change(&mut query);
    world.backend.failures().list(&query).await.unwrap()
}

async fn all(world: &World) -> Vec<FailureEntry> {
    page(world, |query| {
        query.limit = 100_000;
        query.scan_budget = 100_000;
        query.order = FailureOrder::OldestFirst;
    })
    .await
    .entries
}

fn errors(entries: &[FailureEntry]) -> Vec<String> {
    let record = |entry: &FailureEntry| entry.content.record().unwrap().error.clone();
    entries.iter().map(record).collect()
}

fn booms(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers
        .into_iter()
        .map(|number| format!("boom {number}"))
        .collect()
}

#[tokio::test]
async fn pages_follow_each_other_in_both_orders_and_layouts() {
    for layout in [FailureLayout::Single, FailureLayout::PerQueue] {
        let world = filled(layout, 47).await;
        for (order, expected) in [
            (FailureOrder::OldestFirst, booms(0..47)),
            (FailureOrder::NewestFirst, booms((0..47).rev())),
        ] {
            let (mut seen, mut cursor) = (Vec::new(), None);
            loop {
                let page = page(&world, |query| {
                    query.order = order;
                    query.limit = 10;
                    query.cursor = cursor.take();
                })
                .await;
                seen.extend(errors(&page.entries));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(seen, expected);
        }
    }
}

#[tokio::test]
async fn removing_what_a_page_showed_skips_nothing() {
    for order in [FailureOrder::OldestFirst, FailureOrder::NewestFirst] {
        let world = filled(FailureLayout::Single, 50).await;
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = page(&world, |query| {
                query.order = order;
                query.limit = 7;
                query.cursor = cursor.take();
            })
            .await;
            seen.extend(errors(&page.entries));
            let ids: Vec<_> = page.entries.into_iter().map(|entry| entry.id).collect();
            for result in world.backend.failures().remove(&ids).await.unwrap() {
                result.unwrap();
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        seen.sort();
        let mut expected = booms(0..50);
        expected.sort();
        assert_eq!(seen, expected, "{order:?}");
        assert!(!world.raw.exists("failed").await);
    }
}

#[tokio::test]
async fn a_cursor_finds_its_place_after_older_entries_have_gone() {
    let world = filled(FailureLayout::Single, 1000).await;
    let first = page(&world, |query| query.limit = 10).await;
    assert_eq!(errors(&first.entries), booms((990..1000).rev()));
    world.raw.on("LTRIM", "failed", &[b"300", b"-1"]).await;
    world
        .backend
        .failures()
        .record(&[record(1000)])
        .await
        .unwrap();
    let second = page(&world, |query| {
        query.limit = 10;
        query.cursor = first.next;
    })
    .await;
    assert_eq!(errors(&second.entries), booms((980..990).rev()));
}

#[tokio::test]
async fn a_search_stops_at_its_budget_and_goes_on_behind_it() {
    let world = filled(FailureLayout::Single, 3000).await;
    let (mut found, mut scanned, mut pages, mut cursor) = (Vec::new(), 0, 0, None);
    loop {
        let page = page(&world, |query| {
            query.filter.text = Some("BOOM 7".to_owned());
            query.limit = 1000;
            query.cursor = cursor.take();
        })
        .await;
        assert!(page.scanned <= 1000);
        (scanned, pages) = (scanned + page.scanned, pages + 1);
        found.extend(errors(&page.entries));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((scanned, pages, found.len()), (3000, 3, 111));
}

#[tokio::test]
async fn thousands_are_retried_and_removed_by_ids_in_any_order() {
    for layout in [FailureLayout::Single, FailureLayout::PerQueue] {
        let world = filled(layout, 1500).await;
        let entries = all(&world).await;
        let ids: Vec<FailureId> = entries.into_iter().map(|entry| entry.id).collect();
        // A process that has not listed them finds them as well.
        let twin = world.backend.connect_again().await.unwrap();
        let mut picked: Vec<FailureId> = ids.iter().skip(1).step_by(2).cloned().collect();
        picked.reverse();
        let retries: Vec<_> = picked
            .iter()
            .cloned()
            .map(|id| FailureRetry::new(id).and_remove())
            .collect();
        let results = twin.failures().retry(&retries, at(0)).await.unwrap();
        assert!(results.iter().all(Result::is_ok));
        let expected: Vec<_> = (0..1500).skip(1).step_by(2).rev().map(job).collect();
        assert_eq!(world.raw.list("queue:mail").await, expected);
        let results = world.backend.failures().remove(&ids).await.unwrap();
        for (number, result) in results.into_iter().enumerate() {
            assert_eq!(result.is_err(), number % 2 == 1, "{number}: {result:?}");
        }
        assert_eq!(world.backend.failures().count(None).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn ids_survive_a_retry_and_other_entries_going() {
    let world = filled(FailureLayout::Single, 5).await;
    let before = all(&world).await;
    let failures = world.backend.failures();
    failures
        .retry(&[FailureRetry::new(before[3].id.clone())], at(9))
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    failures
        .remove(&[before[0].id.clone()])
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    let after: Vec<_> = all(&world)
        .await
        .into_iter()
        .map(|entry| entry.id)
        .collect();
    let kept: Vec<_> = before[1..].iter().map(|entry| entry.id.clone()).collect();
    assert_eq!(after, kept);
}

#[tokio::test]
async fn an_entry_that_has_gone_is_a_conflict_and_touches_no_other() {
    let world = filled(FailureLayout::Single, 3).await;
    let entries = all(&world).await;
    world.raw.on("LPOP", "failed", &[]).await;
    let failures = world.backend.failures();
    let gone = [
        entries[0].id.clone(),
        FailureId::new("made elsewhere"),
        FailureId::new(""),
    ];
    for result in failures.remove(&gone).await.unwrap() {
        assert!(matches!(result, Err(Error::Conflict { .. })), "{result:?}");
    }
    let retry = FailureRetry::new(entries[0].id.clone());
    let result = failures.retry(&[retry], at(0)).await.unwrap().remove(0);
    assert!(matches!(result, Err(Error::Conflict { .. })), "{result:?}");
    assert_eq!(errors(&all(&world).await), booms(1..3));
    assert!(!world.raw.exists("queue:mail").await);
}

/// Entries as Ruby of all ages, Perl, Node and Go write them, newest last.
const FOREIGN: &[&str] = &[
    r#"{"failed_at":"2010/03/19 10:00:00","payload":{"class":"A","args":[1]},"error":"e","backtrace":["x"],"worker":"h:1:mail","queue":"mail"}"#,
    r#"{"failed_at":"Fri Mar 19 10:00:00 +0000 2010","payload":{"class":"A","args":[1]},"exception":"E","error":"e","backtrace":[],"worker":"","queue":"mail","retried_at":"2010/03/20 10:00:00"}"#,
    r#"{"queue":"mail","worker":"h:1:mail","error":"e","backtrace":null,"payload":{"args":[1],"class":"A"},"exception":"Resque::Failure::Job","failed_at":"2026/11/20 23:11:08 UTC"}"#,
    r#"{"worker":"node:77","queue":"mail","payload":{"class":"A","queue":"mail","args":[1]},"exception":"Error","error":"e","backtrace":["at x"],"failed_at":"Fri Nov 20 2026 23:11:16 GMT+0000 (Coordinated Universal Time)"}"#,
    r#"{"failed_at":"2026-11-20T23:11:16.123456789Z","payload":{"class":"A","args":[1]},"exception":"Error","error":"e","backtrace":null,"worker":"go:77-3:mail","queue":"mail"}"#,
];

#[tokio::test]
async fn entries_of_every_age_and_language_are_listed_and_retried() {
    let world = World::new().await;
    for entry in FOREIGN {
        world.raw.on("RPUSH", "failed", &[entry.as_bytes()]).await;
    }
    let entries = all(&world).await;
    let retried: Vec<bool> = entries
        .iter()
        .map(|entry| entry.content.record().unwrap().retried_at.is_some())
        .collect();
    assert_eq!(retried, [false, true, false, false, false]);
    let retries: Vec<_> = entries
        .iter()
        .map(|entry| FailureRetry::new(entry.id.clone()))
        .collect();
    for result in world
        .backend
        .failures()
        .retry(&retries, at(0))
        .await
        .unwrap()
    {
        result.unwrap();
    }
    let queue = world.raw.list("queue:mail").await;
    assert_eq!(queue[2], r#"{"args":[1],"class":"A"}"#);
    assert_eq!(queue[3], r#"{"class":"A","queue":"mail","args":[1]}"#);
    let marked = world.raw.list("failed").await;
    for (before, after) in FOREIGN.iter().zip(marked) {
        let kept = before
            .split(r#","retried_at""#)
            .next()
            .unwrap()
            .trim_end_matches('}');
        assert!(after.starts_with(kept), "{after}");
        assert!(
            after.contains(r#""retried_at":"2026/11/20 23:00:25 UTC""#),
            "{after}"
        );
    }
}

#[tokio::test]
async fn entries_that_nobody_can_read_are_shown_and_can_go() {
    let world = World::new().await;
    for entry in ["", "{oops", "null", "7", "", "[]"] {
        world.raw.on("RPUSH", "failed", &[entry.as_bytes()]).await;
    }
    world.backend.failures().record(&[record(1)]).await.unwrap();
    let entries = all(&world).await;
    let unreadable: Vec<_> = entries
        .iter()
        .filter(|entry| matches!(entry.content, FailureContent::Unreadable(_)))
        .collect();
    assert_eq!((entries.len(), unreadable.len()), (7, 6));
    let failures = world.backend.failures();
    let retry = FailureRetry::new(unreadable[0].id.clone());
    assert!(failures.retry(&[retry], at(0)).await.unwrap()[0].is_err());
    let ids: Vec<_> = unreadable.iter().map(|entry| entry.id.clone()).collect();
    for result in failures.remove(&ids).await.unwrap() {
        result.unwrap();
    }
    assert_eq!(errors(&all(&world).await), booms([1]));
}

#[tokio::test]
async fn equal_entries_go_one_by_one() {
    let world = World::new().await;
    for _ in 0..4 {
        world
            .raw
            .on("RPUSH", "failed", &[FOREIGN[0].as_bytes()])
            .await;
    }
    let id = all(&world).await[0].id.clone();
    let failures = world.backend.failures();
    failures
        .remove(std::slice::from_ref(&id))
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(failures.count(None).await.unwrap(), 3);
    for result in failures
        .remove(&[id.clone(), id.clone(), id.clone()])
        .await
        .unwrap()
    {
        result.unwrap();
    }
    assert!(failures.remove(&[id]).await.unwrap()[0].is_err());
    assert!(!world.raw.exists("failed").await);
}

#[tokio::test]
async fn the_same_record_twice_in_a_batch_is_retried_twice_and_removed_once() {
    let world = filled(FailureLayout::Single, 1).await;
    let id = all(&world).await[0].id.clone();
    let failures = world.backend.failures();
    let twice = [FailureRetry::new(id.clone()), FailureRetry::new(id.clone())];
    let results = failures.retry(&twice, at(0)).await.unwrap();
    let pushed = world.raw.list("queue:mail").await.len();
    assert_eq!(
        results.iter().filter(|result| result.is_ok()).count(),
        pushed
    );
    let results = failures.remove(&[id.clone(), id]).await.unwrap();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
}

#[tokio::test]
async fn no_empty_entry_is_ever_left_while_others_add_and_remove() {
    let world = filled(FailureLayout::Single, 400).await;
    let ids: Vec<_> = all(&world)
        .await
        .into_iter()
        .map(|entry| entry.id)
        .collect();
    let (odd, even): (Vec<_>, Vec<_>) =
        ids.into_iter().enumerate().partition(|(at, _)| at % 2 == 1);
    let ids =
        |part: Vec<(usize, FailureId)>| part.into_iter().map(|(_, id)| id).collect::<Vec<_>>();
    let (odd, even) = (ids(odd), ids(even));
    let twin = world.backend.connect_again().await.unwrap();
    let remove = async { world.backend.failures().remove(&odd).await.unwrap() };
    let retry = async {
        let retries: Vec<_> = even.iter().cloned().map(FailureRetry::new).collect();
        twin.failures().retry(&retries, at(0)).await.unwrap()
    };
    let add = async {
        for number in 400..450 {
            world
                .backend
                .failures()
                .record(&[record(number)])
                .await
                .unwrap();
            assert!(
                world
                    .raw
                    .list("failed")
                    .await
                    .iter()
                    .all(|entry| entry.starts_with('{'))
            );
        }
    };
    let (removed, retried, ()) = futures::join!(remove, retry, add);
    assert!(removed.iter().chain(&retried).all(Result::is_ok));
    let mut left = errors(&all(&world).await);
    left.sort();
    let mut expected = booms((0..400).step_by(2).chain(400..450));
    expected.sort();
    assert_eq!(left, expected);
}

#[tokio::test]
async fn lists_per_queue_are_counted_shown_and_cleared_apart() {
    let world = World::laid_out(FailureLayout::PerQueue).await;
    let failures = world.backend.failures();
    let on = |queue: &str, number| record(number).on("w", queue);
    failures
        .record(&[on("b", 1), on("a", 2), on("b", 3), on("a", 4)])
        .await
        .unwrap();
    assert_eq!(
        world.raw.members("failed_queues").await,
        ["a_failed", "b_failed"]
    );
    assert_eq!(errors(&all(&world).await), booms([2, 4, 1, 3]));
    let of_b = page(&world, |query| {
        query.filter.queue = Some("b".to_owned());
    })
    .await;
    assert_eq!((errors(&of_b.entries), of_b.scanned), (booms([3, 1]), 2));
    assert_eq!(failures.count(Some("a")).await.unwrap(), 2);
    assert_eq!(failures.count(None).await.unwrap(), 4);
    assert_eq!(failures.clear(Some("a")).await.unwrap(), 2);
    assert_eq!(failures.count(None).await.unwrap(), 2);
    let retry = FailureRetry::new(of_b.entries[0].id.clone()).into_queue(name("c"));
    failures
        .retry(&[retry], at(0))
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(world.raw.list("queue:c").await, [job(3)]);
    assert_eq!(failures.clear(None).await.unwrap(), 2);
    assert_eq!(
        world.raw.members("failed_queues").await,
        ["a_failed", "b_failed"],
        "names stay, as in Ruby"
    );
}
