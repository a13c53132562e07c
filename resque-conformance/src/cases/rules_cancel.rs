//! Marks on running jobs that are to be ended.

use std::slice::from_ref;

use resque_core::{Receipt, Settlement};

use crate::Verdict;
use crate::store::{Store, job};

impl Store {
    async fn mark(&self, receipt: &Receipt) -> Verdict<bool> {
        Ok(self.cancel()?.mark(from_ref(receipt)).await? == [true])
    }

    async fn is_marked(&self, receipt: &Receipt) -> Verdict<bool> {
        Ok(self.cancel()?.marked(from_ref(receipt)).await? == [true])
    }
}

cases! {
    rules_cancel: Rules;

    /// A mark is seen by whoever asks for that job, and on no other one.
    #[needs(cancel)]
    async fn a_mark_names_one_job(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out("mail", [1, 2, 3]).await?;
        let receipts: Vec<Receipt> = given.iter().map(|given| given.receipt.clone()).collect();
        ensure_eq!(store.cancel()?.marked(&receipts).await?, [false; 3], "the marks before");
        let twin = world.twin().await?;
        ensure!(twin.mark(&receipts[1]).await?, "the job was not marked");
        let marks = store.cancel()?.marked(&receipts).await?;
        ensure_eq!(marks, [false, true, false], "the marks");
        ensure!(store.cancel()?.marked(&[]).await?.is_empty(), "answers to no question");
        Ok(())
    }

    /// The receipt that the registry shows marks the job, too.
    #[needs(cancel)]
    async fn a_listed_job_can_be_marked(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        let held = store.held_by(&given.worker).await?;
        let listed = held.ok_or_else(|| crate::verdict::Broken::new("nothing is held"))?;
        ensure!(store.mark(&listed.receipt).await?, "the job was not marked");
        ensure!(store.is_marked(&given.receipt).await?, "the mark is not seen");
        Ok(())
    }

    /// A mark never meets the next job of the same worker.
    #[needs(cancel)]
    async fn a_mark_spares_the_next_job(world: &World) -> Verdict {
        let store = world.store();
        let first = store.hand_out_one("mail", 1).await?;
        store.mark(&first.receipt).await?;
        store.push("mail", [2]).await?;
        let done = Settlement::done(first.receipt.clone());
        let mut next = store.exchange(&[done], from_ref(&first.worker), "mail").await?;
        let next = next.reserved.remove(0);
        ensure_eq!(next.payload, job(2), "the next job");
        ensure!(!store.is_marked(&next.receipt).await?, "the next job is marked");
        ensure!(!store.mark(&first.receipt).await?, "a job that is done was marked");
        ensure!(!store.is_marked(&next.receipt).await?, "the next job is marked by an old receipt");
        Ok(())
    }

    /// A job that is not held any more cannot be marked, and is not.
    #[needs(cancel)]
    async fn a_settled_job_cannot_be_marked(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        store.applies(Settlement::done(given.receipt.clone())).await?;
        ensure!(!store.mark(&given.receipt).await?, "a job that is done was marked");
        ensure!(!store.is_marked(&given.receipt).await?, "a job that is done is marked");
        Ok(())
    }

    /// A job that is given once more to its slot is still marked.
    #[needs(cancel)]
    async fn a_redelivered_job_is_still_marked(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        store.mark(&given.receipt).await?;
        let again = store.take(&given.worker, "mail").await?;
        ensure!(again.redelivered, "the slot was given another job");
        ensure!(store.is_marked(&again.receipt).await?, "the mark is gone");
        Ok(())
    }

    /// A mark changes nothing about the job itself.
    #[needs(cancel)]
    async fn a_marked_job_is_settled_as_ever(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        store.mark(&given.receipt).await?;
        ensure!(store.held_by(&given.worker).await?.is_some(), "the job is held no more");
        store.applies(Settlement::release(given.receipt)).await?;
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }
}
