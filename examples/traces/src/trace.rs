//! How jobs belong to traces, with OpenTelemetry. What the page about traces shows is this file.

use std::collections::HashMap;

use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context, global};
use resque::{Hooks, JobContext, Stamp};
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// What a producer puts on its jobs: the span within which they are enqueued.
pub fn stamp() -> Stamp {
    Stamp::new().enqueued_at().traceparent(|| {
        let mut carrier = HashMap::new();
        let now = Span::current().context();
        global::get_text_map_propagator(|propagator| propagator.inject_context(&now, &mut carrier));
        carrier.remove("traceparent")
    })
}

/// The span within which a job was enqueued.
fn producer(ctx: &JobContext) -> Option<Context> {
    let traceparent = ctx.traceparent()?.to_owned();
    let carrier = HashMap::from([("traceparent".to_owned(), traceparent)]);
    Some(global::get_text_map_propagator(|propagator| {
        propagator.extract(&carrier)
    }))
}

/// Links the worker's span of a job with the one within which it was enqueued:
/// `Worker::builder(backend).on_span(link)`.
pub fn link(span: &Span, ctx: &JobContext) {
    if let Some(producer) = producer(ctx) {
        span.add_link(producer.span().span_context().clone());
    }
}

/// Performs each job within a span of the trace of whoever enqueued it, in the worker or in a child:
/// `Handlers::new().hooks(within_trace())`.
pub fn within_trace() -> Hooks {
    Hooks::new().around_perform("traced", |ctx, next| async move {
        let span = tracing::info_span!("perform", class = ctx.class());
        if let Some(producer) = producer(&ctx) {
            // It says no where nobody records spans.
            let _ = span.set_parent(producer);
        }
        next.run().instrument(span).await
    })
}
