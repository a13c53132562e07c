//! The account of a worker that was lost with a job in its hands.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{cut, millis};

/// The longest name of a host that is kept, in bytes.
const LONGEST_HOST: usize = 255;

/// The account of a worker, or of the process that ran a job for it, that was lost with the job in
/// its hands: as much as is known.
///
/// It is plain data and crosses processes as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Death {
    /// When it was noticed, to the millisecond.
    #[serde(with = "millis", skip_serializing_if = "Option::is_none")]
    pub at: Option<SystemTime>,
    /// The host it ran on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// The process that was lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The status with which the process ended, if it ended by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<i32>,
    /// The signal that ended the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// The last heartbeat of its worker, to the millisecond.
    #[serde(with = "millis", skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<SystemTime>,
    /// The most memory it had, in bytes, if somebody looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
}

impl Death {
    /// A loss noticed at this time, of a process on this host. The token that our worker ids have
    /// behind the name of the host, `web1~k3x9q`, is no part of it.
    #[must_use]
    pub fn new(at: SystemTime, host: &str) -> Self {
        let host = host.split_once('~').map_or(host, |(host, _)| host);
        Self {
            at: Some(at),
            host: cut(host, LONGEST_HOST),
            ..Self::default()
        }
    }
}
