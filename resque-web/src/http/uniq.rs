//! Jobs of which no second one is put in: `?uniq=KEY`.
//!
//! The key is a lock in the store, and stands in the job as a last member of its own, so that whoever
//! fetches or settles the job knows what to give up. It is taken out again before anybody sees the
//! job over HTTP, so that its bytes are those that came; other workers do not look at it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use resque_core::wire::json::{members, splice_member, without_member, write_string};
use resque_core::wire::sha1_hex;
use resque_core::{Lease, Lock, Payload, QueueName};

use super::problem::Problem;

/// The member that holds the key.
const MEMBER: &str = "rs_uniq";

/// What the names of all these locks begin with.
pub(super) const LOCKS: &str = "http_uniq:";

/// How long a key is kept at the most, counted from when its job is due: a job that is performed by
/// a worker which knows nothing of keys, or is deleted by somebody else, holds up nobody for ever.
const LIFE: Duration = Duration::from_secs(86_400);

/// The job with its key in it, and the lock that it needs.
pub(super) fn locked(
    queue: &QueueName,
    key: &str,
    job: &[u8],
    (now, due): (SystemTime, Option<SystemTime>),
) -> Result<(Payload, Lock), Problem> {
    if key.is_empty() || key.len() > 255 || key.chars().any(char::is_control) {
        return Err(Problem::bad(
            "uniq must be a text of 1 to 255 bytes without control characters",
        ));
    }
    let not_an_object = |_| Problem::bad("the job must be a JSON object");
    let (job, old) = parted(job);
    if old.is_some() {
        return Err(Problem::bad(format!("the job says {MEMBER} already")));
    }
    let mut text = Vec::with_capacity(key.len() + 2);
    write_string(&mut text, key);
    let payload = splice_member(&job, MEMBER, &text).map_err(not_an_object)?;
    let lock = Lock {
        lease: lease(queue, key, &job),
        now,
        until: after(due.unwrap_or(now).max(now), LIFE),
    };
    Ok((payload.into(), lock))
}

/// A job as it came, and the lock that it has, if it has one.
pub(super) fn unlocked(queue: &QueueName, payload: Payload) -> (Bytes, Option<Lease>) {
    let bytes = payload.into_bytes();
    match parted(&bytes) {
        (job, Some(key)) => {
            let lease = lease(queue, &key, &job);
            (Bytes::copy_from_slice(&job), Some(lease))
        }
        (_, None) => (bytes, None),
    }
}

/// The same for many, of whom only the locks are wanted.
pub(super) fn leases<'p>(
    queue: &QueueName,
    payloads: impl Iterator<Item = &'p Payload>,
) -> Vec<Lease> {
    let lock = |payload: &Payload| unlocked(queue, payload.clone()).1;
    payloads.filter_map(lock).collect()
}

/// How long the lock of a job lasts that is to be tried again at a time.
pub(super) fn kept_until(again: SystemTime) -> SystemTime {
    after(again, LIFE)
}

/// A job and the key in it.
fn parted(job: &[u8]) -> (Cow<'_, [u8]>, Option<String>) {
    let Some(key) = key(job) else {
        return (Cow::Borrowed(job), None);
    };
    match without_member(job, MEMBER) {
        Ok(rest) => (rest, Some(key)),
        Err(_) => (Cow::Borrowed(job), None),
    }
}

fn key(job: &[u8]) -> Option<String> {
    // Nearly every job has none, and then nothing is looked into.
    if !contains(job, MEMBER.as_bytes()) {
        return None;
    }
    let mut key = None;
    for member in members(job).ok()? {
        let member = member.ok()?;
        if member.is(MEMBER) {
            key = member.value().text().map(Cow::into_owned);
        }
    }
    key
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

/// The lock of a key in a queue, held by a job.
fn lease(queue: &QueueName, key: &str, job: &[u8]) -> Lease {
    Lease::new(lock_name("http_uniq", queue, key), sha1_hex(&[job]))
}

/// The name of the lock of a key in a queue: a text, or a digest of what is too long.
pub(super) fn lock_name(kind: &str, queue: &QueueName, key: &str) -> Arc<str> {
    const LONGEST: usize = 200;
    if queue.as_str().len() + key.len() > LONGEST {
        let digest = sha1_hex(&[queue.as_str().as_bytes(), b"\0", key.as_bytes()]);
        return format!("{kind}:#{digest}").into();
    }
    // A comma is in no queue's name.
    format!("{kind}:{queue},{key}").into()
}

fn after(time: SystemTime, span: Duration) -> SystemTime {
    time.checked_add(span).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> QueueName {
        QueueName::new("foo").unwrap()
    }

    #[test]
    fn a_job_with_a_key_comes_back_byte_for_byte() {
        let now = SystemTime::UNIX_EPOCH;
        for job in ["{}", " { \"a\" : 1.00 } \n", r#"{"class":"A","args":[1]}"#] {
            for key in ["a", "größe \"q\"", &"k".repeat(255)] {
                let (payload, lock) = locked(&queue(), key, job.as_bytes(), (now, None)).unwrap();
                assert_ne!(payload.as_bytes(), job.as_bytes());
                let (bytes, lease) = unlocked(&queue(), payload);
                assert_eq!(bytes, job.as_bytes());
                assert_eq!(lease.unwrap(), lock.lease);
            }
        }
    }

    #[test]
    fn jobs_without_a_key_have_no_lock() {
        for job in ["{}", "not json", r#"{"a":"rs_uniq"}"#, r#"{"rs_uniq":7}"#] {
            let (bytes, lease) = unlocked(&queue(), Payload::new(job.to_owned()));
            assert_eq!((&bytes[..], lease), (job.as_bytes(), None), "{job}");
        }
    }

    #[test]
    fn names_of_locks_are_bounded_and_do_not_meet() {
        let long = QueueName::new("q".repeat(255)).unwrap();
        let one = lease(&long, &"k".repeat(255), b"{}");
        let other = lease(&long, &"k".repeat(254), b"{}");
        assert!(one.name.len() < 255 && one.name != other.name);
        assert_ne!(
            lease(&queue(), "b", b"").name,
            lease(&queue(), "c", b"").name
        );
    }

    #[test]
    fn keys_that_no_store_can_keep_are_refused() {
        let now = SystemTime::UNIX_EPOCH;
        for key in ["", "a\n", &"k".repeat(256)] {
            assert!(
                locked(&queue(), key, b"{}", (now, None)).is_err(),
                "{key:?}"
            );
        }
    }
}
