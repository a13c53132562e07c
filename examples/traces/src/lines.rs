//! Spans as lines of JSON on standard output, in place of an exporter that sends them somewhere.

use std::io::Write;

use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use serde_json::json;

/// Writes each span that has ended.
#[derive(Debug)]
pub(crate) struct Lines;

impl SpanExporter for Lines {
    async fn export(&self, spans: Vec<SpanData>) -> OTelSdkResult {
        let mut out = std::io::stdout().lock();
        for span in spans {
            let links = span.links.iter();
            let links: Vec<_> = links
                .map(|link| link.span_context.span_id().to_string())
                .collect();
            let line = json!({
                "process": std::process::id(),
                "name": span.name,
                "trace": span.span_context.trace_id().to_string(),
                "span": span.span_context.span_id().to_string(),
                "parent": span.parent_span_id.to_string(),
                "links": links,
            });
            // Whoever listened may have gone.
            let _ = writeln!(out, "{line}");
        }
        Ok(())
    }
}
