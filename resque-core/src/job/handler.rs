//! What the performer calls.

use std::fmt::Debug;
use std::marker::PhantomData;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Job, JobContext, JobResult};

/// Performs the jobs of a class, whatever it is made of.
///
/// Applications rarely write one: [`super::Handlers::register`] makes it of a [`Job`] and
/// [`super::Handlers::register_fn`] of a closure.
pub trait Handler: Send + Sync + 'static {
    /// Performs one job; its raw arguments are in the context.
    fn handle<'a>(&'a self, ctx: &'a JobContext) -> BoxFuture<'a, JobResult>;
}

/// Makes a handler of a [`Job`].
pub(super) struct Typed<J>(PhantomData<fn() -> J>);

impl<J> Typed<J> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<J: Job> Handler for Typed<J> {
    fn handle<'a>(&'a self, ctx: &'a JobContext) -> BoxFuture<'a, JobResult> {
        match ctx.args::<J>() {
            Ok(job) => job.perform(ctx).boxed(),
            Err(error) => std::future::ready(Err(error)).boxed(),
        }
    }
}

impl Debug for dyn Handler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handler")
    }
}
