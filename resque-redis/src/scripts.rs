//! The Lua scripts: every step that has to be one.

use crate::driver::Script;

/// Joins files of `scripts/` into one script.
macro_rules! script {
    ($($file:literal),+) => {
        Script::new(concat!($(include_str!(concat!("scripts/", $file, ".lua"))),+))
    };
}

/// Settles finished jobs and fills free slots.
pub(crate) static EXCHANGE: Script = script!(
    "common", "trouble", "asking", "paused", "later", "leases", "exchange"
);

/// Puts jobs into queues and delayed sets.
pub(crate) static PUSH: Script = script!("common", "later", "push");

/// Puts jobs into one queue.
pub(crate) static PUSH_QUEUE: Script = script!("push_queue");

/// Puts jobs of which some have locks into queues and delayed sets.
pub(crate) static PUSH_LOCKED: Script =
    script!("common", "trouble", "later", "leases", "push_locked");

/// Claims what reserved jobs need before they start.
pub(crate) static CLAIM: Script = script!("common", "trouble", "leases", "claim");

/// Holds leases on.
pub(crate) static RENEW_LEASES: Script = script!("common", "trouble", "leases", "renew_leases");

/// Marks reservations as to be ended.
pub(crate) static MARK: Script = script!("common", "mark");

/// Counts what waits in all queues.
pub(crate) static BACKLOG: Script = script!("common", "backlog");

/// Keeps the sample of a minute.
pub(crate) static RECORD_SAMPLE: Script = script!("common", "record_sample");

/// Takes jobs out of queues for good.
pub(crate) static POP: Script = script!("common", "trouble", "asking", "pop");

/// Puts back loans that are over, then lends jobs.
pub(crate) static LEND: Script = script!("common", "trouble", "asking", "paused", "loans", "lend");

/// Ends loans.
pub(crate) static SETTLE_LOANS: Script = script!(
    "common",
    "trouble",
    "later",
    "leases",
    "http",
    "loans",
    "settle_loans"
);

/// Lets loans last longer.
pub(crate) static EXTEND_LOANS: Script = script!("common", "trouble", "loans", "extend_loans");

/// Looks for loans by their receipts.
pub(crate) static FIND_LOANS: Script = script!("common", "trouble", "loans", "find_loans");

/// Puts back loans that are over.
pub(crate) static PUT_BACK_LOANS: Script = script!("common", "trouble", "loans", "put_back_loans");

/// Reads loans.
pub(crate) static LIST_LOANS: Script = script!("common", "trouble", "loans", "walk", "list_loans");

/// Registers a worker over HTTP.
pub(crate) static REGISTER_HTTP: Script = script!("common", "http", "register_http");

/// Takes a worker over HTTP off a queue.
pub(crate) static UNREGISTER_HTTP: Script = script!("common", "http", "unregister_http");

/// Counts what was done over HTTP.
pub(crate) static COUNT_HTTP: Script = script!("common", "http", "count_http");

/// Reads workers over HTTP.
pub(crate) static LIST_HTTP: Script = script!("common", "http", "list_http");

/// Forgets silent workers over HTTP.
pub(crate) static PRUNE_HTTP: Script = script!("common", "http", "prune_http");

/// Removes or moves waiting jobs.
pub(crate) static EDIT: Script = script!("common", "edit");

/// Removes a queue.
pub(crate) static DELETE_QUEUE: Script = script!("common", "delete_queue");

/// Puts workers on the registry.
pub(crate) static REGISTER: Script = script!("common", "register");

/// Notes that workers live.
pub(crate) static HEARTBEAT: Script = script!("common", "heartbeat");

/// Takes workers off the registry.
pub(crate) static UNREGISTER: Script = script!("common", "unregister");

/// Adds failure entries.
pub(crate) static RECORD_FAILURES: Script = script!("common", "record_failures");

/// Retries failed jobs and removes failure entries.
pub(crate) static CHANGE_FAILURES: Script = script!("common", "change_failures");

/// Removes all entries of failure lists.
pub(crate) static CLEAR_FAILURES: Script = script!("common", "clear_failures");

/// Reads what is due.
pub(crate) static DUE: Script = script!("common", "trouble", "later", "due");

/// Moves delayed jobs.
pub(crate) static MOVE_DELAYED: Script = script!("common", "later", "leading", "move_delayed");

/// Reads delayed jobs in order of their time.
pub(crate) static LIST_DELAYED: Script = script!("common", "later", "walk", "list_delayed");

/// Gives up the lock of resque-scheduler's master.
pub(crate) static RELEASE_LOCK: Script = script!("common", "leading", "release_lock");

/// Reads all that is known about schedules.
pub(crate) static LIST_SCHEDULES: Script = script!("common", "schedules", "list_schedules");

/// Stores schedules.
pub(crate) static PUT_SCHEDULES: Script = script!("common", "schedules", "put_schedules");

/// Forgets schedules.
pub(crate) static REMOVE_SCHEDULES: Script = script!("common", "schedules", "remove_schedules");

/// Switches schedules on or off.
pub(crate) static ENABLE_SCHEDULES: Script = script!("common", "schedules", "enable_schedules");

/// Claims to be the process that fires schedules.
pub(crate) static LEAD_SCHEDULES: Script = script!("common", "schedules", "lead_schedules");

/// Tells which process fires schedules.
pub(crate) static LEADING_SCHEDULES: Script = script!("common", "schedules", "leading_schedules");

/// Gives up being the process that fires schedules.
pub(crate) static STEP_DOWN: Script = script!("common", "step_down");

/// Begins to follow schedules.
pub(crate) static BEGIN_SCHEDULES: Script = script!("common", "schedules", "begin_schedules");

/// Fires ticks of schedules.
pub(crate) static FIRE: Script = script!("common", "schedules", "fire");

/// Finds out what the user is not allowed to do.
pub(crate) static PERMISSIONS: Script = script!("common", "permissions");
