//! `/j/<queue>`: what has become of the jobs of a queue.

use axum::extract::State;
use axum::http::Uri;
use serde::{Serialize, Serializer};

use super::problem::{Answer, Problem};
use super::state::Http;
use super::{answer, path};

#[derive(Serialize)]
struct Counts<'a> {
    queue_name: &'a str,
    job_count: Count,
    job_failed: Count,
    job_processed: Count,
}

/// A number as presque writes it: 0 as a number, any other as a text.
struct Count(u64);

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            0 => serializer.serialize_u64(0),
            count => serializer.collect_str(&count),
        }
    }
}

pub(super) async fn get(State(http): State<Http>, uri: Uri) -> Answer {
    let queue = path::queue(&uri)?;
    http.promote().await?;
    let waiting = http.queues()?.length(&queue).await?;
    let done = http.counts(&queue).await?;
    Ok(answer::ok(&Counts {
        queue_name: queue.as_str(),
        job_count: Count(waiting),
        job_failed: Count(done.failed),
        job_processed: Count(done.processed),
    }))
}

pub(super) async fn other() -> Problem {
    Problem::method("GET, HEAD")
}
