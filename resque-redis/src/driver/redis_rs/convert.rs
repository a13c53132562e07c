//! Our commands and replies, in the types of the `redis` crate.

use std::any::Any;
use std::fmt::Debug;

use bytes::Bytes;
use redis::Cmd;

use crate::driver::batch::CommandRef;
use crate::driver::value::double_text;
use crate::driver::{ServerError, Value};

/// Copies a command, in three allocations however many arguments it has.
pub(super) fn to_redis(command: CommandRef<'_>) -> Cmd {
    let bytes = command.args().map(<[u8]>::len).sum();
    let mut cmd = Cmd::with_capacity(command.len(), bytes);
    for arg in command.args() {
        cmd.arg(arg);
    }
    cmd
}

/// Takes a reply over, without copying bytes.
pub(super) fn from_redis(value: redis::Value) -> Value {
    use redis::Value as Redis;
    match value {
        Redis::Int(number) => Value::Int(number),
        Redis::BulkString(bytes) => Value::Bulk(bytes.into()),
        Redis::SimpleString(text) => Value::Status(text),
        Redis::Okay => Value::Status("OK".to_owned()),
        Redis::Array(values) | Redis::Set(values) => from_sequence(values),
        Redis::Push { data, .. } => Value::Array(data.into_iter().map(from_redis).collect()),
        Redis::Map(pairs) => {
            let flat = pairs.into_iter().flat_map(|(key, value)| [key, value]);
            Value::Array(flat.map(from_redis).collect())
        }
        Redis::Attribute { data, .. } => from_redis(*data),
        Redis::Double(number) => Value::Bulk(double_text(number)),
        Redis::Boolean(yes) => Value::Int(yes.into()),
        Redis::VerbatimString { text, .. } => Value::Bulk(text.into()),
        Redis::BigNumber(number) => Value::Bulk(digits(&number)),
        Redis::ServerError(error) => Value::Error(server_error(error.code(), error.details())),
        Redis::Nil | _ => Value::Nil,
    }
}

/// Puts the line together again that the `redis` crate took apart.
pub(super) fn server_error(code: &str, detail: Option<&str>) -> ServerError {
    match detail {
        Some(detail) => ServerError::from_line(format!("{code} {detail}")),
        None => ServerError::from_line(code),
    }
}

/// Turns an array into ours; pairs that end in a double, as only RESP3 nests them, become a flat
/// list.
fn from_sequence(values: Vec<redis::Value>) -> Value {
    let scored = |value: &redis::Value| match value {
        redis::Value::Array(pair) => matches!(pair[..], [_, redis::Value::Double(_)]),
        _ => false,
    };
    if values.is_empty() || !values.iter().all(scored) {
        return Value::Array(values.into_iter().map(from_redis).collect());
    }
    let pairs = values
        .into_iter()
        .filter_map(|pair| pair.into_sequence().ok());
    Value::Array(pairs.flatten().map(from_redis).collect())
}

/// The digits of a big number, whose type depends on a feature of the `redis` crate that anybody
/// may switch on.
fn digits<N: Any + Debug>(number: &N) -> Bytes {
    match (number as &dyn Any).downcast_ref::<Vec<u8>>() {
        Some(digits) => Bytes::copy_from_slice(digits),
        None => format!("{number:?}").into(),
    }
}

#[cfg(test)]
mod tests {
    use redis::Value as Redis;

    use super::*;

    fn bulk(text: &'static str) -> Value {
        Value::Bulk(text.into())
    }

    #[test]
    fn resp3_shapes_become_those_of_resp2() {
        let text = |text: &str| Redis::BulkString(text.into());
        let pair = |first: &str, second| Redis::Array(vec![text(first), second]);
        for (given, expected) in [
            (Redis::Okay, Value::Status("OK".into())),
            (Redis::Boolean(true), Value::Int(1)),
            (Redis::Double(1.5), bulk("1.5")),
            (redis::parse_redis_value(b"(123\r\n").unwrap(), bulk("123")),
            (
                Redis::Map(vec![(text("k"), Redis::Int(1))]),
                Value::Array(vec![bulk("k"), Value::Int(1)]),
            ),
            (Redis::Set(vec![text("m")]), Value::Array(vec![bulk("m")])),
            (
                Redis::Array(vec![pair("m", Redis::Double(2.0))]),
                Value::Array(vec![bulk("m"), bulk("2")]),
            ),
            (
                Redis::Array(vec![pair("m", text("2"))]),
                Value::Array(vec![Value::Array(vec![bulk("m"), bulk("2")])]),
            ),
            (Redis::Array(vec![]), Value::Array(vec![])),
        ] {
            assert_eq!(from_redis(given), expected);
        }
    }

    #[test]
    fn an_error_line_is_put_together_again() {
        assert_eq!(
            server_error("OOM", Some("command not allowed")).to_string(),
            "OOM command not allowed"
        );
        assert_eq!(server_error("OOM", None).to_string(), "OOM");
    }
}
