//! Marks in the other store that tell which portions have reached it.
//!
//! A mark is pushed with its portion, in one step: both are there, or neither is. It is a delayed
//! job that nobody lives to see, on Redis among those that only this library looks at.

use std::time::{Duration, SystemTime};

use resque::wire::payload::decode;
use resque::{Client, DelayedJob, Enqueue, Payload, QueueName};

use crate::failure::Failure;

/// The class of marks; there are no jobs of it.
const CLASS: &str = "Resque::MoveMark";

/// When a mark would become visible, in the year 9000, in a fraction of a second.
fn due() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(221_845_392_000_500)
}

/// The marks of one move.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    /// What tells this move from others.
    pub(super) id: i64,
}

impl Marks {
    /// The mark of a portion. It names a queue of the portion, so that no other comes into being.
    pub(super) fn mark(self, portion: u64, queue: &QueueName) -> Enqueue {
        let payload = format!("{{\"class\":\"{CLASS}\",\"args\":[{},{portion}]}}", self.id);
        Enqueue::at(queue.clone(), Payload::from(payload.into_bytes()), due())
    }

    /// The last portion that has reached the store; 0 if none has.
    pub(super) async fn last(self, store: &Client) -> Result<u64, Failure> {
        let marks = store
            .delayed()?
            .find(|job| self.portion(job).is_some())
            .await?;
        let portions = marks.iter().filter_map(|job| self.portion(job));
        Ok(portions.max().unwrap_or(0))
    }

    /// Removes all marks of portions before this one.
    pub(super) async fn clear(self, store: &Client, before: u64) -> Result<(), Failure> {
        let old = |job: &DelayedJob| self.portion(job).is_some_and(|portion| portion < before);
        let delayed = store.delayed()?;
        let marks = delayed.find(old).await?;
        delayed.cancel_all(&marks).await?;
        Ok(())
    }

    fn portion(self, job: &DelayedJob) -> Option<u64> {
        let (id, portion) = read(job)?;
        (id == self.id).then_some(portion)
    }
}

/// Whether a delayed job is a mark, of whatever move.
pub(super) fn is_mark(job: &DelayedJob) -> bool {
    read(job).is_some()
}

fn read(job: &DelayedJob) -> Option<(i64, u64)> {
    let text = decode(job.payload.as_bytes()).ok()?;
    if text.class != CLASS {
        return None;
    }
    serde_json::from_str(&text.args).ok()
}

#[cfg(test)]
mod tests {
    use resque::DelayedId;

    use super::*;

    fn delayed(payload: Payload) -> DelayedJob {
        DelayedJob::new(DelayedId::new("1"), due(), None, payload)
    }

    #[test]
    fn a_mark_is_read_again_and_nothing_else_is() {
        let queue = QueueName::new("files").unwrap();
        let mark = Marks { id: 77 }.mark(3, &queue);
        let job = delayed(mark.payload);
        assert_eq!(read(&job), Some((77, 3)));
        assert_eq!(Marks { id: 78 }.portion(&job), None);
        for other in [
            r#"{"class":"A","args":[77,3]}"#,
            "{}",
            r#"{"class":"Resque::MoveMark","args":[]}"#,
        ] {
            assert!(!is_mark(&delayed(Payload::from(other.as_bytes().to_vec()))));
        }
    }
}
