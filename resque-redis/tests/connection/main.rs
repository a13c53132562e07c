//! The connection layer on real servers: every case with each client crate.

#![expect(clippy::unwrap_used, reason = "a test ends where its world does")]

mod support;

mod batches;
mod given;
mod login;
mod outages;
mod refusals;
mod sharing;

/// Makes a test of each case for each driver that is built in.
macro_rules! with_each_driver {
    ($($module:ident :: $case:ident;)*) => {
        #[cfg(feature = "redis")]
        mod redis {
            $(#[tokio::test]
            async fn $case() {
                super::$module::$case(resque_redis::DriverKind::Redis).await;
            })*
        }

        #[cfg(feature = "fred")]
        mod fred {
            $(#[tokio::test]
            async fn $case() {
                super::$module::$case(resque_redis::DriverKind::Fred).await;
            })*
        }
    };
}

with_each_driver! {
    batches::replies_come_in_order_and_errors_are_replies;
    batches::scripts_are_loaded_when_the_server_lacks_them;
    batches::resp2_and_resp3_give_the_same;
    batches::any_bytes_come_back_as_they_were;
    batches::ten_megabytes_come_back_as_they_were;
    batches::an_empty_batch_is_no_round_trip;
    login::a_password_lets_in;
    login::a_wrong_or_missing_password_is_refused;
    login::an_acl_user_may_do_what_it_may;
    login::a_unix_socket_serves;
    login::tls_serves_with_its_own_authority;
    login::tls_without_trust_is_unavailable;
    login::databases_are_apart;
    login::a_database_that_is_not_there_is_refused;
    login::the_client_shows_its_name;
    login::an_evicting_server_is_warned_of;
    login::a_server_that_keeps_its_version_to_itself_is_served;
    outages::an_unreachable_server_is_unavailable_and_named;
    outages::a_silent_server_is_unavailable_in_time;
    outages::a_lost_reply_is_unknown_and_nothing_is_repeated;
    outages::a_killed_connection_is_replaced;
    outages::a_restarted_server_is_found_again;
    outages::a_paused_server_costs_the_response_timeout_once_per_call;
    outages::a_loading_server_is_unavailable;
    refusals::a_read_only_replica_says_so_and_is_left;
    refusals::a_full_server_says_so;
    refusals::a_wrong_type_is_no_transient_matter;
    sharing::many_callers_get_their_own_replies;
    sharing::an_abandoned_call_disturbs_no_other;
    sharing::the_last_clone_closes_the_connection;
    sharing::a_connection_outlives_the_runtime_that_made_it;
}
