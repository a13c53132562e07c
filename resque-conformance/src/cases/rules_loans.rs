//! Jobs that are lent until a time: which are lent, and how loans end that are settled.

use std::time::Duration;

use resque_core::{
    FailureRecord, HttpWorkerId, Lease, LeaseChanges, LoanReceipt, LoanRequest, LoanSettlement,
    Lock, Outcome, Payload, Settled, Tally,
};

use crate::loans::{END, numbers};
use crate::snapshot::Snapshot;
use crate::store::{Store, job, list, number, queue};
use crate::{Broken, Verdict};

impl Store {
    /// Lends the one job of "mail" with this payload and answers the bytes that came.
    async fn lends_bytes(&self, payload: Payload) -> Verdict<Payload> {
        self.push_bytes("mail", payload).await?;
        let mut lent = self.lend("mail", 1).await?;
        ensure_eq!(lent.len(), 1, "jobs lent");
        Ok(lent.remove(0).payload)
    }

    /// Who holds a lock.
    async fn lock_holders(&self, name: &str) -> Verdict<usize> {
        Ok(self.limits()?.leases(name, self.at(0)).await?.len())
    }
}

/// A settlement that also gives up the lock of job 1 on "k".
fn freeing(settlement: LoanSettlement) -> LoanSettlement {
    settlement.with_leases(LeaseChanges {
        free: vec![Lease::new("k", "job-1")],
        keep: Vec::new(),
    })
}

cases! {
    rules_loans: Rules;

    /// Jobs are lent first in, first out, and an earlier queue of a list before a later one.
    #[needs(loans)]
    async fn jobs_are_lent_in_order(world: &World) -> Verdict {
        let store = world.store();
        store.push("low", 1..=3).await?;
        store.push("high", 4..=5).await?;
        ensure_eq!(numbers(&store.lend("high,low", 4).await?), [4, 5, 1, 2], "what is lent");
        ensure_eq!(numbers(&store.lend("*", 4).await?), [3], "what is lent then");
        Ok(())
    }

    /// A new queue is lent from at once by a pattern that means it.
    #[needs(loans)]
    async fn a_star_lends_from_a_new_queue(world: &World) -> Verdict {
        let store = world.store();
        store.push("a", [1]).await?;
        ensure_eq!(numbers(&store.lend("*", 1).await?), [1], "what is lent");
        world.twin().await?.push("b", [2]).await?;
        ensure_eq!(numbers(&store.lend("*", 1).await?), [2], "what is lent from the new queue");
        Ok(())
    }

    /// No more jobs are lent than were asked for, and none if none were.
    #[needs(loans)]
    async fn at_most_as_many_as_asked_are_lent(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", 1..=5).await?;
        ensure_eq!(numbers(&store.lend("mail", 0).await?), [0; 0], "what none is");
        ensure_eq!(numbers(&store.lend("mail", 2).await?), [1, 2], "what two are");
        ensure_eq!(numbers(&store.lend("mail", 9).await?), [3, 4, 5], "what there is");
        Ok(())
    }

    /// Hundreds of jobs are lent, extended and settled with one call each.
    #[needs(loans)]
    async fn many_are_lent_and_settled_at_once(world: &World) -> Verdict {
        const JOBS: u64 = 1_000;
        let store = world.store();
        let lent = store.lend_out("mail", 0..JOBS).await?;
        ensure_eq!(numbers(&lent), (0..JOBS).collect::<Vec<_>>(), "what is lent");
        let done: Vec<_> = lent.into_iter().map(|loan| LoanSettlement::done(loan.receipt)).collect();
        let settled = store.settle_loans(&done, 0).await?;
        let applied = settled.iter().filter(|settled| matches!(settled, Settled::Applied));
        ensure_eq!(applied.count(), 1_000, "settlements that applied");
        ensure_eq!(store.loans()?.count().await?, 0, "how many are lent");
        ensure_eq!(store.workers().stat("processed").await?, 1_000, "processed");
        Ok(())
    }

    /// A stopped queue lends nothing, and stops no other.
    #[needs(loans, control)]
    async fn a_stopped_queue_lends_nothing(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        store.push("news", [2]).await?;
        store.control()?.set_stopped(&queue("mail"), true).await?;
        ensure_eq!(numbers(&store.lend("mail,news", 9).await?), [2], "what is lent");
        store.control()?.set_stopped(&queue("mail"), false).await?;
        ensure_eq!(numbers(&store.lend("mail", 9).await?), [1], "what is lent from then on");
        Ok(())
    }

    /// While reserving is paused nothing is lent, and the answer says why; settling goes on.
    #[needs(loans, control)]
    async fn a_pause_lends_nothing(world: &World) -> Verdict {
        let store = world.store();
        let loan = store.lend_out_one("mail", 1).await?;
        store.push("mail", [2]).await?;
        store.control()?.set_paused(true).await?;
        let from = list("mail");
        let request = LoanRequest::new(&from, 9, store.at(END));
        let lent = store.loans()?.lend(&request, store.at(0)).await?;
        ensure_eq!((lent.loans.len(), lent.paused), (0, true), "what is lent and whether paused");
        store.loan_applies(LoanSettlement::done(loan.receipt)).await?;
        store.control()?.set_paused(false).await?;
        let lent = store.loans()?.lend(&request, store.at(0)).await?;
        ensure_eq!((lent.loans.len(), lent.paused), (1, false), "what is lent after the pause");
        Ok(())
    }

    /// A loan tells everything about itself, and so does the list.
    #[needs(loans)]
    async fn a_loan_tells_all_about_itself(world: &World) -> Verdict {
        let store = world.store();
        store.push("mails:größe", [1]).await?;
        let (from, holder) = (list("mails:größe"), HttpWorkerId::new("my worker: 1")?);
        let until = store.at(END) + Duration::from_millis(250);
        let request = LoanRequest::new(&from, 1, until).by(Some(&holder));
        let lent = store.loans()?.lend(&request, store.at(7)).await?.loans;
        ensure_eq!(lent.len(), 1, "jobs lent");
        let loan = &lent[0];
        ensure_eq!(loan.queue, queue("mails:größe"), "the queue");
        ensure_eq!(loan.payload, job(1), "the payload");
        ensure_eq!((loan.since, loan.until), (store.at(7), until), "the times");
        ensure_eq!((loan.attempt, &loan.holder), (1, &Some(holder)), "the attempt and the holder");
        ensure_eq!(store.all_lent(0).await?, lent, "what is listed");
        Ok(())
    }

    /// Loans are found by their receipts, in the order in which they are asked for; nothing is found
    /// of those that are settled, that are over, or that never were, and nothing changes.
    #[needs(loans)]
    async fn loans_are_found_by_their_receipts(world: &World) -> Verdict {
        let store = world.store();
        let lent = store.lend_out("mail", 1..=4).await?;
        store.loan_applies(LoanSettlement::done(lent[3].receipt.clone())).await?;
        store.extend_loan(&lent[1].receipt, 2 * END, 0).await?;
        let made_up = [LoanReceipt::new(""), LoanReceipt::new(format!("{}0", lent[0].receipt))];
        let asked = [&lent[2].receipt, &made_up[0], &lent[1].receipt, &lent[3].receipt, &made_up[1], &lent[2].receipt];
        let asked: Vec<_> = asked.into_iter().cloned().collect();
        let listed = store.all_lent(0).await?;
        let listed = |receipt: &LoanReceipt| listed.iter().find(|loan| loan.receipt == *receipt).cloned();
        let expected: Vec<_> = asked.iter().map(listed).collect();
        ensure_eq!(expected.iter().flatten().count(), 3, "loans that are to be found");
        ensure_eq!(store.loans()?.find(&asked, store.at(1)).await?, expected, "what is found");
        let found = store.loans()?.find(&asked, store.at(END)).await?;
        let found: Vec<Option<u64>> = found.iter().map(|loan| {
            loan.as_ref().and_then(|loan| number(&loan.payload))
        }).collect();
        ensure_eq!(found, [None, None, Some(2), None, None, None], "what is found when some are over");
        ensure_eq!(store.loans()?.count().await?, 3, "how many are lent");
        ensure_eq!(store.loans()?.find(&[], store.at(1)).await?, [], "what nothing finds");
        Ok(())
    }

    /// A lent payload comes as it was pushed, byte for byte, and goes back so.
    #[needs(loans)]
    async fn lent_bytes_are_kept(world: &World) -> Verdict {
        let store = world.store();
        let payloads = [
            Payload::from(&b""[..]),
            Payload::from(&b"{\"big\":123456789012345678901234567890,\"f\":1.10}\n"[..]),
            Payload::from(&b"\xff\0\n\r\n no job \xc3\x28"[..]),
            Payload::from((0..=255).cycle().take(2_000_000).collect::<Vec<u8>>()),
        ];
        for payload in &payloads {
            ensure_eq!(store.lends_bytes(payload.clone()).await?, *payload, "what is lent");
        }
        store.put_back(END).await?;
        ensure_eq!(store.bytes_in("mail").await?, payloads, "what went back");
        Ok(())
    }

    /// A loan that is done is gone, and counted.
    #[needs(loans)]
    async fn a_done_loan_is_gone(world: &World) -> Verdict {
        let store = world.store();
        let loan = store.lend_out_one("mail", 1).await?;
        store.loan_applies(LoanSettlement::done(loan.receipt)).await?;
        ensure_eq!(store.loans()?.count().await?, 0, "how many are lent");
        ensure_eq!(store.put_back(END).await?, 0, "jobs that went back");
        let counters = [store.workers().stat("processed").await?, store.workers().stat("failed").await?];
        ensure_eq!(counters, [1, 0], "processed and failed");
        Ok(())
    }

    /// A loan that failed is in the failed list, and counted.
    #[needs(loans)]
    async fn a_failed_loan_is_recorded(world: &World) -> Verdict {
        let store = world.store();
        let loan = store.lend_out_one("mail", 1).await?;
        let record = FailureRecord::new(store.at(1), loan.payload, "Broken", "it broke").on("w", "mail");
        let failed = Outcome::Failed(Box::new(record.clone()));
        store.loan_applies(LoanSettlement::new(loan.receipt, failed, Tally::ProcessedAndFailed)).await?;
        let all = store.failed().await?;
        let records: Vec<_> = all.iter().filter_map(|entry| entry.content.record()).collect();
        ensure_eq!(records, [&record], "the failed list");
        ensure_eq!(store.loans()?.count().await?, 0, "how many are lent");
        let counters = [store.workers().stat("processed").await?, store.workers().stat("failed").await?];
        ensure_eq!(counters, [1, 1], "processed and failed");
        Ok(())
    }

    /// A loan that is to be tried again waits with its new bytes; a deferred one with its own.
    #[needs(loans, delayed)]
    async fn a_loan_can_wait_for_its_time(world: &World) -> Verdict {
        let store = world.store();
        let lent = store.lend_out("mail", [1, 2]).await?;
        let retry = Outcome::RetryAt { payload: job(11), at: store.at(20) };
        let done = [
            LoanSettlement::new(lent[0].receipt.clone(), retry, Tally::ProcessedAndFailed),
            LoanSettlement::new(lent[1].receipt.clone(), Outcome::Defer(store.at(10)), Tally::Nothing),
        ];
        store.settle_loans(&done, 0).await?;
        ensure_eq!(store.numbers_delayed().await?, [2, 11], "the delayed set");
        store.promote(20).await?;
        ensure_eq!(store.numbers_in("mail").await?, [2, 11], "the queue");
        Ok(())
    }

    /// Released loans go back to the front in the order of the list, with other bytes if so wanted.
    #[needs(loans)]
    async fn released_loans_keep_their_order(world: &World) -> Verdict {
        let store = world.store();
        let lent = store.lend_out("mail", 1..=4).await?;
        store.push("mail", [9]).await?;
        let receipt = |n: usize| lent[n].receipt.clone();
        let done = [
            LoanSettlement::release(receipt(2)),
            LoanSettlement::done(receipt(1)),
            LoanSettlement::new(receipt(0), Outcome::ReleaseAs(job(11)), Tally::Nothing),
            LoanSettlement::release(receipt(3)),
        ];
        store.settle_loans(&done, 0).await?;
        ensure_eq!(store.numbers_in("mail").await?, [3, 11, 4, 9], "the queue");
        ensure_eq!(store.workers().stat("processed").await?, 1, "processed");
        Ok(())
    }

    /// Each settlement of a batch has its own fate.
    #[needs(loans)]
    async fn a_lost_settlement_stops_no_other(world: &World) -> Verdict {
        let store = world.store();
        let lent = store.lend_out("mail", [1, 2, 3]).await?;
        let done = |n: usize| LoanSettlement::done(lent[n].receipt.clone());
        let settled = store.settle_loans(&[done(0), done(0), done(2)], 0).await?;
        ensure!(
            matches!(settled[..], [Settled::Applied, Settled::Lost, Settled::Applied]),
            "found {settled:?}"
        );
        ensure_eq!(store.numbers_lent().await?, [2], "what is lent");
        ensure_eq!(store.workers().stat("processed").await?, 2, "processed");
        Ok(())
    }

    /// A text that is no receipt, or is one of a loan that is over, settles and extends nothing.
    #[needs(loans)]
    async fn a_made_up_receipt_is_worth_nothing(world: &World) -> Verdict {
        let store = world.store();
        let first = store.lend_out_one("mail", 1).await?;
        store.loan_applies(LoanSettlement::release(first.receipt.clone())).await?;
        let second = store.lend("mail", 1).await?.remove(0);
        ensure!(second.receipt != first.receipt, "two loans have one receipt");
        let before = Snapshot::of(&store).await?;
        let longer = format!("{}0", second.receipt);
        let padded = format!("0{}", second.receipt);
        let signed = format!("+{}", second.receipt);
        let texts = ["", "0", "-1", "x", "1\n2", "99999999999999999999999", " ", &longer, &padded, &signed];
        let texts = texts.map(|text| text.to_owned()).into_iter().chain([first.receipt.to_string()]);
        for text in texts {
            let receipt = LoanReceipt::new(text);
            ensure!(!store.extend_loan(&receipt, 99, 0).await?, "{receipt:?} was extended");
            store.loan_is_lost(LoanSettlement::release(receipt), 0).await?;
        }
        before.still_holds(&store).await
    }

    /// A settlement changes leases in its own step, unless it is lost.
    #[needs(loans, limits)]
    async fn a_settled_loan_frees_a_lock(world: &World) -> Verdict {
        let store = world.store();
        let lock = Lock { lease: Lease::new("k", "job-1"), now: store.at(0), until: store.at(99) };
        let locked = resque_core::Enqueue::new(queue("mail"), job(1)).locked(lock);
        store.queues().push(&[locked]).await?;
        let loan = store.lend("mail", 1).await?.remove(0);
        store.loan_is_lost(freeing(LoanSettlement::done(loan.receipt.clone())), END).await?;
        ensure_eq!(store.lock_holders("k").await?, 1, "holders after a lost settlement");
        store.loan_applies(freeing(LoanSettlement::done(loan.receipt))).await?;
        ensure_eq!(store.lock_holders("k").await?, 0, "holders");
        Ok(())
    }

    /// What borrowers do is counted for the queue, and for those of them who are registered.
    #[needs(loans, http_workers)]
    async fn settlements_count_for_queue_and_holder(world: &World) -> Verdict {
        let store = world.store();
        let (known, unknown) = (HttpWorkerId::new("known")?, HttpWorkerId::new("unknown")?);
        store.http_workers()?.register(&known, &queue("news"), store.at(0)).await?;
        store.push("mail", 1..=4).await?;
        let from = list("mail");
        for (holder, tally) in [
            (Some(&known), Tally::Processed),
            (Some(&known), Tally::ProcessedAndFailed),
            (Some(&unknown), Tally::Processed),
            (None, Tally::Nothing),
        ] {
            let request = LoanRequest::new(&from, 1, store.at(END)).by(holder);
            let lent = store.loans()?.lend(&request, store.at(0)).await?.loans;
            let receipt = lent.into_iter().next().ok_or_else(|| Broken::new("nothing was lent"))?;
            let done = LoanSettlement::new(receipt.receipt, Outcome::Done, tally);
            store.settle_loans(&[done], 5).await?;
        }
        let counts = store.http_workers()?.counts(&queue("mail")).await?;
        ensure_eq!((counts.processed, counts.failed), (3, 1), "what the queue has");
        let worker = store.http_workers()?.worker(&known).await?;
        let worker = worker.ok_or_else(|| Broken::new("the worker is not registered"))?;
        ensure_eq!((worker.counts.processed, worker.counts.failed), (2, 1), "what the worker has");
        ensure_eq!(worker.seen, store.at(5), "when it was heard of");
        ensure_eq!(store.http_workers()?.workers(None).await?.len(), 1, "registered workers");
        Ok(())
    }

    /// Loans are listed by when they run out, in pages that show each of them.
    #[needs(loans)]
    async fn loans_are_listed_in_pages(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", 1..=7).await?;
        for until in [50, 20, 30, 20, 60, 20, 40] {
            store.lend_at("mail", 1, (0, until)).await?;
        }
        let (mut found, mut pages, mut cursor) = (Vec::new(), 0, None);
        while pages < 9 {
            let page = store.loans()?.list(cursor.as_ref(), 2, store.at(0)).await?;
            ensure!(page.loans.len() <= 2, "a page shows {} loans", page.loans.len());
            found.extend(numbers(&page.loans));
            pages += 1;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        ensure_eq!((found, pages), (vec![2, 4, 6, 3, 7, 1, 5], 4), "what is listed, in how many pages");
        Ok(())
    }

    /// A clear forgets loans and what was lost, and no receipt of before names what comes after.
    #[needs(loans)]
    async fn a_clear_forgets_loans(world: &World) -> Verdict {
        let store = world.store();
        store.lend_out("mail", [1]).await?;
        store.put_back(END).await?;
        let before = store.lend("mail", 1).await?.remove(0);
        store.queues().clear().await?;
        ensure_eq!(store.loans()?.count().await?, 0, "how many are lent");
        let after = store.lend_out_one("mail", 1).await?;
        ensure_eq!(after.attempt, 1, "the attempt");
        store.loan_is_lost(LoanSettlement::done(before.receipt), 0).await?;
        ensure_eq!(store.numbers_lent().await?, [1], "what is lent");
        Ok(())
    }

    /// The neighbour's loans are not ours.
    #[needs(loans, neighbour)]
    async fn the_neighbours_loans_are_not_ours(world: &World) -> Verdict {
        let (store, next_door) = (world.store(), world.next_door()?);
        let loan = next_door.lend_out_one("mail", 1).await?;
        ensure_eq!(store.loans()?.count().await?, 0, "how many are lent");
        store.loan_is_lost(LoanSettlement::done(loan.receipt.clone()), 0).await?;
        store.put_back(END).await?;
        next_door.loan_applies(LoanSettlement::done(loan.receipt)).await
    }
}
