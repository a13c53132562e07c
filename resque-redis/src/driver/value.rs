//! Replies of the server.

use bytes::Bytes;

use super::ServerError;

/// A reply, the same for RESP2 and RESP3.
///
/// What only RESP3 knows takes the shape that RESP2 gives it: maps become flat arrays, sets arrays,
/// booleans 0 and 1, doubles and big numbers text, and an array of pairs of a member and a double
/// (`ZRANGE … WITHSCORES`) a flat one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing: an absent key, an empty pop.
    Nil,
    /// A whole number.
    Int(i64),
    /// Bytes as they were stored.
    Bulk(Bytes),
    /// A short word of the server itself, mostly `OK`.
    Status(String),
    /// A sequence of replies.
    Array(Vec<Value>),
    /// The server's refusal of this one command.
    Error(ServerError),
}

impl Value {
    /// Returns the whole number, also where it was sent as text.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Bulk(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// Returns the bytes of a bulk or status reply.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bulk(bytes) => Some(bytes),
            Self::Status(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// Returns the bytes of a bulk or status reply without copying them.
    #[must_use]
    pub fn into_bytes(self) -> Option<Bytes> {
        match self {
            Self::Bulk(bytes) => Some(bytes),
            Self::Status(text) => Some(text.into()),
            _ => None,
        }
    }

    /// Returns the elements of an array.
    #[must_use]
    pub fn into_array(self) -> Option<Vec<Self>> {
        match self {
            Self::Array(values) => Some(values),
            _ => None,
        }
    }

    /// Returns the elements of an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(values) => Some(values),
            _ => None,
        }
    }

    /// Tells whether this is nothing.
    #[must_use]
    pub fn is_nil(&self) -> bool {
        *self == Self::Nil
    }

    /// Separates what the server refused from what it answered.
    ///
    /// # Errors
    ///
    /// The server's error, if this is one.
    pub fn ok(self) -> Result<Self, ServerError> {
        match self {
            Self::Error(error) => Err(error),
            value => Ok(value),
        }
    }
}

/// Writes a double as RESP2 would: `3`, `1.5`, `inf`.
pub(crate) fn double_text(number: f64) -> Bytes {
    if number.is_infinite() {
        return Bytes::from_static(if number > 0.0 { b"inf" } else { b"-inf" });
    }
    number.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_read_as_in_resp2() {
        for (number, text) in [
            (3.0, "3"),
            (1.5, "1.5"),
            (f64::INFINITY, "inf"),
            (-0.25, "-0.25"),
            (1_700_000_000.123, "1700000000.123"),
        ] {
            assert_eq!(double_text(number), text);
        }
    }

    #[test]
    fn numbers_are_read_from_text_too() {
        assert_eq!(Value::Int(7).as_int(), Some(7));
        assert_eq!(Value::Bulk("42".into()).as_int(), Some(42));
        assert_eq!(Value::Bulk("4 2".into()).as_int(), None);
        assert_eq!(Value::Nil.as_int(), None);
    }
}
