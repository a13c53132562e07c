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
#[path = "mutants/holding.rs"]
mod holding;
#[path = "mutants/order.rs"]
mod order;
#[path = "mutants/queues.rs"]
mod queues;
#[path = "mutants/time.rs"]
mod time;
#[path = "mutants/twist.rs"]
mod twist;
#[path = "mutants/workers.rs"]
mod workers;

use std::collections::BTreeSet;
use std::sync::Arc;

use resque_conformance::Case;

/// One test per mutant: its name, how it is made, and the case that exists because of it.
macro_rules! mutants {
    ($($name:ident: $make:expr, $because:literal;)+) => {
        $(
            #[test]
            fn $name() {
                harness::notices(stringify!($name), $because, |_surroundings| Arc::new($make));
            }
        )+

        const NAMES: &[&str] = &[$(stringify!($name)),+];
    };
}

mutants! {
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

    forgets_empty_queues: queues::ForgetsEmptyQueues,
        "rules_queues::an_empty_queue_stays";
    deleting_leaves_the_name: queues::DeletingLeavesTheName,
        "rules_queues::a_deleted_queue_is_gone_with_its_jobs";
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
    flattens_backtraces: bytes::FlattensBacktraces,
        "g5_bytes::the_texts_of_a_record_are_kept";

    promotes_too_soon: time::PromotesTooSoon,
        "g8_time::a_job_is_not_visible_before_its_time";
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

    names_records_by_place: failures::NamesRecordsByPlace,
        "rules_failures::the_id_of_a_gone_record_conflicts";
    pages_by_place: failures::PagesByPlace,
        "rules_failures::removing_a_page_disturbs_no_other_newest_first";
    reads_without_budget: failures::ReadsWithoutBudget,
        "rules_failures::a_page_reads_no_more_than_its_budget";
    gives_up_on_budget: failures::GivesUpOnBudget,
        "rules_failures::a_page_reads_no_more_than_its_budget";
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
}

/// The one mutant that has to know the next namespace.
#[test]
fn clears_neighbours() {
    harness::notices(
        "clears_neighbours",
        "rules_queues::clearing_leaves_neighbours_alone",
        |surroundings| Arc::new(queues::ClearsNeighbours::new(surroundings)),
    );
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
