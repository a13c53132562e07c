//! Which jobs a worker performs, and how.

use std::future::Future;

use serde::de::DeserializeOwned;

use super::WorkerBuilder;
use crate::{Handlers, Hooks, Job, JobContext, JobLimits, JobResult, Rate, RetryPolicy};

/// Which jobs it performs.
impl WorkerBuilder {
    /// Performs jobs with these handlers, instead of those named so far.
    pub fn handlers(mut self, handlers: Handlers) -> Self {
        self.handlers = handlers;
        self
    }

    /// Performs the jobs of a class; see [`Handlers::register`].
    pub fn register<J: Job>(mut self) -> Self {
        self.handlers = self.handlers.register::<J>();
        self
    }

    /// Performs the jobs of a class with a closure; see [`Handlers::register_fn`].
    pub fn register_fn<A, F, Fut>(mut self, class: &str, function: F) -> Self
    where
        A: DeserializeOwned + Send + 'static,
        F: Fn(A, JobContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = JobResult> + Send + 'static,
    {
        self.handlers = self.handlers.register_fn(class, function);
        self
    }

    /// Sets the limits of a class; see [`Handlers::limits`].
    pub fn limits<A>(mut self, class: &str, limits: JobLimits<A>) -> Self
    where
        A: DeserializeOwned + 'static,
    {
        self.handlers = self.handlers.limits(class, limits);
        self
    }

    /// Runs at most so many jobs from a queue at once, over all processes.
    pub fn queue_at_most(mut self, queue: &str, jobs: u32) -> Self {
        self.handlers = self.handlers.queue_at_most(queue, jobs);
        self
    }

    /// Starts jobs from a queue only so often, over all processes.
    pub fn queue_rate(mut self, queue: &str, rate: Rate) -> Self {
        self.handlers = self.handlers.queue_rate(queue, rate);
        self
    }

    /// Gives every job a value of the application's; see [`Handlers::state`].
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.handlers = self.handlers.state(value);
        self
    }

    /// Tries jobs again that fail, of all classes without a policy of their own; see
    /// [`Handlers::retry`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.handlers = self.handlers.retry(policy);
        self
    }

    /// Adds hooks that run for jobs of every class.
    pub fn hooks(mut self, hooks: Hooks) -> Self {
        self.handlers = self.handlers.hooks(hooks);
        self
    }
}
