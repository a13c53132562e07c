//! The store's numbers in Prometheus' text format, under the names that `docs/metrics.md` lists.

use std::cmp::Reverse;
use std::fmt::Write;

use crate::view::{Glance, Moment};

/// What the format is called.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How many queues are shown apart, the fullest.
const MOST_QUEUES: usize = 1_000;
/// What the others are called together.
const OTHER: &str = "(other)";

/// All numbers.
pub(super) fn text(glance: &Glance) -> String {
    let mut page = Page(String::new());
    let workers = glance.workers.workers.len() as u64;
    page.counter(
        "resque_processed_total",
        "Attempts that ended, ever.",
        glance.processed,
    );
    page.counter(
        "resque_failed_total",
        "Attempts that failed, ever.",
        glance.failed,
    );
    page.gauge(
        "resque_failed_jobs",
        "How many failed jobs are on record.",
        glance.failures,
    );
    if let Some(delayed) = glance.delayed {
        page.gauge(
            "resque_delayed_jobs",
            "How many jobs wait for their time.",
            delayed,
        );
    }
    page.gauge(
        "resque_workers",
        "How many workers are on the registry.",
        workers,
    );
    page.gauge(
        "resque_workers_busy",
        "How many of them hold a job.",
        glance.working(),
    );
    if let Some(paused) = glance.paused {
        page.gauge(
            "resque_paused",
            "1 while all workers are paused, else 0.",
            paused.into(),
        );
    }
    page.queues(glance);
    page.0
}

struct Page(String);

impl Page {
    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.single(name, "counter", help, value);
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.single(name, "gauge", help, value);
    }

    fn single(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.head(name, kind, help);
        self.line(format_args!("{name} {value}"));
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{line}");
    }

    fn queues(&mut self, glance: &Glance) {
        let mut queues: Vec<_> = glance.queues.queues.iter().collect();
        queues.sort_by_key(|queue| Reverse(queue.length));
        let (shown, others) = queues.split_at(queues.len().min(MOST_QUEUES));
        let name = "resque_queue_jobs";
        self.head(name, "gauge", "How many jobs wait in a queue.");
        for queue in shown {
            let label = escaped(queue.name.as_str());
            self.line(format_args!("{name}{{queue=\"{label}\"}} {}", queue.length));
        }
        if !others.is_empty() {
            let rest: u64 = others.iter().map(|queue| queue.length).sum();
            self.line(format_args!("{name}{{queue=\"{OTHER}\"}} {rest}"));
        }
        let name = "resque_queue_oldest_seconds";
        self.head(
            name,
            "gauge",
            "How long the oldest job of a queue has been waiting, where the store knows.",
        );
        for queue in shown {
            if let Some(oldest) = queue.oldest {
                let label = escaped(queue.name.as_str());
                let age = Moment::new(oldest).age(glance.at).as_secs_f64();
                self.line(format_args!("{name}{{queue=\"{label}\"}} {age}"));
            }
        }
    }
}

/// The value of a label.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    text.replace('\n', "\\n")
}
