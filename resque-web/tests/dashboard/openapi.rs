//! The OpenAPI document, and whether answers are as it says.

use std::time::Duration;

use axum::http::StatusCode;
use resque_core::{Enqueue, FailureRecord, Payload, QueueName, Sample, Schedule};
use serde_json::{Value, json};

use crate::support::{Site, get, post};

/// One of our workers.
const WORKER: &str = "web1~k3x9q:4711-0:*";

/// What is wrong with a value by its schema; what the schema does not tell of is wrong too.
fn flaw(document: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = document.pointer(name.trim_start_matches('#'));
        return match schema {
            Some(schema) => flaw(document, schema, value, at),
            None => Some(format!("{at}: {name} is nowhere")),
        };
    }
    for one_of in ["oneOf", "anyOf"] {
        if let Some(schemas) = schema[one_of].as_array() {
            let flaws: Vec<_> = schemas
                .iter()
                .map(|schema| flaw(document, schema, value, at))
                .collect();
            let fits = flaws.iter().any(Option::is_none);
            return if fits {
                None
            } else {
                flaws.into_iter().flatten().last()
            };
        }
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let is = |name: &Value| name == kind || (name == "number" && kind == "integer");
    let fits = match &schema["type"] {
        Value::Null => true,
        Value::Array(names) => names.iter().any(is),
        name => is(name),
    };
    if !fits {
        return Some(format!("{at}: {value} is no {}", schema["type"]));
    }
    match value {
        Value::Array(items) => items
            .iter()
            .find_map(|item| flaw(document, &schema["items"], item, &format!("{at}[]"))),
        Value::Object(members) => {
            let required = schema["required"].as_array();
            let missing = required.into_iter().flatten().find(|name| {
                value[name.as_str().unwrap()].is_null()
                    && !members.contains_key(name.as_str().unwrap())
            });
            if let Some(missing) = missing {
                return Some(format!("{at}: {missing} is missing"));
            }
            if schema["type"].is_null() {
                return None;
            }
            members.iter().find_map(|(name, member)| {
                let at = format!("{at}.{name}");
                match schema["properties"].get(name) {
                    Some(schema) => flaw(document, schema, member, &at),
                    None => Some(format!("{at} is not described")),
                }
            })
        }
        _ => None,
    }
}

fn check(document: &Value, path: &str, method: &str, status: StatusCode, answer: &Value) {
    let operation = &document["paths"][path][method];
    let response = &operation["responses"][status.as_str()];
    let schema = &response["content"]["application/json"]["schema"];
    assert!(
        schema.is_object(),
        "{method} {path}: {status} is not described"
    );
    let flaw = flaw(document, schema, answer, path);
    assert!(
        flaw.is_none(),
        "{method} {path}: {}: {answer}",
        flaw.unwrap_or_default()
    );
}

/// A store that has something for each address to show and to change.
async fn site() -> Site {
    let site = Site::new();
    site.push("q", r#"{"class":"A","args":[1,{"b":[null]}]}"#)
        .await;
    site.push("q", r#"{"class":"A","args":[2]}"#).await;
    site.push("q", "no job").await;
    site.work(WORKER).await;
    let now = site.client.clock().now();
    let tried = r#"{"class":"A","args":[3],"rs":{"attempts":3,"first_at":1795215600000,"error":{"exception":"IOError","message":"disk full"},"deaths":[{"at":1795215600000,"host":"web9","pid":7,"signal":9}]}}"#;
    let record = FailureRecord::new(now, Payload::from(tried), "Timeout", "no luck");
    let store = site.client.backend().unwrap();
    store
        .failures()
        .record(&[record.on(WORKER, "q")])
        .await
        .unwrap();
    let due = now + Duration::from_secs(60);
    let later = Enqueue::at(QueueName::new("q").unwrap(), Payload::from(tried), due);
    store.queues().push(&[later]).await.unwrap();
    let nightly = Schedule::raw("nightly", "A", &[4])
        .unwrap()
        .queue("q")
        .unwrap();
    let nightly = nightly.cron("0 3 * * *").unwrap().description("at night");
    site.client
        .schedules()
        .unwrap()
        .set(&nightly)
        .await
        .unwrap();
    let sample = Sample::new(7, 1);
    site.client
        .history()
        .unwrap()
        .record(now, &sample)
        .await
        .unwrap();
    site
}

/// How an address is asked on that store: what stands behind it, and the body of a change.
async fn asked(site: &Site, path: &str) -> (String, Value) {
    let read = async |path: &str| site.send(get(&format!("/api/v1{path}"))).await.json();
    let failure = read("/failures").await["failures"][0]["id"].clone();
    let delayed = read("/delayed").await["jobs"][0]["id"].clone();
    let jobs = read("/queue?name=q").await["jobs"].clone();
    let query = match path {
        "/queue" => "?name=q".to_owned(),
        "/worker" => "?id=web1~k3x9q%3A4711-0%3A*".to_owned(),
        "/failure" => format!("?id={}", failure.as_str().unwrap()),
        "/search" => "?text=a".to_owned(),
        _ => String::new(),
    };
    let body = match path {
        "/queue/job/front" => json!({"queue": "q", "mark": jobs[1]["mark"], "at": 1}),
        "/queue/job/remove" => json!({"queue": "q", "mark": jobs[0]["mark"], "at": 0}),
        "/failures/all" => json!({"what": "retry"}),
        "/failures/retry" | "/failures/remove" => json!({"ids": [failure]}),
        "/delayed/enqueue" | "/delayed/cancel" => json!({"ids": [delayed]}),
        "/delayed/move" => json!({"ids": [delayed], "to": "2040-01-02"}),
        path if path.starts_with("/schedules/") => json!({"name": "nightly"}),
        path if path.starts_with("/worker/") => json!({"worker": WORKER}),
        _ => json!({"queue": "q"}),
    };
    (query, body)
}

#[tokio::test]
async fn every_answer_is_as_the_document_says() {
    let document = Site::new().send(get("/api/v1/openapi.json")).await.json();
    let mut seen = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            // Each on a store of its own, because some take away what others want.
            let site = site().await;
            let (query, body) = asked(&site, path).await;
            let address = format!("/api/v1{path}{query}");
            let request = match method.as_str() {
                "get" => get(&address),
                _ => post(&address, &body),
            };
            let answer = site.send(request).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
            check(&document, path, method, answer.status, &answer.json());
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}

#[tokio::test]
async fn refusals_are_as_the_document_says() {
    let site = site().await;
    let document = site.send(get("/api/v1/openapi.json")).await.json();
    for (path, query) in [
        ("/queue", "?name=a,b"),
        ("/queues", "?limit=x"),
        ("/worker", "?id=no:1:q"),
        ("/failures", "?after=broken"),
        ("/failures/groups", "?since=soon"),
        ("/failure", "?id=gone"),
        ("/delayed", "?after=broken"),
        ("/search", "?place=nowhere"),
        ("/stats", "?span=1y"),
    ] {
        let answer = site.send(get(&format!("/api/v1{path}{query}"))).await;
        check(&document, path, "get", answer.status, &answer.json());
    }
    let gone = json!({"queue": "q", "mark": "x", "at": 0});
    let answer = site.send(post("/api/v1/queue/job/front", &gone)).await;
    check(
        &document,
        "/queue/job/front",
        "post",
        answer.status,
        &answer.json(),
    );
}

#[test]
fn no_route_goes_past_the_document() {
    let source = include_str!("../../src/api/mod.rs");
    let bare: Vec<_> = source
        .lines()
        .filter(|line| line.contains(".route("))
        .collect();
    assert!(
        matches!(bare[..], [line] if line.contains("/openapi.json")),
        "{bare:?}"
    );
}
