//! Two at a time who touch the same rows, each in an order of its own.

use resque_core::{Settled, Settlement};

use crate::support::{World, given};

#[tokio::test]
async fn jobs_that_are_released_into_queues_that_were_deleted_do_not_wait_for_each_other() {
    let world = World::new().await;
    let mut receipts = Vec::new();
    for (number, queue) in ["a", "b", "b", "a"].into_iter().enumerate() {
        let slot = world.register(number).await;
        world.push(queue, &[queue]).await;
        let mut taken = world.exchange(&[], &[slot], "*").await;
        assert_eq!(given(&taken), [queue]);
        receipts.push(taken.reserved.remove(0).receipt);
    }
    for queue in ["a", "b"] {
        let queue = queue.parse().unwrap();
        world.backend.queues().delete_queue(&queue).await.unwrap();
    }
    // Whoever makes queues exist again stops at the gate when it has locked their rows.
    let (mut gate, mut raw) = (world.raw().await, world.raw().await);
    gate.run(
        "create function resque.wait_at_gate() returns trigger language plpgsql as $$ begin \
            perform pg_advisory_xact_lock_shared('resque.queues'::regclass::oid::bigint); \
            return null; end $$; \
        create trigger gate after update on resque.queues for each statement \
            execute function resque.wait_at_gate(); \
        create trigger gate_of_new after insert on resque.queues for each statement \
            execute function resque.wait_at_gate(); \
        select pg_advisory_lock('resque.queues'::regclass::oid::bigint)",
    )
    .await;
    let releases: Vec<_> = receipts.into_iter().map(Settlement::release).collect();
    let (queues, now) = (world.backend.queues().clone(), world.now);
    let settling = releases.chunks(2).map(|done| {
        let (queues, done) = (queues.clone(), done.to_vec());
        tokio::spawn(async move {
            let from = "a,b".parse().unwrap();
            queues.exchange(&done, &[], &from, now).await
        })
    });
    let settling: Vec<_> = settling.collect();
    let stopped = format!(
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock'
            and query like '%\"{}\".exchange%'",
        world.config.namespace()
    );
    while raw.number(&stopped).await < 2 {
        tokio::task::yield_now().await;
    }
    gate.run("select pg_advisory_unlock('resque.queues'::regclass::oid::bigint)")
        .await;
    for settled in settling {
        let settled = settled.await.unwrap().unwrap().settled;
        let all_applied = settled.iter().all(|one| matches!(one, Settled::Applied));
        assert!(all_applied, "{settled:?}");
    }
    assert_eq!(world.waiting("a").await, ["a", "a"]);
    assert_eq!(world.waiting("b").await, ["b", "b"]);
}
