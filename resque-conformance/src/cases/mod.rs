//! Every case, in groups by guarantee.

mod g1_conservation;
mod g1_histories;
mod g1_loans;
mod g1_lost_replies;
mod g2_order;
mod g3_one_holder;
mod g4_recovery;
mod g5_bytes;
mod g6_bad_input;
mod g7_batch;
mod g8_time;
mod g9_outage;
mod rules_cancel;
mod rules_control;
mod rules_counters;
mod rules_declaration;
mod rules_edits;
mod rules_failures;
mod rules_history;
mod rules_http_workers;
mod rules_keyspace;
mod rules_limits;
mod rules_loans;
mod rules_loans_over;
mod rules_queues;
mod rules_registry;
mod rules_schedules;
mod rules_ticks;
mod rules_unique;
mod rules_wake_up;

groups! {
    g1_conservation,
    g1_lost_replies,
    g1_histories,
    g1_loans,
    g2_order,
    g3_one_holder,
    g4_recovery,
    g5_bytes,
    g6_bad_input,
    g7_batch,
    g8_time,
    g9_outage,
    rules_queues,
    rules_edits,
    rules_control,
    rules_wake_up,
    rules_unique,
    rules_limits,
    rules_cancel,
    rules_loans,
    rules_loans_over,
    rules_http_workers,
    rules_registry,
    rules_counters,
    rules_failures,
    rules_schedules,
    rules_ticks,
    rules_history,
    rules_keyspace,
    rules_declaration,
}
