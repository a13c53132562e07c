//! The spans of real processes, and what the page about traces shows.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Command;

use serde_json::Value;

/// The spans of one run.
fn spans(how: &str) -> Vec<Value> {
    let program = env!("CARGO_BIN_EXE_traces");
    // Without variables such as `OTEL_TRACES_SAMPLER` and `QUEUE`.
    let output = Command::new(program).env_clear().arg(how).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let spans = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    spans.collect()
}

/// The span of this name, of this process if it matters.
#[track_caller]
fn one<'a>(spans: &'a [Value], name: &str, process: Option<&Value>) -> &'a Value {
    let is_it = |span: &&Value| {
        span["name"] == name && process.is_none_or(|process| span["process"] == *process)
    };
    let found = spans.iter().find(is_it);
    found.unwrap_or_else(|| panic!("no {name} in {spans:#?}"))
}

#[test]
fn a_job_belongs_to_the_trace_of_its_request_in_the_worker_and_in_a_child() {
    for (how, is_apart) in [("children", true), ("worker", false)] {
        let spans = spans(how);
        let request = one(&spans, "request", None);
        let perform = one(&spans, "perform", None);
        assert_eq!(perform["trace"], request["trace"], "{how}: {spans:#?}");
        assert_eq!(perform["parent"], request["span"], "{how}: {spans:#?}");
        assert_eq!(perform["process"] != request["process"], is_apart, "{how}");
        let job = one(&spans, "job", Some(&request["process"]));
        assert_eq!(job["links"], serde_json::json!([request["span"]]), "{how}");
    }
}

#[test]
fn the_page_about_traces_shows_what_is_compiled_here() {
    let page = include_str!("../../../docs/metrics.md");
    let (_, block) = page.split_once("```text\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let source = include_str!("../src/trace.rs");
    let (_, shown) = source.split_once("\n\n").unwrap();
    assert_eq!(block.trim_end(), shown.trim_end());
}
