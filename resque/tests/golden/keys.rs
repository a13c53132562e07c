//! The keys of a server and those of a recording, in a form in which they can be compared.

use std::collections::{BTreeMap, BTreeSet};

use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};

use crate::differences::Difference;
use crate::normal::normal;

/// Type and content of every key.
pub(crate) type Keys = BTreeMap<String, Value>;

/// How the text of a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Texts {
    /// Byte for byte.
    Exact,
    /// Objects by their members: Perl writes these in no order.
    Members,
}

/// What a recording says.
pub(crate) fn recorded(keys: &Value, texts: Texts) -> Keys {
    let keys = keys.as_array().unwrap().iter();
    keys.map(|key| {
        let (name, kind) = (key["key"].as_str().unwrap(), key["type"].as_str().unwrap());
        (normal(name), entry(kind, &key["value"], texts))
    })
    .collect()
}

/// What stands in the server's database, but for our history: whoever works when a minute begins may
/// leave a sample of it, in a key that no other program knows.
pub(crate) async fn present(server: &mut MultiplexedConnection, texts: Texts) -> Keys {
    let names: Vec<String> = server.keys("*").await.unwrap();
    let mut keys = Keys::new();
    for name in names.iter().filter(|name| !name.ends_with(":rs:history")) {
        let mut kind = redis::cmd("TYPE");
        let kind: String = kind.arg(name).query_async(server).await.unwrap();
        let value = content(server, &kind, name).await.unwrap();
        keys.insert(normal(name), entry(&kind, &value, texts));
    }
    keys
}

async fn content(
    server: &mut MultiplexedConnection,
    kind: &str,
    name: &str,
) -> redis::RedisResult<Value> {
    Ok(match kind {
        "string" => json!(server.get::<_, String>(name).await?),
        "list" => json!(server.lrange::<_, Vec<String>>(name, 0, -1).await?),
        "set" => json!(server.smembers::<_, Vec<String>>(name).await?),
        "hash" => json!(server.hgetall::<_, BTreeMap<String, String>>(name).await?),
        "zset" => {
            let scores: Vec<(String, f64)> = server.zrange_withscores(name, 0, -1).await?;
            json!(scores)
        }
        other => panic!("{name} has the type {other}"),
    })
}

fn entry(kind: &str, value: &Value, texts: Texts) -> Value {
    let mut value = comparable(value, texts);
    if let ("set", Value::Array(members)) = (kind, &mut value) {
        members.sort_by_key(ToString::to_string);
    }
    json!({ "type": kind, "value": value })
}

fn comparable(value: &Value, texts: Texts) -> Value {
    match value {
        Value::String(text) => {
            let text = normal(text);
            let members = (texts == Texts::Members)
                .then(|| serde_json::from_str(&text).ok())
                .flatten();
            members
                .filter(Value::is_object)
                .unwrap_or(Value::String(text))
        }
        Value::Array(items) => items.iter().map(|item| comparable(item, texts)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (normal(name), comparable(value, texts)))
            .collect(),
        other => other.clone(),
    }
}

/// The keys that are not alike, one text for each; the named differences have to be there.
pub(crate) fn unlike(mut ours: Keys, mut theirs: Keys, named: &[&Difference]) -> Vec<String> {
    for difference in named {
        settle(difference, &mut theirs, &mut ours);
    }
    let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let side = |keys: &Keys, name| keys.get(name).map_or("nothing".into(), Value::to_string);
    names
        .into_iter()
        .filter(|name| ours.get(*name) != theirs.get(*name))
        .map(|name| {
            let (ours, theirs) = (side(&ours, name), side(&theirs, name));
            format!("{name}\n  ours:   {ours}\n  theirs: {theirs}")
        })
        .collect()
}

/// Applies one difference: it has to be there, and then both sides are made equal.
fn settle(difference: &Difference, theirs: &mut Keys, ours: &mut Keys) {
    let (key, expected, why) = match *difference {
        Difference::OnlyTheirs { key, why } => (key, None, why),
        Difference::OnlyOurs { key, ours, why } | Difference::Other { key, ours, why } => {
            (key, Some(ours), why)
        }
    };
    let (theirs, ours) = (theirs.remove(key), ours.remove(key));
    let recorded = !matches!(difference, Difference::OnlyOurs { .. });
    assert_eq!(theirs.is_some(), recorded, "recorded {key}: {why}");
    assert_ne!(ours, theirs, "{key} does not differ: {why}");
    let found = ours.map(|entry| entry["value"].clone());
    let expected = expected.map(|json| serde_json::from_str(json).unwrap());
    assert_eq!(found, expected, "{key}: {why}");
}
