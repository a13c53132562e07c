//! What one job costs in the store alone: `cargo run --release -p resque-memory --example throughput`.
//!
//! Pushes a backlog, then lets 100 slots drain it by exchanges that settle what the one before gave
//! and reserve anew. No worker runtime and no handlers are involved.

use std::io::Write;

use resque_core::{
    Clock, Enqueue, Payload, QueueList, QueueName, Settlement, SystemClock, WorkerId,
};
use resque_memory::MemoryBackend;

const JOBS: usize = 1_000_000;
const BATCH: usize = 1_000;
const SLOTS: usize = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clock = SystemClock::new();
    let backend = MemoryBackend::new().backend();
    let queue = QueueName::new("file_serve")?;
    let slots = (0..SLOTS)
        .map(|slot| WorkerId::compose("web1", "k3x9q", 4711, slot, "file_serve"))
        .collect::<Result<Vec<_>, _>>()?;
    let mut out = std::io::stdout().lock();

    for list in ["file_serve", "*"] {
        let batches: Vec<Vec<Enqueue>> = (0..JOBS / BATCH)
            .map(|batch| (0..BATCH).map(|n| job(&queue, batch * BATCH + n)).collect())
            .collect();
        let begin = clock.monotonic();
        for batch in &batches {
            backend.queues().push(batch).await?;
        }
        let pushed = clock.monotonic();
        drop(batches);

        let now = backend.workers().server_time().await?;
        backend.workers().register(&slots, now).await?;
        let from: QueueList = list.parse()?;
        let drain = clock.monotonic();
        let mut done = Vec::with_capacity(SLOTS);
        loop {
            let given = backend.queues().exchange(&done, &slots, &from, now).await?;
            done.clear();
            done.extend(
                given
                    .reserved
                    .into_iter()
                    .map(|r| Settlement::done(r.receipt)),
            );
            if done.is_empty() {
                break;
            }
        }
        let drained = clock.monotonic();

        let per_job = |span: std::time::Duration| span.as_nanos() / JOBS as u128;
        writeln!(
            out,
            "queue list {list:?}: push {} ns, settle and reserve {} ns a job",
            per_job(pushed - begin),
            per_job(drained - drain),
        )?;
    }
    Ok(())
}

fn job(queue: &QueueName, number: usize) -> Enqueue {
    let text = format!(r#"{{"class":"Archive","args":[{number},"masterbrew"]}}"#);
    Enqueue::new(queue.clone(), Payload::from(text))
}
