//! The OpenAPI document, and whether answers are as it says.

use axum::http::StatusCode;
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

async fn site() -> Site {
    let site = Site::new();
    site.push("q", r#"{"class":"A","args":[1,{"b":[null]}]}"#)
        .await;
    site.push("q", r#"{"class":"A","args":[2]}"#).await;
    site.push("q", "no job").await;
    site.work(WORKER).await;
    site
}

#[tokio::test]
async fn every_answer_is_as_the_document_says() {
    let site = site().await;
    let document = site.send(get("/api/v1/openapi.json")).await.json();
    let paths = document["paths"].as_object().unwrap();
    let twin = site.send(get("/api/v1/queue?name=q")).await.json();
    let query = |path: &str| match path {
        "/queue" => "?name=q",
        "/worker" => "?id=web1~k3x9q%3A4711-0%3A*",
        _ => "",
    };
    let body = |path: &str| match path {
        "/queue/job/front" => json!({"queue": "q", "mark": twin["jobs"][1]["mark"], "at": 1}),
        "/queue/job/remove" => json!({"queue": "q", "mark": twin["jobs"][0]["mark"], "at": 0}),
        path if path.starts_with("/worker") => json!({ "worker": WORKER }),
        _ => json!({ "queue": "q" }),
    };
    let ours = paths.iter().filter(|(path, _)| {
        let first = path.split('/').nth(1).unwrap();
        OURS.contains(&first)
    });
    let mut seen = 0;
    // What removes comes last.
    let mut ours: Vec<_> = ours.collect();
    ours.sort_by_key(|(path, _)| (*path == "/queue/remove", path.contains("remove")));
    for (path, operations) in ours {
        for method in operations.as_object().unwrap().keys() {
            let address = format!("/api/v1{path}{}", query(path));
            let request = match method.as_str() {
                "get" => get(&address),
                _ => post(&address, &body(path)),
            };
            let answer = site.send(request).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
            check(&document, path, method, answer.status, &answer.json());
            seen += 1;
        }
    }
    assert_eq!(seen, 16);
}

/// The first parts of the addresses that this file knows how to ask.
const OURS: [&str; 9] = [
    "overview", "queues", "queue", "working", "workers", "worker", "backend", "pause", "resume",
];

#[tokio::test]
async fn refusals_are_as_the_document_says() {
    let site = site().await;
    let document = site.send(get("/api/v1/openapi.json")).await.json();
    for (path, query) in [
        ("/queue", "?name=a,b"),
        ("/queues", "?limit=x"),
        ("/worker", "?id=no:1:q"),
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
