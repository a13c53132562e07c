//! What most programs need: `use resque::prelude::*`.

pub use crate::{
    Client, Enqueued, Handlers, Hooks, Job, JobContext, JobError, JobResult, Middleware, NewJob,
    Next, QueueList, RetryPolicy, Worker,
};
