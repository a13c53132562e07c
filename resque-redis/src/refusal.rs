//! What the server refuses, as errors of this library.

use resque_core::{Error, Result};

use crate::driver::{ErrorClass, ServerError, Value};
use crate::keys::Keys;

/// The error of a command that the server refused.
pub(crate) fn refused(what: &str, place: &str, error: &ServerError) -> Error {
    inner(error).during(format!("{what} on Redis at {place}"))
}

/// The error of a key that could not be used.
pub(crate) fn spoiled(keys: &Keys, key: &str, place: &str, error: &ServerError) -> Error {
    let expected = keys.kind_of(key);
    match error.class() {
        ErrorClass::WrongType => Error::Corrupt {
            place: format!("the key {key} on Redis at {place}"),
            found: "another type".to_owned(),
            expected: expected.to_owned(),
        },
        ErrorClass::Permanent => Error::Corrupt {
            place: format!("the key {key} on Redis at {place}"),
            found: format!("something that cannot be used ({error})"),
            expected: expected.to_owned(),
        },
        _ => refused(&format!("use the key {key}"), place, error),
    }
}

/// The error of a key that a script could not use, and of which it told.
pub(crate) fn spoiled_in_script(keys: &Keys, place: &str, key: &Value, line: &Value) -> Error {
    let text = |value: &Value| {
        let bytes = value.as_bytes().unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    };
    let error = ServerError::from_line(text(line));
    spoiled(keys, &text(key), place, &error)
}

/// The reply of a script that answers `false`, a key and an error when it could not begin.
pub(crate) fn script_reply(keys: &Keys, place: &str, what: &str, reply: Value) -> Result<Value> {
    match reply.ok().map_err(|error| refused(what, place, &error))? {
        Value::Array(parts) if parts.len() == 3 && parts[0].is_nil() => {
            Err(spoiled_in_script(keys, place, &parts[1], &parts[2]))
        }
        reply => Ok(reply),
    }
}

/// The error of a command inside a script. Servers before 7.0 put the script's place before it.
fn inner(error: &ServerError) -> ServerError {
    let line = error.to_string();
    let wrapped = ["ERR Error running script", "@user_script"];
    let wrapped = wrapped.iter().any(|start| line.starts_with(start));
    match line.split_once(": -").filter(|_| wrapped) {
        Some((_, inner)) => ServerError::from_line(inner),
        None => error.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_inside_scripts_of_old_servers_are_understood() {
        for start in ["ERR Error running script (call to f_6b5): ", ""] {
            let line = format!("{start}@user_script:31: -OOM command not allowed.");
            let error = refused("push", "localhost:6379", &ServerError::from_line(line));
            assert!(error.is_transient(), "{error}");
            assert_eq!(
                error.to_string(),
                "push on Redis at localhost:6379: the store refused: OOM command not allowed."
            );
        }
    }

    #[test]
    fn a_wrong_type_names_the_key_and_what_belongs_there() {
        let line = "WRONGTYPE Operation against a key holding the wrong kind of value";
        let (keys, line) = (Keys::new("resque"), ServerError::from_line(line));
        let error = spoiled(&keys, "resque:queue:mail", "localhost:6379", &line);
        assert_eq!(
            error.to_string(),
            "the key resque:queue:mail on Redis at localhost:6379 holds another type, expected a list \
             of jobs"
        );
    }
}
