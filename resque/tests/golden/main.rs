//! What the real Ruby and Perl programs left in Redis, and what ours leave there: for each recorded
//! scenario the same is done through our own calls, and every key has to be equal in name, type and
//! content. Where we differ on purpose, `differences.rs` says so and why; a difference that is no
//! longer there fails too.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod delayed;
mod differences;
mod failures;
mod harness;
mod normal;
mod queues;
mod stats;
mod workers;

/// Every fixture is compared here or read by the unit tests of the formats.
#[test]
fn no_recording_lies_about_unused() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/golden");
    let sources = [
        include_str!("delayed.rs"),
        include_str!("failures.rs"),
        include_str!("queues.rs"),
        include_str!("stats.rs"),
        include_str!("workers.rs"),
    ]
    .concat();
    // Read by the unit tests beside the formats and hooks in resque-core.
    let elsewhere = [
        "05b_dequeue_hooks",
        "10c_failure_binary_message",
        "10h_payload_invalid_json",
        "10j_payload_string",
        "11_child_killed_sigkill",
        "13_hooks_order",
        "13b_on_failure_hook_raises",
        "13c_around_without_yield",
        "21b_queue_wildcards",
        "perl_05_worker_success_fork",
        "perl_06d_worker_child_exit2",
        "perl_08_failures",
        "s02_enqueue_at_with_queue",
        "s14_args_shapes",
    ];
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let used = sources.contains(&format!("\"{name}\"")) || elsewhere.contains(&name);
        assert!(used, "{name} is compared with nothing");
    }
}
