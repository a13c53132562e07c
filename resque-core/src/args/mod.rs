//! Positional arguments: a Rust type *is* the argument list of a job.
//!
//! On the wire a job has a list of arguments, `"args":[44,"masterbrew"]`. In Rust it has a type;
//! the fields of a struct, in the order in which they are declared, are the arguments:
//!
//! ```
//! use resque_core::args;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize)]
//! struct Archive {
//!     repo_id: u64,
//!     #[serde(default)]
//!     branch: Option<String>,
//! }
//!
//! let job = Archive { repo_id: 44, branch: Some("masterbrew".into()) };
//! assert_eq!(args::to_json(&job)?, r#"[44,"masterbrew"]"#);
//! assert_eq!(args::from_json::<Archive>(r#"[44,"masterbrew"]"#)?, job);
//! assert_eq!(args::from_json::<Archive>("[44]")?.branch, None);
//!
//! let error = args::from_json::<Archive>(r#"["x"]"#).unwrap_err();
//! assert_eq!(error.to_string(), r#"argument 1 (`repo_id`): expected u64, found string "x""#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | Rust type | arguments |
//! |---|---|
//! | struct | its fields in the order of declaration |
//! | tuple, tuple struct | its elements |
//! | newtype `struct Id(u64)` | one |
//! | `Vec<T>`, slice, array | its elements |
//! | `()`, unit struct | none |
//! | `serde_json::Value`, `Box<RawValue>` | the elements of the array that it is |
//!
//! Inside an argument everything is ordinary JSON: a nested struct is an object, an enum, a map or
//! an option is what `serde_json` makes of it. `None` keeps its place as `null`. Integers up to 128
//! bits are exact. Numbers that no Rust type holds exactly survive in a `Box<RawValue>`.
//!
//! A missing argument at the end takes the field's `#[serde(default)]`, and is `None` for an
//! `Option` in a struct or tuple. Of the other serde attributes, `skip` leaves a field out of the
//! list altogether, `rename` shows in messages only, `skip_serializing_if` works at the end of the
//! list, and `flatten` is refused because it has no positions. An `alias` has no meaning.

mod checked;
mod de;
mod error;
mod failure;
mod float;
mod raw;
mod ser;

use serde::Serialize;
use serde::de::Deserialize;

pub use self::error::{ArgumentError, Arity, EncodeError};

/// The name under which Serde's JSON crate passes raw JSON through other serializers.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

/// Writes arguments as the JSON array that Ruby would write: compact, only what must be escaped
/// escaped, floats as `1.0`, `1.0e+20` and `1.0e-07`.
///
/// # Errors
/// When the value is no list of arguments, or something in it has no form in JSON: `NaN` and
/// infinities, maps whose keys are no strings, what a type refuses by itself.
pub fn to_json<T>(args: &T) -> Result<String, EncodeError>
where
    T: Serialize + ?Sized,
{
    let mut out = Vec::with_capacity(64);
    write_json(args, &mut out)?;
    String::from_utf8(out).map_err(serde::ser::Error::custom)
}

/// Appends arguments to a buffer like [`to_json`]; after an error the buffer is as it was.
///
/// # Errors
/// The same as those of [`to_json`].
pub fn write_json<T>(args: &T, out: &mut Vec<u8>) -> Result<(), EncodeError>
where
    T: Serialize + ?Sized,
{
    let start = out.len();
    let written = args.serialize(ser::List::new(out));
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// Reads arguments from the raw JSON array of a payload.
///
/// Text without escapes is borrowed where the type borrows.
///
/// # Errors
/// When there are too few or too many arguments, or one does not fit; the message names it.
pub fn from_json<'de, T>(args: &'de str) -> Result<T, ArgumentError>
where
    T: Deserialize<'de>,
{
    de::read(args)
}

#[cfg(test)]
mod tests;
