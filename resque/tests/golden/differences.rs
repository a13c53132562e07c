//! Where we differ on purpose, and why.

use crate::keys::Keys;

/// One key that is not as it was recorded.
pub(crate) enum Difference {
    /// The recorded program leaves a key that we do not.
    OnlyTheirs {
        key: &'static str,
        why: &'static str,
    },
    /// We leave a key that the recorded program does not; `ours` is its JSON.
    OnlyOurs {
        key: &'static str,
        ours: &'static str,
        why: &'static str,
    },
    /// The key is there on both sides with another content; `ours` is its JSON.
    Other {
        key: &'static str,
        ours: &'static str,
        why: &'static str,
    },
}

impl Difference {
    /// Which key.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            OnlyTheirs { key, .. } | OnlyOurs { key, .. } | Other { key, .. } => key,
        }
    }
}

use Difference::{OnlyOurs, OnlyTheirs, Other};

static PRUNE_LOCK: Difference = OnlyTheirs {
    key: "resque:pruning_dead_workers_in_progress",
    why: "we never take Ruby's prune lock: it is never released and would stop Ruby's own pruning",
};

const SCHEDULER_LOCK: Difference = OnlyTheirs {
    key: "resque:resque:resque_scheduler_master_lock",
    why: "the lock is held while there is more to move and not a moment longer, so that another \
          scheduler need not wait for it to expire",
};

const CLEANED_UP: &str = "a second without jobs is cleaned up in the same step";
const IN_ORDER: &str = "failed jobs go back in the order in which they failed, on both layouts";
const GIVEN_BACK: &str = "a job that does not end in time goes back to the front of its queue, \
                          notes that, and counts as nothing";

const NO_JOB: &str = "what is no job counts as a failed one, and its bytes are on record";
const STAYS: &str = "such a payload stops no worker of ours: it goes on, and leaves nothing behind";
const SET_ASIDE: &str = "an item that cannot be moved is on record instead of lost";
const AS_RUBY: &str = "where Perl differs from Ruby, ours are as Ruby's, which Perl reads too";

/// The differences of one scenario that left these keys.
pub(crate) fn differences(scenario: &str, theirs: &Keys) -> Vec<&'static Difference> {
    let lock = Some(&PRUNE_LOCK).filter(|lock| theirs.contains_key(lock.key()));
    // Where it is somebody else's.
    let lock = lock.filter(|_| scenario != "18d_prune_lock_held");
    of_its_own(scenario).iter().chain(lock).collect()
}

fn of_its_own(scenario: &str) -> &'static [Difference] {
    match scenario {
        "04_dequeue_with_args" => &[Other {
            key: "resque:queue:file_serve",
            ours: r#"["{\"class\":\"Archive\",\"args\":[2,\"b\"]}"]"#,
            why: "jobs are compared by class and arguments, not by the bytes of one encoder",
        }],
        "17d_multi_queue_requeue_queue" | "17e_multi_queue_requeue_all" => &[Other {
            key: "resque:queue:q0",
            ours: r#"["{\"class\":\"Archive\",\"args\":[0]}","{\"class\":\"Archive\",\"args\":[2]}"]"#,
            why: IN_ORDER,
        }],
        "s04_hooks"
        | "s05_transfer"
        | "s05b_transfer_unknown_class"
        | "s05d_transfer_batches"
        | "s15b_transfer_race_watch_abort" => &[SCHEDULER_LOCK],
        "s15_transfer_race_lost_item" => &[
            SCHEDULER_LOCK,
            Other {
                key: "resque:queue:file_serve",
                ours: r#"["{\"class\":\"Archive\",\"args\":[1]}","{\"class\":\"Archive\",\"args\":[\"injected\"]}"]"#,
                why: "what is pushed meanwhile is moved and not lost",
            },
        ],
        "s06_remove_delayed" => &[Other {
            key: "resque:delayed_queue_schedule",
            ours: r#"[["4102444800",4102444800.0]]"#,
            why: CLEANED_UP,
        }],
        "s06c_remove_selection" => &[Other {
            key: "resque:delayed_queue_schedule",
            ours: r#"[["4102444805",4102444805.0]]"#,
            why: CLEANED_UP,
        }],
        "s06d_enqueue_delayed" => &[OnlyTheirs {
            key: "resque:delayed_queue_schedule",
            why: CLEANED_UP,
        }],
        "s06e_delay_or_enqueue_at" => &[Other {
            key: "resque:delayed_queue_schedule",
            ours: r#"[["4102444860",4102444860.0]]"#,
            why: CLEANED_UP,
        }],
        "23e_term_nofork" => &[
            OnlyTheirs {
                key: "resque:failed",
                why: GIVEN_BACK,
            },
            OnlyTheirs {
                key: "resque:stat:failed",
                why: GIVEN_BACK,
            },
            OnlyTheirs {
                key: "resque:stat:processed",
                why: GIVEN_BACK,
            },
            OnlyOurs {
                key: "resque:queue:file_serve",
                ours: r#"["{\"class\":\"TermAware\",\"args\":[20],\"rs\":{\"releases\":1}}"]"#,
                why: GIVEN_BACK,
            },
        ],
        "10g_payload_not_object" => &[
            Other {
                key: "resque:failed",
                ours: r#"["{\"failed_at\":\"<YYYY/MM/DD HH:MM:SS ZONE>\",\"payload\":{\"class\":null,\"args\":[],\"raw\":\"[1,2]\",\"raw_hex\":\"5b312c325d\"},\"exception\":\"Resque::InvalidPayload\",\"error\":\"the payload is no job: expected an object, found an array\",\"backtrace\":\"…\",\"worker\":\"<HOST>:<PID1>:file_serve\",\"queue\":\"file_serve\"}"]"#,
                why: NO_JOB,
            },
            OnlyOurs {
                key: "resque:stat:failed",
                ours: r#""1""#,
                why: NO_JOB,
            },
            OnlyOurs {
                key: "resque:stat:processed",
                ours: r#""1""#,
                why: NO_JOB,
            },
            OnlyTheirs {
                key: "resque:worker:<HOST>:<PID1>:file_serve",
                why: STAYS,
            },
            OnlyTheirs {
                key: "resque:worker:<HOST>:<PID1>:file_serve:started",
                why: STAYS,
            },
            OnlyTheirs {
                key: "resque:workers",
                why: STAYS,
            },
            OnlyTheirs {
                key: "resque:workers:heartbeat",
                why: STAYS,
            },
        ],
        "10k_payload_number" => &[
            Other {
                key: "resque:failed",
                ours: r#"["{\"failed_at\":\"<YYYY/MM/DD HH:MM:SS ZONE>\",\"payload\":{\"class\":null,\"args\":[],\"raw\":\"5\",\"raw_hex\":\"35\"},\"exception\":\"Resque::InvalidPayload\",\"error\":\"the payload is no job: expected an object, found a number\",\"backtrace\":\"…\",\"worker\":\"<HOST>:<PID1>:file_serve\",\"queue\":\"file_serve\"}"]"#,
                why: NO_JOB,
            },
            OnlyOurs {
                key: "resque:stat:failed",
                ours: r#""1""#,
                why: NO_JOB,
            },
            OnlyOurs {
                key: "resque:stat:processed",
                ours: r#""1""#,
                why: NO_JOB,
            },
            OnlyTheirs {
                key: "resque:worker:<HOST>:<PID1>:file_serve",
                why: STAYS,
            },
            OnlyTheirs {
                key: "resque:worker:<HOST>:<PID1>:file_serve:started",
                why: STAYS,
            },
            OnlyTheirs {
                key: "resque:workers",
                why: STAYS,
            },
            OnlyTheirs {
                key: "resque:workers:heartbeat",
                why: STAYS,
            },
        ],
        "10h_payload_invalid_json" => &[
            OnlyOurs {
                key: "resque:failed",
                ours: r#"["{\"failed_at\":\"<YYYY/MM/DD HH:MM:SS ZONE>\",\"payload\":{\"class\":null,\"args\":[],\"raw\":\"{not json\",\"raw_hex\":\"7b6e6f74206a736f6e\"},\"exception\":\"Resque::InvalidPayload\",\"error\":\"the payload is no job: not JSON at byte 1: expected a string\",\"backtrace\":\"…\",\"worker\":\"<HOST>:<PID1>:file_serve\",\"queue\":\"file_serve\"}"]"#,
                why: NO_JOB,
            },
            OnlyTheirs {
                key: "resque:queue:file_serve",
                why: STAYS,
            },
            OnlyOurs {
                key: "resque:stat:failed",
                ours: r#""1""#,
                why: NO_JOB,
            },
            OnlyOurs {
                key: "resque:stat:processed",
                ours: r#""2""#,
                why: NO_JOB,
            },
        ],
        "10i_payload_null" => &[
            OnlyOurs {
                key: "resque:failed",
                ours: r#"["{\"failed_at\":\"<YYYY/MM/DD HH:MM:SS ZONE>\",\"payload\":{\"class\":null,\"args\":[],\"raw\":\"null\",\"raw_hex\":\"6e756c6c\"},\"exception\":\"Resque::InvalidPayload\",\"error\":\"the payload is no job: expected an object, found null\",\"backtrace\":\"…\",\"worker\":\"<HOST>:<PID1>:file_serve\",\"queue\":\"file_serve\"}"]"#,
                why: NO_JOB,
            },
            OnlyTheirs {
                key: "resque:queue:file_serve",
                why: STAYS,
            },
            OnlyOurs {
                key: "resque:stat:failed",
                ours: r#""1""#,
                why: NO_JOB,
            },
            OnlyOurs {
                key: "resque:stat:processed",
                ours: r#""2""#,
                why: NO_JOB,
            },
        ],
        "10j_payload_string" => &[Other {
            key: "resque:failed",
            ours: r#"["{\"failed_at\":\"<YYYY/MM/DD HH:MM:SS ZONE>\",\"payload\":{\"class\":null,\"args\":[],\"raw\":\"\\\"str\\\"\",\"raw_hex\":\"2273747222\"},\"exception\":\"Resque::InvalidPayload\",\"error\":\"the payload is no job: expected an object, found a string\",\"backtrace\":\"…\",\"worker\":\"<HOST>:<PID1>:file_serve\",\"queue\":\"file_serve\"}"]"#,
            why: NO_JOB,
        }],
        "s05c_transfer_no_queue" => &[
            SCHEDULER_LOCK,
            OnlyOurs {
                key: "resque:failed",
                ours: r#"["{\"failed_at\":\"<YYYY/MM/DD HH:MM:SS ZONE>\",\"payload\":{\"class\":\"Gone::Klass\",\"args\":[1]},\"exception\":\"Resque::InvalidPayload\",\"error\":\"a delayed job without a queue\",\"backtrace\":\"…\",\"worker\":\"\",\"queue\":\"\"}"]"#,
                why: SET_ASIDE,
            },
        ],
        "s05e_transfer_invalid_json" => &[
            SCHEDULER_LOCK,
            OnlyTheirs {
                key: "resque:delayed:1700000000",
                why: SET_ASIDE,
            },
            OnlyTheirs {
                key: "resque:delayed_queue_schedule",
                why: SET_ASIDE,
            },
            OnlyOurs {
                key: "resque:failed",
                ours: r#"["{\"failed_at\":\"<YYYY/MM/DD HH:MM:SS ZONE>\",\"payload\":{\"class\":null,\"args\":[],\"raw\":\"{oops\",\"raw_hex\":\"7b6f6f7073\"},\"exception\":\"Resque::InvalidPayload\",\"error\":\"the payload is no job: not JSON at byte 1: expected a string\",\"backtrace\":\"…\",\"worker\":\"\",\"queue\":\"\"}"]"#,
                why: SET_ASIDE,
            },
            OnlyOurs {
                key: "resque:queue:file_serve",
                ours: r#"["{\"class\":\"Archive\",\"args\":[1]}"]"#,
                why: "an item that cannot be moved stops no other",
            },
            OnlyOurs {
                key: "resque:queues",
                ours: r#"["file_serve"]"#,
                why: "an item that cannot be moved stops no other",
            },
        ],
        "perl_06c_worker_unknown_class" => &[Other {
            key: "resque:failed",
            ours: r#"[{"failed_at":"<YYYY/MM/DD HH:MM:SS ZONE>","payload":{"class":"No::Such","args":[1,"x"]},"exception":"NameError","error":"uninitialized constant No","backtrace":"…","worker":"<HOST>:<PID1>:q,low","queue":"q"}]"#,
            why: AS_RUBY,
        }],
        "perl_07_snapshot (mid)" => &[
            Other {
                key: "resque:worker:<HOST>:<PID1>:q",
                ours: r#"{"queue":"q","run_at":"<ISO8601_UTC_Z>","payload":{"class":"Archive","args":[1]}}"#,
                why: AS_RUBY,
            },
            Other {
                key: "resque:worker:<HOST>:<PID1>:q:started",
                ours: r#""<YYYY-MM-DD HH:MM:SS +ZZZZ>""#,
                why: AS_RUBY,
            },
            OnlyOurs {
                key: "resque:workers:heartbeat",
                ours: r#"{"<HOST>:<PID1>:q":"<ISO8601_LOCAL_OFFSET>"}"#,
                why: AS_RUBY,
            },
        ],
        "perl_07_snapshot" => &[Other {
            key: "resque:failed",
            ours: r#"[{"failed_at":"<YYYY/MM/DD HH:MM:SS ZONE>","payload":{"class":"Archive","args":[1]},"exception":"Resque::DirtyExit","error":"Job still being processed","backtrace":"…","worker":"<HOST>:<PID1>:q","queue":"q"}]"#,
            why: AS_RUBY,
        }],
        "perl_11_prune" => &[Other {
            key: "resque:failed",
            ours: r#"[{"failed_at":"<YYYY/MM/DD HH:MM:SS ZONE>","payload":{"class":"C","args":[1]},"exception":"Resque::DirtyExit","error":"Job still being processed","backtrace":"…","worker":"<HOST>:<PID1>:other","queue":"other"}]"#,
            why: AS_RUBY,
        }],
        _ => &[],
    }
}
