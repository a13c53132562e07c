//! How lent jobs and workers over HTTP stand on Redis, and what happens when something else stands
//! there.

use std::time::{Duration, SystemTime};

use resque_core::{
    Error, HttpCounts, HttpTally, HttpWorkerId, LoanExtension, LoanReceipt, LoanRequest,
    LoanSettlement, Outcome, Settled, Tally,
};

use crate::support::{World, at, job, list, name, texts};

const MINUTE: Duration = Duration::from_secs(60);

fn names_key(error: &Error, key: &str) -> bool {
    matches!(error, Error::Corrupt { place, .. } if place.contains(&format!(":{key} ")))
}

impl World {
    fn loans(&self) -> &dyn resque_core::JobLoans {
        self.backend.queues().loans().unwrap()
    }

    /// Lends one job of `mail` for a minute and answers its receipt.
    async fn lend(&self, now: SystemTime) -> LoanReceipt {
        let (from, holder) = (list("mail"), HttpWorkerId::new("w 1").unwrap());
        let request = LoanRequest::new(&from, 1, now + MINUTE).by(Some(&holder));
        let mut lent = self.loans().lend(&request, now).await.unwrap();
        assert!(lent.troubles.is_empty(), "{lent:?}");
        lent.loans.remove(0).receipt
    }

    async fn settle(&self, settlement: LoanSettlement, now: SystemTime) -> Settled {
        let settled = self.loans().settle(&[settlement], now).await;
        settled.unwrap().remove(0)
    }
}

#[tokio::test]
async fn a_loan_stands_under_its_number() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    let receipt = world.lend(at(1_000)).await;
    let (number, token) = receipt.as_str().split_once('.').unwrap();
    let ends = world
        .raw
        .on("ZRANGE", "rs:loans", &[b"0", b"-1", b"WITHSCORES"]);
    assert_eq!(texts(ends.await), [number, "1795216685000000"]);
    let field = [number.as_bytes()];
    let stored = world.raw.on("HGET", "rs:loans:jobs", &field);
    let expected = format!("{token}\nmail\nw 1\n1795216625000000\n1\n{}", job(1));
    assert_eq!(stored.await.into_bytes().unwrap(), expected.as_bytes());
    world.settle(LoanSettlement::done(receipt), at(1_001)).await;
    assert!(!world.raw.exists("rs:loans").await);
    let left = world.raw.on("HKEYS", "rs:loans:jobs", &[]).await;
    assert_eq!(texts(left), ["seq"]);
    let counted = world.raw.on("HGETALL", "rs:http:queue:mail", &[]).await;
    assert_eq!(texts(counted), ["processed", "1"]);
}

#[tokio::test]
async fn a_spoilt_key_of_loans_is_told_and_nothing_is_lent() {
    for key in [
        "rs:loans",
        "rs:loans:jobs",
        "rs:loans:lost",
        "rs:loans:losses",
    ] {
        let world = World::new().await;
        world.push("mail", job(1)).await;
        world.raw.spoil(key).await;
        let before = world.raw.dump().await;
        let (from, now) = (list("mail"), at(1_000));
        let request = LoanRequest::new(&from, 1, now + MINUTE);
        let receipt = LoanReceipt::new("0000000000000001.x");
        let extension = LoanExtension {
            receipt: receipt.clone(),
            until: now + MINUTE,
        };
        let loans = world.loans();
        let done = [LoanSettlement::done(receipt)];
        for error in [
            loans.lend(&request, now).await.unwrap_err(),
            loans.settle(&done, now).await.unwrap_err(),
            loans.extend(&[extension], now).await.unwrap_err(),
            loans.put_back(9, now).await.unwrap_err(),
            loans.list(None, 9, now).await.unwrap_err(),
        ] {
            assert!(names_key(&error, key), "{key}: {error}");
        }
        assert_eq!(world.raw.dump().await, before, "{key}");
    }
}

#[tokio::test]
async fn a_sequence_that_is_no_number_is_told() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    world.raw.on("HSET", "rs:loans:jobs", &[b"seq", b"x"]).await;
    let from = list("mail");
    let request = LoanRequest::new(&from, 1, at(9));
    let error = world.loans().lend(&request, at(1)).await.unwrap_err();
    assert!(names_key(&error, "rs:loans:jobs"), "{error}");
    assert_eq!(world.raw.list("queue:mail").await, [job(1)]);
}

#[tokio::test]
async fn a_queue_that_is_none_is_told_and_others_are_lent_from() {
    let world = World::new().await;
    world.push("news", job(1)).await;
    world.raw.spoil("queue:mail").await;
    let from = list("mail,news");
    let request = LoanRequest::new(&from, 9, at(9));
    let lent = world.loans().lend(&request, at(1)).await.unwrap();
    assert_eq!(lent.loans[0].payload.as_bytes(), job(1).as_bytes());
    assert!(names_key(&lent.troubles[0], "queue:mail"), "{lent:?}");
}

#[tokio::test]
async fn what_cannot_go_back_stays_lent_and_stops_no_other() {
    for spoilt in ["queue:mail", "queues"] {
        let world = World::new().await;
        world.push("mail", job(1)).await;
        let receipt = world.lend(at(1)).await;
        world.raw.spoil(spoilt).await;
        let release = LoanSettlement::release(receipt);
        let settled = world.settle(release, at(2)).await;
        assert!(
            matches!(&settled, Settled::Trouble(error) if names_key(error, spoilt)),
            "{settled:?}"
        );
        let put_back = world.loans().put_back(9, at(100)).await.unwrap();
        assert_eq!(put_back.jobs, 0);
        assert!(names_key(&put_back.troubles[0], spoilt), "{put_back:?}");
        assert_eq!(world.loans().count().await.unwrap(), 1);
        world.raw.on("DEL", spoilt, &[]).await;
        let put_back = world.loans().put_back(9, at(100)).await.unwrap();
        assert_eq!((put_back.jobs, put_back.troubles.len()), (1, 0));
        assert_eq!(world.raw.list("queue:mail").await, [job(1)]);
        assert_eq!(world.raw.members("queues").await, ["mail"]);
    }
}

#[tokio::test]
async fn a_loan_that_nobody_can_read_is_told_and_stops_no_other() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    world.lend(at(1)).await;
    let number: &[u8] = b"0000000000000007";
    world.raw.on("ZADD", "rs:loans", &[b"5", number]).await;
    world
        .raw
        .on("HSET", "rs:loans:jobs", &[number, b"oops"])
        .await;
    let put_back = world.loans().put_back(9, at(100)).await.unwrap();
    assert_eq!(put_back.jobs, 1);
    assert!(names_key(&put_back.troubles[0], "rs:loans:jobs"));
    assert_eq!(world.raw.list("queue:mail").await, [job(1)]);
    let page = world.loans().list(None, 9, at(100)).await.unwrap();
    assert!(page.loans.is_empty() && page.next.is_none(), "{page:?}");
}

#[tokio::test]
async fn a_failure_that_cannot_be_recorded_leaves_its_job_lent() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    let receipt = world.lend(at(1)).await;
    world.raw.spoil("failed").await;
    let record = resque_core::FailureRecord::new(at(1), job(1).into(), "E", "e");
    let failed = Outcome::Failed(Box::new(record));
    let failed = LoanSettlement::new(receipt.clone(), failed, Tally::ProcessedAndFailed);
    let settled = world.settle(failed, at(2)).await;
    assert!(matches!(&settled, Settled::Trouble(error) if names_key(error, "failed")));
    let done = world.settle(LoanSettlement::done(receipt), at(2)).await;
    assert!(matches!(done, Settled::Applied), "{done:?}");
}

#[tokio::test]
async fn a_loan_is_settled_whatever_its_counters_are() {
    for spoilt in ["stat:processed", "rs:http:queue:mail", "rs:http:workers"] {
        let world = World::new().await;
        world.push("mail", job(1)).await;
        let receipt = world.lend(at(1)).await;
        world.raw.spoil(spoilt).await;
        let settled = world.settle(LoanSettlement::done(receipt), at(2)).await;
        assert!(matches!(settled, Settled::Applied), "{spoilt}: {settled:?}");
        assert_eq!(world.loans().count().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_spoilt_key_of_http_workers_is_told() {
    for spoilt in ["rs:http:workers", "rs:http:worker:w", "rs:http:queue:mail"] {
        let world = World::new().await;
        let account = world.backend.queues().http_workers().unwrap();
        let (id, queue) = (HttpWorkerId::new("w").unwrap(), name("mail"));
        account.register(&id, &queue, at(1)).await.unwrap();
        world.raw.spoil(spoilt).await;
        let tally = HttpTally {
            queue: queue.clone(),
            worker: Some(id.clone()),
            counts: HttpCounts {
                processed: 1,
                failed: 0,
            },
        };
        let error = account.count(&[tally], at(2)).await.unwrap_err();
        assert!(names_key(&error, spoilt), "{error}");
        let registered = account.register(&id, &queue, at(3)).await;
        let is_needed = spoilt != "rs:http:queue:mail";
        assert_eq!(registered.is_err(), is_needed, "{spoilt}");
    }
}

#[tokio::test]
async fn there_are_not_too_many_workers_over_http() {
    let world = World::new().await;
    let account = world.backend.queues().http_workers().unwrap();
    let members: Vec<Vec<u8>> = (0..resque_core::MOST_HTTP_WORKERS)
        .flat_map(|n| [b"5".to_vec(), format!("w{n}").into_bytes()])
        .collect();
    let members: Vec<&[u8]> = members.iter().map(Vec::as_slice).collect();
    world.raw.on("ZADD", "rs:http:workers", &members).await;
    let (queue, new) = (name("mail"), HttpWorkerId::new("new").unwrap());
    let error = account.register(&new, &queue, at(1)).await.unwrap_err();
    assert!(error.to_string().contains("10000 workers"), "{error}");
    let known = HttpWorkerId::new("w7").unwrap();
    account.register(&known, &queue, at(1)).await.unwrap();
    assert_eq!(account.prune(at(1)).await.unwrap(), 9_999);
    account.register(&new, &queue, at(1)).await.unwrap();
}
