//! Positional arguments, until the adapter is there.

use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) fn decode<T: DeserializeOwned>(args: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(args).or_else(|error| match args {
        b"[]" => serde_json::from_str("null").map_err(|_: serde_json::Error| error),
        _ => Err(error),
    })
}

pub(crate) fn write<T: Serialize + ?Sized>(
    buffer: &mut Vec<u8>,
    args: &T,
) -> Result<(), serde_json::Error> {
    match serde_json::to_value(args)? {
        serde_json::Value::Object(members) => {
            serde_json::to_writer(buffer, &members.values().collect::<Vec<_>>())
        }
        serde_json::Value::Null => serde_json::to_writer(buffer, &[0; 0]),
        args => serde_json::to_writer(buffer, &args),
    }
}
