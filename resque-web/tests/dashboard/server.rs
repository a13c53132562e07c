//! What a server says about itself.

use resque_core::{Client, ManualClock};
use resque_testserver::shared_redis;
use resque_web::Dashboard;
use serde_json::json;

use crate::support::{Site, get};

#[tokio::test]
async fn the_page_of_the_backend_shows_what_a_server_says() {
    let server = shared_redis().unwrap();
    let url = format!("{}?namespace=web-server", server.url());
    let client = Client::new(resque::connect(&url).await.unwrap());
    let site = Site {
        router: Dashboard::new(client.clone()).into_router(),
        clock: ManualClock::new(),
        client,
    };
    let twin = site.send(get("/api/v1/backend")).await.json();
    let facts = twin["server"].as_array().unwrap();
    let mode = json!({"name": "redis_mode", "value": "standalone"});
    assert!(facts.contains(&mode), "{facts:?}");
    let page = site.send(get("/backend")).await.text;
    for shown in [
        "What the server says about itself",
        "<code>redis_mode</code></dt><dd><bdi>standalone<",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
}

#[tokio::test]
async fn where_no_server_says_anything_nothing_is_shown() {
    let site = Site::new();
    let twin = site.send(get("/api/v1/backend")).await.json();
    assert_eq!(twin["server"], json!([]));
    let page = site.send(get("/backend")).await.text;
    assert!(!page.contains("What the server says"));
}
