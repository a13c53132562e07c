//! G1 for jobs that are lent: they are in exactly one place, whoever dies and whatever is lost.

use resque_core::testing::{Fault, Operation};
use resque_core::{Enqueue, Error, LoanSettlement, Settled};

use crate::ledger::Ledger;
use crate::loans::{END, numbers};
use crate::race::race;
use crate::snapshot::Snapshot;
use crate::store::{job, list, queue};

cases! {
    g1_loans: Conservation;

    /// A lent job has left its queue, and the store knows that it is lent.
    #[needs(loans)]
    async fn a_lent_job_is_known(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", 1..=5).await?;
        store.lend("mail", 3).await?;
        ensure_eq!(store.numbers_in("mail").await?, [4, 5], "the queue");
        ensure_eq!(store.numbers_lent().await?, [1, 2, 3], "what is lent");
        ensure_eq!(store.loans()?.count().await?, 3, "how many are lent");
        Ledger::of(1..=5).balances(&store).await
    }

    /// Borrowers over many connections never get the same job, and get all of them.
    #[needs(loans)]
    async fn borrowers_share_no_job(world: &World) -> Verdict {
        const JOBS: u64 = 200;
        let store = world.store();
        store.push("mail", 0..JOBS).await?;
        let home = race(world, 6, |_, twin| async move {
            let mut mine = Vec::new();
            loop {
                let lent = twin.lend("mail", 7).await?;
                // A store that lends a job twice need not do so for ever.
                if lent.is_empty() || mine.len() as u64 > JOBS {
                    return Ok(mine);
                }
                mine.extend(numbers(&lent));
            }
        })
        .await?;
        let mut all: Vec<u64> = home.into_iter().flatten().collect();
        all.sort_unstable();
        ensure_eq!(all, (0..JOBS).collect::<Vec<_>>(), "what was lent");
        Ledger::of(0..JOBS).balances(&store).await
    }

    /// Borrowers and workers never get the same job.
    #[needs(loans)]
    async fn borrowers_and_workers_share_no_job(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", 0..100).await?;
        let slots = store.register_many(3).await?;
        race(world, 6, |runner, twin| {
            let slot = slots.get(runner).cloned();
            async move {
                for _ in 0..10 {
                    match &slot {
                        Some(slot) => twin.reserve(slot, "mail").await.map(drop)?,
                        None => twin.lend("mail", 2).await.map(drop)?,
                    }
                }
                Ok(())
            }
        })
        .await?;
        Ledger::of(0..100).balances(&store).await
    }

    /// A loan that the borrower never heard of runs out, and the job comes back.
    #[needs(loans)]
    async fn a_loan_that_was_lost_on_the_way_runs_out(world: &World) -> Verdict {
        let store = world.store();
        let (lossy, faults) = store.lossy();
        store.push("mail", [1, 2, 3]).await?;
        faults.next(Operation::Lend, Fault::ReplyLost);
        ensure!(lossy.lend("mail", 2).await.is_err(), "the reply was to be lost");
        Ledger::of([1, 2, 3]).balances(&store).await?;
        let lent = store.lend_at("mail", 3, (END, 2 * END)).await?;
        ensure_eq!(numbers(&lent), [1, 2, 3], "what is lent afterwards");
        Ok(())
    }

    /// A settlement whose reply was lost took effect once; repeated it is lost.
    #[needs(loans)]
    async fn a_settlement_is_repeated_in_vain(world: &World) -> Verdict {
        let store = world.store();
        let (lossy, faults) = store.lossy();
        let lent = store.lend_out("mail", [1, 2]).await?;
        let done = [
            LoanSettlement::done(lent[0].receipt.clone()),
            LoanSettlement::release(lent[1].receipt.clone()),
        ];
        faults.next(Operation::SettleLoans, Fault::ReplyLost);
        let answer = lossy.loans()?.settle(&done, store.at(0)).await;
        ensure!(matches!(answer, Err(Error::OutcomeUnknown { .. })), "found {answer:?}");
        let after = Snapshot::of(&store).await?;
        for settlement in done {
            lossy.loan_is_lost(settlement, 0).await?;
        }
        after.still_holds(&store).await?;
        let mut ledger = Ledger::of([1, 2]);
        ledger.done(1);
        ledger.balances(&store).await?;
        ensure_eq!(store.workers().stat("processed").await?, 1, "processed");
        Ok(())
    }

    /// Of many who settle the same loan at the same time one has effect.
    #[needs(loans)]
    async fn one_of_racing_settlements_applies(world: &World) -> Verdict {
        let store = world.store();
        let loan = store.lend_out_one("mail", 1).await?;
        let release = LoanSettlement::release(loan.receipt);
        let home = race(world, 6, |_, twin| {
            let release = release.clone();
            async move { Ok(twin.settle_loans(&[release], 0).await?.remove(0)) }
        })
        .await?;
        let applied = home.iter().filter(|settled| matches!(settled, Settled::Applied));
        ensure_eq!(applied.count(), 1, "settlements that applied");
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// What has run out goes back once, however many put it back at the same time.
    #[needs(loans)]
    async fn what_runs_out_goes_back_once(world: &World) -> Verdict {
        let store = world.store();
        store.lend_out("mail", 0..50).await?;
        let home = race(world, 5, |_, twin| async move { twin.put_back(END).await }).await?;
        ensure_eq!(home.into_iter().sum::<usize>(), 50, "jobs that went back");
        Ledger::of(0..50).balances(&store).await
    }

    /// When a loan runs out while it is settled, either happens and not both.
    #[needs(loans)]
    async fn a_loan_is_settled_or_runs_out(world: &World) -> Verdict {
        let store = world.store();
        let lent = store.lend_out("mail", 0..50).await?;
        let done: Vec<_> = lent.into_iter().map(|loan| LoanSettlement::done(loan.receipt)).collect();
        let home = race(world, 4, |runner, twin| {
            let done = done.clone();
            async move {
                let mut applied = Vec::new();
                for (number, settlement) in (0..).zip(done) {
                    if runner > 1 {
                        twin.loans()?.put_back(2, twin.at(END)).await?;
                        continue;
                    }
                    // The clock of this one is a moment behind.
                    let settled = twin.settle_loans(&[settlement], END - 1).await?.remove(0);
                    if matches!(settled, Settled::Applied) {
                        applied.push(number);
                    }
                }
                Ok(applied)
            }
        })
        .await?;
        let mut ledger = Ledger::of(0..50);
        ledger.all_done(home.into_iter().flatten());
        ledger.balances(&store).await
    }

    /// Loans belong to nobody's connection.
    #[needs(loans)]
    async fn a_loan_outlives_its_connection(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1, 2]).await?;
        let lent = world.twin().await?.lend("mail", 2).await?;
        Ledger::of([1, 2]).balances(&store).await?;
        let [first, second] = &lent[..] else {
            return Err(crate::Broken::new(format!("{} jobs were lent", lent.len())));
        };
        store.loan_applies(LoanSettlement::done(first.receipt.clone())).await?;
        let twin = world.twin().await?;
        twin.loan_applies(LoanSettlement::release(second.receipt.clone())).await?;
        ensure_eq!(store.numbers_in("mail").await?, [2], "the queue");
        Ok(())
    }

    /// A queue that is deleted leaves what is lent alone, and comes back with what runs out.
    #[needs(loans)]
    async fn deleting_a_queue_leaves_what_is_lent(world: &World) -> Verdict {
        let store = world.store();
        store.lend_out("mail", [1]).await?;
        store.push("mail", [2]).await?;
        ensure_eq!(store.queues().delete_queue(&queue("mail")).await?, 1, "jobs deleted");
        Ledger::of([1]).balances(&store).await?;
        store.put_back(END).await?;
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        ensure_eq!(store.queue_names().await?, ["mail"], "the queues");
        Ok(())
    }

    /// Equal jobs are lent and settled one by one.
    #[needs(loans)]
    async fn equal_jobs_are_lent_apart(world: &World) -> Verdict {
        let store = world.store();
        let same = vec![Enqueue::new(queue("mail"), job(7)); 3];
        store.queues().push(&same).await?;
        let lent = store.lend("mail", 3).await?;
        ensure_eq!(numbers(&lent), [7, 7, 7], "what is lent");
        store.loan_applies(LoanSettlement::done(lent[1].receipt.clone())).await?;
        ensure_eq!(store.loans()?.count().await?, 2, "how many are lent");
        ensure_eq!(store.put_back(END).await?, 2, "jobs that went back");
        let popped = store.queues().pop(&list("mail"), 9).await?;
        ensure_eq!(popped.len(), 2, "jobs in the queue");
        Ok(())
    }
}
