//! Requests that are sent again because nobody knows whether the first arrived: `Idempotency-Key`.
//!
//! The key of a request is a lock in the store, held by the digest of the
//! request. Whoever sends the same again finds the lock held by the same digest: the jobs are in
//! already, and the answer is what it was. The lock and all jobs go in by one step, so that no crash
//! in between leaves one without the other.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::http::HeaderMap;
use axum::http::StatusCode;
use resque_core::wire::sha1_hex;
use resque_core::{Lease, Limits, Lock, QueueName, Result};

use super::problem::Problem;
use super::uniq::lock_name;

/// How long a request is known again.
const LIFE: Duration = Duration::from_secs(86_400);

/// The key of a request, and what the request says.
#[derive(Clone, Debug)]
pub(super) struct Repeat {
    queue: QueueName,
    key: String,
    digest: Arc<str>,
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing.
    New,
    /// The same request came before.
    Same,
    /// Another one did.
    Other,
}

impl Repeat {
    /// The key of a request to this queue, if it has one; `says` is everything that makes it this
    /// request.
    pub(super) fn of(
        headers: &HeaderMap,
        queue: &QueueName,
        says: &[&[u8]],
    ) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get("idempotency-key") else {
            return Ok(None);
        };
        let key = value.to_str().unwrap_or_default().trim();
        if key.is_empty() || key.len() > 255 {
            return Err(Problem::bad(
                "Idempotency-Key must be 1 to 255 letters of ASCII",
            ));
        }
        let lengths: Vec<[u8; 8]> = says
            .iter()
            .map(|part| (part.len() as u64).to_be_bytes())
            .collect();
        let mut parts: Vec<&[u8]> = lengths.iter().map(|length| &length[..]).collect();
        parts.extend(says);
        Ok(Some(Self {
            queue: queue.clone(),
            key: key.to_owned(),
            digest: sha1_hex(&parts).into(),
        }))
    }

    /// The lock of the request.
    pub(super) fn lock(&self, now: SystemTime) -> Lock {
        Lock {
            lease: self.lease(),
            now,
            until: now.checked_add(LIFE).unwrap_or(now),
        }
    }

    /// What is known of the key.
    pub(super) async fn known(&self, limits: &dyn Limits, now: SystemTime) -> Result<Known> {
        let ours = self.lease();
        let held = limits.leases(&ours.name, now).await?;
        let is_ours = held.iter().any(|held| held.lease.holder == ours.holder);
        Ok(match (held.is_empty(), is_ours) {
            (true, _) => Known::New,
            (_, true) => Known::Same,
            (_, false) => Known::Other,
        })
    }

    fn lease(&self) -> Lease {
        let name = lock_name("http_key", &self.queue, &self.key);
        Lease::new(name, self.digest.clone())
    }
}

/// The answer to a key that was used for something else.
pub(super) fn used() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "this Idempotency-Key was used for another request",
    )
}

/// The answer when the day of an earlier request ended while this one was looked at.
pub(super) fn forgotten() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "the day of an earlier request with this Idempotency-Key has ended just now; send it again",
    )
}
