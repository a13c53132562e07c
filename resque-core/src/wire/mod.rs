//! What stands in the store, byte for byte: the Resque wire format, and our own additions to it.
//!
//! Everything here is pure: bytes in, values out, and back. Writers produce exactly what Ruby's
//! Resque writes; readers accept whatever any implementation of any age has written.
//!
//! | module | what |
//! |---|---|
//! | [`payload`] | the job in a queue: `{"class":"Archive","args":[44,"masterbrew"]}` |
//! | [`extra`] | what we add to the payload of a job that waits for another attempt |
//! | [`note`] | what a worker holds: `worker:<id>` |
//! | [`failure`] | the entry of a failed job |
//! | [`delayed`] | the item that waits for its time in resque-scheduler's lists |
//! | [`time`] | times as Ruby writes them, and as anybody ever did |
//! | [`embed`] | payloads inside other records, such that any bytes come back exactly |
//! | [`json`] | looking into raw JSON and changing one member of it |

pub mod delayed;
mod digest;
pub mod embed;
pub mod extra;
pub mod failure;
#[cfg(test)]
pub(crate) mod golden;
pub mod json;
pub mod note;
pub mod payload;
mod text;
pub mod time;

pub use digest::sha1_hex;
pub use text::text_of;
