//! An interface in memory whose time is moved by hand, and requests to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use http_body_util::BodyExt;
use resque_core::{Client, Clock, Enqueue, ManualClock, Payload, QueueName, SharedClock, WorkerId};
use resque_memory::MemoryBackend;
use resque_web::HttpInterface;
use serde_json::Value;
use tower::ServiceExt;

/// An interface, its store and its clock.
pub(crate) struct Site {
    pub(crate) clock: ManualClock,
    pub(crate) client: Client,
    pub(crate) router: Router,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The answer as JSON.
    pub(crate) fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The answer as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The value of a header, empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Status and text in one.
    pub(crate) fn said(&self) -> (u16, &str) {
        (self.status.as_u16(), self.text())
    }
}

impl Site {
    /// An interface for this machine.
    pub(crate) fn new() -> Self {
        Self::with(|interface| interface)
    }

    /// An interface of which more is said.
    pub(crate) fn with(say: impl FnOnce(HttpInterface) -> HttpInterface) -> Self {
        let clock = ManualClock::new();
        let shared: SharedClock = Arc::new(clock.clone());
        let backend = MemoryBackend::with_clock(shared.clone()).backend();
        let client = Client::new(backend).with_clock(shared);
        let router = say(HttpInterface::new(client.clone())).into_router();
        Self {
            clock,
            client,
            router,
        }
    }

    /// The time in seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.clock
            .now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs()
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// `GET /path` and the like, without a body.
    pub(crate) async fn ask(&self, line: &str) -> Answer {
        self.send(request(line, &[], "")).await
    }

    /// The same with a body that says it is JSON.
    pub(crate) async fn tell(&self, line: &str, body: impl Into<Body>) -> Answer {
        self.send(request(line, &[("content-type", "application/json")], body))
            .await
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
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    /// Puts bytes into a queue without the interface.
    pub(crate) async fn push(&self, queue: &str, payload: impl Into<Payload>) {
        let job = Enqueue::new(QueueName::new(queue).unwrap(), payload);
        let store = self.client.backend().unwrap().queues();
        store.push(&[job]).await.unwrap();
    }

    /// The bytes that wait in a queue.
    pub(crate) async fn waiting(&self, queue: &str) -> Vec<String> {
        let jobs = self
            .client
            .peek(queue, resque_core::Page::ALL)
            .await
            .unwrap();
        let text = |job: &resque_core::QueuedJob| job.payload().to_text_lossy().into_owned();
        jobs.iter().map(text).collect()
    }

    /// Registers a worker of the usual sort for these queues.
    pub(crate) async fn register_worker(&self, queues: &str) {
        let id = WorkerId::compose("web1", "k3x9q", 4711, 0, queues).unwrap();
        let workers = self.client.backend().unwrap().workers();
        workers.register(&[id], self.clock.now()).await.unwrap();
    }
}

/// A request: its line, its headers besides `Host`, its body.
pub(crate) fn request(
    line: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Request<Body> {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path);
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("host"))
    {
        request = request.header("host", "localhost:5678");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}
