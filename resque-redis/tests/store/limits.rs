//! Something else than ours at the keys of limits: it is told, and jobs are settled all the same.

use std::time::Duration;

use resque_core::{
    Claim, Claimed, Enqueue, Error, Lease, LeaseChanges, Lock, Need, Settled, Settlement,
};

use crate::support::{World, job, list, name, slots};

fn names_key(error: &Error, key: &str) -> bool {
    matches!(error, Error::Corrupt { place, .. } if place.contains(&format!(":{key} ")))
}

#[tokio::test]
async fn a_spoilt_lock_keeps_its_job_out_and_is_told() {
    let world = World::new().await;
    world.raw.spoil("rs:lease:a").await;
    let now = world.backend.workers().server_time().await.unwrap();
    let lock = Lock {
        lease: Lease::new("a", "me"),
        now,
        until: now + Duration::from_secs(60),
    };
    let locked = Enqueue::new(name("mail"), job(1)).locked(lock);
    let plain = Enqueue::new(name("mail"), job(2));
    let error = world
        .backend
        .queues()
        .push(&[plain, locked])
        .await
        .unwrap_err();
    assert!(names_key(&error, "rs:lease:a"), "{error}");
    assert!(
        world.raw.list("queue:mail").await.is_empty(),
        "all or nothing"
    );
}

#[tokio::test]
async fn a_spoilt_limit_is_told_and_takes_nothing() {
    for key in ["rs:lease:p", "rs:line:p", "rs:turns:p"] {
        let world = World::new().await;
        world.raw.spoil(key).await;
        let now = world.backend.workers().server_time().await.unwrap();
        let place = |name: &str| Need::Place {
            lease: Lease::new(name, "me").until(now + Duration::from_secs(60)),
            of: 1,
            apart: Duration::from_secs(1),
        };
        let claim = Claim {
            job: "job".into(),
            needs: vec![place("other"), place("p")],
            frees: None,
        };
        let limits = world.backend.queues().limits().unwrap();
        let error = limits.claim(&[claim], now).await.unwrap_err();
        assert!(names_key(&error, key), "{key}: {error}");
        assert!(limits.leases("other", now).await.unwrap().is_empty());
        let other = Claim {
            job: "job".into(),
            needs: vec![place("other")],
            frees: None,
        };
        assert_eq!(
            limits.claim(&[other], now).await.unwrap(),
            [Claimed::Granted]
        );
    }
}

#[tokio::test]
async fn a_job_is_settled_whatever_its_leases_are() {
    let world = World::new().await;
    world.push("mail", job(1)).await;
    let given = world.reserve(&slots(1), "mail").await;
    world.raw.spoil("rs:lease:p").await;
    let mut done = Settlement::done(given.reserved[0].receipt.clone());
    done.leases = Some(Box::new(LeaseChanges {
        free: vec![Lease::new("p", "me")],
        keep: Vec::new(),
    }));
    let now = world.backend.workers().server_time().await.unwrap();
    let queues = world.backend.queues();
    let answer = queues
        .exchange(&[done], &[], &list("mail"), now)
        .await
        .unwrap();
    assert!(
        matches!(answer.settled[..], [Settled::Applied]),
        "{answer:?}"
    );
    assert!(names_key(&answer.troubles[0], "rs:lease:p"), "{answer:?}");
}
