//! Workers that come over HTTP, who stand beside the registry.

use resque_core::{HttpCounts, HttpTally, HttpWorkerId};

use crate::race::race;
use crate::store::{Store, queue};
use crate::{Broken, Verdict};

/// The name of a worker, known to be one.
fn id(name: &str) -> HttpWorkerId {
    HttpWorkerId::new(name).expect("the suite gives only names that may exist")
}

/// So many performed, and so many of them failed.
fn counts(processed: u64, failed: u64) -> HttpCounts {
    HttpCounts { processed, failed }
}

/// Something to count for a queue and perhaps a worker.
fn tally(name: &str, worker: Option<&str>, counts: HttpCounts) -> HttpTally {
    HttpTally {
        queue: queue(name),
        worker: worker.map(id),
        counts,
    }
}

impl Store {
    async fn register_http(&self, worker: &str, on: &str, at: u64) -> Verdict {
        let registry = self.http_workers()?;
        Ok(registry
            .register(&id(worker), &queue(on), self.at(at))
            .await?)
    }

    async fn http_names(&self, on: Option<&str>) -> Verdict<Vec<String>> {
        let on = on.map(queue);
        let workers = self.http_workers()?.workers(on.as_ref()).await?;
        Ok(workers.iter().map(|worker| worker.id.to_string()).collect())
    }

    async fn counts_of(&self, worker: &str) -> Verdict<HttpCounts> {
        let worker = self.http_workers()?.worker(&id(worker)).await?;
        let worker = worker.ok_or_else(|| Broken::new("the worker is not registered"))?;
        Ok(worker.counts)
    }
}

cases! {
    rules_http_workers: Rules;

    /// A registered worker tells all about itself.
    #[needs(http_workers)]
    async fn a_registered_worker_is_known(world: &World) -> Verdict {
        let store = world.store();
        store.register_http("myworker_1", "news", 3).await?;
        store.register_http("myworker_1", "größe: 1", 4).await?;
        let worker = store.http_workers()?.worker(&id("myworker_1")).await?;
        let worker = worker.ok_or_else(|| Broken::new("the worker is not registered"))?;
        ensure_eq!(worker.queues, [queue("größe: 1"), queue("news")], "the queues");
        ensure_eq!((worker.started, worker.seen), (store.at(4), store.at(4)), "the times");
        ensure_eq!(worker.counts, counts(0, 0), "what it has done");
        let listed = world.twin().await?.http_workers()?.workers(None).await?;
        ensure_eq!(listed, [worker], "who is listed");
        let other = store.http_workers()?.worker(&id("myworker")).await?;
        ensure_eq!(other, None, "a worker that is not registered");
        Ok(())
    }

    /// Workers are listed in byte order, all of them or those of one queue.
    #[needs(http_workers)]
    async fn workers_are_listed_by_queue(world: &World) -> Verdict {
        let store = world.store();
        for (worker, on) in [("b", "mail"), ("c", "news"), ("a", "mail"), ("c", "mail"), ("ä", "x")] {
            store.register_http(worker, on, 0).await?;
        }
        ensure_eq!(store.http_names(None).await?, ["a", "b", "c", "ä"], "all workers");
        ensure_eq!(store.http_names(Some("mail")).await?, ["a", "b", "c"], "those of one queue");
        ensure_eq!(store.http_names(Some("news")).await?, ["c"], "those of another");
        ensure_eq!(store.http_names(Some("none")).await?, [""; 0], "those of no queue");
        Ok(())
    }

    /// A worker that leaves one queue is still on the others, and is forgotten with the last.
    #[needs(http_workers)]
    async fn a_worker_leaves_queue_by_queue(world: &World) -> Verdict {
        let store = world.store();
        store.register_http("w", "mail", 0).await?;
        store.register_http("w", "news", 0).await?;
        let leave = async |on| Ok::<_, Broken>(store.http_workers()?.unregister(&id("w"), &queue(on)).await?);
        ensure!(!leave("other").await?, "it left a queue on which it never was");
        ensure!(leave("mail").await?, "it was not on its queue");
        ensure!(!leave("mail").await?, "it left a queue twice");
        ensure_eq!(store.http_names(Some("mail")).await?, [""; 0], "those of the queue it left");
        ensure_eq!(store.http_names(Some("news")).await?, ["w"], "those of the other queue");
        ensure!(leave("news").await?, "it was not on its other queue");
        ensure_eq!(store.http_names(None).await?, [""; 0], "all workers");
        ensure!(!leave("news").await?, "it left after it was forgotten");
        Ok(())
    }

    /// What is counted adds up for the queue, and for workers that are registered.
    #[needs(http_workers)]
    async fn what_is_counted_adds_up(world: &World) -> Verdict {
        let store = world.store();
        store.register_http("w", "mail", 0).await?;
        let tallies = [
            tally("mail", Some("w"), counts(2, 1)),
            tally("mail", Some("stranger"), counts(1, 0)),
            tally("news", Some("w"), counts(4, 0)),
            tally("mail", None, counts(0, 1)),
        ];
        store.http_workers()?.count(&tallies, store.at(9)).await?;
        store.http_workers()?.count(&[], store.at(10)).await?;
        ensure_eq!(store.http_workers()?.counts(&queue("mail")).await?, counts(3, 2), "the queue");
        ensure_eq!(store.http_workers()?.counts(&queue("news")).await?, counts(4, 0), "the other queue");
        ensure_eq!(store.http_workers()?.counts(&queue("none")).await?, counts(0, 0), "no queue");
        ensure_eq!(store.counts_of("w").await?, counts(6, 1), "the worker");
        let workers = store.http_workers()?.workers(None).await?;
        let seen: Vec<_> = workers.iter().map(|worker| (worker.id.as_str(), worker.seen)).collect();
        ensure_eq!(seen, [("w", store.at(9))], "who was heard of");
        Ok(())
    }

    /// Counts of many connections at the same time are all counted.
    #[needs(http_workers)]
    async fn racing_counts_add_up(world: &World) -> Verdict {
        let store = world.store();
        store.register_http("w", "mail", 0).await?;
        race(world, 6, |_, twin| async move {
            for _ in 0..20 {
                let one = tally("mail", Some("w"), counts(1, 0));
                twin.http_workers()?.count(&[one], twin.at(1)).await?;
            }
            Ok(())
        })
        .await?;
        ensure_eq!(store.http_workers()?.counts(&queue("mail")).await?, counts(120, 0), "the queue");
        ensure_eq!(store.counts_of("w").await?, counts(120, 0), "the worker");
        Ok(())
    }

    /// A worker that registers again begins anew; what the queue has stays.
    #[needs(http_workers)]
    async fn a_worker_that_registers_again_begins_anew(world: &World) -> Verdict {
        let store = world.store();
        store.register_http("w", "mail", 0).await?;
        let one = tally("mail", Some("w"), counts(1, 1));
        store.http_workers()?.count(&[one], store.at(1)).await?;
        store.register_http("w", "mail", 5).await?;
        ensure_eq!(store.counts_of("w").await?, counts(0, 0), "the worker");
        ensure_eq!(store.http_workers()?.counts(&queue("mail")).await?, counts(1, 1), "the queue");
        ensure_eq!(store.http_names(Some("mail")).await?, ["w"], "those of the queue");
        Ok(())
    }

    /// What was counted for a queue can be forgotten, without its workers.
    #[needs(http_workers)]
    async fn the_counts_of_a_queue_can_be_forgotten(world: &World) -> Verdict {
        let store = world.store();
        store.register_http("w", "mail", 0).await?;
        let tallies = [tally("mail", Some("w"), counts(1, 0)), tally("mail:2", None, counts(2, 0))];
        store.http_workers()?.count(&tallies, store.at(1)).await?;
        store.http_workers()?.forget_counts(&queue("mail")).await?;
        ensure_eq!(store.http_workers()?.counts(&queue("mail")).await?, counts(0, 0), "the queue");
        ensure_eq!(store.http_workers()?.counts(&queue("mail:2")).await?, counts(2, 0), "the other queue");
        ensure_eq!(store.counts_of("w").await?, counts(1, 0), "the worker");
        Ok(())
    }

    /// Workers that were not heard of for long can be forgotten; others stay.
    #[needs(http_workers)]
    async fn silent_workers_are_pruned(world: &World) -> Verdict {
        let store = world.store();
        for (worker, at) in [("silent", 0), ("counted", 0), ("fresh", 20)] {
            store.register_http(worker, "mail", at).await?;
        }
        let one = tally("mail", Some("counted"), counts(1, 0));
        store.http_workers()?.count(&[one], store.at(10)).await?;
        ensure_eq!(store.http_workers()?.prune(store.at(10)).await?, 1, "workers pruned");
        ensure_eq!(store.http_names(Some("mail")).await?, ["counted", "fresh"], "those of the queue");
        ensure_eq!(store.http_names(None).await?, ["counted", "fresh"], "all workers");
        ensure_eq!(store.http_workers()?.prune(store.at(10)).await?, 0, "workers pruned again");
        Ok(())
    }

    /// Names that look alike stay apart, and so do those of queues.
    #[needs(http_workers)]
    async fn similar_names_stay_apart(world: &World) -> Verdict {
        let store = world.store();
        for (worker, on) in [("a", "b:c"), ("a:b", "c"), ("a:b:c", "c:workers"), ("A", "c")] {
            store.register_http(worker, on, 0).await?;
            let one = tally(on, Some(worker), counts(1, 0));
            store.http_workers()?.count(&[one], store.at(0)).await?;
        }
        ensure_eq!(store.http_names(None).await?, ["A", "a", "a:b", "a:b:c"], "all workers");
        ensure_eq!(store.http_names(Some("c")).await?, ["A", "a:b"], "those of one queue");
        for worker in ["A", "a", "a:b", "a:b:c"] {
            ensure_eq!(store.counts_of(worker).await?, counts(1, 0), "{worker}");
        }
        Ok(())
    }

    /// They are no workers of the registry, and their queues need not exist.
    #[needs(http_workers)]
    async fn they_are_not_in_the_registry(world: &World) -> Verdict {
        let store = world.store();
        store.register_http("web1:1:mail", "mail", 0).await?;
        let one = tally("mail", Some("web1:1:mail"), counts(1, 1));
        store.http_workers()?.count(&[one], store.at(0)).await?;
        let listing = store.workers().workers().await?;
        ensure_eq!((listing.workers.len(), listing.unreadable.len()), (0, 0), "the registry");
        ensure_eq!(store.workers().dead(store.at(1_000_000)).await?.len(), 0, "the dead");
        ensure_eq!(store.queue_names().await?, [""; 0], "the queues");
        ensure_eq!(store.workers().stat("processed").await?, 0, "processed");
        Ok(())
    }

    /// A clear forgets them and what they have done.
    #[needs(http_workers)]
    async fn a_clear_forgets_http_workers(world: &World) -> Verdict {
        let store = world.store();
        store.register_http("w", "mail", 0).await?;
        let one = tally("mail", None, counts(1, 0));
        store.http_workers()?.count(&[one], store.at(0)).await?;
        store.queues().clear().await?;
        ensure_eq!(store.http_names(None).await?, [""; 0], "all workers");
        ensure_eq!(store.http_names(Some("mail")).await?, [""; 0], "those of the queue");
        ensure_eq!(store.http_workers()?.counts(&queue("mail")).await?, counts(0, 0), "the queue");
        Ok(())
    }
}
