//! Clients that the application made itself.

use resque_redis::Connection;
use resque_testserver::Redis;

use crate::support::{ask, bulk, clock};

#[cfg(feature = "redis")]
#[tokio::test]
async fn a_redis_client_serves_and_reconnects() {
    let mut server = Redis::new().append_only().start().unwrap();
    let client = redis::Client::open(server.url()).unwrap();
    let connection = Connection::from_redis_client(client, clock());
    ask(&connection, &["SET", "key", "value"]).await;
    server.restart().unwrap();
    let lost = connection
        .run(&crate::support::command(&["PING"]))
        .await
        .unwrap_err();
    assert!(lost.is_transient(), "{lost:?}");
    assert_eq!(ask(&connection, &["GET", "key"]).await, bulk("value"));
    let id = ask(&connection, &["CLIENT", "ID"]).await;
    assert_ne!(ask(&connection.separate(), &["CLIENT", "ID"]).await, id);
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn a_redis_connection_and_a_manager_serve() {
    let client = redis::Client::open(resque_testserver::shared_redis().unwrap().url()).unwrap();
    let connection = client.get_multiplexed_async_connection().await.unwrap();
    let manager = client.get_connection_manager().await.unwrap();
    for connection in [
        Connection::from_redis_connection(connection),
        Connection::from_redis_manager(manager),
    ] {
        assert_eq!(ask(&connection, &["ECHO", "x"]).await, bulk("x"));
        let id = ask(&connection, &["CLIENT", "ID"]).await;
        assert_eq!(
            ask(&connection.separate(), &["CLIENT", "ID"]).await,
            id,
            "it is shared"
        );
    }
}

#[cfg(feature = "fred")]
#[tokio::test]
async fn a_fred_client_serves_and_stays_the_owners() {
    use fred::interfaces::{ClientLike, EventInterface};
    use fred::types::config::{Config, ReconnectPolicy};

    let mut server = Redis::new().append_only().start().unwrap();
    let config = Config::from_url(&server.url()).unwrap();
    let policy = ReconnectPolicy::new_constant(0, 10);
    let client = fred::clients::Client::new(config, None, None, Some(policy));
    client.init().await.unwrap();
    let connection = Connection::from_fred_client(&client, clock());
    ask(&connection, &["SET", "key", "value"]).await;
    let id = ask(&connection, &["CLIENT", "ID"]).await;
    assert_ne!(ask(&connection.separate(), &["CLIENT", "ID"]).await, id);

    let mut reconnected = client.reconnect_rx();
    server.restart().unwrap();
    reconnected.recv().await.unwrap();
    client.wait_for_connect().await.unwrap();
    assert_eq!(ask(&connection, &["GET", "key"]).await, bulk("value"));
    client.quit().await.unwrap();
    let gone = connection
        .run(&crate::support::command(&["PING"]))
        .await
        .unwrap_err();
    assert!(!gone.is_outcome_unknown(), "{gone:?}");
    assert!(!ask(&connection.separate(), &["PING"]).await.is_nil());
}
