//! What else lies in a store that has seen some time.

use resque::{Clock, Enqueue, FailureRecord, SystemClock};

use crate::Failure;
use crate::target::Target;

/// The queue that nobody serves.
const QUEUE: &str = "others";
const PAYLOAD: &[u8] = br#"{"class":"Other","args":[1,"two"]}"#;
const TOGETHER: usize = 5_000;

/// Puts so many jobs into a queue that nobody serves, and so many records into the failed list.
pub(crate) async fn heap_up(target: &Target, count: usize) -> Result<(), Failure> {
    let backend = &target.backend;
    let job = Enqueue::new(QUEUE.parse()?, PAYLOAD);
    let now = SystemClock::new().now();
    let record = FailureRecord::new(now, PAYLOAD.into(), "RuntimeError", "it did not work")
        .on("host:1:others", QUEUE)
        .backtrace(vec!["main.rs:1".to_owned()]);
    let mut left = count;
    while left > 0 {
        let together = left.min(TOGETHER);
        backend.queues().push(&vec![job.clone(); together]).await?;
        let records = vec![record.clone(); together];
        backend.failures().record(&records).await?;
        left -= together;
    }
    Ok(())
}
