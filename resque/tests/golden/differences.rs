//! Where we differ on purpose, and why.

/// One key that is not as it was recorded.
pub(crate) enum Difference {
    /// The recorded program leaves a key that we do not.
    OnlyTheirs {
        key: &'static str,
        why: &'static str,
    },
    /// The key is there on both sides with another content; `ours` is its JSON.
    Other {
        key: &'static str,
        ours: &'static str,
        why: &'static str,
    },
}

use Difference::{OnlyTheirs, Other};

const PRUNE_LOCK: Difference = OnlyTheirs {
    key: "resque:pruning_dead_workers_in_progress",
    why: "we never take Ruby's prune lock: it is never released and would stop Ruby's own pruning",
};

/// The differences of one scenario.
pub(crate) fn differences(scenario: &str) -> &'static [Difference] {
    match scenario {
        "04_dequeue_with_args" => &[Other {
            key: "resque:queue:file_serve",
            ours: r#"["{\"class\":\"Archive\",\"args\":[2,\"b\"]}"]"#,
            why: "jobs are compared by class and arguments, not by the bytes of one encoder",
        }],
        "17e_multi_queue_requeue_all" => &[Other {
            key: "resque:queue:q0",
            ours: r#"["{\"class\":\"Archive\",\"args\":[0]}","{\"class\":\"Archive\",\"args\":[2]}"]"#,
            why: "failed jobs go back in the order in which they failed, on both layouts",
        }],
        "s05_transfer" => &[OnlyTheirs {
            key: "resque:resque:resque_scheduler_master_lock",
            why: "the lock is held while there is more to move and not a moment longer, so that \
                  another scheduler need not wait for it to expire",
        }],
        "s06_remove_delayed" => &[Other {
            key: "resque:delayed_queue_schedule",
            ours: r#"[["4102444800",4102444800.0]]"#,
            why: "a second without jobs is cleaned up in the same step",
        }],
        "s06d_enqueue_delayed" => &[OnlyTheirs {
            key: "resque:delayed_queue_schedule",
            why: "a second without jobs is cleaned up in the same step",
        }],
        "07_worker_start_idle_stop"
        | "08_job_success_fork"
        | "09_working_on_snapshot"
        | "10_job_failure_fork"
        | "10b_job_failure_nofork"
        | "10d_unknown_class"
        | "10e_wrong_arity"
        | "10f_args_null_and_missing"
        | "12_dont_perform" => &[PRUNE_LOCK],
        _ => &[],
    }
}
