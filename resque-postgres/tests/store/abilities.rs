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
    let schedules = queues.schedules().unwrap();
    let schedule = ScheduleName::new("nightly").unwrap();
    let lead = LeadClaim {
        holder: "host:1",
        master: false,
        now,
        until: later,
    };
    assert!(schedules.lead(lead).await.unwrap().leads);
    let timing = "every 1h".to_owned();
    let begin = Begin {
        name: schedule.clone(),
        timing: timing.clone(),
    };
    schedules
        .begin(&[begin], now)
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    let firing = Firing {
        name: schedule.clone(),
        timing,
        tick: later,
        job: Some(job("fired", "f")),
        stored: false,
        master: false,
    };
    let fired = schedules.fire_once("host:1", &[firing], later).await;
    assert_eq!(fired.unwrap().remove(0).unwrap(), Fired::Fired);
    let names = [schedule];
    schedules.set_enabled(&names, false, now).await.unwrap();
    schedules.list().await.unwrap();
    schedules.remove(&names).await.unwrap();
    schedules.step_down("host:1").await.unwrap();

    let limits = queues.limits().unwrap();
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
    limits.claim(&[claim], now).await.unwrap();
    assert_eq!(
        limits.renew(&[lease.until(later)], now).await.unwrap(),
        [true]
    );
    assert_eq!(limits.leases("place", now).await.unwrap().len(), 1);
    assert_eq!(limits.free(&[lease]).await.unwrap(), 1);

    let from = "fired".parse().unwrap();
    let taken = queues.exchange(&[], &[slot(7)], &from, now).await.unwrap();
    assert_eq!(given(&taken), ["f"]);
    let receipts = [taken.reserved[0].receipt.clone()];
    let cancel = queues.cancel().unwrap();
    assert_eq!(cancel.mark(&receipts).await.unwrap(), [true]);
    assert_eq!(cancel.marked(&receipts).await.unwrap(), [true]);
    let done = [Settlement::done(receipts[0].clone())];
    queues.exchange(&done, &[], &from, now).await.unwrap();

    let history = queues.history().unwrap();
    history.backlog().await.unwrap();
    assert!(history.record(now, &"sample".into()).await.unwrap());
    let minute = now - Duration::from_secs(60);
    assert_eq!(history.range(minute, later, 9).await.unwrap().len(), 1);
}
