//! The choices a configuration offers.

/// A version of the Redis protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// The one that every server and proxy speaks. Waiting for jobs is paced polling then.
    Resp2,
    /// The one of Redis 6 and later.
    Resp3,
}

/// The client crate that moves the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DriverKind {
    /// The `redis` crate.
    #[cfg(feature = "redis")]
    Redis,
    /// The `fred` crate.
    #[cfg(feature = "fred")]
    Fred,
}

impl DriverKind {
    /// Returns the driver of this name, if it was built in.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            #[cfg(feature = "redis")]
            "redis" => Some(Self::Redis),
            #[cfg(feature = "fred")]
            "fred" => Some(Self::Fred),
            _ => None,
        }
    }
}

impl Default for DriverKind {
    fn default() -> Self {
        #[cfg(feature = "redis")]
        return Self::Redis;
        #[cfg(not(feature = "redis"))]
        return Self::Fred;
    }
}
