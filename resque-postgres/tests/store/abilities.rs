//! What a backend can do besides moving jobs, each thing once.

use std::time::{Duration, SystemTime};

use resque_core::{
    Backend, Begin, Claim, Fired, Firing, LeadClaim, Lease, Need, ScheduleName, Settlement,
};

use crate::support::{given, job, slot};

/// Uses schedules, limits, cancelling and history.
pub(crate) async fn use_each(backend: &Backend, now: SystemTime) {
    let queues = backend.queues();
    let later = now + Duration::from_secs(60);
    let schedules = queues.schedules().expect("an answer");
    let schedule = ScheduleName::new("nightly").expect("an answer");
    let lead = LeadClaim {
        holder: "host:1",
        master: false,
        now,
        until: later,
    };
    assert!(schedules.lead(lead).await.expect("an answer").leads);
    let timing = "every 1h".to_owned();
    let begin = Begin {
        name: schedule.clone(),
        timing: timing.clone(),
    };
    schedules
        .begin(&[begin], now)
        .await
        .expect("an answer")
        .remove(0)
        .expect("an answer");
    let firing = Firing {
        name: schedule.clone(),
        timing,
        tick: later,
        job: Some(job("fired", "f")),
        stored: false,
        master: false,
    };
    let fired = schedules.fire_once("host:1", &[firing], later).await;
    assert_eq!(
        fired.expect("an answer").remove(0).expect("an answer"),
        Fired::Fired
    );
    let names = [schedule];
    schedules
        .set_enabled(&names, false, now)
        .await
        .expect("an answer");
    schedules.list().await.expect("an answer");
    schedules.remove(&names).await.expect("an answer");
    let leading = schedules.leading(now).await.expect("an answer");
    assert_eq!(leading.leader.as_deref(), Some("host:1"));
    schedules.step_down("host:1").await.expect("an answer");

    let limits = queues.limits().expect("an answer");
    let lease = Lease::new("place", "host");
    let place = Need::Place {
        lease: lease.until(later),
        of: 1,
        apart: Duration::from_secs(1),
    };
    let claim = Claim {
        job: "job".into(),
        needs: vec![place],
        frees: None,
    };
    limits.claim(&[claim], now).await.expect("an answer");
    assert_eq!(
        limits
            .renew(&[lease.until(later)], now)
            .await
            .expect("an answer"),
        [true]
    );
    assert_eq!(
        limits.leases("place", now).await.expect("an answer").len(),
        1
    );
    assert_eq!(limits.free(&[lease]).await.expect("an answer"), 1);

    let from = "fired".parse().expect("an answer");
    let taken = queues
        .exchange(&[], &[slot(7)], &from, now)
        .await
        .expect("an answer");
    assert_eq!(given(&taken), ["f"]);
    let receipts = [taken.reserved[0].receipt.clone()];
    let cancel = queues.cancel().expect("an answer");
    assert_eq!(cancel.mark(&receipts).await.expect("an answer"), [true]);
    assert_eq!(cancel.marked(&receipts).await.expect("an answer"), [true]);
    let done = [Settlement::done(receipts[0].clone())];
    queues
        .exchange(&done, &[], &from, now)
        .await
        .expect("an answer");

    let history = queues.history().expect("an answer");
    history.backlog().await.expect("an answer");
    assert!(
        history
            .record(now, &"sample".into())
            .await
            .expect("an answer")
    );
    let minute = now - Duration::from_secs(60);
    assert_eq!(
        history
            .range(minute, later, 9)
            .await
            .expect("an answer")
            .len(),
        1
    );
}
