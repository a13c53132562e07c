//! The store: one connection, one namespace.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use resque_core::{Error, FailureLayout, Result, SharedClock};

use crate::connect::Connection;
use crate::driver::{Batch, ErrorClass, Script, ServerError, Value};
use crate::failures::Hints;
use crate::keys::Keys;
use crate::known::KnownQueues;
use crate::permissions::Permissions;
use crate::pushes::Pushes;
use crate::refusal;
use crate::wake::Wake;

/// Keys and arguments of one command at most; more are sent in several.
pub(crate) const CHUNK: usize = 1000;

/// All three traits over one connection.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) connection: Connection,
    pub(crate) keys: Keys,
    pub(crate) layout: FailureLayout,
    pub(crate) wake: Wake,
    pub(crate) permissions: Permissions,
    pub(crate) pushes: Pushes,
    known: Mutex<KnownQueues>,
    hints: Mutex<Hints>,
}

impl Store {
    /// The store in `namespace` behind `connection`.
    pub(crate) fn new(
        connection: Connection,
        namespace: &str,
        layout: FailureLayout,
        clock: SharedClock,
    ) -> Self {
        let keys = Keys::new(namespace);
        Self {
            wake: Wake::new(&connection, namespace, clock),
            pushes: Pushes::new(connection.clone(), keys.clone()),
            keys,
            connection,
            layout,
            permissions: Permissions::default(),
            known: Mutex::default(),
            hints: Mutex::default(),
        }
    }

    /// The server's place, for messages.
    pub(crate) fn place(&self) -> &str {
        self.connection.place()
    }

    /// The queue names seen last. The lock is never held while waiting.
    pub(crate) fn known(&self) -> MutexGuard<'_, KnownQueues> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where failures stood last. The lock is never held while waiting.
    pub(crate) fn hints(&self) -> MutexGuard<'_, Hints> {
        self.hints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes one round trip; what the server refuses is among the replies.
    pub(crate) async fn run(&self, what: &str, batch: &Batch) -> Result<Vec<Value>> {
        let replies = self.connection.run(batch).await;
        replies.map_err(|error| error.during(what))
    }

    /// Makes one round trip of a single command, and takes no refusal.
    pub(crate) async fn one(&self, what: &str, batch: &Batch) -> Result<Value> {
        debug_assert_eq!(batch.len(), 1, "a single command");
        self.single(what, self.run(what, batch).await?)
    }

    /// The reply to a single command, unless that was refused.
    pub(crate) fn single(&self, what: &str, mut replies: Vec<Value>) -> Result<Value> {
        let reply = replies.pop().unwrap_or(Value::Nil);
        reply.ok().map_err(|error| self.refused(what, &error))
    }

    /// Calls a script that answers `false`, a key and an error when it could not begin.
    pub(crate) async fn script(&self, what: &str, batch: &Batch) -> Result<Value> {
        debug_assert_eq!(batch.len(), 1, "a single script");
        let reply = self.run(what, batch).await?.pop().unwrap_or(Value::Nil);
        refusal::script_reply(&self.keys, self.place(), what, reply)
    }

    /// Calls a single command on one key that has to hold what Resque puts there.
    pub(crate) async fn on_key(&self, what: &str, key: &str, batch: &Batch) -> Result<Value> {
        let reply = self.run(what, batch).await?.pop().unwrap_or(Value::Nil);
        reply
            .ok()
            .map_err(|error| self.key_refused(what, key, &error))
    }

    /// The error of a command that the server refused.
    pub(crate) fn refused(&self, what: &str, error: &ServerError) -> Error {
        refusal::refused(what, self.place(), error)
    }

    /// The error of a command on `key` that the server refused.
    pub(crate) fn key_refused(&self, what: &str, key: &str, error: &ServerError) -> Error {
        if error.class() == ErrorClass::WrongType {
            refusal::spoiled(&self.keys, key, self.place(), error)
        } else {
            self.refused(what, error)
        }
    }

    /// The error of a key that a script could not use.
    pub(crate) fn spoiled(&self, key: &Value, line: &Value) -> Error {
        refusal::spoiled_in_script(&self.keys, self.place(), key, line)
    }

    /// The error of a reply of a shape that this library does not know.
    pub(crate) fn odd_reply(&self, what: &str) -> Error {
        Error::Corrupt {
            place: format!("the reply to {what} from Redis at {}", self.place()),
            found: "something else".to_owned(),
            expected: "what Redis answers to it".to_owned(),
        }
    }

    /// A script call that has the key prefix as its first argument.
    pub(crate) fn call(&self, script: &'static Script, args: usize, bytes: usize) -> Batch {
        let mut batch = Batch::with_capacity(args + 4, bytes + 64);
        batch.script(script, 0).arg(self.keys.prefix());
        batch
    }
}

/// The bytes of a reply; nothing for what has none.
pub(crate) fn bytes_of(value: Value) -> Bytes {
    value.into_bytes().unwrap_or_default()
}

/// A number of a reply; 0 for what is none.
pub(crate) fn number_of(value: &Value) -> u64 {
    value
        .as_int()
        .and_then(|number| number.try_into().ok())
        .unwrap_or(0)
}

/// The elements of a reply; none for what has none.
pub(crate) fn list_of(value: Value) -> Vec<Value> {
    value.into_array().unwrap_or_default()
}
