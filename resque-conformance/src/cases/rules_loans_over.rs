//! Loans that run out: when, where their jobs go, and what is remembered of it.

use std::time::Duration;

use resque_core::{
    Enqueue, FailureRecord, FailureRetry, LoanRequest, LoanSettlement, Outcome, Settled,
    Settlement, Tally,
};

use crate::loans::{END, numbers};
use crate::snapshot::Snapshot;
use crate::store::{Store, job, list, queue};
use crate::{Broken, Verdict};

impl Store {
    /// Which attempts the loans of "mail" are, one after the other, each lent at the second at which
    /// the one before runs out.
    async fn attempts(&self, loans: u64, from: u64) -> Verdict<Vec<u32>> {
        let mut attempts = Vec::new();
        for second in from..from + loans {
            let lent = self.lend_at("mail", 1, (second, second + 1)).await?;
            attempts.extend(lent.iter().map(|loan| loan.attempt));
        }
        Ok(attempts)
    }
}

cases! {
    rules_loans_over: Rules;

    /// A loan lasts until its time and not longer, to the moment.
    #[needs(loans)]
    async fn a_loan_lasts_until_its_time(world: &World) -> Verdict {
        let store = world.store();
        store.lend_out("mail", [1]).await?;
        let almost = store.at(END) - Duration::from_millis(1);
        ensure_eq!(store.loans()?.put_back(9, almost).await?.jobs, 0, "jobs that went back too soon");
        ensure_eq!(store.numbers_lent().await?, [1], "what is lent");
        ensure_eq!(store.loans()?.put_back(9, store.at(END)).await?.jobs, 1, "jobs that went back");
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        ensure_eq!(store.loans()?.count().await?, 0, "how many are lent");
        Ok(())
    }

    /// A settlement that comes when the time is over changes nothing, whether the job has gone back
    /// by then or not.
    #[needs(loans)]
    async fn a_settlement_after_the_end_is_lost(world: &World) -> Verdict {
        let store = world.store();
        let lent = store.lend_out("mail", [1, 2]).await?;
        let done = |n: usize| LoanSettlement::done(lent[n].receipt.clone());
        let before = Snapshot::of(&store).await?;
        store.loan_is_lost(done(0), END).await?;
        before.still_holds(&store).await?;
        store.put_back(END).await?;
        store.loan_is_lost(done(0), END).await?;
        store.loan_is_lost(done(1), 0).await?;
        ensure_eq!(store.numbers_in("mail").await?, [1, 2], "the queue");
        ensure_eq!(store.workers().stat("processed").await?, 0, "processed");
        Ok(())
    }

    /// A settlement a moment before the end is in time.
    #[needs(loans)]
    async fn a_settlement_before_the_end_is_in_time(world: &World) -> Verdict {
        let store = world.store();
        let loan = store.lend_out_one("mail", 1).await?;
        let almost = store.at(END) - Duration::from_millis(1);
        let done = LoanSettlement::done(loan.receipt);
        let settled = store.loans()?.settle(&[done], almost).await?;
        ensure!(matches!(settled[..], [Settled::Applied]), "found {settled:?}");
        Ok(())
    }

    /// The receipt of a loan that ran out is worth nothing for the next loan of the job.
    #[needs(loans)]
    async fn an_old_receipt_does_not_settle_the_next_loan(world: &World) -> Verdict {
        let store = world.store();
        let old = store.lend_out_one("mail", 1).await?;
        let new = store.lend_at("mail", 1, (END, 2 * END)).await?;
        ensure_eq!(numbers(&new), [1], "what is lent");
        store.loan_is_lost(LoanSettlement::done(old.receipt.clone()), END).await?;
        ensure!(!store.extend_loan(&old.receipt, 99, END).await?, "the old loan was extended");
        ensure_eq!(numbers(&store.all_lent(END).await?), [1], "what is lent then");
        Ok(())
    }

    /// Jobs whose loans ran out are in front of all others, in the order in which they were lent.
    #[needs(loans)]
    async fn what_runs_out_goes_back_in_order(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", 1..=6).await?;
        store.push("news", 11..=12).await?;
        store.lend_at("mail", 2, (0, 30)).await?;
        store.lend_at("mail,news", 5, (0, 20)).await?;
        store.push("mail", [9]).await?;
        store.put_back(END).await?;
        ensure_eq!(store.numbers_in("mail").await?, [1, 2, 3, 4, 5, 6, 9], "the queue");
        ensure_eq!(store.numbers_in("news").await?, [11, 12], "the other queue");
        Ok(())
    }

    /// Whoever wants to be lent jobs is lent those first whose loans have run out.
    #[needs(loans)]
    async fn lending_puts_back_what_has_run_out(world: &World) -> Verdict {
        let store = world.store();
        store.lend_out("mail", [1, 2]).await?;
        store.push("mail", [3]).await?;
        let lent = store.lend_at("mail", 9, (END, 2 * END)).await?;
        ensure_eq!(numbers(&lent), [1, 2, 3], "what is lent");
        ensure_eq!(store.loans()?.count().await?, 3, "how many are lent");
        Ok(())
    }

    /// So it is when other queues are asked for.
    #[needs(loans)]
    async fn lending_from_one_queue_puts_back_those_of_others(world: &World) -> Verdict {
        let store = world.store();
        store.lend_out("mail", [1]).await?;
        store.lend_at("news", 1, (END, 2 * END)).await?;
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// Whoever looks at the loans sees none that has run out.
    #[needs(loans)]
    async fn listing_puts_back_what_has_run_out(world: &World) -> Verdict {
        let store = world.store();
        store.lend_out("mail", [1]).await?;
        ensure_eq!(store.all_lent(END - 1).await?.len(), 1, "loans before the end");
        ensure_eq!(store.all_lent(END).await?.len(), 0, "loans at the end");
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// No more jobs are put back than was asked for, and the answer says that there are more.
    #[needs(loans)]
    async fn at_most_as_many_as_asked_are_put_back(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", 1..=3).await?;
        for until in [30, 20, 40] {
            store.lend_at("mail", 1, (0, until)).await?;
        }
        let first = store.loans()?.put_back(2, store.at(END)).await?;
        ensure_eq!((first.jobs, first.next_over), (2, Some(store.at(40))), "the first part");
        ensure_eq!(store.numbers_in("mail").await?, [1, 2], "what ran out first");
        let rest = store.loans()?.put_back(2, store.at(END)).await?;
        ensure_eq!((rest.jobs, rest.next_over), (1, None), "the rest");
        Ok(())
    }

    /// Who is lent jobs, or nothing, hears when the next loan runs out.
    #[needs(loans)]
    async fn the_next_end_is_told(world: &World) -> Verdict {
        let store = world.store();
        let from = list("mail");
        let request = LoanRequest::new(&from, 1, store.at(50));
        let lend = async || Ok::<_, Broken>(store.loans()?.lend(&request, store.at(0)).await?.next_over);
        ensure_eq!(lend().await?, None, "the next end of none");
        store.push("mail", [1, 2]).await?;
        ensure_eq!(lend().await?, Some(store.at(50)), "the end of the one just lent");
        store.lend_at("mail", 1, (0, 40)).await?;
        ensure_eq!(lend().await?, Some(store.at(40)), "the next end");
        Ok(())
    }

    /// A loan that is extended lasts longer, and never shorter.
    #[needs(loans)]
    async fn an_extended_loan_lasts_longer(world: &World) -> Verdict {
        let store = world.store();
        let loan = store.lend_out_one("mail", 1).await?;
        ensure!(store.extend_loan(&loan.receipt, 90, END - 1).await?, "it was not held any more");
        ensure!(store.extend_loan(&loan.receipt, 70, END - 1).await?, "it was not held any more");
        ensure_eq!(store.put_back(89).await?, 0, "jobs that went back too soon");
        ensure_eq!(store.all_lent(89).await?[0].until, store.at(90), "until when");
        store.settle_loans(&[], 89).await?;
        ensure_eq!(store.put_back(90).await?, 1, "jobs that went back");
        Ok(())
    }

    /// What is over, or settled, cannot be extended; one that cannot stops no other.
    #[needs(loans)]
    async fn what_is_over_is_not_extended(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2, 3]).await?;
        let mut lent = store.lend("mail", 2).await?;
        lent.extend(store.lend_at("mail", 1, (0, 30)).await?);
        store.loan_applies(LoanSettlement::done(lent[0].receipt.clone())).await?;
        let extensions: Vec<_> = lent
            .iter()
            .map(|loan| resque_core::LoanExtension { receipt: loan.receipt.clone(), until: store.at(90) })
            .collect();
        let extended = store.loans()?.extend(&extensions, store.at(30)).await?;
        ensure_eq!(extended, [false, true, false], "what was extended");
        ensure_eq!(store.put_back(89).await?, 1, "jobs that went back");
        ensure_eq!(store.numbers_in("mail").await?, [3], "the queue");
        Ok(())
    }

    /// Each loan of a job that ran out counts for its next one.
    #[needs(loans)]
    async fn attempts_are_counted(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        ensure_eq!(store.attempts(4, 0).await?, [1, 2, 3, 4], "the attempts");
        Ok(())
    }

    /// Other jobs have attempts of their own, and the same bytes in another queue too.
    #[needs(loans)]
    async fn attempts_of_others_are_theirs(world: &World) -> Verdict {
        let store = world.store();
        store.lend_out("mail", [1]).await?;
        store.put_back(END).await?;
        store.push("mail", [2]).await?;
        store.push("news", [1]).await?;
        let lent = store.lend("mail,news", 9).await?;
        let attempts: Vec<u32> = lent.iter().map(|loan| loan.attempt).collect();
        ensure_eq!((numbers(&lent), attempts), (vec![1, 2, 1], vec![2, 1, 1]), "the attempts");
        Ok(())
    }

    /// A job that is given back in time is no loss, but losses of before are remembered.
    #[needs(loans)]
    async fn a_release_is_no_loss(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        for attempt in [1, 1] {
            let loan = store.lend("mail", 1).await?.remove(0);
            ensure_eq!(loan.attempt, attempt, "the attempt");
            store.loan_applies(LoanSettlement::release(loan.receipt)).await?;
        }
        store.lend("mail", 1).await?;
        store.put_back(END).await?;
        for attempt in [2, 2] {
            let loan = store.lend("mail", 1).await?.remove(0);
            ensure_eq!(loan.attempt, attempt, "the attempt after a loss");
            store.loan_applies(LoanSettlement::release(loan.receipt)).await?;
        }
        Ok(())
    }

    /// A settled job has no past: neither one that is put in with the same bytes, nor one that waits.
    #[needs(loans, delayed)]
    async fn a_settlement_forgets_losses(world: &World) -> Verdict {
        let store = world.store();
        let retry = Outcome::RetryAt { payload: job(1), at: store.at(1) };
        for outcome in [Outcome::Done, Outcome::Discard, Outcome::Defer(store.at(1)), retry] {
            store.lend_out("mail", [1]).await?;
            store.put_back(END).await?;
            let loan = store.lend("mail", 1).await?.remove(0);
            ensure_eq!(loan.attempt, 2, "the attempt before");
            let told = format!("{outcome:?}");
            store.loan_applies(LoanSettlement::new(loan.receipt, outcome, Tally::Nothing)).await?;
            store.queues().push(&[Enqueue::new(queue("mail"), job(1))]).await?;
            store.promote(1).await?;
            let next = store.lend("mail", 2).await?;
            ensure!(next.iter().all(|loan| loan.attempt == 1), "the attempt after {told}: {next:?}");
            store.queues().clear().await?;
        }
        Ok(())
    }

    /// Whoever lends a job that was lost too often puts it among the failed ones; back from there it
    /// begins anew.
    #[needs(loans)]
    async fn a_job_that_was_lost_too_often_can_be_put_aside(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        ensure_eq!(store.attempts(3, 0).await?, [1, 2, 3], "the attempts");
        let loan = store.lend_at("mail", 1, (3, END)).await?.remove(0);
        ensure_eq!(loan.attempt, 4, "the attempt after three losses");
        let record = FailureRecord::new(store.at(3), loan.payload, "Lost", "three times").on("", "mail");
        let aside = LoanSettlement::new(loan.receipt, Outcome::Failed(Box::new(record)), Tally::Nothing);
        let settled = store.settle_loans(&[aside], 3).await?;
        ensure_matches!(settled.as_slice(), [Settled::Applied], "the answer");
        ensure_eq!(store.numbers_in("mail").await?, [0; 0], "the queue");
        ensure_eq!(store.numbers_failed().await?, [1], "the failed list");
        let counters = [store.workers().stat("processed").await?, store.workers().stat("failed").await?];
        ensure_eq!(counters, [0, 0], "processed and failed");
        let id = store.failed().await?.remove(0).id;
        let answers = store.failures().retry(&[FailureRetry::new(id)], store.at(4)).await?;
        ensure_matches!(answers.as_slice(), [Ok(())], "putting it back");
        ensure_eq!(store.attempts(1, 4).await?, [1], "the attempt of its new life");
        Ok(())
    }

    /// Losses are forgotten when a day has passed without another one.
    #[needs(loans)]
    async fn old_losses_are_forgotten(world: &World) -> Verdict {
        const DAY: u64 = 86_400;
        let store = world.store();
        store.push("mail", [1]).await?;
        store.attempts(2, 0).await?;
        ensure_eq!(store.put_back(2).await?, 1, "jobs that went back");
        let kept = store.lend_at("mail", 1, (DAY, DAY + 1)).await?;
        ensure_eq!(kept.first().map(|loan| loan.attempt), Some(3), "the attempt within a day");
        ensure_eq!(store.put_back(DAY + 1).await?, 1, "jobs that went back");
        let forgotten = store.lend_at("mail", 1, (2 * DAY + 1, 3 * DAY)).await?;
        ensure_eq!(forgotten.first().map(|loan| loan.attempt), Some(1), "the attempt after a day");
        Ok(())
    }

    /// A worker is given what has gone back, like any other job.
    #[needs(loans)]
    async fn a_worker_is_given_what_has_gone_back(world: &World) -> Verdict {
        let store = world.store();
        store.lend_out("mail", [1]).await?;
        store.put_back(END).await?;
        let slot = store.register(0).await?;
        let given = store.take(&slot, "mail").await?;
        ensure_eq!(given.payload, job(1), "what the worker is given");
        store.applies(Settlement::done(given.receipt)).await
    }

    /// A job that goes back wakes who waits for its queue, whether it was released or ran out.
    #[needs(loans, waiting)]
    async fn what_goes_back_wakes(world: &World) -> Verdict {
        let store = world.store();
        let lent = store.lend_out("mail", [1, 2]).await?;
        let from = list("mail");
        let ticket = store.waiting()?.ticket(&from).await?;
        let twin = world.twin().await?;
        twin.loan_applies(LoanSettlement::release(lent[0].receipt.clone())).await?;
        store.waiting()?.wait(ticket, &from).await?;
        let ticket = store.waiting()?.ticket(&from).await?;
        twin.put_back(END).await?;
        Ok(store.waiting()?.wait(ticket, &from).await?)
    }

    /// A borrower that waits is woken by a push.
    #[needs(loans, waiting)]
    async fn a_push_wakes_a_borrower(world: &World) -> Verdict {
        let (store, from) = (world.store(), list("mail"));
        let ticket = store.waiting()?.ticket(&from).await?;
        ensure_eq!(store.lend("mail", 1).await?.len(), 0, "jobs lent before the push");
        world.twin().await?.push("mail", [1]).await?;
        store.waiting()?.wait(ticket, &from).await?;
        ensure_eq!(numbers(&store.lend("mail", 1).await?), [1], "what is lent");
        Ok(())
    }
}
