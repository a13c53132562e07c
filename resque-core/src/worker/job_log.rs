//! How the ends of jobs are logged.

use std::time::SystemTime;

use crate::wire::time::TimeFormat;
use crate::{Decision, JobFailure, Performed};

/// Logs how a job ended, for whoever follows a worker by its log.
pub(super) fn log_end(end: Option<&Performed>) {
    match end {
        None => tracing::info!("released"),
        Some(Performed::Done) => tracing::info!("done"),
        Some(Performed::Skipped) => tracing::info!("skipped"),
        Some(Performed::Failed(failure)) => {
            let JobFailure {
                exception, error, ..
            } = failure;
            match failure.decision {
                Some(Decision::RetryAt(at)) => {
                    tracing::info!(exception, error, at = %text(at), "failed, is tried again");
                }
                Some(Decision::SnoozeUntil(until)) => {
                    tracing::info!(exception, error, until = %text(until), "snoozed");
                }
                Some(Decision::Discard) => tracing::info!(exception, error, "discarded"),
                _ => tracing::info!(exception, error, "failed"),
            }
        }
    }
}

fn text(time: SystemTime) -> String {
    let mut text = Vec::new();
    TimeFormat::RunAt.write(&mut text, time);
    String::from_utf8_lossy(&text).into_owned()
}
