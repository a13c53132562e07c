//! A server that is not the one it was.

use resque_testserver::Postgres;

use crate::support::World;

/// A backup is restored whose queues have other numbers: what a client remembers is worth nothing.
#[tokio::test]
async fn what_was_known_of_one_run_of_a_server_is_not_believed_of_the_next() {
    let mut server = Postgres::new().start().unwrap();
    let world = World::on(server.url()).await;
    world.push("a", &["1", "2"]).await;
    let (queues, all) = (world.backend.queues(), "*".parse().unwrap());
    let known = queues.pop(&all, 1).await.unwrap();
    assert_eq!(known[0].queue.as_str(), "a");
    // Nothing shows that but the server's having begun anew.
    world
        .raw()
        .await
        .run("update resque.queues set name = 'b'")
        .await;
    server.kill().unwrap();
    server.restart().unwrap();
    let popped = loop {
        match queues.pop(&all, 1).await {
            Ok(popped) => break popped,
            // The connections to the old one are found dead first.
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
    };
    assert_eq!(popped[0].queue.as_str(), "b");
    assert_eq!(popped[0].payload.as_bytes(), b"2");
}
