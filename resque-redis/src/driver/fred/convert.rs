//! Our commands and replies, in the types of the `fred` crate.

use bytes::Bytes;
use fred::types::{ClusterHash, CustomCommand, Resp3Frame};

use crate::driver::value::double_text;
use crate::driver::{Batch, ServerError, Value};

/// Turns the commands of a batch into names and arguments. Small arguments are copied once, all
/// together.
pub(super) fn to_fred(
    batch: &Batch,
) -> impl Iterator<Item = (CustomCommand, Vec<fred::types::Value>)> {
    let data = batch.data_as_bytes();
    batch.commands().map(move |command| {
        let name = CustomCommand::new(command.name().into_owned(), ClusterHash::Random, false);
        let args = command
            .args_as_bytes(&data)
            .skip(1)
            .map(fred::types::Value::Bytes);
        (name, args.collect())
    })
}

/// Takes a reply over, without copying bytes.
pub(super) fn from_fred(frame: Resp3Frame) -> Value {
    use Resp3Frame as Fred;
    match frame {
        Fred::BlobString { data, .. }
        | Fred::BigNumber { data, .. }
        | Fred::VerbatimString { data, .. }
        | Fred::ChunkedString(data) => Value::Bulk(data),
        Fred::SimpleString { data, .. } => Value::Status(text(&data)),
        Fred::SimpleError { data, .. } => Value::Error(ServerError::from_line(&*data)),
        Fred::BlobError { data, .. } => Value::Error(ServerError::from_line(text(&data))),
        Fred::Boolean { data, .. } => Value::Int(data.into()),
        Fred::Number { data, .. } => Value::Int(data),
        Fred::Double { data, .. } => Value::Bulk(double_text(data)),
        Fred::Array { data, .. } => from_sequence(data),
        Fred::Push { data, .. } => Value::Array(data.into_iter().map(from_fred).collect()),
        Fred::Set { data, .. } => Value::Array(data.into_iter().map(from_fred).collect()),
        Fred::Map { data, .. } => {
            let flat = data.into_iter().flat_map(|(key, value)| [key, value]);
            Value::Array(flat.map(from_fred).collect())
        }
        Fred::Null | Fred::Hello { .. } => Value::Nil,
    }
}

/// Turns an array into ours; pairs that end in a double, as only RESP3 nests them, become a flat
/// list.
fn from_sequence(frames: Vec<Resp3Frame>) -> Value {
    let scored = |frame: &Resp3Frame| match frame {
        Resp3Frame::Array { data, .. } => matches!(data[..], [_, Resp3Frame::Double { .. }]),
        _ => false,
    };
    if frames.is_empty() || !frames.iter().all(scored) {
        return Value::Array(frames.into_iter().map(from_fred).collect());
    }
    let pairs = frames.into_iter().filter_map(|frame| match frame {
        Resp3Frame::Array { data, .. } => Some(data),
        _ => None,
    });
    Value::Array(pairs.flatten().map(from_fred).collect())
}

fn text(data: &Bytes) -> String {
    String::from_utf8_lossy(data).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &'static str) -> Resp3Frame {
        Resp3Frame::BlobString {
            data: Bytes::from_static(text.as_bytes()),
            attributes: None,
        }
    }

    fn array(data: Vec<Resp3Frame>) -> Resp3Frame {
        Resp3Frame::Array {
            data,
            attributes: None,
        }
    }

    fn bulk(text: &'static str) -> Value {
        Value::Bulk(text.into())
    }

    #[test]
    fn resp3_shapes_become_those_of_resp2() {
        let double = |data| Resp3Frame::Double {
            data,
            attributes: None,
        };
        let map = [(
            frame("k"),
            Resp3Frame::Number {
                data: 1,
                attributes: None,
            },
        )]
        .into_iter()
        .collect();
        let set = [frame("m")].into_iter().collect();
        for (given, expected) in [
            (
                Resp3Frame::Boolean {
                    data: true,
                    attributes: None,
                },
                Value::Int(1),
            ),
            (double(1.5), bulk("1.5")),
            (
                Resp3Frame::Map {
                    data: map,
                    attributes: None,
                },
                Value::Array(vec![bulk("k"), Value::Int(1)]),
            ),
            (
                Resp3Frame::Set {
                    data: set,
                    attributes: None,
                },
                Value::Array(vec![bulk("m")]),
            ),
            (
                array(vec![array(vec![frame("m"), double(2.0)])]),
                Value::Array(vec![bulk("m"), bulk("2")]),
            ),
            (
                array(vec![array(vec![frame("m"), frame("2")])]),
                Value::Array(vec![Value::Array(vec![bulk("m"), bulk("2")])]),
            ),
            (array(vec![]), Value::Array(vec![])),
            (Resp3Frame::Null, Value::Nil),
        ] {
            assert_eq!(from_fred(given), expected);
        }
    }

    #[test]
    fn commands_keep_their_arguments() {
        let big = Bytes::from(vec![1; 5000]);
        let mut batch = Batch::new();
        batch.command("SET").arg("k").arg(&big);
        batch.command("PING");
        let commands: Vec<_> = to_fred(&batch).collect();
        assert_eq!(&*commands[0].0.cmd, "SET");
        assert_eq!(commands[0].1, [Bytes::from_static(b"k").into(), big.into()]);
        assert_eq!(commands[1].1, []);
    }
}
