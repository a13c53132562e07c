//! The `curl` sessions of `docs/http-interface.md`, run line by line against a listening server, on
//! every backend.
#![expect(
    clippy::unwrap_used,
    reason = "the steps of a test are functions of their own"
)]

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::Stdio;

use axum::extract::ConnectInfo;
use http_body_util::BodyExt;
use resque::postgres::PostgresBackend;
use resque_core::{Backend, Client};
use resque_memory::MemoryBackend;
use resque_testserver::{shared_postgres, shared_redis};
use resque_web::HttpInterface;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::Service;

const PAGE: &str = include_str!("../../docs/http-interface.md");

/// Where the page's server listens.
const ADDRESS: &str = "http://localhost:5000";

/// Stands between what two commands say.
const MARK: &str = "--- the next command ---";

/// One command of the page, and what it answers there.
#[derive(Debug)]
struct Step {
    command: String,
    answer: String,
}

/// The commands of all sessions of the page, in order.
fn steps() -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut in_session = false;
    for line in PAGE.lines() {
        match (in_session, line) {
            (false, "```console") => in_session = true,
            (true, "```") => in_session = false,
            (true, line) => match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => steps.push(Step {
                    command: command.to_owned(),
                    answer: String::new(),
                }),
                (None, Some(step)) => step.answer.push_str(&format!("{line}\n")),
                (None, None) => panic!("an answer without a command: {line}"),
            },
            (false, _) => {}
        }
    }
    steps
}

/// Whether an answer is what the page says; `…` stands for anything.
fn is_like(answer: &str, expected: &str) -> bool {
    let mut parts = expected.trim_end().split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = answer.trim_end().strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
        last = Some(part);
    }
    // What stands behind the last `…` stands at the end.
    rest.is_empty() || last == Some("")
}

/// Runs all commands in one shell, as somebody who types them does, and gives what each said.
fn run(steps: &[Step], address: &str) -> Vec<String> {
    let mut script = String::new();
    for step in steps {
        let command = step.command.replace(ADDRESS, address);
        writeln!(script, "{command}\nprintf '\\n%s\\n' '{MARK}'").unwrap();
    }
    let shell = resque_testserver::command("sh")
        .args(["-c", &script])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(shell.stdout).unwrap();
    let mut answers: Vec<String> = said
        .split(&format!("\n{MARK}\n"))
        .map(str::to_owned)
        .collect();
    assert_eq!(answers.pop().as_deref(), Some(""), "{said}");
    answers
}

async fn the_page_is_true_on(backend: Backend) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let interface = HttpInterface::new(Client::new(backend));
    let stopped = stop.clone().cancelled_owned();
    let server = tokio::spawn(interface.serve(listener, stopped));
    let asked = tokio::task::spawn_blocking(move || {
        let steps = steps();
        let answers = run(&steps, &address);
        (steps, answers)
    });
    let (steps, answers) = asked.await.unwrap();
    stop.cancel();
    server.await.unwrap().unwrap();
    assert!(steps.len() > 50, "the page has its sessions");
    let mut wrong = String::new();
    for (step, answer) in steps.iter().zip(&answers) {
        if !is_like(answer, &step.answer) {
            let Step {
                command,
                answer: expected,
            } = step;
            writeln!(
                wrong,
                "$ {command}\nanswers   {answer}\nexpected  {expected}"
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty() && steps.len() == answers.len(), "{wrong}");
}

/// Settles leases that nobody was given: each is over, whatever its receipt says, and no other lease
/// and no key is touched.
async fn made_up_receipts_are_over_on(backend: Backend) {
    let mut router = HttpInterface::new(Client::new(backend)).into_router();
    let job = ask(&mut router, "/q/foo?uniq=a", "{}").await;
    assert_eq!(job.0, 201, "{}", job.1);
    let (_, lent) = ask(&mut router, "/q/foo/lease", "").await;
    let lent: serde_json::Value = serde_json::from_str(&lent).unwrap();
    let real = lent["jobs"][0]["receipt"].as_str().unwrap();
    let (loan, lock) = real.split_once('!').unwrap();
    let long = "9".repeat(100_000);
    let texts = [
        "",
        "\0",
        "1\0",
        "\u{1f980}",
        "!",
        "9223372036854775807",
        "9223372036854775808",
        "-1",
        "1e3",
        ".",
        "seq.",
        "\n\r\n",
        "'; drop table jobs; --",
        "0!AAAA",
        &long,
        &format!("{loan} "),
        &format!("0!{lock}"),
        // Locks whose names or holders no store takes: `http_uniq:a`, a line break, and NUL.
        "0!aHR0cF91bmlxOmEKAA",
        "0!aHR0cF91bmlxOgBhCmI",
    ];
    for path in [
        "/lease/ack",
        "/lease/fail",
        "/lease/extend",
        "/lease/release",
    ] {
        for text in texts {
            let body = serde_json::json!({ "receipt": text }).to_string();
            let (status, answer) = ask(&mut router, path, &body).await;
            assert_eq!(status, 410, "{path} {:?}: {answer}", text.get(..99));
        }
        let body = serde_json::json!({ "receipts": texts }).to_string();
        let (status, answer) = ask(&mut router, path, &body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["done"], 0, "{path}");
        assert_eq!(
            answer["lost"].as_array().unwrap().len(),
            texts.len(),
            "{path}"
        );
    }
    assert_eq!(ask(&mut router, "/q/foo?uniq=a", "{}").await.0, 400);
    let body = serde_json::json!({ "receipt": real }).to_string();
    assert_eq!(ask(&mut router, "/lease/ack", &body).await.0, 204);
}

/// Posts a body of JSON from this machine.
async fn ask(router: &mut axum::Router, path: &str, body: &str) -> (u16, String) {
    let request = axum::http::Request::post(path)
        .header("host", "localhost")
        .header("content-type", "application/json");
    let mut request = request
        .body(axum::body::Body::from(body.to_owned()))
        .unwrap();
    let peer: SocketAddr = "127.0.0.1:4000".parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    let answer = router.call(request).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

/// A store on the shared Redis server.
async fn redis(namespace: &str) -> Backend {
    let server = shared_redis().unwrap();
    let url = format!("{}?namespace={namespace}", server.url());
    let backend = resque::connect(&url).await.unwrap();
    backend.queues().clear().await.unwrap();
    backend
}

/// A store on the shared Postgres server.
async fn postgres(namespace: &str) -> Backend {
    let server = shared_postgres().unwrap();
    let config = resque::postgres::Config::parse(server.url()).unwrap();
    let config = config.with_namespace(namespace).unwrap();
    let builder = PostgresBackend::builder(config).migrate(true);
    let backend = builder.connect().await.unwrap();
    backend.queues().clear().await.unwrap();
    backend
}

#[tokio::test]
async fn made_up_receipts_are_over_on_redis() {
    made_up_receipts_are_over_on(redis("http-receipts").await).await;
}

#[tokio::test]
async fn made_up_receipts_are_over_on_postgres() {
    made_up_receipts_are_over_on(postgres("http_receipts").await).await;
}

#[tokio::test]
async fn made_up_receipts_are_over_in_memory() {
    made_up_receipts_are_over_on(MemoryBackend::new().backend()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_true_in_memory() {
    the_page_is_true_on(MemoryBackend::new().backend()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_true_on_redis() {
    the_page_is_true_on(redis("http-session").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_true_on_postgres() {
    the_page_is_true_on(postgres("http_session").await).await;
}

#[test]
fn dots_stand_for_anything_and_nothing_else_does() {
    assert!(is_like("{\"a\":17} 200\n", "{\"a\":…} 200"));
    assert!(is_like("abc", "a…"));
    assert!(!is_like("{\"a\":17} 201", "{\"a\":…} 200"));
    assert!(!is_like("abc", "abd"));
    assert!(!is_like("abcd", "abc"));
    assert!(!is_like("", "a…"));
}
