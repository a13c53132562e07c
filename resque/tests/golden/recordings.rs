//! Every recording there is: compared here, or listed with the reason why not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The recordings that map to no operation of ours.
const UNMAPPED: &[(&[&str], &str)] = &[
    (
        &[
            "11_child_killed_sigkill",
            "11b_child_exit_nonzero",
            "23_term_child",
            "23b_term_no_term_child",
            "23d_usr1",
            "perl_06d_worker_child_exit2",
        ],
        "a child process for each job, which is killed or exits: jobs of ours run in the worker's \
         own process",
    ),
    (
        &["11c_child_exit_exception"],
        "leaving the program is an exception in Ruby; here it ends the worker, and the job is \
         recovered as in 18",
    ),
    (
        &["10c_failure_binary_message"],
        "the text of an error is UTF-8 by its type; that Ruby's entry is read is shown by the \
         unit tests of the format",
    ),
    (
        &["13_hooks_order"],
        "a job performed by hand, and failed twice; the order of the hooks is compared by the \
         tests of the client and of the performer",
    ),
    (
        &["21b_queue_wildcards"],
        "which queues a pattern means, without a job; compared by the unit tests of the patterns",
    ),
    (
        &["27_background_env", "28_proclines"],
        "pid file and process title, not keys; the keys are those of 07 and 08",
    ),
    (
        &[
            "29_prune_live_process_without_procline",
            "29b_prune_star_worker",
        ],
        "Ruby takes living workers for dead by the process list; nothing of ours guesses, see 18c",
    ),
    (
        &["31_orphan_heartbeat_format"],
        "the recording's own hand has cleaned up before its end; that such heartbeats stop nothing \
         is shown by the tests of bad input",
    ),
    (
        &["perl_10_refresh_id", "perl_12_worker_queue_list"],
        "the queues of a worker that exists change; those of ours stay as they were built",
    ),
    (
        &[
            "s10_schedules_persistent",
            "s10b_schedule_assign",
            "s12_run_loop",
            "s13_dynamic_update",
        ],
        "recurring schedules: nothing of ours reads or writes their keys",
    ),
    (
        &[
            "presque_01_basic",
            "presque_02_errors",
            "presque_03_control",
            "presque_04_delayed",
            "presque_05_uniq",
            "presque_06_put_failed",
            "presque_07_workers",
            "presque_08_delete",
            "presque_09_batch",
            "presque_10_index",
            "presque_11_names",
        ],
        "presque's own keys, which no operation of ours touches: it shares nothing with Resque \
         but the idea",
    ),
];

/// The text of all tests here.
const SOURCES: &[&str] = &[
    include_str!("control.rs"),
    include_str!("delayed.rs"),
    include_str!("failures.rs"),
    include_str!("jobs.rs"),
    include_str!("queues.rs"),
    include_str!("registry.rs"),
    include_str!("stats.rs"),
];

#[test]
fn each_is_compared_or_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/golden");
    let index = fs::read_to_string(folder.join("INDEX.md")).unwrap();
    let rows = index.lines().filter_map(|line| line.strip_prefix("| "));
    let all: BTreeSet<&str> = rows
        .filter_map(|row| row.split_once(".json |"))
        .map(|(name, _)| name)
        .collect();
    let listed: Vec<&str> = UNMAPPED
        .iter()
        .flat_map(|(names, _)| *names)
        .copied()
        .collect();
    for name in &all {
        let quoted = format!("\"{name}\"");
        let compared = SOURCES.iter().any(|source| source.contains(&quoted));
        let listed = listed.iter().filter(|listed| *listed == name).count();
        assert!(
            compared || listed > 0,
            "{name} is neither compared nor listed"
        );
        assert!(
            listed + usize::from(compared) == 1,
            "{name} is listed in vain"
        );
    }
    for name in listed {
        assert!(all.contains(name), "there is no recording {name}");
    }
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let known = name == "INDEX" || all.contains(name);
        assert!(known, "{name} is not in the index of the recordings");
    }
}
