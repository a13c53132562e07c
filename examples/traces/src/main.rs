//! A request enqueues a job, and a worker performs it in a child of its own: all spans belong to one
//! trace.
//!
//! ```sh
//! cargo run -p traces             # in a child
//! cargo run -p traces -- worker   # in the worker itself
//! ```

mod lines;

use std::error::Error;
use std::time::Duration;

use opentelemetry::global;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use resque::isolation::{Child, Processes, child_entry};
use resque::worker::{Polling, Worker};
use resque::{Client, Handlers};
use tracing::Instrument;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::lines::Lines;
use traces::{link, stamp, within_trace};

fn handlers() -> Handlers {
    Handlers::new()
        .hooks(within_trace())
        .register_fn("Mail", |(to,): (String,), _ctx| async move {
            tracing::info!(to, "sent");
            Ok(())
        })
}

async fn child() -> resque::Result<Child> {
    Ok(Child::new(handlers()))
}

/// Spans go to standard output, from each process for itself.
fn record_spans() -> SdkTracerProvider {
    global::set_text_map_propagator(TraceContextPropagator::new());
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(Lines)
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("traces"));
    tracing_subscriber::registry()
        .with(EnvFilter::new("info"))
        .with(layer)
        .init();
    provider
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let provider = record_spans();
    // A child goes no further than this.
    child_entry(child);
    let backend = resque::connect("memory:").await?;
    let client = Client::new(backend.clone()).with_stamp(stamp());
    let request = tracing::info_span!("request");
    // The stamp is made in the call, so the call itself belongs within the span.
    async { client.enqueue_raw("mail", "Mail", &("ada",)).await }
        .instrument(request)
        .await?;

    let mut worker = Worker::builder(backend)
        .queues("*")
        .concurrency(1)
        .handlers(handlers())
        .on_span(link)
        .polling(Polling {
            // It leaves when there is nothing to do.
            interval: Duration::ZERO,
            ..Polling::default()
        });
    if std::env::args().nth(1).as_deref() != Some("worker") {
        worker = worker.isolation(Processes::new());
    }
    worker.build()?.run().await?;
    provider.shutdown()?;
    Ok(())
}
