//! What a worker and a child tell each other.

use std::io;
use std::time::SystemTime;

use bytes::Bytes;
use resque_core::{Attempt, JobContext, JobFailure, Payload, Performed, QueueName, WorkerId};
use serde::{Deserialize, Serialize};

/// The version of what is told here; worker and child are one program, unless somebody says so.
pub(super) const VERSION: u32 = 2;

/// A job for a child; its payload stands behind it, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct JobHead {
    queue: Option<String>,
    worker: Option<String>,
    attempt: u32,
    enqueued_at: Option<SystemTime>,
    redelivered: bool,
    /// Whether it fails at once when the child gets TERM.
    pub(super) fails_when_asked: bool,
}

/// What separates the head of a job from its payload; no head has one inside.
const SEPARATOR: u8 = b'\n';

impl JobHead {
    pub(super) fn of(job: &JobContext, fails_when_asked: bool) -> Self {
        let queue = job.queue();
        Self {
            queue: (!queue.is_empty()).then(|| queue.to_owned()),
            worker: job.worker().map(|worker| worker.as_str().to_owned()),
            attempt: job.attempt(),
            enqueued_at: job.enqueued_at(),
            redelivered: job.is_redelivered(),
            fails_when_asked,
        }
    }

    /// The head as bytes, with what separates it from the payload.
    pub(super) fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(SEPARATOR);
        Ok(bytes)
    }

    /// Reads a job.
    pub(super) fn read(frame: &Bytes) -> io::Result<(Self, Payload)> {
        let end = frame.iter().position(|byte| *byte == SEPARATOR);
        let end = end.ok_or_else(|| io::Error::other("a job without a payload"))?;
        let head = serde_json::from_slice(&frame[..end])?;
        Ok((head, Payload::from(frame.slice(end + 1..))))
    }

    /// The attempt that it tells of.
    pub(super) fn attempt(&self, payload: Payload) -> Attempt {
        let queue = self
            .queue
            .as_ref()
            .and_then(|name| QueueName::new(name).ok());
        let mut attempt = Attempt::new(queue, payload);
        attempt.worker = self.worker.as_ref().and_then(|id| WorkerId::new(id).ok());
        attempt.number = self.attempt;
        attempt.enqueued_at = self.enqueued_at;
        attempt.redelivered = self.redelivered;
        attempt
    }
}

/// What a child tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Told {
    /// It is a child, and gets ready.
    Here { version: u32 },
    /// It is ready for jobs.
    Ready,
    /// It will never be.
    Refused { why: String },
    /// It has taken the job and begins.
    Began,
    /// How far the job has come.
    Progress { done: u64, total: u64, text: String },
    /// The job fails with this, and its failure hooks wait for what the worker makes of that.
    Fails(JobFailure),
    /// The job is done, or was skipped, or failed.
    Ended(Ended),
}

/// What a worker makes of the failure of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Judged(pub(super) JobFailure);

impl Judged {
    pub(super) fn to_bytes(&self) -> io::Result<Vec<u8>> {
        Ok(serde_json::to_vec(self)?)
    }

    pub(super) fn read(frame: &[u8]) -> io::Result<Self> {
        Ok(serde_json::from_slice(frame)?)
    }
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Ended {
    Done,
    Skipped,
    Failed(JobFailure),
}

impl Told {
    pub(super) fn to_bytes(&self) -> io::Result<Vec<u8>> {
        Ok(serde_json::to_vec(self)?)
    }

    pub(super) fn read(frame: &[u8]) -> io::Result<Self> {
        Ok(serde_json::from_slice(frame)?)
    }
}

impl From<Performed> for Ended {
    fn from(performed: Performed) -> Self {
        match performed {
            Performed::Done => Self::Done,
            Performed::Skipped => Self::Skipped,
            Performed::Failed(failure) => Self::Failed(failure),
        }
    }
}

impl From<Ended> for Performed {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Done => Self::Done,
            Ended::Skipped => Self::Skipped,
            Ended::Failed(failure) => Self::Failed(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use resque_core::{Client, Handlers, Performer};
    use resque_memory::MemoryBackend;

    use super::*;

    #[test]
    fn a_job_arrives_with_every_byte_and_all_that_is_known_of_it() {
        let performer =
            Performer::new(Handlers::new(), Client::new(MemoryBackend::new().backend()));
        let bytes = b"{\"class\":\"A\",\n \"args\":[\"\xff\", 1.0]}".to_vec();
        let mut attempt = Attempt::new(QueueName::new("mail").ok(), Payload::from(bytes.clone()));
        attempt.worker = WorkerId::new("host~abcde:1-0:mail").ok();
        attempt.number = 3;
        attempt.redelivered = true;
        let job = performer.prepare(attempt.clone());
        let mut frame = JobHead::of(&job, true).to_bytes().unwrap();
        frame.extend_from_slice(job.payload().as_bytes());
        let (head, payload) = JobHead::read(&frame.into()).unwrap();
        assert_eq!(payload.as_bytes(), bytes);
        assert!(head.fails_when_asked);
        let arrived = head.attempt(payload);
        assert_eq!(format!("{arrived:?}"), format!("{attempt:?}"));
    }

    #[test]
    fn a_failure_arrives_as_it_was() {
        let failure = JobFailure::new("Oops", "a\n\u{1F980}");
        let told = Told::Ended(Performed::Failed(failure.clone()).into());
        let told = Told::read(&told.to_bytes().unwrap()).unwrap();
        let Told::Ended(ended) = told else {
            panic!("{told:?}")
        };
        assert_eq!(Performed::from(ended), Performed::Failed(failure));
    }

    #[test]
    fn nonsense_is_an_error() {
        assert!(Told::read(b"{}").is_err());
        assert!(JobHead::read(&Bytes::from_static(b"{}")).is_err());
        assert!(JobHead::read(&Bytes::from_static(b"{}\n{}")).is_err());
    }
}
