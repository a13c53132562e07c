//! How jobs belong to traces.

use std::fmt;
use std::sync::Arc;

use super::WorkerBuilder;
use crate::{JobContext, Stamp};

/// Somebody who wants to see the span of each job.
#[derive(Clone)]
pub(crate) struct SpanHook(Arc<Show>);

type Show = dyn Fn(&tracing::Span, &JobContext) + Send + Sync;

impl SpanHook {
    pub(crate) fn show(&self, span: &tracing::Span, ctx: &JobContext) {
        (self.0)(span, ctx);
    }
}

impl fmt::Debug for SpanHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpanHook")
    }
}

/// Traces.
impl WorkerBuilder {
    /// Shows the span of each job to `hook` before the job begins, to link it with the trace that
    /// [`JobContext::traceparent`] names. It is called only if the span is recorded at all, and must
    /// not block.
    pub fn on_span<F>(mut self, hook: F) -> Self
    where
        F: Fn(&tracing::Span, &JobContext) + Send + Sync + 'static,
    {
        self.settings.span_hook = Some(SpanHook(Arc::new(hook)));
        self
    }

    /// Puts this stamp on the jobs that jobs enqueue with their client.
    pub fn stamp(mut self, stamp: Stamp) -> Self {
        self.settings.stamp = Some(stamp);
        self
    }
}
