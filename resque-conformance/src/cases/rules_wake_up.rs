//! Waking up: whatever comes after the ticket was drawn ends the wait.

use futures::FutureExt;
use resque_core::{Edit, EditTo, FailureRetry, QueueList, Settlement, Ticket};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::patience::stays_pending;
use crate::store::{Store, job, list, queue};
use crate::{Broken, Verdict};

/// Waits in a task of its own.
fn wait(store: &Store, ticket: Ticket, from: &QueueList) -> JoinHandle<Verdict> {
    let (store, from) = (store.clone(), from.clone());
    tokio::spawn(async move { Ok(store.waiting()?.wait(ticket, &from).await?) })
}

/// Lets a store do what it does only for somebody who goes on waiting: a wait may end for no reason,
/// but a store that ends each one has no announcements to test.
async fn fall_asleep(store: &Store, from: &QueueList) -> Verdict {
    const ATTEMPTS: usize = 5;
    for _ in 0..ATTEMPTS {
        let ticket = store.waiting()?.ticket(from).await?;
        if stays_pending(store.waiting()?.wait(ticket, from)).await {
            break;
        }
    }
    Ok(())
}

/// A ticket drawn before something happens over a second connection must end the wait, whether it
/// begins before or afterwards.
async fn wakes<F, W>(world: &crate::World, from: &str, happens: F) -> Verdict
where
    F: Fn(Store) -> W + Send + Sync,
    W: Future<Output = Verdict> + Send,
{
    let (store, from) = (world.store(), list(from));
    fall_asleep(&store, &from).await?;
    let ticket = store.waiting()?.ticket(&from).await?;
    let early = wait(&store, ticket, &from);
    tokio::task::yield_now().await;
    happens(world.twin().await?).await?;
    let late = wait(&store, ticket, &from);
    early.await??;
    late.await?
}

cases! {
    rules_wake_up: Rules;

    /// A push wakes who waits for its queue.
    #[needs(waiting)]
    async fn a_push_wakes(world: &World) -> Verdict {
        wakes(
            world,
            "mail",
            |twin| async move { twin.push("mail", [1]).await },
        )
        .await
    }

    /// A push between ticket and wait wakes too.
    #[needs(waiting)]
    async fn a_push_between_ticket_and_wait_wakes(world: &World) -> Verdict {
        let (store, from) = (world.store(), list("mail"));
        let ticket = store.waiting()?.ticket(&from).await?;
        world.twin().await?.push("mail", [1]).await?;
        Ok(store.waiting()?.wait(ticket, &from).await?)
    }

    /// So it does when its job was taken again before the wait began.
    #[needs(waiting)]
    async fn a_push_wakes_even_when_its_job_is_taken(world: &World) -> Verdict {
        let (store, from) = (world.store(), list("mail"));
        let ticket = store.waiting()?.ticket(&from).await?;
        store.push("mail", [1]).await?;
        store.queues().pop(&from, 1).await?;
        Ok(store.waiting()?.wait(ticket, &from).await?)
    }

    /// A push into one of many queues wakes.
    #[needs(waiting)]
    async fn a_push_into_any_queue_of_the_list_wakes(world: &World) -> Verdict {
        for (name, number) in [("a", 1), ("b", 2), ("c", 3)] {
            wakes(world, "a,b,c", |twin| async move {
                twin.push(name, [number]).await
            })
            .await?;
        }
        Ok(())
    }

    /// A push into a queue that did not exist wakes who waits for a star.
    #[needs(waiting)]
    async fn a_push_into_a_new_queue_wakes_a_star(world: &World) -> Verdict {
        wakes(
            world,
            "*",
            |twin| async move { twin.push("mail", [1]).await },
        )
        .await?;
        wakes(world, "n*,!news", |twin| async move {
            twin.push("notes", [2]).await
        })
        .await
    }

    /// A push into a queue that holds jobs already wakes.
    #[needs(waiting)]
    async fn a_push_into_a_filled_queue_wakes(world: &World) -> Verdict {
        world.store().push("mail", [1]).await?;
        wakes(
            world,
            "mail",
            |twin| async move { twin.push("mail", [2]).await },
        )
        .await
    }

    /// A push into a queue that was deleted before wakes.
    #[needs(waiting)]
    async fn a_push_into_a_deleted_queue_wakes(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        store.queues().delete_queue(&queue("mail")).await?;
        wakes(
            world,
            "mail",
            |twin| async move { twin.push("mail", [2]).await },
        )
        .await
    }

    /// A push wakes everybody who waits.
    #[needs(waiting)]
    async fn a_push_wakes_everybody(world: &World) -> Verdict {
        let from = list("mail");
        let mut waits = Vec::new();
        for _ in 0..4 {
            let twin = world.twin().await?;
            let ticket = twin.waiting()?.ticket(&from).await?;
            waits.push(wait(&twin, ticket, &from));
        }
        tokio::task::yield_now().await;
        world.store().push("mail", [1]).await?;
        for wait in waits {
            wait.await??;
        }
        Ok(())
    }

    /// Every push wakes, again and again, each after a new ticket.
    #[needs(waiting)]
    async fn every_push_wakes(world: &World) -> Verdict {
        for number in 0..20 {
            wakes(world, "mail", |twin| async move {
                twin.push("mail", [number]).await
            })
            .await?;
        }
        Ok(())
    }

    /// A wait that was dropped harms neither the store nor the next wait.
    #[needs(waiting)]
    async fn a_wait_can_be_dropped(world: &World) -> Verdict {
        let (store, from) = (world.store(), list("mail"));
        for _ in 0..10 {
            let ticket = store.waiting()?.ticket(&from).await?;
            // Polled once, then dropped.
            let _ = store.waiting()?.wait(ticket, &from).now_or_never();
        }
        wakes(
            world,
            "mail",
            |twin| async move { twin.push("mail", [1]).await },
        )
        .await
    }

    /// A released job wakes.
    #[needs(waiting)]
    async fn a_release_wakes(world: &World) -> Verdict {
        let receipt = world.store().hand_out_one("mail", 1).await?.receipt;
        let release = |twin: Store| {
            let settlement = Settlement::release(receipt.clone());
            async move { twin.applies(settlement).await }
        };
        wakes(world, "mail", release).await
    }

    /// A failed job that is put back wakes.
    #[needs(waiting)]
    async fn a_failed_job_that_is_put_back_wakes(world: &World) -> Verdict {
        world.store().fail("mail", 1).await?;
        let retry = |twin: Store| async move {
            let id = twin.failed().await?.remove(0).id;
            twin.failures()
                .retry(&[FailureRetry::new(id)], twin.at(1))
                .await?;
            Ok(())
        };
        wakes(world, "mail", retry).await
    }

    /// A job that is moved from another queue wakes.
    #[needs(waiting)]
    async fn a_job_that_is_moved_here_wakes(world: &World) -> Verdict {
        world.store().push("news", [1]).await?;
        let edit = |twin: Store| async move {
            let to = EditTo::Queue(queue("mail"));
            let edit = Edit {
                queue: queue("news"),
                payload: job(1),
                at_most: 1,
                to,
            };
            twin.queues().edit(&[edit]).await?;
            Ok(())
        };
        wakes(world, "mail", edit).await
    }

    /// A job that becomes due wakes.
    #[needs(waiting, delayed)]
    async fn a_job_that_becomes_due_wakes(world: &World) -> Verdict {
        world.store().push_due("mail", 1, 10).await?;
        let promote = |twin: Store| async move {
            twin.promote(10).await?;
            Ok(())
        };
        wakes(world, "mail", promote).await
    }

    /// A queue with jobs that is started again wakes.
    #[needs(waiting, control)]
    async fn a_queue_that_is_started_wakes(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        store.control()?.set_stopped(&queue("mail"), true).await?;
        let start = |twin: Store| async move {
            Ok(twin.control()?.set_stopped(&queue("mail"), false).await?)
        };
        wakes(world, "mail", start).await
    }

    /// The end of a pause wakes.
    #[needs(waiting, control)]
    async fn the_end_of_a_pause_wakes(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        store.control()?.set_paused(true).await?;
        wakes(world, "mail", |twin| async move {
            Ok(twin.control()?.set_paused(false).await?)
        })
        .await
    }

    /// A worker that looks, waits and looks again, in that order, finds every job.
    #[needs(waiting)]
    async fn looking_after_each_ticket_finds_every_job(world: &World) -> Verdict {
        const JOBS: u64 = 200;
        let (store, twin, from) = (world.store(), world.twin().await?, list("*"));
        let (sender, mut orders) = mpsc::unbounded_channel();
        let pushing = tokio::spawn(async move {
            while let Some(number) = orders.recv().await {
                twin.push("mail", [number]).await?;
            }
            Verdict::Ok(())
        });
        let (slot, mut numbers) = (store.register(0).await?, Vec::new());
        for number in 0..JOBS {
            let ticket = store.waiting()?.ticket(&from).await?;
            numbers.extend(store.drain(&slot, "*").await?);
            // Every other job comes for certain before the wait, the others at any time around it.
            match number % 2 {
                0 => store.push("mail", [number]).await?,
                _ => sender
                    .send(number)
                    .map_err(|e| Broken::new(e.to_string()))?,
            }
            store.waiting()?.wait(ticket, &from).await?;
        }
        drop(sender);
        pushing.await??;
        numbers.extend(store.drain(&slot, "*").await?);
        numbers.sort_unstable();
        ensure_eq!(numbers, (0..JOBS).collect::<Vec<_>>(), "jobs found");
        Ok(())
    }
}
