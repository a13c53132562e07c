//! Closures as handlers.

use std::future::Future;
use std::marker::PhantomData;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::de::DeserializeOwned;

use super::{Handler, JobContext, JobResult};

/// Makes a handler of a closure over the decoded arguments.
pub(super) struct Function<A, F> {
    function: F,
    args: PhantomData<fn() -> A>,
}

impl<A, F> Function<A, F> {
    pub(super) fn new(function: F) -> Self {
        Self {
            function,
            args: PhantomData,
        }
    }
}

impl<A, F, Fut> Handler for Function<A, F>
where
    A: DeserializeOwned + Send + 'static,
    F: Fn(A, JobContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = JobResult> + Send + 'static,
{
    fn handle<'a>(&'a self, ctx: &'a JobContext) -> BoxFuture<'a, JobResult> {
        match ctx.args::<A>() {
            Ok(args) => (self.function)(args, ctx.clone()).boxed(),
            Err(error) => std::future::ready(Err(error)).boxed(),
        }
    }
}
