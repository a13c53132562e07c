//! Receipts that nobody was given.

use std::slice::from_ref;
use std::time::Duration;

use resque_core::{
    Lease, LeaseChanges, LoanExtension, LoanReceipt, LoanRequest, LoanSettlement, QueueList,
    Settled,
};

use crate::support::World;

#[tokio::test]
async fn a_receipt_or_a_lease_with_nul_is_that_of_nobody() {
    let world = World::new().await;
    world.push("q", &["a"]).await;
    let queues = world.backend.queues();
    let (loans, limits) = (queues.loans().unwrap(), queues.limits().unwrap());
    let (now, until) = (world.now, world.now + Duration::from_secs(60));
    let q: QueueList = "q".parse().unwrap();
    let request = LoanRequest::new(&q, 1, until);
    let lent = loans.lend(&request, now).await.unwrap().loans;
    let own = lent[0].receipt.clone();

    let lease = Lease::new("a\0b", "holder");
    let changes = || {
        let other = Lease::new("name", "\0").until(until);
        let (free, keep) = (vec![lease.clone()], vec![other]);
        LeaseChanges { free, keep }
    };
    let forged = LoanReceipt::new("\0");
    let extension = |receipt: &LoanReceipt| LoanExtension {
        receipt: receipt.clone(),
        until,
    };
    let extensions = [extension(&forged), extension(&own)];
    let extended = loans.extend(&extensions, now).await.unwrap();
    assert_eq!(extended, [false, true]);
    let settle = |receipt| LoanSettlement::done(receipt).with_leases(changes());
    let done = [settle(forged), settle(own)];
    let settled = loans.settle(&done, now).await.unwrap();
    let is_right = matches!(settled[..], [Settled::Lost, Settled::Applied]);
    assert!(is_right, "{settled:?}");

    assert_eq!(limits.free(from_ref(&lease)).await.unwrap(), 0);
    let renewed = limits.renew(&[lease.until(until)], now).await.unwrap();
    assert_eq!(renewed, [false]);
    assert!(limits.leases("a\0b", now).await.unwrap().is_empty());
}
