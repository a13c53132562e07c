//! Counters.

use crate::harness::Golden;

#[tokio::test]
async fn s22_stats() {
    let golden = Golden::open("22_stats").await;
    let stats = golden.client.stats().unwrap();
    assert_eq!(stats.incr("x", 1).await.unwrap(), 1);
    assert_eq!(stats.incr("x", 5).await.unwrap(), 6);
    assert_eq!(stats.incr("x", 1).await.unwrap(), 7);
    assert_eq!(
        (
            stats.get("x").await.unwrap(),
            stats.get("missing").await.unwrap()
        ),
        (7, 0)
    );
    stats.clear("x").await.unwrap();
    golden.check().await;
}

#[tokio::test]
async fn perl_09_stat() {
    let golden = Golden::open("perl_09_stat").await;
    let stats = golden.client.stats().unwrap();
    stats.incr("x", 1).await.unwrap();
    stats.incr("x", 5).await.unwrap();
    assert_eq!(stats.decr("x", 1).await.unwrap(), 5);
    assert_eq!(stats.decr("x", 2).await.unwrap(), 3);
    stats.set("y", 7).await.unwrap();
    stats.clear("x").await.unwrap();
    golden.check().await;
}
