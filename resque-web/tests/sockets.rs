//! The HTTP interface over real connections: whoever goes away in the middle loses nothing.
#![expect(
    clippy::unwrap_used,
    reason = "the steps of a test are functions of their own"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use resque::postgres::PostgresBackend;
use resque_core::{Backend, Client, ManualClock, Page, SharedClock};
use resque_memory::MemoryBackend;
use resque_testserver::{shared_postgres, shared_redis};
use resque_web::HttpInterface;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// An interface that listens.
struct Server {
    client: Client,
    address: SocketAddr,
    stop: CancellationToken,
    served: JoinHandle<resque_core::Result<()>>,
}

impl Server {
    async fn start(client: Client) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let interface = HttpInterface::new(client.clone());
        let stopped = stop.clone().cancelled_owned();
        let served = tokio::spawn(interface.serve(listener, stopped));
        Self {
            client,
            address,
            stop,
            served,
        }
    }

    /// Sends a request and leaves the connection open.
    async fn send(&self, path: &str, body: &str) -> TcpStream {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        socket
    }

    /// Sends a request and reads the body of its answer.
    async fn ask(&self, path: &str, body: &str) -> String {
        answer(self.send(path, body).await).await
    }

    async fn lease(&self, query: &str) -> Value {
        let told = self.ask(&format!("/q/foo/lease?{query}"), "").await;
        serde_json::from_str(&told).unwrap()
    }

    async fn end(self) {
        self.stop.cancel();
        self.served.await.unwrap().unwrap();
    }
}

async fn answer(mut socket: TcpStream) -> String {
    let mut text = String::new();
    socket.read_to_string(&mut text).await.unwrap();
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    body.to_owned()
}

/// An interface in memory whose time is moved by hand.
async fn in_memory() -> (Server, ManualClock) {
    let clock = ManualClock::new();
    let shared: SharedClock = Arc::new(clock.clone());
    let backend = MemoryBackend::with_clock(shared.clone()).backend();
    let client = Client::new(backend).with_clock(shared);
    (Server::start(client).await, clock)
}

#[tokio::test]
async fn a_long_poll_ends_when_whoever_asked_goes_away() {
    let (server, clock) = in_memory().await;
    let waiting = server.send("/q/foo/lease?wait=30", "").await;
    clock.parked(1).await;
    drop(waiting);
    let gone = async {
        while clock.sleeping() > 0 {
            tokio::task::yield_now().await;
        }
    };
    let gone = tokio::time::timeout(Duration::from_secs(60), gone).await;
    assert!(gone.is_ok(), "the long poll goes on");
    server.ask("/q/foo", "{}").await;
    assert_eq!(server.client.peek("foo", Page::ALL).await.unwrap().len(), 1);
    assert_eq!(server.lease("wait=30").await["jobs"][0]["attempt"], 1);
    server.end().await;
}

#[tokio::test]
async fn a_server_that_stops_answers_whoever_waits() {
    let (server, clock) = in_memory().await;
    let waiting = server.send("/q/foo/lease?wait=30", "").await;
    clock.parked(1).await;
    server.end().await;
    assert_eq!(answer(waiting).await, r#"{"jobs":[]}"#);
}

/// Goes away while a job comes: it is in the queue, or comes back to it when its lease runs out.
async fn nothing_is_lost_by_going_away_on(backend: Backend) {
    backend.queues().clear().await.unwrap();
    let server = Server::start(Client::new(backend)).await;
    for n in 0..20 {
        let waiting = server.send("/q/foo/lease?wait=30&ttl=1", "").await;
        let job = json!({ "n": n }).to_string();
        let (_, told) = tokio::join!(async { drop(waiting) }, server.ask("/q/foo", &job));
        assert_eq!(told, "");
    }
    let mut found = Vec::new();
    while found.len() < 20 {
        let told = server.lease("wait=30&max=100&ttl=600").await;
        let jobs = told["jobs"].as_array().unwrap();
        assert!(!jobs.is_empty(), "only {found:?} came back");
        found.extend(jobs.iter().map(|job| job["job"]["n"].as_u64().unwrap()));
    }
    found.sort_unstable();
    assert_eq!(found, (0..20).collect::<Vec<u64>>());
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_by_going_away_in_memory() {
    nothing_is_lost_by_going_away_on(MemoryBackend::new().backend()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_by_going_away_on_redis() {
    let server = shared_redis().unwrap();
    let url = format!("{}?namespace=http-sockets", server.url());
    nothing_is_lost_by_going_away_on(resque::connect(&url).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_by_going_away_on_postgres() {
    let server = shared_postgres().unwrap();
    let config = resque::postgres::Config::parse(server.url()).unwrap();
    let config = config.with_namespace("http_sockets").unwrap();
    let builder = PostgresBackend::builder(config).migrate(true);
    nothing_is_lost_by_going_away_on(builder.connect().await.unwrap()).await;
}

#[tokio::test]
async fn a_request_that_is_not_finished_takes_nothing() {
    let (server, _clock) = in_memory().await;
    server.ask("/q/foo", "{}").await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket
        .write_all(b"GET /q/foo HTTP/1.1\r\nhost: localh")
        .await
        .unwrap();
    drop(socket);
    assert_eq!(server.client.peek("foo", Page::ALL).await.unwrap().len(), 1);
    server.end().await;
}
