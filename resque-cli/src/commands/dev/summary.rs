//! What is told at the end.

use std::fmt::Write;
use std::time::Duration;

use resque::worker::{StopCause, StopReason, StopReport};

use super::numbers::Numbers;
use crate::text::minutes;

/// What is told at the end.
#[derive(Clone, Debug)]
pub(super) struct Summary {
    /// When it was over.
    pub(super) at: Duration,
    /// Why the worker stopped and what it did.
    pub(super) report: StopReport,
    /// What is left in the store, if it can be asked.
    pub(super) left: Option<Numbers>,
    /// Whether what is left ends with this process.
    pub(super) in_memory: bool,
}

impl Summary {
    /// The summary for people.
    pub(super) fn text(&self) -> String {
        let report = &self.report;
        let mut text = format!(
            "resque dev ended after {}: {}\n",
            minutes(self.at),
            self.why()
        );
        let counts = [
            ("processed", report.processed),
            ("failed", report.failed),
            ("given back", report.released),
            ("lost", report.lost),
            ("recovered", report.recovered),
            ("not settled", report.unsettled),
            ("still running", report.still_running.len() as u64),
        ];
        for (index, (name, count)) in counts.into_iter().enumerate() {
            if index < 2 || count > 0 {
                row(&mut text, name, &count.to_string());
            }
        }
        if let Some(left) = &self.left {
            let (waiting, delayed) = (left.waiting(), left.delayed);
            let gone = match (self.in_memory, waiting + delayed) {
                (true, 1..) => "; gone with the memory",
                _ => "",
            };
            row(
                &mut text,
                "left",
                &format!("{waiting} waiting, {delayed} delayed{gone}"),
            );
        }
        text
    }

    fn why(&self) -> String {
        match &self.report.reason {
            StopReason::Quit(StopCause::Handle) => "quit".to_owned(),
            StopReason::StopNow(StopCause::Handle) => "Ctrl-C".to_owned(),
            other => other.to_string(),
        }
    }
}

fn row(text: &mut String, name: &str, value: &str) {
    // Writing into a string does not fail.
    let _ = writeln!(text, "  {name:<14} {value}");
}
