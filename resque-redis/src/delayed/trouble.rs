//! Delayed jobs that cannot go where they should.
//!
//! They would come up again and again, and in other schedulers stop everything. So they are set
//! aside in the failed list, with their exact bytes, where people see them.

use std::time::SystemTime;

use bytes::Bytes;
use resque_core::wire::delayed::{self, Item};
use resque_core::wire::payload::INVALID_PAYLOAD;
use resque_core::{Error, FailureRecord, Payload, QueueName};

use super::moves::Place;

/// The exception in the failure record of a job whose queue cannot be used.
const SPOILT_QUEUE: &str = "Resque::SpoiltQueue";

/// Where an item of resque-scheduler goes when it is due, and what is wrong with it, if anything.
pub(super) fn place_of(second: &str, item: &Bytes, now: SystemTime) -> (Place, Option<Error>) {
    let aside = |payload: &[u8], flaw: String| {
        let payload = Payload::new(Bytes::copy_from_slice(payload));
        let record = FailureRecord::new(now, payload, INVALID_PAYLOAD, flaw.as_str());
        let error = Error::Corrupt {
            place: format!("the delayed list of second {second}"),
            found: format!("something else ({flaw})"),
            expected: "a job with a class and a queue; it was moved to the failed jobs".to_owned(),
        };
        (Place::Failed(Box::new(record)), Some(error))
    };
    match delayed::decode(item) {
        Err(error) => aside(item, error.to_string()),
        Ok(Item {
            queue: None,
            payload,
        }) => aside(&payload, "a delayed job without a queue".to_owned()),
        Ok(Item {
            queue: Some(queue),
            payload,
        }) => match QueueName::new(&queue) {
            Ok(queue) => {
                let payload = Bytes::copy_from_slice(&payload);
                (Place::Queue(queue, payload), None)
            }
            Err(error) => aside(&payload, error.to_string()),
        },
    }
}

/// The record of a job that was due and whose queue cannot be used, because of `error`.
pub(super) fn unusable_queue(
    queue: &str,
    payload: Bytes,
    error: &Error,
    now: SystemTime,
) -> Box<FailureRecord> {
    let payload = Payload::new(payload);
    let record = FailureRecord::new(now, payload, SPOILT_QUEUE, error.to_string());
    Box::new(record.on("", queue))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn place(item: &str) -> Place {
        place_of("5", &Bytes::from(item.to_owned()), UNIX_EPOCH).0
    }

    #[test]
    fn a_job_goes_to_its_queue_without_the_queues_name() {
        let found = place(r#"{"class":"A","args":[1.50],"queue":"q"}"#);
        let job = Bytes::from_static(br#"{"class":"A","args":[1.50]}"#);
        assert_eq!(found, Place::Queue(QueueName::new("q").unwrap(), job));
    }

    #[test]
    fn what_has_no_class_or_no_queue_is_set_aside_with_its_bytes() {
        for (item, kept) in [
            ("{oops", "{oops"),
            ("[1]", "[1]"),
            (r#"{"class":"A","args":[1]}"#, r#"{"class":"A","args":[1]}"#),
            (
                r#"{"class":"A","args":[1],"queue":"a,b"}"#,
                r#"{"class":"A","args":[1]}"#,
            ),
        ] {
            let Place::Failed(record) = place(item) else {
                panic!("{item} is no job with a queue");
            };
            assert_eq!(record.payload.as_bytes(), kept.as_bytes());
        }
    }
}
