//! Each page and each form has a twin in JSON, and the names in the twins stay what they are.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::support::{Site, get};

/// Where the routes of the pages stand, and those of the forms.
const SOURCES: [&str; 2] = [
    include_str!("../../src/pages/mod.rs"),
    include_str!("../../src/actions/mod.rs"),
];

/// What is no page of its own: the way to the overview, and the stream for scripts.
const NO_PAGES: [&str; 2] = ["get /", "get /live"];

async fn document() -> Value {
    Site::new().send(get("/api/v1/openapi.json")).await.json()
}

/// The routes of a source, such as `get /overview`.
fn routes(source: &str) -> impl Iterator<Item = String> {
    let call = |line: &str| {
        let (path, rest) = line.trim().strip_prefix(".route(\"")?.split_once("\", ")?;
        let (method, _) = rest.split_once('(')?;
        Some(format!("{method} {path}"))
    };
    source.lines().filter_map(call)
}

/// The operations of the document, alike.
fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, operations)| {
        let operations = operations.as_object().unwrap().iter();
        operations.map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

#[tokio::test]
async fn each_page_and_each_form_has_a_twin() {
    let pages = SOURCES.into_iter().flat_map(routes);
    // Ruby's word for the page stays in its address.
    let pages: BTreeSet<_> = pages
        .filter(|route| !NO_PAGES.contains(&route.as_str()))
        .map(|route| route.replace("/failed", "/failures"))
        .collect();
    let document = document().await;
    let twins: BTreeSet<_> = operations(&document).map(|(route, _)| route).collect();
    assert_eq!(pages, twins);
    assert!(pages.len() > 30, "{pages:?}");
}

/// A type in a word: `string`, `integer|null`, `FailureRow[]`.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        return name.rsplit('/').next().unwrap_or_default().to_owned();
    }
    let several = ["oneOf", "anyOf"]
        .iter()
        .find_map(|name| schema[name].as_array());
    if let Some(several) = several {
        let kinds: Vec<_> = several.iter().map(kind).collect();
        return kinds.join("|");
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> = words.iter().map(ToString::to_string).collect();
        return words.join("|");
    }
    let mut kinds = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => vec!["any"],
    };
    let items = kind_of_items(schema);
    for kind in &mut kinds {
        if *kind == "array" {
            *kind = &items;
        }
    }
    kinds.join("|")
}

fn kind_of_items(schema: &Value) -> String {
    match &schema["items"] {
        Value::Null => "array".to_owned(),
        items => format!("{}[]", kind(items)),
    }
}

/// All names that programs rely on, a line each.
fn names(document: &Value) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for (route, operation) in operations(document) {
        let content = |at: &Value| kind(&at["content"]["application/json"]["schema"]);
        let answer = content(&operation["responses"]["200"]);
        let asked = match &operation["requestBody"] {
            Value::Null => String::new(),
            body => format!(" {}", content(body)),
        };
        lines.insert(format!("{route}{asked} -> {answer}"));
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let (name, kind) = (
                parameter["name"].as_str().unwrap(),
                kind(&parameter["schema"]),
            );
            lines.insert(format!("{route} ?{name}: {kind}"));
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        // What takes in the fields of others has several parts.
        let one = vec![schema.clone()];
        for part in schema["allOf"].as_array().unwrap_or(&one) {
            match part["properties"].as_object() {
                Some(fields) => lines.extend(
                    fields
                        .iter()
                        .map(|(field, schema)| format!("{name}.{field}: {}", kind(schema))),
                ),
                None => {
                    lines.insert(format!("{name}: {}", kind(part)));
                }
            }
        }
    }
    lines
}

/// What has been promised stands in `names.txt`. A new name is added with `RESQUE_BLESS=1`; one that
/// goes or changes breaks the programs that use it.
#[tokio::test]
async fn names_stay_what_they_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dashboard/names.txt");
    let names = names(&document().await);
    if std::env::var("RESQUE_BLESS").is_ok_and(|bless| bless == "1") {
        let lines: Vec<_> = names.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(&path, lines.concat()).unwrap();
    }
    let promised = std::fs::read_to_string(&path).unwrap();
    let promised: BTreeSet<_> = promised.lines().map(str::to_owned).collect();
    let broken: Vec<_> = promised.difference(&names).collect();
    assert!(broken.is_empty(), "no longer there: {broken:#?}");
    let new: Vec<_> = names.difference(&promised).collect();
    assert!(new.is_empty(), "not in names.txt yet: {new:#?}");
}
