//! A dashboard in memory, and requests to it without a network.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use resque_core::{Client, Enqueue, ManualClock, Payload, QueueName, SharedClock};
use resque_memory::MemoryBackend;
use resque_web::Dashboard;
use tower::ServiceExt;

/// A dashboard and its store.
pub(crate) struct Site {
    pub(crate) client: Client,
    pub(crate) router: Router,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The answer as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

impl Site {
    /// A dashboard for this machine.
    pub(crate) fn new() -> Self {
        Self::with(|dashboard| dashboard)
    }

    /// A dashboard of which more is said.
    pub(crate) fn with(say: impl FnOnce(Dashboard) -> Dashboard) -> Self {
        let clock: SharedClock = Arc::new(ManualClock::new());
        let backend = MemoryBackend::with_clock(clock.clone()).backend();
        let client = Client::new(backend).with_clock(clock);
        let dashboard = Dashboard::new(client.clone()).freshness(Duration::ZERO);
        Self {
            router: say(dashboard).into_router(),
            client,
        }
    }

    /// Puts bytes into a queue.
    pub(crate) async fn push(&self, queue: &str, payload: &str) {
        let queue = QueueName::new(queue).unwrap();
        let job = Enqueue::new(queue, Payload::new(payload.to_owned()));
        let store = self.client.backend().unwrap().queues();
        store.push(&[job]).await.unwrap();
    }

    /// Sends a request from this machine.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        self.send_from("127.0.0.1:4000", request).await
    }

    /// Sends a request from elsewhere.
    pub(crate) async fn send_from(&self, peer: &str, mut request: Request<Body>) -> Answer {
        let peer: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }
}

/// A request for a page.
pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path)
        .header("host", "localhost:5678")
        .body(Body::empty())
        .unwrap()
}
