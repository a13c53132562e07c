//! Jobs that are pushed only while nobody holds their lock.

use std::slice::from_ref;

use resque_core::testing::{Fault, Operation};
use resque_core::{Enqueue, Error, Lease, LeaseChanges, Lock, Pushed, Settlement};

use crate::race::race;
use crate::store::{Store, job, queue};
use crate::{Verdict, verdict::Broken};

/// The lease of the job with this number on a name.
fn lease(name: &str, number: u64) -> Lease {
    Lease::new(name, format!("job-{number}"))
}

impl Store {
    /// A numbered job that locks a name from one second of the world to another.
    fn locking(&self, name: &str, number: u64, (from, to): (u64, u64)) -> Enqueue {
        Enqueue::new(queue("mail"), job(number)).locked(Lock {
            lease: lease(name, number),
            now: self.at(from),
            until: self.at(to),
        })
    }

    /// Whether such a job is put in.
    async fn puts(&self, name: &str, number: u64, times: (u64, u64)) -> Verdict<bool> {
        let pushed = self
            .queues()
            .push(&[self.locking(name, number, times)])
            .await?;
        match pushed[..] {
            [Pushed::Duplicate] => Ok(false),
            [_] => Ok(true),
            _ => Err(Broken::new(format!("answers to one push: {pushed:?}"))),
        }
    }

    /// What is answered to a push once under a lock, from one second of the world to another.
    async fn pushes_once(
        &self,
        name: &str,
        (from, to): (u64, u64),
        batch: &[Enqueue],
    ) -> Verdict<Option<Vec<Pushed>>> {
        let lock = Lock {
            lease: lease(name, 0),
            now: self.at(from),
            until: self.at(to),
        };
        Ok(self.limits()?.push_once(&lock, batch).await?)
    }

    /// Puts such a job in and gives it to worker 0.
    async fn hand_out_locking(&self, name: &str, times: (u64, u64)) -> Verdict<Settlement> {
        ensure!(
            self.puts(name, 1, times).await?,
            "the first job was not put in"
        );
        let slot = self.register(0).await?;
        let given = self.take(&slot, "mail").await?;
        Ok(Settlement::done(given.receipt))
    }
}

/// The same settlement, which frees leases.
fn freeing(mut settlement: Settlement, free: &[Lease]) -> Settlement {
    settlement.leases = Some(Box::new(LeaseChanges {
        free: free.to_vec(),
        keep: Vec::new(),
    }));
    settlement
}

cases! {
    rules_unique: Rules;

    /// While somebody holds a lock, no other job with that lock is put in, and the answer says so.
    #[needs(limits)]
    async fn a_locked_name_keeps_others_out(world: &World) -> Verdict {
        let store = world.store();
        ensure!(store.puts("a", 1, (0, 10)).await?, "the first job was not put in");
        for number in [1, 2] {
            ensure!(!store.puts("a", number, (0, 10)).await?, "job {number} was put in");
        }
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// A lock keeps out nothing but jobs with a lock of the same name.
    #[needs(limits)]
    async fn a_lock_concerns_its_name_only(world: &World) -> Verdict {
        let store = world.store();
        ensure!(store.puts("a", 1, (0, 10)).await?, "the first job was not put in");
        ensure!(store.puts("b", 2, (0, 10)).await?, "another name is locked");
        store.push("mail", [3]).await?;
        ensure_eq!(store.numbers_in("mail").await?, [1, 2, 3], "the queue");
        Ok(())
    }

    /// In a batch the first job gets the lock, and jobs without one are put in beside it, all in
    /// their order.
    #[needs(limits)]
    async fn the_first_of_a_batch_gets_the_lock(world: &World) -> Verdict {
        let store = world.store();
        let plain = |number| Enqueue::new(queue("mail"), job(number));
        let batch = [
            plain(1),
            store.locking("a", 2, (0, 10)),
            store.locking("a", 3, (0, 10)),
            plain(4),
            store.locking("b", 5, (0, 10)),
        ];
        let pushed = store.queues().push(&batch).await?;
        let duplicates: Vec<bool> = pushed.iter().map(|one| *one == Pushed::Duplicate).collect();
        ensure_eq!(duplicates, [false, false, true, false, false], "who is a duplicate");
        ensure_eq!(
            pushed[4],
            Pushed::Queued { length: 4 },
            "the answer for the last one"
        );
        ensure_eq!(store.numbers_in("mail").await?, [1, 2, 4, 5], "the queue");
        Ok(())
    }

    /// A lock ends by itself.
    #[needs(limits)]
    async fn a_lock_ends_with_its_life(world: &World) -> Verdict {
        let store = world.store();
        ensure!(store.puts("a", 1, (0, 10)).await?, "the first job was not put in");
        ensure!(!store.puts("a", 2, (9, 20)).await?, "the lock ended too soon");
        ensure!(store.puts("a", 3, (10, 20)).await?, "the lock did not end");
        ensure!(!store.puts("a", 4, (19, 30)).await?, "the second lock does not hold");
        ensure_eq!(store.numbers_in("mail").await?, [1, 3], "the queue");
        Ok(())
    }

    /// A settlement frees locks in its own step.
    #[needs(limits)]
    async fn a_settlement_frees_a_lock(world: &World) -> Verdict {
        let store = world.store();
        let done = store.hand_out_locking("a", (0, 10)).await?;
        ensure!(!store.puts("a", 2, (0, 10)).await?, "the lock ended with the reservation");
        store.applies(freeing(done, &[lease("a", 1)])).await?;
        ensure!(store.puts("a", 3, (0, 10)).await?, "the lock was not freed");
        Ok(())
    }

    /// A settlement that is lost frees nothing.
    #[needs(limits)]
    async fn a_lost_settlement_frees_no_lock(world: &World) -> Verdict {
        let store = world.store();
        let done = store.hand_out_locking("a", (0, 10)).await?;
        store.applies(done.clone()).await?;
        store.is_lost(freeing(done, &[lease("a", 1)])).await?;
        ensure!(!store.puts("a", 2, (0, 10)).await?, "the lock was freed");
        Ok(())
    }

    /// Nobody frees a lock that another one has got meanwhile.
    #[needs(limits)]
    async fn a_lock_is_freed_by_its_holder_only(world: &World) -> Verdict {
        let store = world.store();
        let done = store.hand_out_locking("a", (0, 10)).await?;
        ensure!(store.puts("a", 2, (10, 20)).await?, "the lock did not end");
        store.applies(freeing(done, &[lease("a", 1)])).await?;
        ensure_eq!(store.limits()?.free(&[lease("a", 1)]).await?, 0, "what is freed");
        ensure!(!store.puts("a", 3, (11, 20)).await?, "a foreign lock was freed");
        ensure_eq!(store.limits()?.free(&[lease("a", 2)]).await?, 1, "what is freed");
        ensure!(store.puts("a", 4, (11, 20)).await?, "the own lock was not freed");
        Ok(())
    }

    /// A settlement holds a lock on, for a retry among others; but no lock that has gone.
    #[needs(limits)]
    async fn a_settlement_keeps_a_lock(world: &World) -> Verdict {
        let store = world.store();
        let done = store.hand_out_locking("a", (0, 10)).await?;
        let mut retry = Settlement::release(done.receipt);
        retry.leases = Some(Box::new(LeaseChanges {
            free: Vec::new(),
            keep: vec![
                lease("a", 1).until(store.at(100)),
                lease("b", 1).until(store.at(100)),
            ],
        }));
        store.applies(retry).await?;
        ensure!(!store.puts("a", 2, (99, 200)).await?, "the lock was not held on");
        ensure!(store.puts("b", 3, (0, 10)).await?, "a lock came from nowhere");
        Ok(())
    }

    /// A job that waits for its time holds its lock, and so does one that came into its queue.
    #[needs(limits, delayed)]
    async fn a_delayed_job_holds_its_lock(world: &World) -> Verdict {
        let store = world.store();
        let mut due = store.locking("a", 1, (0, 100));
        due.due = Some(store.at(50));
        ensure_eq!(
            store.queues().push(&[due.clone()]).await?,
            [Pushed::Delayed],
            "the answer"
        );
        ensure_eq!(
            store.queues().push(&[due]).await?,
            [Pushed::Duplicate],
            "the second answer"
        );
        ensure!(!store.puts("a", 2, (0, 10)).await?, "a second job was put in");
        store.promote(50).await?;
        ensure!(!store.puts("a", 3, (50, 60)).await?, "a third job was put in");
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// A deleted queue leaves locks to their life; they may be freed as ever.
    #[needs(limits)]
    async fn a_deleted_queue_leaves_locks_to_their_life(world: &World) -> Verdict {
        let store = world.store();
        for name in ["a", "b"] {
            ensure!(store.puts(name, 1, (0, 10)).await?, "{name} was not put in");
        }
        store.queues().delete_queue(&queue("mail")).await?;
        ensure!(!store.puts("a", 1, (9, 20)).await?, "the lock went with the queue");
        ensure!(store.puts("a", 1, (10, 20)).await?, "the lock outlived its life");
        store.limits()?.free(&[lease("b", 1)]).await?;
        ensure!(store.puts("b", 1, (0, 10)).await?, "the lock was not freed");
        Ok(())
    }

    /// Clearing a store forgets all locks.
    #[needs(limits)]
    async fn a_clear_forgets_locks(world: &World) -> Verdict {
        let store = world.store();
        ensure!(store.puts("a", 1, (0, 10)).await?, "the job was not put in");
        store.queues().clear().await?;
        ensure!(store.puts("a", 1, (0, 10)).await?, "the lock is still there");
        Ok(())
    }

    /// Another namespace has locks of its own.
    #[needs(limits, neighbour)]
    async fn a_neighbour_has_its_own_locks(world: &World) -> Verdict {
        let (store, other) = (world.store(), world.next_door()?);
        ensure!(store.puts("a", 1, (0, 10)).await?, "the job was not put in");
        ensure!(other.puts("a", 1, (0, 10)).await?, "the neighbour is locked too");
        Ok(())
    }

    /// Jobs that are pushed once under a lock go in together with it, and not again while it is held:
    /// not those, and no others.
    #[needs(limits)]
    async fn what_is_pushed_once_is_not_pushed_again(world: &World) -> Verdict {
        let store = world.store();
        let plain = |number| Enqueue::new(queue("mail"), job(number));
        let first = [plain(1), store.locking("a", 2, (0, 10)), plain(3)];
        let pushed = store.pushes_once("once", (0, 10), &first).await?;
        ensure_eq!(pushed.map(|pushed| pushed.len()), Some(3), "answers to the first");
        for batch in [&first[..], &[plain(4)], &[store.locking("b", 5, (9, 20))]] {
            ensure_eq!(store.pushes_once("once", (9, 20), batch).await?, None, "the answer to another");
        }
        ensure!(store.puts("b", 6, (0, 10)).await?, "the lock of a job that was not put in is held");
        ensure_eq!(store.numbers_in("mail").await?, [1, 2, 3, 6], "the queue");
        let holders = store.limits()?.leases("once", store.at(9)).await?;
        ensure_eq!(holders, [lease("once", 0).until(store.at(10))], "who holds the lock");
        let pushed = store.pushes_once("once", (10, 20), &[plain(7)]).await?;
        ensure_eq!(pushed, Some(vec![Pushed::Queued { length: 5 }]), "the answer when it is over");
        Ok(())
    }

    /// A lock under which no job was put in is not held, so that what is refused can be sent again.
    #[needs(limits)]
    async fn a_push_of_nothing_holds_no_lock(world: &World) -> Verdict {
        let store = world.store();
        ensure!(store.puts("a", 1, (0, 10)).await?, "the first job was not put in");
        let refused = [store.locking("a", 2, (0, 10))];
        let pushed = store.pushes_once("once", (0, 10), &refused).await?;
        ensure_eq!(pushed, Some(vec![Pushed::Duplicate]), "the answer");
        ensure_eq!(store.pushes_once("once", (0, 10), &[]).await?, Some(Vec::new()), "for no job");
        let some = [store.locking("a", 3, (0, 10)), store.locking("b", 4, (0, 10))];
        let pushed = store.pushes_once("once", (0, 10), &some).await?;
        ensure_eq!(pushed.as_ref().map(|pushed| pushed[0]), Some(Pushed::Duplicate), "the first one");
        ensure_eq!(store.pushes_once("once", (0, 10), &some).await?, None, "once some are in");
        ensure_eq!(store.numbers_in("mail").await?, [1, 4], "the queue");
        Ok(())
    }

    /// Delayed jobs are pushed once like others.
    #[needs(limits, delayed)]
    async fn delayed_jobs_are_pushed_once_too(world: &World) -> Verdict {
        let store = world.store();
        let late = [Enqueue::at(queue("mail"), job(1), store.at(5))];
        let pushed = store.pushes_once("once", (0, 10), &late).await?;
        ensure_eq!(pushed, Some(vec![Pushed::Delayed]), "the answer");
        ensure_eq!(store.pushes_once("once", (1, 10), &late).await?, None, "the second answer");
        ensure_eq!(store.numbers_delayed().await?, [1], "the delayed set");
        Ok(())
    }

    /// Of many who push the same once at the same time one does.
    #[needs(limits)]
    async fn of_racing_pushes_once_one_applies(world: &World) -> Verdict {
        for round in 0..5 {
            let name = format!("once {round}");
            let push = |runner: usize, twin: Store| {
                let name = name.clone();
                async move {
                    let jobs = [1, 2].map(|_| Enqueue::new(queue("mail"), job(runner as u64)));
                    Ok(twin.pushes_once(&name, (0, 10), &jobs).await?.is_some())
                }
            };
            let pushed = race(world, 8, push).await?;
            ensure_eq!(pushed.iter().filter(|pushed| **pushed).count(), 1, "how many pushed");
        }
        ensure_eq!(world.store().numbers_in("mail").await?.len(), 10, "jobs in the queue");
        Ok(())
    }

    /// Of many pushes at the same time one gets the lock.
    #[needs(limits)]
    async fn of_racing_pushes_one_gets_the_lock(world: &World) -> Verdict {
        for round in 0..5 {
            let name = format!("name {round}");
            let push = |runner: usize, twin: Store| {
                let name = name.clone();
                async move { twin.puts(&name, runner as u64, (0, 10)).await }
            };
            let put = race(world, 8, push).await?;
            let winners = put.iter().filter(|put| **put).count();
            ensure_eq!(winners, 1, "how many got the lock");
        }
        ensure_eq!(world.store().numbers_in("mail").await?.len(), 5, "jobs in the queue");
        Ok(())
    }

    /// A push whose reply was lost holds its lock: sent again it is a duplicate, and the job is
    /// there once.
    #[needs(limits)]
    async fn a_lost_push_is_not_repeated(world: &World) -> Verdict {
        let store = world.store();
        let (lossy, faults) = store.lossy();
        faults.next(Operation::Push, Fault::ReplyLost);
        let job = store.locking("a", 1, (0, 10));
        let lost = lossy.queues().push(from_ref(&job)).await;
        ensure!(
            matches!(lost, Err(Error::OutcomeUnknown { .. })),
            "the reply was to be lost, is {lost:?}"
        );
        let again = lossy.queues().push(from_ref(&job)).await?;
        ensure_eq!(again, [Pushed::Duplicate], "the second answer");
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }
}
