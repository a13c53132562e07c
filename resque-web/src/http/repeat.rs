//! Requests that are sent again because nobody knows whether the first arrived: `Idempotency-Key`.
//!
//! The key of a request is a lock in the store for each of its jobs, held by the digest of the
//! request. Whoever sends the same again finds the locks held by the same digest: the jobs are in
//! already, and the answer is what it was. A lock and its job go in by one step, so that no crash in
//! between leaves one without the other.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::http::HeaderMap;
use axum::http::StatusCode;
use resque_core::wire::sha1_hex;
use resque_core::{Claim, Lease, Limits, Lock, Need, QueueName, Result};

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

    /// The lock of one of the jobs.
    pub(super) fn lock(&self, job: usize, now: SystemTime) -> Lock {
        Lock {
            lease: self.lease(job),
            now,
            until: now.checked_add(LIFE).unwrap_or(now),
        }
    }

    /// What is known of the key.
    pub(super) async fn known(&self, limits: &dyn Limits, now: SystemTime) -> Result<Known> {
        let ours = self.lease(0);
        let held = limits.leases(&ours.name, now).await?;
        let is_ours = held.iter().any(|held| held.lease.holder == ours.holder);
        Ok(match (held.is_empty(), is_ours) {
            (true, _) => Known::New,
            (_, true) => Known::Same,
            (_, false) => Known::Other,
        })
    }

    /// Notes the key of a request whose job had another lock.
    pub(super) async fn note(&self, limits: &dyn Limits, now: SystemTime) -> Result<()> {
        let Lock { lease, until, .. } = self.lock(0, now);
        let place = Need::Place {
            lease: lease.until(until),
            of: u32::MAX,
            apart: Duration::ZERO,
        };
        let claim = Claim {
            job: lease.holder.clone(),
            needs: vec![place],
            frees: None,
        };
        limits.claim(&[claim], now).await.map(drop)
    }

    fn lease(&self, job: usize) -> Lease {
        // A space is in no key's end.
        let key = format!("{} {job}", self.key);
        Lease::new(
            lock_name("http_key", &self.queue, &key),
            self.digest.clone(),
        )
    }
}

/// The answer to a key that was used for something else.
pub(super) fn used() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "this Idempotency-Key was used for another request",
    )
}
