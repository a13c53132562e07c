//! Whether the page has a row for every public call.

use crate::support::rows;

/// The public calls of Ruby's Resque, Job, Worker, Failure and Stat and of resque-scheduler.
const RUBY: &[&str] = &[
    // Resque
    "redis",
    "redis_id",
    "inline",
    "encode",
    "decode",
    "push",
    "pop",
    "size",
    "peek",
    "list_range",
    "queues",
    "remove_queue",
    "watch_queue",
    "queue_sizes",
    "sample_queues",
    "keys",
    "info",
    "enqueue",
    "enqueue_to",
    "dequeue",
    "queue_from_class",
    "reserve",
    "validate",
    "workers",
    "working",
    "remove_worker",
    "before_first_fork",
    "before_fork",
    "after_fork",
    "before_pause",
    "after_pause",
    "queue_empty",
    "worker_exit",
    "shutdown",
    "heartbeat_interval",
    "prune_interval",
    // Job and its hooks
    "Job.create",
    "Job.destroy",
    "Job.reserve",
    "Job.new",
    "job.perform",
    "job.payload",
    "job.payload_class",
    "job.payload_class_name",
    "job.args",
    "job.queue",
    "job.worker",
    "job.recreate",
    "job.fail",
    "job.inspect",
    "job ==",
    "before_enqueue",
    "after_enqueue",
    "before_dequeue",
    "after_dequeue",
    "before_perform",
    "around_perform",
    "after_perform",
    "on_failure",
    "DontPerform",
    // Worker
    "Worker.new",
    "Worker.all",
    "Worker.working",
    "Worker.find",
    "Worker.exists?",
    "all_heartbeats",
    "all_workers_with_expired_heartbeats",
    "worker.work",
    "worker.process",
    "worker.reserve",
    "worker.working_on",
    "worker.pause_processing",
    "worker.unpause_processing",
    "worker.paused?",
    "worker.shutdown",
    "worker.shutdown!",
    "worker.prune_dead_workers",
    "worker.register_worker",
    "worker.unregister_worker",
    "worker.heartbeat",
    "worker.heartbeat!",
    "worker.processed",
    "worker.failed",
    "worker.started",
    "worker.job",
    "worker.processing",
    "worker.state",
    "worker.working?",
    "worker.idle?",
    "worker.hostname",
    "worker.pid",
    "worker.queues",
    "worker.id",
    "worker.to_s",
    "pause-all-workers",
    "rake resque:work",
    // Failure
    "Failure.create",
    "Failure.count",
    "Failure.all",
    "Failure.each",
    "Failure.requeue",
    "Failure.requeue_all",
    "Failure.requeue_queue",
    "Failure.remove",
    "Failure.remove_queue",
    "Failure.clear",
    "Failure.clear_retried",
    // Stat
    "Stat.get",
    "Stat.set",
    "Stat.incr",
    "Stat.decr",
    "Stat.clear",
    "Stat[",
    "Stat <<",
    "Stat >>",
    // resque-scheduler
    "enqueue_at",
    "enqueue_in",
    "enqueue_at_with_queue",
    "enqueue_in_with_queue",
    "remove_delayed",
    "remove_delayed_job_from_timestamp",
    "remove_delayed_selection",
    "find_delayed_selection",
    "enqueue_delayed",
    "enqueue_delayed_selection",
    "delayed?",
    "scheduled_at",
    "count_all_scheduled_jobs",
    "delayed_queue_peek",
    "delayed_timestamp_peek",
    "next_delayed_timestamp",
    "next_item_for_timestamp",
    "delay_or_enqueue_at",
    "reset_delayed_queue",
];

/// The public calls of the Perl port.
const PERL: &[&str] = &[
    // Resque
    "Resque->new",
    "push",
    "pop",
    "blpop",
    "size",
    "size_map",
    "peek",
    "queues",
    "create_queue",
    "remove_queue",
    "mass_dequeue",
    "new_job",
    "key",
    "keys",
    "flush_namespace",
    "list_range",
    "throw",
    "worker",
    // Resque::Job
    "class",
    "queue",
    "args",
    "payload",
    "encode",
    "stringify",
    "queue_from_class",
    "perform",
    "enqueue",
    "dequeue",
    "fail",
    // Resque::Worker
    "add_queue",
    "del_queue",
    "interval",
    "timeout",
    "cant_poll",
    "work",
    "work_tick",
    "pause",
    "unpause",
    "shutdown_please",
    "shutdown_now",
    "all",
    "find",
    "exists",
    "state",
    "is_working",
    "is_idle",
    "processing",
    "processing_started",
    "processing_map",
    "started",
    "processed",
    "failed",
    "register_worker",
    "unregister_worker",
    "prune_dead_workers",
    // Resque::Failures
    "create",
    "count",
    "clear",
    "requeue",
    "remove",
    "mass_remove",
    "requeue_to",
    // Resque::Stat
    "get",
    "set",
    "incr",
    "decr",
];

/// Whether a text names a call, and not only one whose name begins with it.
fn names(text: &str, call: &str) -> bool {
    let part_of_a_name = |c: char| c.is_alphanumeric() || c == '_' || c == '?' || c == '!';
    text.match_indices(call).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + call.len()..].chars().next();
        let whole = !call.ends_with(part_of_a_name) || !after.is_some_and(part_of_a_name);
        // A hook's name goes on: `before_enqueue_x`.
        let hook = text[at + call.len()..].starts_with("_x`");
        !before.is_some_and(part_of_a_name) && (whole || hook)
    })
}

fn missing(calls: &[&'static str], language: &str) -> Vec<&'static str> {
    let rows: Vec<String> = rows()
        .into_iter()
        .filter(|row| row.section.starts_with(language))
        .map(|row| row.theirs)
        .collect();
    let has = |call: &str| rows.iter().any(|theirs| names(theirs, call));
    calls.iter().copied().filter(|call| !has(call)).collect()
}

#[test]
fn every_call_has_a_row() {
    assert_eq!(missing(RUBY, "Ruby"), [""; 0]);
    assert_eq!(missing(PERL, "Perl"), [""; 0]);
}

#[test]
fn every_section_is_run_by_a_test() {
    let tests = concat!(include_str!("ruby.rs"), include_str!("perl.rs"));
    for row in rows() {
        let run = format!("Section::of(\"{}\")", row.section);
        assert!(
            tests.contains(&run),
            "{:?} is shown and not run",
            row.section
        );
    }
}

#[test]
fn a_name_is_not_taken_for_a_longer_one() {
    assert!(names("`Resque.enqueue_to(q)`", "enqueue_to"));
    assert!(!names("`Resque.enqueue_to(q)`", "enqueue"));
    assert!(names("`before_enqueue_x`", "before_enqueue"));
    assert!(!names("`worker.heartbeat!`", "worker.heartbeat"));
}
