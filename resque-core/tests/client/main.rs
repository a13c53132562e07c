//! What a client does, seen through the memory backend.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod batch;
mod blocking;
mod decisions;
mod delayed;
mod dequeue;
mod enqueue;
mod failures;
mod inline;
mod pop;
mod prepared;
mod queues;
mod retries;
mod support;
mod testing;
mod workers;
