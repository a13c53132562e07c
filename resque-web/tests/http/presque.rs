//! Every exchange that was recorded with presque itself, and where we answer something else on
//! purpose.

use std::path::Path;

use serde_json::{Value, json};

use crate::site::{Answer, Site, request};

/// An answer of ours that differs on purpose: the recording, which of its exchanges (from 0), our
/// status, our body or the beginning of its error, and why.
type Differs = (&'static str, usize, u16, Value, &'static str);

const ONLY_OBJECTS: &str = "a job has to be a JSON object, as its documents say";
const NO_CRASH: &str = "presque fails here with 500, or never answers";
const POLICY: &str = "its documents promise the policy of the queue here too";
/// When the clock of these tests begins.
const START: u64 = 1_795_215_600;
const INTRODUCED: &str = "its documents let body and query name the worker";
const OF_QUEUE: &str = "its documents promise the workers of the queue that the path names";
const FETCHED: &str = "a key is given up in the step that fetches its job";

fn differences() -> Vec<Differs> {
    let error = |begin: &str| json!({ "error": begin });
    let nothing = Value::Null;
    let status = |size: &str, jobs: Option<&[&str]>| {
        let mut status = json!({ "queue": "foo", "size": size, "status": "1" });
        if let Some(jobs) = jobs {
            status["jobs"] = json!(jobs);
        }
        status
    };
    let of_queue = |workers: &[&str], processed: Option<&str>| json!({ "queue_name": "foo", "workers_list": workers, "processed": processed, "failed": null });
    let both = ["myworker_1", "w1"];
    let object = || error("the job must be a JSON object: ");
    let body = || error("the body must be a JSON object");
    vec![
        ("01_basic", 5, 200, status("1", None), POLICY),
        (
            "01_basic",
            7,
            200,
            status("1", Some(&[r#"{"key":"value"}"#])),
            POLICY,
        ),
        ("01_basic", 11, 200, status("0", Some(&[])), NO_CRASH),
        ("02_errors", 13, 400, object(), ONLY_OBJECTS),
        ("02_errors", 15, 404, error("no job"), ONLY_OBJECTS),
        ("02_errors", 20, 405, error("method not allowed"), NO_CRASH),
        ("02_errors", 21, 405, error("method not allowed"), NO_CRASH),
        ("03_control", 11, 400, error("invalid status"), NO_CRASH),
        ("03_control", 13, 400, body(), NO_CRASH),
        ("03_control", 14, 400, error("invalid status"), NO_CRASH),
        ("03_control", 15, 400, body(), NO_CRASH),
        ("04_delayed", 3, 200, status("0", None), POLICY),
        (
            "04_delayed",
            8,
            400,
            error("delayed must be"),
            "presque loses the job",
        ),
        ("05_uniq", 3, 201, nothing.clone(), FETCHED),
        ("05_uniq", 4, 400, error("job already exists"), FETCHED),
        ("07_workers", 0, 201, nothing.clone(), INTRODUCED),
        ("07_workers", 1, 201, nothing.clone(), INTRODUCED),
        ("07_workers", 4, 200, json!(both), INTRODUCED),
        ("07_workers", 5, 200, of_queue(&both, None), OF_QUEUE),
        (
            "07_workers",
            6,
            200,
            json!({ "worker_id": "w1", "started_at": START, "processed": "0", "failed": "0" }),
            NO_CRASH,
        ),
        ("07_workers", 7, 200, of_queue(&both, None), INTRODUCED),
        (
            "07_workers",
            10,
            200,
            of_queue(&both, Some("1")),
            INTRODUCED,
        ),
        ("07_workers", 12, 204, nothing, INTRODUCED),
        ("07_workers", 14, 200, json!(["myworker_1"]), INTRODUCED),
        (
            "08_delete",
            6,
            200,
            json!({ "queues": [], "size": 0 }),
            "its documents delete the queue",
        ),
        (
            "09_batch",
            0,
            400,
            error("jobs[3] must be a JSON object"),
            ONLY_OBJECTS,
        ),
        ("09_batch", 2, 404, error("no job"), ONLY_OBJECTS),
        ("09_batch", 7, 400, body(), NO_CRASH),
        ("09_batch", 8, 400, body(), NO_CRASH),
        (
            "09_batch",
            10,
            400,
            error("DELETE is not supported in batch mode"),
            NO_CRASH,
        ),
        ("11_names", 7, 400, object(), ONLY_OBJECTS),
        ("11_names", 8, 404, error("no job"), ONLY_OBJECTS),
    ]
}

/// One recording.
struct Recording {
    name: String,
    exchanges: Vec<Value>,
}

fn recordings() -> Vec<Recording> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/presque");
    let mut recordings = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let recording: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        recordings.push(Recording {
            name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            exchanges: recording["http"].as_array().unwrap().clone(),
        });
    }
    recordings
}

/// The recorded path with times that lie as far in the future as they did.
fn path(recorded: &str, now: u64) -> String {
    let Some((before, time)) = recorded.split_once("delayed=") else {
        return recorded.to_owned();
    };
    // Every time of the recordings that lies in the future has ten digits.
    if time.len() < 10 {
        return recorded.to_owned();
    }
    format!("{before}delayed={}", now + 3)
}

/// Sends one exchange again.
async fn replay(site: &Site, exchange: &Value) -> Answer {
    let asked = &exchange["request"];
    let path = path(asked["path"].as_str().unwrap(), site.now());
    let headers = asked["headers"].as_object().unwrap();
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    let body = asked["body"].as_str().unwrap_or_default().to_owned();
    let line = format!("{} {path}", asked["method"].as_str().unwrap());
    site.send(request(&line, &headers, body)).await
}

/// How an answer differs from a status and a body.
fn flaw(answer: &Answer, status: u64, body: &Value) -> Option<String> {
    let text = String::from_utf8_lossy(&answer.body);
    // What presque says in HTML or plain text, we say in JSON.
    let wordy = ["404 Not Found", "not found", "Method Not Allowed"];
    let error = json!({ "error": "" });
    let body = match body.as_str() {
        Some(words) if wordy.contains(&words) => &error,
        _ => body,
    };
    if u64::from(answer.status.as_u16()) != status {
        return Some(format!("answers {} {text}", answer.status));
    }
    let same = match body {
        Value::Null => text.is_empty(),
        Value::String(expected) => {
            let parsed: Result<Value, _> = serde_json::from_str(expected);
            parsed.map_or(*expected == text, |parsed| {
                sorted(parsed) == sorted(json_of(&text))
            })
        }
        expected => match expected["error"].as_str() {
            Some(begin) => json_of(&text)["error"]
                .as_str()
                .is_some_and(|error| error.starts_with(begin)),
            None => sorted(expected.clone()) == sorted(json_of(&text)),
        },
    };
    (!same).then(|| format!("answers {} {text}", answer.status))
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

/// The queues of a list come in no order from presque.
fn sorted(mut value: Value) -> Value {
    if let Some(queues) = value.get_mut("queues").and_then(Value::as_array_mut) {
        queues.sort_by_key(ToString::to_string);
    }
    value
}

#[tokio::test]
async fn every_recorded_exchange_is_answered_as_recorded_or_differs_on_purpose() {
    let mut differences = differences();
    let mut flaws = Vec::new();
    for recording in recordings() {
        let site = Site::new();
        for (number, exchange) in recording.exchanges.iter().enumerate() {
            // In this recording the time of a delayed job came.
            if recording.name == "04_delayed" && number == 4 {
                site.pass(3);
            }
            let answer = replay(&site, exchange).await;
            let position = differences
                .iter()
                .position(|(name, at, ..)| *name == recording.name && *at == number);
            let found = match position {
                Some(position) => {
                    let (_, _, status, body, why) = differences.remove(position);
                    flaw(&answer, status.into(), &body).map(|flaw| format!("{flaw} ({why})"))
                }
                None => {
                    let recorded = &exchange["response"];
                    let status = recorded["status"].as_u64().unwrap_or_default();
                    flaw(&answer, status, &recorded["body"])
                }
            };
            if let Some(flaw) = found {
                let asked = &exchange["request"];
                flaws.push(format!(
                    "{} {number}: {} {} {flaw}; recorded {}",
                    recording.name, asked["method"], asked["path"], exchange["response"]
                ));
            }
            assert_eq!(answer.header("content-type"), "application/json");
        }
    }
    assert!(flaws.is_empty(), "{}", flaws.join("\n"));
    let unused: Vec<_> = differences
        .iter()
        .map(|(name, at, ..)| (name, at))
        .collect();
    assert!(unused.is_empty(), "no longer met: {unused:?}");
}
