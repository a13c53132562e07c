//! What the server refuses as a whole: a clear error, nothing half-done, and it passes.

use resque_core::{Enqueue, Error, FailureRecord, Settled, Settlement};
use resque_redis::FailureLayout;
use resque_redis::driver::Batch;
use resque_testserver::Redis;

use crate::support::{World, at, job, list, name, slot, slots};

async fn tell(world: &World, words: &[&str]) {
    let mut batch = Batch::new();
    batch.command(words[0]);
    for word in &words[1..] {
        batch.arg(*word);
    }
    world
        .raw
        .connection
        .run(&batch)
        .await
        .unwrap()
        .remove(0)
        .ok()
        .unwrap();
}

fn assert_refused<T: std::fmt::Debug>(result: Result<T, Error>, word: &str) {
    match result.unwrap_err() {
        Error::Rejected {
            what,
            reason,
            transient: true,
        } => {
            assert!(reason.starts_with(word), "{reason}");
            assert!(what.contains(" on Redis at "), "{what}");
        }
        other => panic!("{other:?}"),
    }
}

/// Everything that writes is refused while `refuse` is in force, and nothing changes; afterwards all
/// is as it was.
async fn refuses_all_writes(refuse: &[&str], allow: &[&str], word: &str) {
    let server = Redis::new().start().unwrap();
    let world = World::on(&server.url(), FailureLayout::Single).await;
    let (queues, workers) = (world.backend.queues(), world.backend.workers());
    workers.register(&slots(2), at(0)).await.unwrap();
    for number in 0..3 {
        world.push("mail", job(number)).await;
    }
    let held = world.reserve_one(&slot(0), "mail").await;
    let before = world.raw.dump().await;

    tell(&world, refuse).await;
    let batch: Vec<_> = (0..3000)
        .map(|n| Enqueue::new(name("mail"), job(n)))
        .collect();
    assert_refused(queues.push(&batch).await, word);
    let later = Enqueue::at(name("mail"), job(1), at(9));
    assert_refused(queues.push(&[later]).await, word);
    assert_refused(
        queues.exchange(&[], &slots(2), &list("*"), at(0)).await,
        word,
    );
    let done = [Settlement::done(held.receipt.clone())];
    assert_refused(queues.exchange(&done, &[], &list("*"), at(0)).await, word);
    assert_refused(queues.pop(&list("mail"), 2).await, word);
    assert_refused(queues.create_queue(&name("new")).await, word);
    assert_refused(queues.delete_queue(&name("mail")).await, word);
    assert_refused(queues.clear().await, word);
    assert_refused(workers.register(&slots(3), at(0)).await, word);
    assert_refused(workers.heartbeat(&slots(2), at(0)).await, word);
    assert_refused(workers.incr_stat("processed", 1).await, word);
    let record = FailureRecord::new(at(0), job(1).into(), "E", "boom");
    assert_refused(world.backend.failures().record(&[record]).await, word);
    assert_eq!(world.raw.dump().await, before, "nothing changed");

    tell(&world, allow).await;
    let answer = queues
        .exchange(&done, &slots(2), &list("*"), at(0))
        .await
        .unwrap();
    assert!(matches!(answer.settled[..], [Settled::Applied]));
    assert_eq!(answer.reserved.len(), 2);
}

#[tokio::test]
async fn a_read_only_replica_refuses_writes() {
    let readonly = ["REPLICAOF", "127.0.0.1", "1"];
    refuses_all_writes(&readonly, &["REPLICAOF", "NO", "ONE"], "READONLY").await;
}

#[tokio::test]
async fn a_server_without_its_replicas_refuses_writes() {
    let setting = "min-replicas-to-write";
    let (refuse, allow) = (
        ["CONFIG", "SET", setting, "1"],
        ["CONFIG", "SET", setting, "0"],
    );
    refuses_all_writes(&refuse, &allow, "NOREPLICAS").await;
}

#[tokio::test]
async fn a_server_out_of_memory_takes_no_jobs_and_can_be_worked_empty() {
    let server = Redis::new().start().unwrap();
    let world = World::on(&server.url(), FailureLayout::Single).await;
    let (queues, workers) = (world.backend.queues(), world.backend.workers());
    workers.register(&slots(4), at(0)).await.unwrap();
    for number in 0..4 {
        world.push("mail", job(number)).await;
    }
    queues
        .push(&[Enqueue::at(name("mail"), "{later", at(1))])
        .await
        .unwrap();
    tell(&world, &["CONFIG", "SET", "maxmemory", "1"]).await;

    let before = world.raw.dump().await;
    let batch: Vec<_> = (0..3000)
        .map(|n| Enqueue::new(name("mail"), job(n)))
        .collect();
    assert_refused(queues.push(&batch).await, "OOM");
    assert_refused(queues.push(&batch[..1]).await, "OOM");
    assert_refused(workers.register(&[slot(7)], at(0)).await, "OOM");
    assert_eq!(world.raw.dump().await, before, "nothing changed");

    let delayed = queues.delayed().unwrap();
    assert_eq!(delayed.promote("h:1", at(1), 10).await.unwrap().moved, 1);
    let given = queues
        .exchange(&[], &slots(4), &list("*"), at(2))
        .await
        .unwrap()
        .reserved;
    assert_eq!(given.len(), 4);
    let mut receipts = given.into_iter().map(|job| job.receipt);
    let mut next = || receipts.next().unwrap();
    let record = FailureRecord::new(at(2), job(0).into(), "E", "boom");
    let ends = [
        Settlement::done(next()),
        Settlement::failed(next(), record),
        Settlement::release(next()),
        Settlement::defer(next(), at(3)),
    ];
    let settled = queues
        .exchange(&ends, &[], &list("*"), at(2))
        .await
        .unwrap()
        .settled;
    assert!(
        settled.iter().all(|end| matches!(end, Settled::Applied)),
        "{settled:?}"
    );
    assert_eq!(world.raw.list("queue:mail").await.len(), 2);
    assert_eq!(world.raw.list("failed").await.len(), 1);
    assert_eq!(delayed.count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_user_who_may_not_run_a_command_takes_no_job() {
    let server = Redis::new().start().unwrap();
    let admin = World::on(&server.url(), FailureLayout::Single).await;
    for command in ["mset", "ltrim", "lset", "zadd", "hincrby", "set"] {
        let denied = format!("-{command}");
        tell(
            &admin,
            &[
                "ACL", "SETUSER", "worker", "on", ">secret", "~*", "+@all", &denied,
            ],
        )
        .await;
        let url = server.url().replace("redis://", "redis://worker:secret@");
        let world = World::on(&url, FailureLayout::Single).await;
        world.push("mail", job(1)).await;
        let before = admin.raw.dump().await;
        let queues = world.backend.queues();
        let error = queues
            .exchange(&[], &slots(1), &list("*"), at(0))
            .await
            .unwrap_err();
        let Error::Rejected {
            reason,
            transient: false,
            ..
        } = error
        else {
            panic!("{error:?}");
        };
        assert_eq!(
            reason,
            format!("NOPERM the user may not run {}", command.to_uppercase())
        );
        assert_eq!(admin.raw.dump().await, before);
        tell(&admin, &["ACL", "SETUSER", "worker", "+@all"]).await;
        assert_eq!(
            queues
                .exchange(&[], &slots(1), &list("*"), at(0))
                .await
                .unwrap()
                .reserved
                .len(),
            1
        );
    }
}
