//! A dashboard in memory, and requests to it without a network.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::request::Builder;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use resque_core::{
    Client, Clock, Enqueue, LeadClaim, ManualClock, Payload, QueueList, QueueName, SharedClock,
    WorkerId,
};
use resque_memory::MemoryBackend;
use resque_web::Dashboard;
use tower::ServiceExt;

/// The host that requests call.
pub(crate) const HOST: &str = "localhost:5678";

/// A dashboard and its store.
pub(crate) struct Site {
    pub(crate) client: Client,
    pub(crate) clock: ManualClock,
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

    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(|value| value.to_str().unwrap());
        value.unwrap_or_default()
    }

    /// The cookie that it sets.
    pub(crate) fn cookie(&self) -> String {
        let cookie = self.header("set-cookie").split(';').next();
        cookie.unwrap_or_default().to_owned()
    }

    /// The token in its first form.
    pub(crate) fn token(&self) -> String {
        let token = self.text.split("name=\"csrf\" value=\"").nth(1);
        token.unwrap().split('"').next().unwrap().to_owned()
    }
}

/// What a browser knows after it has looked at a page.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    pub(crate) cookie: String,
    pub(crate) token: String,
}

impl Site {
    /// A dashboard for this machine.
    pub(crate) fn new() -> Self {
        Self::with(|dashboard| dashboard)
    }

    /// A dashboard of which more is said.
    pub(crate) fn with(say: impl FnOnce(Dashboard) -> Dashboard) -> Self {
        let clock = ManualClock::new();
        let shared: SharedClock = Arc::new(clock.clone());
        let backend = MemoryBackend::with_clock(shared.clone()).backend();
        let client = Client::new(backend).with_clock(shared);
        let dashboard = Dashboard::new(client.clone()).freshness(Duration::ZERO);
        Self {
            router: say(dashboard).into_router(),
            clock,
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

    /// Lets a worker take the next job.
    pub(crate) async fn work(&self, worker: &str) -> WorkerId {
        let worker = WorkerId::new(worker).unwrap();
        let workers = [worker.clone()];
        let (backend, now) = (self.client.backend().unwrap(), self.clock.now());
        backend.workers().register(&workers, now).await.unwrap();
        let given = backend
            .queues()
            .exchange(&[], &workers, &QueueList::all(), now)
            .await
            .unwrap();
        assert_eq!(given.reserved.len(), 1);
        worker
    }

    /// What waits in a queue.
    pub(crate) async fn waiting(&self, queue: &str) -> Vec<String> {
        let jobs = self
            .client
            .peek(queue, resque_core::Page::ALL)
            .await
            .unwrap();
        let text = |job: &resque_core::QueuedJob| job.payload().to_text_lossy().into_owned();
        jobs.iter().map(text).collect()
    }

    /// Looks at a page, as a browser that comes for the first time.
    pub(crate) async fn browse(&self) -> Browser {
        let page = self.send(get("/overview")).await;
        Browser {
            cookie: page.cookie(),
            token: page.token(),
        }
    }

    /// Sends a form as a browser does that has looked at a page.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let browser = self.browse().await;
        self.send(form(path, fields, &browser, "same-origin")).await
    }

    /// Sends a request from this machine.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        self.send_from("127.0.0.1:4000", request).await
    }

    /// Sends a request from elsewhere.
    pub(crate) async fn send_from(&self, peer: &str, mut request: Request<Body>) -> Answer {
        let peer: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        self.send_as_it_is(request).await
    }

    /// Sends a request of which nobody knows where it comes from.
    pub(crate) async fn send_as_it_is(&self, request: Request<Body>) -> Answer {
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

/// A request to the usual host.
pub(crate) fn request(method: Method, path: &str) -> Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", HOST)
}

/// A request for a page.
pub(crate) fn get(path: &str) -> Request<Body> {
    request(Method::GET, path).body(Body::empty()).unwrap()
}

/// A change by JSON.
pub(crate) fn post(path: &str, body: &serde_json::Value) -> Request<Body> {
    request(Method::POST, path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}

/// A form that a page of ours sends, or one of another `site`.
pub(crate) fn form(
    path: &str,
    fields: &[(&str, &str)],
    browser: &Browser,
    site: &str,
) -> Request<Body> {
    let mut body = serde_urlencoded::to_string(fields).unwrap();
    body.push_str(&format!("&csrf={}", browser.token));
    request(Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", &browser.cookie)
        .header("sec-fetch-site", site)
        .body(Body::from(body))
        .unwrap()
}

/// Lets a process fire schedules for an hour.
pub(crate) async fn lead(site: &Site, holder: &str) {
    let now = site.clock.now();
    let claim = LeadClaim {
        holder,
        master: false,
        now,
        until: now + Duration::from_secs(3_600),
    };
    let schedules = site.client.backend().unwrap().queues().schedules();
    assert!(schedules.unwrap().lead(claim).await.unwrap().leads);
}
