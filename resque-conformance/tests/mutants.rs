//! The suite's own test: backends that are wrong in one way each, and who notices.
//!
//! A mutant is the memory backend with one twist. For each of them `mutants/noticed.txt` says
//! exactly which cases break; `RESQUE_BLESS=1` writes the file anew, to be read before it is
//! committed. No mutant may survive, and the case named here, which was made for it, must be among
//! those that break.

#[path = "mutants/bytes.rs"]
mod bytes;
#[path = "mutants/failures.rs"]
mod failures;
#[path = "mutants/harness.rs"]
mod harness;
#[path = "mutants/history.rs"]
mod history;
#[path = "mutants/holding.rs"]
mod holding;
#[path = "mutants/http_workers.rs"]
mod http_workers;
#[path = "mutants/limits.rs"]
mod limits;
#[path = "mutants/loans.rs"]
mod loans;
#[path = "mutants/order.rs"]
mod order;
#[path = "mutants/queues.rs"]
mod queues;
#[path = "mutants/schedules.rs"]
mod schedules;
#[path = "mutants/time.rs"]
mod time;
#[path = "mutants/twist.rs"]
mod twist;
#[path = "mutants/workers.rs"]
mod workers;

use std::collections::BTreeSet;
use std::sync::Arc;

use resque_conformance::{Ability, Case};

/// How a mutant is made, by itself or with what surrounds it.
macro_rules! made {
    ($make:expr) => {
        |_| Arc::new($make)
    };
    ($make:expr, surroundings) => {
        |surroundings| Arc::new($make(surroundings))
    };
}

/// One test per mutant: its name, how it is made, and the case that exists because of it.
macro_rules! mutants {
    ($($name:ident: $make:expr, $because:literal $(, $with:ident)?;)+) => {
        $(
            #[test]
            fn $name() {
                harness::notices(stringify!($name), $because, made!($make $(, $with)?));
            }
        )+

        const NAMES: &[&str] = &[$(stringify!($name)),+];
    };
}

mutants! {
    fires_again: schedules::FiresAgain,
        "rules_ticks::a_tick_fires_once";
    fires_in_two_steps: schedules::FiresInTwoSteps,
        "rules_ticks::a_tick_fires_once_over_many_connections";
    says_fired: schedules::SaysFired,
        "rules_ticks::an_older_tick_is_settled_with_a_newer_one";
    fires_without_jobs: schedules::FiresWithoutJobs,
        "rules_ticks::a_tick_puts_its_job_into_its_queue";
    fires_empty_ticks: schedules::FiresEmptyTicks,
        "rules_ticks::a_tick_can_be_settled_without_a_job";
    fires_in_reverse: schedules::FiresInReverse,
        "rules_ticks::ticks_that_fire_together_keep_their_order";
    shares_ticks: schedules::SharesTicks,
        "rules_ticks::each_schedule_has_ticks_of_its_own";
    fires_the_unknown: schedules::FiresTheUnknown,
        "rules_ticks::nothing_fires_before_it_begins";
    fires_what_is_not_stored: schedules::FiresWhatIsNotStored,
        "rules_ticks::a_removed_schedule_fires_nothing";
    notes_the_tick: schedules::NotesTheTick,
        "rules_ticks::the_list_says_what_fired_when";
    stores_nothing: schedules::StoresNothing,
        "rules_ticks::a_schedule_with_the_same_times_goes_on";
    rewrites_definitions: schedules::RewritesDefinitions,
        "rules_schedules::definitions_come_back_byte_for_byte";
    keeps_the_first_definition: schedules::KeepsTheFirstDefinition,
        "rules_schedules::a_stored_schedule_replaces_its_namesake";
    begins_anew_with_every_put: schedules::BeginsAnewWithEveryPut,
        "rules_ticks::a_schedule_with_the_same_times_goes_on";
    begins_long_ago: schedules::BeginsLongAgo,
        "rules_ticks::a_stored_schedule_begins_at_once";
    begins_again_and_again: schedules::BeginsAgainAndAgain,
        "rules_ticks::a_schedule_begins_once";
    goes_back_in_time: schedules::GoesBackInTime,
        "rules_ticks::what_is_settled_stays_settled";
    keeps_what_it_missed: schedules::KeepsWhatItMissed,
        "rules_ticks::a_schedule_that_is_off_fires_nothing";
    switches_only_the_stored: schedules::SwitchesOnlyTheStored,
        "rules_schedules::a_schedule_that_is_not_stored_can_be_switched_off";
    makes_up_schedules: schedules::MakesUpSchedules,
        "rules_schedules::switching_on_what_is_not_known_does_nothing";
    shows_all_as_on: schedules::ShowsAllAsOn,
        "rules_schedules::the_list_says_what_is_switched_off";
    removes_nothing: schedules::RemovesNothing,
        "rules_schedules::a_removed_schedule_is_forgotten";
    shows_what_is_not: schedules::ShowsWhatIsNot,
        "rules_schedules::a_new_store_knows_no_schedule";
    lets_all_lead: schedules::LetsAllLead,
        "rules_schedules::one_process_leads";
    leads_for_ever: schedules::LeadsForEver::default(),
        "rules_schedules::a_silent_leader_is_followed_by_another";
    takes_over_too_early: schedules::TakesOverTooEarly,
        "rules_schedules::a_silent_leader_is_followed_by_another";
    steps_down_for_others: schedules::StepsDownForOthers::default(),
        "rules_schedules::a_leader_steps_down_for_itself";
    hides_changes: schedules::HidesChanges,
        "rules_schedules::a_change_of_schedules_shows";
    looks_away: schedules::LooksAway,
        "rules_schedules::a_change_of_schedules_shows";
    names_the_last: schedules::NamesTheLast,
        "rules_schedules::looking_tells_who_leads";
    leads_by_looking: schedules::LeadsByLooking,
        "rules_schedules::looking_tells_who_leads";
    clears_no_schedules: schedules::ClearsNoSchedules,
        "rules_schedules::a_clear_forgets_schedules";
    stores_next_door: schedules::StoresNextDoor::new,
        "rules_schedules::the_neighbours_schedules_are_not_ours", surroundings;
    redelivers_nothing: holding::RedeliversNothing,
        "g1_lost_replies::a_reservation_is_given_again";
    forgets_the_mark: holding::ForgetsTheMark,
        "g1_conservation::a_redelivered_job_is_marked";
    overwrites_notes: holding::OverwritesNotes,
        "g1_conservation::a_slot_that_holds_a_job_is_given_it_again";
    loses_on_crash: holding::LosesOnCrash::default(),
        "g1_conservation::a_reserved_job_is_held_by_its_worker";
    hands_out_twice: holding::HandsOutTwice::default(),
        "g3_one_holder::two_workers_are_given_two_jobs";
    settles_stale_receipts: holding::SettlesStaleReceipts,
        "g3_one_holder::a_receipt_is_worth_nothing_for_the_next_job";
    accepts_stolen_receipts: holding::AcceptsStolenReceipts,
        "g3_one_holder::a_receipt_is_worth_nothing_for_another_worker";
    never_says_lost: holding::NeverSaysLost,
        "g3_one_holder::a_reservation_is_settled_once";
    counts_lost_settlements: holding::CountsLostSettlements,
        "g3_one_holder::a_lost_settlement_changes_nothing";
    evicts_twice: holding::EvictsTwice,
        "g1_lost_replies::a_recovery_records_once";
    counts_twice: holding::CountsTwice,
        "rules_counters::a_settlement_counts_what_its_tally_says";
    counts_by_outcome: holding::CountsByOutcome,
        "g4_recovery::a_recovery_counts_nothing";
    ignores_guards: holding::IgnoresGuards,
        "g4_recovery::a_heartbeat_voids_the_janitors_receipt";
    removes_the_living: holding::RemovesTheLiving,
        "g4_recovery::a_heartbeat_voids_the_janitors_removal";
    unregister_drops_the_job: holding::UnregisterDropsTheJob,
        "rules_registry::a_worker_that_holds_a_job_cannot_leave";
    deleting_forgets_held_jobs: holding::DeletingForgetsHeldJobs,
        "g1_conservation::deleting_a_queue_leaves_what_workers_hold";
    bound_to_its_connection: holding::BoundToItsConnection::default(),
        "g1_conservation::a_reservation_outlives_its_connection";
    serves_few_slots: holding::ServesFewSlots,
        "g7_batch::a_thousand_slots_are_served_at_once";
    pause_keeps_held_jobs: holding::PauseKeepsHeldJobs,
        "rules_control::a_held_job_is_given_again_during_a_pause";
    restarts_the_clock: holding::RestartsTheClock,
        "g8_time::a_reservation_tells_since_when";
    takes_unasked: holding::TakesUnasked,
        "g1_conservation::an_exchange_without_lists_changes_nothing";
    fails_without_backtrace: holding::FailsWithoutBacktrace,
        "rules_failures::a_settlement_records_its_failure";

    ignores_priority: order::IgnoresPriority,
        "g2_order::an_earlier_queue_is_served_first";
    pop_ignores_priority: order::PopIgnoresPriority,
        "g2_order::a_plain_pop_goes_through_its_list_in_order";
    last_in_first_out: order::LastInFirstOut,
        "g2_order::jobs_leave_a_queue_in_the_order_they_came";
    releases_in_reverse: order::ReleasesInReverse,
        "g2_order::released_jobs_keep_their_order";
    releases_to_the_end: order::ReleasesToTheEnd,
        "g2_order::a_released_job_is_the_next_one";
    remembers_the_star: order::RemembersTheStar::default(),
        "g2_order::a_star_serves_a_new_queue_at_once";
    ignores_negations: order::IgnoresNegations,
        "g2_order::a_negation_takes_a_queue_out";
    serves_one_queue: order::ServesOneQueue,
        "g2_order::one_exchange_serves_several_queues_in_order";
    ignores_stop: order::IgnoresStop,
        "rules_control::a_stopped_queue_gives_nothing";
    pop_ignores_stop: order::PopIgnoresStop,
        "rules_control::a_plain_pop_obeys_a_stopped_queue";
    ignores_pause: order::IgnoresPause,
        "rules_control::a_pause_gives_nothing_out";
    pop_obeys_pause: order::PopObeysPause,
        "rules_control::a_plain_pop_ignores_a_pause";
    stops_the_whole_list: order::StopsTheWholeList,
        "rules_control::a_stopped_queue_stops_no_other";
    serves_last_slots_first: order::ServesLastSlotsFirst,
        "g2_order::later_slots_go_without_when_jobs_run_out";
    pops_one_at_least: order::PopsOneAtLeast,
        "g2_order::a_plain_pop_of_none_takes_none";
    counts_pops: order::CountsPops,
        "rules_counters::only_settlements_count";
    always_tells_of_a_pause: order::AlwaysTellsOfAPause,
        "rules_control::a_new_store_is_neither_stopped_nor_paused";
    denies_the_pause: order::DeniesThePause,
        "rules_control::a_pause_can_be_asked_for";
    never_ends_the_pause: order::NeverEndsThePause,
        "rules_control::after_a_pause_jobs_are_given_out";

    forgets_empty_queues: queues::ForgetsEmptyQueues,
        "rules_queues::an_empty_queue_stays";
    deleting_leaves_the_name: queues::DeletingLeavesTheName,
        "rules_queues::a_deleted_queue_is_gone_with_its_jobs";
    deleting_starts: queues::DeletingStarts,
        "rules_control::a_deleted_queue_stays_stopped";
    measures_all_queues: queues::MeasuresAllQueues,
        "rules_queues::a_queue_tells_its_length";
    deletes_by_prefix: queues::DeletesByPrefix,
        "g5_bytes::similar_queue_names_stay_apart";
    every_queue_is_new: queues::EveryQueueIsNew,
        "rules_queues::a_queue_can_be_made_without_a_job";
    looking_makes_queues: queues::LookingMakesQueues,
        "rules_queues::looking_does_not_make_a_queue";
    peeks_too_far: queues::PeeksTooFar,
        "rules_queues::peeking_follows_the_page";
    peeks_only_forward: queues::PeeksOnlyForward,
        "rules_queues::peeking_follows_the_page";
    clears_neighbours: queues::ClearsNeighbours::new,
        "rules_queues::clearing_leaves_neighbours_alone", surroundings;
    lists_keys_of_neighbours: queues::ListsKeysOfNeighbours::new,
        "rules_keyspace::keys_of_neighbours_are_not_listed", surroundings;
    clearing_leaves_counters: queues::ClearingLeavesCounters,
        "rules_queues::clearing_removes_everything";
    clearing_always_finds: queues::ClearingAlwaysFinds,
        "g1_lost_replies::a_store_is_cleared_once";
    pushes_a_part: queues::PushesAPart,
        "g7_batch::a_batch_of_ten_thousand_arrives_whole";
    pushes_one_by_one: queues::PushesOneByOne::default(),
        "g7_batch::nobody_sees_a_part_of_a_batch";
    pushes_backwards: queues::PushesBackwards,
        "g2_order::a_batch_keeps_its_order";
    tells_the_length_before: queues::TellsTheLengthBefore,
        "g7_batch::a_push_is_answered_with_lengths";
    trims_names: queues::TrimsNames,
        "g5_bytes::any_queue_name_works";
    drops_duplicates: queues::DropsDuplicates,
        "g1_conservation::identical_jobs_are_counted_apart";
    edits_all: queues::EditsAll,
        "rules_edits::at_most_as_many_as_asked_are_removed";
    edits_the_youngest: queues::EditsTheYoungest,
        "rules_edits::at_most_as_many_as_asked_are_removed";
    moves_a_copy: queues::MovesACopy,
        "rules_edits::a_job_can_be_moved_to_another_queue";
    edits_by_meaning: queues::EditsByMeaning,
        "rules_edits::only_the_exact_bytes_are_meant";
    front_is_the_end: queues::FrontIsTheEnd,
        "rules_edits::a_job_can_be_moved_to_the_front";
    hides_outages: queues::HidesOutages,
        "g9_outage::calls_report_an_outage";
    pushes_twice: queues::PushesTwice,
        "g1_lost_replies::a_push_puts_its_job_in_once";
    refuses_empty_pushes: queues::RefusesEmptyPushes,
        "g7_batch::an_empty_batch_changes_nothing";
    deleting_always_finds: queues::DeletingAlwaysFinds,
        "g1_lost_replies::a_queue_is_deleted_once";
    deleting_cancels_delayed_jobs: queues::DeletingCancelsDelayedJobs,
        "rules_queues::deleting_a_queue_leaves_its_delayed_jobs";
    hides_stops: queues::HidesStops,
        "rules_control::the_list_says_which_queues_are_stopped";
    asks_only_the_list: queues::AsksOnlyTheList,
        "rules_control::a_stop_can_be_asked_for";
    lists_backwards: queues::ListsBackwards,
        "rules_queues::queues_are_listed_in_byte_order_with_lengths";
    lists_what_was_made: queues::ListsWhatWasMade::default(),
        "rules_queues::a_push_makes_its_queue_exist";
    begins_with_a_queue: queues::BeginsWithAQueue::default(),
        "rules_declaration::a_world_begins_empty";
    clearing_leaves_stops: queues::ClearingLeavesStops,
        "rules_queues::clearing_ends_every_stop";
    clearing_leaves_delayed_jobs: queues::ClearingLeavesDelayedJobs,
        "rules_queues::clearing_removes_delayed_jobs";
    edits_delayed_jobs: queues::EditsDelayedJobs,
        "rules_edits::an_edit_leaves_delayed_jobs";
    edits_make_queues: queues::EditsMakeQueues,
        "rules_edits::an_edit_of_no_queue_finds_nothing";
    connects_elsewhere: queues::ConnectsElsewhere,
        "rules_queues::a_second_connection_sees_the_same_queues";
    joins_by_slashes: queues::JoinsBySlashes,
        "rules_keyspace::a_key_is_its_parts_behind_the_namespace";
    lists_full_keys: queues::ListsFullKeys,
        "rules_keyspace::keys_are_listed_without_the_namespace";
    lists_keys_twice: queues::ListsKeysTwice,
        "rules_keyspace::each_key_is_listed_once";
    keeps_a_key: queues::KeepsAKey,
        "rules_keyspace::a_new_store_has_no_keys";

    reencodes_json: bytes::ReencodesJson,
        "g5_bytes::big_integers_are_kept";
    drops_unknown_members: bytes::DropsUnknownMembers,
        "g5_bytes::unknown_members_are_kept";
    replaces_bad_text: bytes::ReplacesBadText,
        "g5_bytes::invalid_utf8_is_kept";
    ends_at_nul: bytes::EndsAtNul,
        "g5_bytes::nul_bytes_are_kept";
    trims_payloads: bytes::TrimsPayloads,
        "g5_bytes::blanks_are_kept";
    cuts_long_payloads: bytes::CutsLongPayloads,
        "g5_bytes::ten_megabytes_are_kept";
    skips_empty_payloads: bytes::SkipsEmptyPayloads,
        "g5_bytes::an_empty_payload_is_kept";
    refuses_deep_nesting: bytes::RefusesDeepNesting,
        "g5_bytes::deep_nesting_is_kept";
    drops_bad_jobs: bytes::DropsBadJobs,
        "g6_bad_input::what_is_no_job_is_given_out";
    records_text: bytes::RecordsText,
        "g6_bad_input::what_is_no_job_can_fail_and_be_put_back";
    retries_reencoded: bytes::RetriesReencoded,
        "g5_bytes::floats_keep_their_text";
    retries_old_bytes: bytes::RetriesOldBytes,
        "g5_bytes::a_retry_carries_its_own_bytes";
    releases_old_bytes: bytes::ReleasesOldBytes,
        "g5_bytes::a_release_carries_its_own_bytes";
    flattens_backtraces: bytes::FlattensBacktraces,
        "g5_bytes::the_texts_of_a_record_are_kept";

    promotes_too_soon: time::PromotesTooSoon,
        "g8_time::a_job_is_not_visible_before_its_time";
    cuts_fractions_of_retries: time::CutsFractionsOfRetries,
        "g8_time::retried_deferred_and_delayed_jobs_come_in_one_order";
    retries_the_past_at_once: time::RetriesThePastAtOnce,
        "g8_time::a_job_can_be_retried_at_a_time_that_has_passed";
    cuts_fractions: time::CutsFractions,
        "g8_time::a_job_is_not_visible_a_moment_too_early";
    pushes_the_past_at_once: time::PushesThePastAtOnce,
        "g8_time::a_time_that_has_passed_goes_through_the_delayed_set";
    promotes_all: time::PromotesAll,
        "g8_time::a_promotion_moves_at_most_as_many_as_asked";
    hides_the_next_time: time::HidesTheNextTime,
        "g8_time::a_promotion_tells_when_the_next_job_is_due";
    promotes_in_order_of_pushing: time::PromotesInOrderOfPushing,
        "g8_time::due_jobs_come_in_order_of_their_time";
    never_resigns: time::NeverResigns::default(),
        "g8_time::a_promoter_that_resigns_makes_room";
    cancels_all_alike: time::CancelsAllAlike,
        "g8_time::a_delayed_job_can_be_cancelled";
    forgives_gone_delayed_jobs: time::ForgivesGoneDelayedJobs,
        "g8_time::the_id_of_a_gone_job_conflicts";
    moves_instead_of_putting_off: time::MovesInsteadOfPuttingOff,
        "g8_time::a_delayed_job_can_be_given_another_time";
    misses_what_came_before: time::MissesWhatCameBefore,
        "rules_wake_up::a_push_between_ticket_and_wait_wakes";
    hears_only_itself: time::HearsOnlyItself::default(),
        "rules_wake_up::a_push_wakes";
    waits_for_old_queues: time::WaitsForOldQueues::default(),
        "rules_wake_up::a_push_into_a_new_queue_wakes_a_star";
    waits_through_outages: time::WaitsThroughOutages,
        "g9_outage::a_wait_ends_when_the_store_goes_away";
    does_not_wait: time::DoesNotWait,
        "rules_declaration::the_declared_abilities_are_offered";
    denies_atomic_batches: time::DeniesAtomicBatches,
        "rules_declaration::the_declared_facts_are_told";
    promotes_too_late: time::PromotesTooLate,
        "g8_time::a_job_is_visible_at_its_time";
    promotes_copies: time::PromotesCopies::default(),
        "g1_lost_replies::due_jobs_are_promoted_once";
    promotes_to_the_front: time::PromotesToTheFront,
        "g8_time::a_due_job_goes_to_the_end_of_its_queue";
    promotes_alike_in_reverse: time::PromotesAlikeInReverse,
        "g8_time::jobs_of_the_same_time_come_in_order_of_pushing";
    stops_stop_promotion: time::StopsStopPromotion,
        "g8_time::a_due_job_comes_into_a_stopped_queue";
    refuses_to_resign: time::RefusesToResign,
        "g8_time::resigning_for_nothing_does_no_harm";
    cancels_instead_of_moving: time::CancelsInsteadOfMoving,
        "g8_time::a_delayed_job_can_be_moved_into_its_queue";
    waits_once: time::WaitsOnce,
        "rules_declaration::a_second_connection_offers_the_same";

    the_limit_is_too_old: workers::TheLimitIsTooOld,
        "g4_recovery::a_heartbeat_at_the_limit_is_young_enough";
    lists_the_living: workers::ListsTheLiving,
        "g4_recovery::a_worker_that_beats_is_not_dead";
    lists_the_registered_dead: workers::ListsTheRegisteredDead,
        "g4_recovery::a_slot_on_no_registry_hides_no_job";
    the_dead_hold_nothing: workers::TheDeadHoldNothing,
        "g4_recovery::a_dead_worker_is_listed_with_its_job";
    lists_few_of_the_dead: workers::ListsFewOfTheDead,
        "g4_recovery::all_the_dead_are_listed";
    listing_removes_the_dead: workers::ListingRemovesTheDead,
        "g4_recovery::listing_the_dead_changes_nothing";
    heartbeats_resurrect: workers::HeartbeatsResurrect,
        "g4_recovery::a_heartbeat_brings_no_removed_worker_back";
    heartbeats_tell_nothing: workers::HeartbeatsTellNothing,
        "rules_registry::a_heartbeat_tells_who_is_not_registered";
    registering_begins_anew: workers::RegisteringBeginsAnew,
        "rules_registry::registering_again_keeps_the_start";
    registering_tells_nothing: workers::RegisteringTellsNothing,
        "g4_recovery::a_process_that_comes_back_is_told_what_it_holds";
    registering_does_not_beat: workers::RegisteringDoesNotBeat,
        "g4_recovery::a_registration_voids_the_janitors_receipt";
    shows_no_work: workers::ShowsNoWork,
        "rules_registry::a_worker_is_listed_with_what_it_holds";
    leaving_keeps_counters: workers::LeavingKeepsCounters,
        "rules_counters::a_worker_that_leaves_takes_its_counters_along";
    one_stays_all_stay: workers::OneStaysAllStay,
        "g7_batch::workers_leave_in_one_batch";
    time_goes_back: workers::TimeGoesBack::default(),
        "g8_time::the_store_tells_its_time";
    loses_counters: workers::LosesCounters,
        "rules_counters::a_counter_can_be_set";
    counts_only_upwards: workers::CountsOnlyUpwards,
        "rules_counters::a_counter_can_be_added_to";
    answers_the_addition: workers::AnswersTheAddition,
        "rules_counters::a_counter_can_be_added_to";
    adds_in_two_steps: workers::AddsInTwoSteps,
        "rules_counters::additions_race_without_loss";
    keeps_counters: workers::KeepsCounters,
        "rules_counters::a_counter_can_be_removed";
    the_dead_have_just_beaten: workers::TheDeadHaveJustBeaten,
        "g4_recovery::a_silent_worker_is_dead";
    the_dead_always_hold: workers::TheDeadAlwaysHold,
        "g4_recovery::an_idle_dead_worker_holds_nothing";
    leaving_keeps_heartbeats: workers::LeavingKeepsHeartbeats::default(),
        "g4_recovery::a_worker_that_left_is_not_among_the_dead";
    all_beat_together: workers::AllBeatTogether,
        "rules_registry::a_heartbeat_moves_the_last_heartbeat";
    new_workers_hold_something: workers::NewWorkersHoldSomething,
        "rules_registry::a_new_worker_holds_nothing";
    hides_heartbeats: workers::HidesHeartbeats,
        "rules_registry::a_registered_worker_is_listed";
    hides_counters: workers::HidesCounters,
        "rules_counters::workers_are_listed_with_their_counters";
    lists_workers_backwards: workers::ListsWorkersBackwards,
        "rules_registry::workers_are_listed_in_byte_order";
    remembers_first_starts: workers::RemembersFirstStarts::default(),
        "rules_registry::registering_after_leaving_starts_anew";
    nobody_leaves: workers::NobodyLeaves,
        "rules_registry::a_worker_that_leaves_is_listed_no_more";
    the_unknown_live: workers::TheUnknownLive,
        "rules_registry::a_worker_that_was_never_there_is_gone";
    leave_by_prefix: workers::LeaveByPrefix,
        "rules_registry::only_the_named_worker_leaves";
    adds_twice: workers::AddsTwice,
        "g1_lost_replies::a_counter_is_added_to_once";
    counters_begin_at_one: workers::CountersBeginAtOne,
        "rules_counters::a_counter_begins_at_zero";

    names_records_by_place: failures::NamesRecordsByPlace,
        "rules_failures::the_id_of_a_gone_record_conflicts";
    pages_by_place: failures::PagesByPlace,
        "rules_failures::removing_a_page_disturbs_no_other_newest_first";
    reads_without_budget: failures::ReadsWithoutBudget,
        "rules_failures::a_page_reads_no_more_than_its_budget";
    gives_up_on_budget: failures::GivesUpOnBudget,
        "rules_failures::a_page_reads_no_more_than_its_budget";
    stumbles_over_nul: failures::StumblesOverNul,
        "rules_failures::an_error_with_nul_hinders_no_retry";
    shows_the_oldest_first: failures::ShowsTheOldestFirst,
        "rules_failures::records_keep_their_order";
    ignores_filters: failures::IgnoresFilters,
        "rules_failures::records_can_be_filtered_by_queue";
    forgets_retries: failures::ForgetsRetries,
        "rules_failures::a_retried_record_stays_marked";
    keeps_retried_records: failures::KeepsRetriedRecords,
        "rules_failures::a_retried_record_may_go";
    retries_into_the_old_queue: failures::RetriesIntoTheOldQueue,
        "rules_failures::a_failed_job_may_go_into_another_queue";
    stops_at_stale_ids: failures::StopsAtStaleIds,
        "rules_failures::a_stale_id_stops_no_other";
    forgives_gone_records: failures::ForgivesGoneRecords,
        "rules_failures::a_made_up_id_conflicts";
    clearing_resets_counters: failures::ClearingResetsCounters,
        "rules_failures::clearing_removes_all_records";
    records_once: failures::RecordsOnce,
        "rules_failures::equal_records_have_ids_of_their_own";
    sorts_by_time: failures::SortsByTime,
        "rules_failures::records_are_ordered_by_their_coming";
    records_twice: failures::RecordsTwice,
        "g1_lost_replies::a_failure_is_recorded_once";
    drops_what_has_no_queue: failures::DropsWhatHasNoQueue,
        "g6_bad_input::a_record_without_a_queue_stays";
    removes_a_thousand: failures::RemovesAThousand,
        "g7_batch::thousands_of_failures_move_in_batches";
    moves_retried_records: failures::MovesRetriedRecords,
        "rules_failures::an_id_outlives_the_mark";
    repeats_on_the_next_page: failures::RepeatsOnTheNextPage,
        "rules_failures::pages_show_every_record_oldest_first";
    goes_on_behind_nothing: failures::GoesOnBehindNothing,
        "rules_failures::an_empty_list_has_one_page";
    finds_the_newest: failures::FindsTheNewest,
        "rules_failures::a_record_is_found_by_its_id";
    counts_to_five: failures::CountsToFive,
        "rules_failures::records_are_counted";
    retries_whatever_was_retried: failures::RetriesWhateverWasRetried,
        "rules_failures::what_was_put_back_since_is_not_put_back";
    looks_and_then_retries: failures::LooksAndThenRetries,
        "rules_failures::of_racing_retries_since_a_time_one_applies";

    pushes_each_time: limits::PushesEachTime,
        "rules_unique::what_is_pushed_once_is_not_pushed_again";
    pushes_once_in_steps: limits::PushesOnceInSteps,
        "rules_unique::of_racing_pushes_once_one_applies";
    holds_for_nothing: limits::HoldsForNothing,
        "rules_unique::a_push_of_nothing_holds_no_lock";
    pushes_the_first: limits::PushesTheFirst,
        "rules_unique::what_is_pushed_once_is_not_pushed_again";
    ignores_locks: limits::IgnoresLocks,
        "rules_unique::a_locked_name_keeps_others_out";
    locks_for_ever: limits::LocksForEver,
        "rules_unique::a_lock_ends_with_its_life";
    locks_in_two_steps: limits::LocksInTwoSteps,
        "rules_unique::of_racing_pushes_one_gets_the_lock";
    settles_without_leases: limits::SettlesWithoutLeases,
        "rules_unique::a_settlement_frees_a_lock";
    frees_what_is_lost: limits::FreesWhatIsLost,
        "rules_unique::a_lost_settlement_frees_no_lock";
    frees_foreign_leases: limits::FreesForeignLeases,
        "rules_unique::a_lock_is_freed_by_its_holder_only";
    grants_everything: limits::GrantsEverything,
        "rules_limits::places_are_given_until_there_are_none";
    claims_in_reverse: limits::ClaimsInReverse,
        "rules_limits::a_batch_of_claims_is_served_in_order";
    claims_by_halves: limits::ClaimsByHalves,
        "rules_limits::a_claim_gets_everything_or_nothing";
    frees_what_is_refused: limits::FreesWhatIsRefused,
        "rules_limits::a_granted_claim_frees_a_lock";
    forgets_who_waited: limits::Renames::default(),
        "rules_limits::nobody_pushes_in";
    gives_places_twice: limits::Renames::holders(),
        "rules_limits::a_place_is_granted_again_to_its_holder";
    renews_what_is_over: limits::RenewsWhatIsOver,
        "rules_limits::a_renewed_place_is_held_on";
    gives_a_token_more: limits::GivesATokenMore,
        "rules_limits::tokens_come_at_their_rate";
    clears_without_limits: limits::ClearsWithoutLimits::default(),
        "rules_limits::a_clear_forgets_limits";
    marks_the_worker: limits::MarksTheWorker::default(),
        "rules_cancel::a_mark_spares_the_next_job";
    hides_marks: limits::HidesMarks,
        "rules_cancel::a_mark_names_one_job";
    marks_anything: limits::MarksAnything,
        "rules_cancel::a_settled_job_cannot_be_marked";

    keeps_any_sample: history::KeepsAnySample,
        "rules_history::a_minute_is_sampled_once";
    samples_in_two_steps: history::SamplesInTwoSteps,
        "rules_history::of_racing_samples_one_is_kept";
    keeps_the_moment: history::KeepsTheMoment::default(),
        "rules_history::a_minute_is_sampled_once";
    remembers_backwards: history::Ranges::Backwards,
        "rules_history::samples_come_in_order_of_time";
    ranges_with_the_end: history::Ranges::WithTheEnd,
        "rules_history::a_range_ends_before_its_end";
    ranges_without_the_start: history::Ranges::WithoutTheStart,
        "rules_history::a_range_ends_before_its_end";
    ranges_without_bounds: history::Ranges::Unbounded,
        "rules_history::a_range_is_read_in_pages";
    remembers_six_days: history::Ranges::SixDays,
        "rules_history::samples_go_after_seven_days";
    makes_up_history: history::Ranges::MadeUp,
        "rules_history::a_new_store_has_no_history";
    takes_alike_for_one: history::Ranges::Alike,
        "rules_history::minutes_that_look_alike_are_two";
    remembers_for_ever: history::RemembersForEver::default(),
        "rules_history::samples_go_after_seven_days";
    keeps_text: history::KeepsText,
        "rules_history::a_sample_comes_back_byte_for_byte";
    clears_no_history: history::ClearsNoHistory,
        "rules_history::a_clear_forgets_the_history";
    samples_next_door: history::SamplesNextDoor::new,
        "rules_history::the_neighbours_history_is_not_ours", surroundings;
    counts_the_delayed: history::CountsTheDelayed,
        "rules_history::the_backlog_is_what_waits_in_all_queues";
    waits_for_ever: history::WaitsForEver,
        "rules_history::the_oldest_of_the_backlog_has_been_pushed";
    lends_in_reverse: loans::LendsInReverse,
        "rules_loans::jobs_are_lent_in_order";
    lends_one_more: loans::LendsOneMore,
        "rules_loans::at_most_as_many_as_asked_are_lent";
    lends_a_hundred: loans::LendsAHundred,
        "rules_loans::many_are_lent_and_settled_at_once";
    lends_to_nobody: loans::LendsToNobody,
        "rules_loans::settlements_count_for_queue_and_holder";
    lends_from_named_queues: loans::LendsFromNamedQueues,
        "rules_loans::a_star_lends_from_a_new_queue";
    lends_from_stopped_queues: loans::LendsFromStoppedQueues,
        "rules_loans::a_stopped_queue_lends_nothing";
    lends_during_a_pause: loans::LendsDuringAPause,
        "rules_loans::a_pause_lends_nothing";
    forgets_loans: loans::ForgetsLoans,
        "g1_loans::a_lent_job_is_known";
    lends_copies: loans::LendsCopies,
        "g1_loans::borrowers_share_no_job";
    lends_text: loans::LendsText,
        "rules_loans::lent_bytes_are_kept";
    lends_at_no_time: loans::LendsAtNoTime,
        "rules_loans_over::lending_puts_back_what_has_run_out";
    forgets_losses: loans::ForgetsLosses,
        "rules_loans_over::attempts_are_counted";
    finds_what_is_over: loans::FindsWhatIsOver,
        "rules_loans::loans_are_found_by_their_receipts";
    finds_in_order_of_lending: loans::FindsInOrderOfLending,
        "rules_loans::loans_are_found_by_their_receipts";
    finds_and_takes: loans::FindsAndTakes,
        "rules_loans::loans_are_found_by_their_receipts";
    remembers_losses_of_the_failed: loans::RemembersLossesOfTheFailed::default(),
        "rules_loans_over::a_job_that_was_lost_too_often_can_be_put_aside";
    hides_the_next_end: loans::HidesTheNextEnd,
        "rules_loans_over::the_next_end_is_told";
    counts_all_loans: loans::CountsAllLoans::default(),
        "rules_loans_over::a_settlement_forgets_losses";
    settles_too_late: loans::SettlesTooLate,
        "rules_loans_over::a_settlement_after_the_end_is_lost";
    settles_too_early: loans::SettlesTooEarly,
        "rules_loans_over::a_settlement_before_the_end_is_in_time";
    never_says_a_loan_is_lost: loans::NeverSaysLost,
        "g1_loans::one_of_racing_settlements_applies";
    stops_at_the_lost: loans::StopsAtTheLost,
        "rules_loans::a_lost_settlement_stops_no_other";
    releases_loans_in_reverse: loans::ReleasesInReverse,
        "rules_loans::released_loans_keep_their_order";
    counts_no_loans: loans::CountsNothing,
        "rules_loans::a_done_loan_is_gone";
    leaves_leases_of_loans: loans::LeavesLeases,
        "rules_loans::a_settled_loan_frees_a_lock";
    frees_for_lost_loans: loans::FreesForTheLost,
        "rules_loans::a_settled_loan_frees_a_lock";
    drops_failed_loans: loans::DropsTheFailed,
        "rules_loans::a_failed_loan_is_recorded";
    retries_loans_at_once: loans::RetriesAtOnce,
        "rules_loans::a_loan_can_wait_for_its_time";
    settles_anything: loans::SettlesAnything,
        "rules_loans::a_made_up_receipt_is_worth_nothing";
    extends_nothing: loans::ExtendsNothing,
        "rules_loans_over::an_extended_loan_lasts_longer";
    extends_what_is_over: loans::ExtendsWhatIsOver,
        "rules_loans_over::what_is_over_is_not_extended";
    puts_back_too_soon: loans::PutsBackTooSoon,
        "rules_loans_over::a_loan_lasts_until_its_time";
    puts_back_all: loans::PutsBackAll,
        "rules_loans_over::at_most_as_many_as_asked_are_put_back";
    puts_back_in_reverse: loans::PutsBackInReverse,
        "rules_loans_over::what_runs_out_goes_back_in_order";
    puts_back_a_copy: loans::PutsBackACopy,
        "g1_loans::what_runs_out_goes_back_once";
    counts_one_loan_more: loans::CountsOneMore,
        "g1_loans::a_lent_job_is_known";
    lists_what_is_over: loans::ListsWhatIsOver,
        "rules_loans_over::listing_puts_back_what_has_run_out";
    lists_the_first_page: loans::ListsTheFirstPage,
        "rules_loans::loans_are_listed_in_pages";
    clears_without_loans: loans::ClearsWithoutLoans,
        "rules_loans::a_clear_forgets_loans";

    registers_nobody: http_workers::RegistersNobody,
        "rules_http_workers::a_registered_worker_is_known";
    keeps_old_counts: http_workers::KeepsOldCounts,
        "rules_http_workers::a_worker_that_registers_again_begins_anew";
    lowers_names: http_workers::LowersNames,
        "rules_http_workers::similar_names_stay_apart";
    registers_in_the_registry: http_workers::RegistersInTheRegistry,
        "rules_http_workers::they_are_not_in_the_registry";
    leaves_all_queues: http_workers::LeavesAllQueues,
        "rules_http_workers::a_worker_leaves_queue_by_queue";
    registers_strangers: http_workers::RegistersStrangers,
        "rules_http_workers::what_is_counted_adds_up";
    counts_alternately: http_workers::CountsAlternately(false.into()),
        "rules_http_workers::racing_counts_add_up";
    remembers_counts: http_workers::RemembersCounts,
        "rules_http_workers::the_counts_of_a_queue_can_be_forgotten";
    lists_all_workers: http_workers::ListsAllWorkers,
        "rules_http_workers::workers_are_listed_by_queue";
    prunes_all: http_workers::PrunesAll,
        "rules_http_workers::silent_workers_are_pruned";
    clears_without_http_workers: http_workers::ClearsWithoutHttpWorkers,
        "rules_http_workers::a_clear_forgets_http_workers";
    flatters_queues: http_workers::FlattersQueues,
        "rules_http_workers::what_is_counted_adds_up";
}

/// The backend without a twist keeps every promise, so that it is the twist that is noticed.
#[test]
fn the_backend_without_a_twist_keeps_every_promise() {
    #[derive(Debug)]
    struct Straight;
    impl twist::Twist for Straight {}
    let report = harness::run(|_| Arc::new(Straight));
    assert!(report.is_kept(), "{report}");
}

/// A world that lacks what was declared for it is noticed, and one that has more.
#[test]
fn a_wrong_declaration_of_the_worlds_is_noticed() {
    for wrong in [Ability::Neighbour, Ability::Outage, Ability::Plant] {
        let right = harness::declared();
        let declared = right.clone().with(wrong, !right.offers(wrong));
        let report = harness::run_only(declared, "rules_declaration");
        let broken: Vec<_> = report
            .broken()
            .map(|(case, _)| case.name().sentence())
            .collect();
        assert_eq!(broken, ["the_declared_worlds_are_offered"], "{wrong}");
    }
}

/// Every case has broken at least once, so that none of them is empty words.
#[test]
fn every_case_notices_some_mutant() {
    // A foreign byte cannot be planted in memory; backends that outlive the process show these.
    let planted = |case: &&Case| case.needs().contains(&Ability::Plant);
    let noticing: BTreeSet<_> = harness::noticed().into_values().flatten().collect();
    let elsewhere = "rules_declaration::the_declared_worlds_are_offered";
    let idle: Vec<_> = Case::all()
        .filter(|case| !planted(case))
        .map(|case| case.name().to_string())
        .filter(|name| !noticing.contains(name) && name != elsewhere)
        .collect();
    assert_eq!(idle, [""; 0], "cases that no mutant breaks");
}

/// The file speaks of mutants and cases that exist.
#[test]
fn the_list_of_who_notices_is_up_to_date() {
    let known: BTreeSet<_> = NAMES
        .iter()
        .chain(&["clears_neighbours"])
        .copied()
        .collect();
    let cases: BTreeSet<_> = Case::all().map(|case| case.name().to_string()).collect();
    for (mutant, noticed) in harness::noticed() {
        assert!(
            known.contains(mutant.as_str()),
            "there is no mutant {mutant}"
        );
        for case in noticed {
            assert!(cases.contains(&case), "there is no case {case}");
        }
    }
}
