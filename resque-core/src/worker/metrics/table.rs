//! Every metric: its name, its labels, its meaning.

/// What a metric measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// Its name, as Prometheus writes names.
    pub name: &'static str,
    /// Which kind it is.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it means, in one sentence.
    pub help: &'static str,
}

/// The kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Only goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Seconds, by how many.
    Seconds,
    /// Things, by how many.
    Things,
}

impl Kind {
    /// Upper bounds of buckets that suit it; none for what is no histogram.
    #[must_use]
    pub fn buckets(self) -> &'static [f64] {
        match self {
            Self::Counter | Self::Gauge => &[],
            Self::Seconds => &[
                0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 300.0, 1_800.0, 7_200.0,
            ],
            Self::Things => &[
                0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_024.0,
            ],
        }
    }
}

/// Defines the constants and the list of them together, so that none can be forgotten.
macro_rules! table {
    ($($constant:ident, $kind:ident, $name:literal, [$($label:literal),*], $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $constant: Metric = Metric {
            name: $name,
            kind: Kind::$kind,
            labels: &[$($label),*],
            help: $help,
            };
        )*

        /// Every metric that this library makes.
        pub const ALL: &[Metric] = &[$($constant),*];
    };
}

table! {
    JOBS_STARTED, Counter, "resque_jobs_started_total", ["class", "queue"], "Attempts that began.";
    JOBS_ENDED, Counter, "resque_jobs_ended_total", ["class", "queue", "outcome"],
        "Attempts that ended: done, skipped, failed, retried, snoozed, discarded or released.";
    JOB_SECONDS, Seconds, "resque_job_duration_seconds", ["class", "queue"], "How long attempts ran.";
    JOB_WAIT, Seconds, "resque_job_wait_seconds", ["class", "queue"],
        "How long jobs waited in their queue, of those that tell when they were put into it.";
    JOBS_DEFERRED, Counter, "resque_jobs_deferred_total", [], "Jobs put off because a limit was reached.";
    JOBS_CANCELLED, Counter, "resque_jobs_cancelled_total", [], "Running jobs that somebody wanted to end.";
    JOBS_STUCK, Counter, "resque_jobs_stuck_total", [], "Jobs past their time that do not yield.";
    JOBS_LOST, Counter, "resque_jobs_lost_total", [],
        "Jobs that somebody took away because they took this worker for dead.";
    JOBS_RECOVERED, Counter, "resque_jobs_recovered_total", ["outcome"],
        "Jobs of dead workers that this one recorded as failed, or let wait for another attempt: failed or retried.";
    JOBS_PROMOTED, Counter, "resque_jobs_promoted_total", [], "Delayed jobs put into their queues.";
    SCHEDULES_FIRED, Counter, "resque_schedules_fired_total", [], "Runs of recurring jobs put into their queues.";
    WORKERS_PRUNED, Counter, "resque_workers_pruned_total", [], "Dead workers taken off the registry.";
    SLOTS, Gauge, "resque_slots", ["pool"], "How many jobs a pool can perform at the same time.";
    SLOTS_BUSY, Gauge, "resque_slots_busy", ["pool"], "How many of them perform one.";
    EXCHANGES, Counter, "resque_exchanges_total", ["result"],
        "Round trips that settle and fetch jobs: ok or failed.";
    EXCHANGE_SECONDS, Seconds, "resque_exchange_duration_seconds", [], "How long such a round trip took.";
    EXCHANGE_JOBS, Things, "resque_exchange_jobs", ["kind"],
        "How many jobs one of them carried: settled or reserved.";
    HEARTBEATS, Counter, "resque_heartbeats_total", ["result"],
        "Heartbeats: ok, or failed when the store did not note it.";
    HEARTBEAT_SECONDS, Seconds, "resque_heartbeat_duration_seconds", [], "How long a heartbeat took.";
    REGISTRATIONS, Counter, "resque_registrations_total", [],
        "How often the slots took their place on the registry; more than once means that others may have taken them for dead.";
    STORE_UP, Gauge, "resque_store_up", [], "1 while the store can be reached, else 0.";
    OUTAGES, Counter, "resque_outages_total", [], "How often the store could not be reached any more.";
    OUTAGE_SECONDS, Seconds, "resque_outage_duration_seconds", [], "How long it could not be reached, when that is over.";
    TROUBLES, Counter, "resque_troubles_total", ["doing"],
        "Things in the store that are not as they have to be, and refusals; each once a minute at most.";
    HOOK_FAILURES, Counter, "resque_hook_failures_total", ["hook"], "Worker hooks that failed.";
    CHILDREN, Gauge, "resque_children", [], "Processes that are there to perform isolated jobs.";
    CHILDREN_STARTED, Counter, "resque_children_started_total", [], "Such processes that were started.";
    CHILDREN_DIED, Counter, "resque_children_died_total", [],
        "Such processes that died or were killed while they performed a job.";
    LIVE, Gauge, "resque_worker_live", [], "1 while heartbeats and exchanges go on, else 0; as /livez says.";
    READY, Gauge, "resque_worker_ready", [], "1 while jobs are taken, else 0; as /readyz says.";
    PROCESSES, Gauge, "resque_processes", [], "Worker processes that run, where one process watches several.";
    PROCESS_STARTS, Counter, "resque_process_starts_total", [], "Worker processes that such a process has started.";
    QUEUE_JOBS, Gauge, "resque_queue_jobs", ["queue"], "How many jobs wait in a queue.";
    QUEUE_OLDEST, Gauge, "resque_queue_oldest_seconds", ["queue"],
        "How long the oldest job of a queue has been waiting, where the store knows.";
    FAILED_JOBS, Gauge, "resque_failed_jobs", [], "How many failed jobs are on record.";
    DELAYED_JOBS, Gauge, "resque_delayed_jobs", [], "How many jobs wait for their time.";
    STORE_WORKERS, Gauge, "resque_workers", [], "How many workers are on the registry.";
    STORE_WORKING, Gauge, "resque_workers_busy", [], "How many of them hold a job.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_prometheus() {
        for metric in ALL {
            let name = metric.name;
            assert!(name.starts_with("resque_"), "{name}");
            let is_total = name.ends_with("_total");
            assert_eq!(is_total, metric.kind == Kind::Counter, "{name}");
            if metric.kind == Kind::Seconds {
                assert!(name.ends_with("_seconds"), "{name}");
            }
            assert!(metric.help.ends_with('.'), "{name}");
        }
    }

    #[test]
    fn the_page_of_metrics_has_each_of_them_and_no_other() {
        let page = include_str!("../../../../docs/metrics.md");
        let row = |metric: &Metric| {
            let kind = match metric.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Seconds | Kind::Things => "histogram",
            };
            let labels: Vec<_> = metric
                .labels
                .iter()
                .map(|label| format!("`{label}`"))
                .collect();
            let (name, help) = (metric.name, metric.help);
            format!("| `{name}` | {kind} | {} | {help} |", labels.join(", "))
        };
        let wanted: Vec<_> = ALL.iter().map(row).collect();
        let found: Vec<_> = page
            .lines()
            .filter(|line| line.starts_with("| `resque_"))
            .collect();
        let text = wanted.join("\n");
        assert_eq!(found, wanted, "the table is to be:\n{text}");
    }
}
