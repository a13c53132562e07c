use super::*;
use crate::{JobError, JobResult};

fn failure(exception: &str) -> JobFailure {
    JobFailure::new(exception, "no")
}

#[test]
fn the_error_itself_comes_before_rules_and_rules_before_the_custom_function() {
    let policy = RetryPolicy::custom(|failure, attempt| match &*failure.exception {
        "Asked" => Verdict::RetryIn(Duration::from_secs(u64::from(attempt))),
        _ => Verdict::Policy,
    })
    .on("Ruled", Verdict::Fail)
    .on("Asked too", Verdict::Policy);
    let verdict = |failure| policy.verdict(&failure, 7);
    assert_eq!(
        verdict(failure("Asked")),
        Verdict::RetryIn(Duration::from_secs(7))
    );
    assert_eq!(verdict(failure("Ruled")), Verdict::Fail);
    assert_eq!(verdict(failure("Asked too")), Verdict::Retry);
    let discarded = failure("Ruled").with_verdict(Verdict::Discard);
    assert_eq!(verdict(discarded), Verdict::Discard);
}

#[test]
fn the_last_rule_about_an_error_counts() {
    let policy = RetryPolicy::default()
        .on("E", Verdict::Fail)
        .on("E", Verdict::Discard);
    assert_eq!(policy.verdict(&failure("E"), 1), Verdict::Discard);
}

#[test]
fn a_rule_knows_errors_by_their_type() {
    fn parse() -> JobResult<u8> {
        Ok("x".parse()?)
    }
    let policy = RetryPolicy::default().on_error::<std::num::ParseIntError>(Verdict::Discard);
    let failure = parse().unwrap_err().into_failure();
    assert_eq!(policy.verdict(&failure, 1), Verdict::Discard);
    let other = JobError::from(fmt::Error).into_failure();
    assert_eq!(policy.verdict(&other, 1), Verdict::Retry);
}

#[test]
fn arguments_that_do_not_fit_are_not_tried_again_unless_a_rule_says_so() {
    let policy = RetryPolicy::default();
    assert_eq!(policy.verdict(&failure("ArgumentError"), 1), Verdict::Fail);
    let patient = policy.on("ArgumentError", Verdict::Retry);
    assert_eq!(
        patient.verdict(&failure("ArgumentError"), 1),
        Verdict::Retry
    );
}

#[test]
fn a_custom_function_that_panics_fails_the_job() {
    let policy = RetryPolicy::custom(|_, _| panic!("oops"));
    assert_eq!(policy.verdict(&failure("E"), 1), Verdict::Fail);
}

#[test]
fn nothing_random_is_asked_for_where_nothing_is_random() {
    let fixed = RetryPolicy::fixed(Duration::from_secs(5));
    assert_eq!(
        fixed.delay(1, || unreachable!("no jitter")),
        Duration::from_secs(5)
    );
    let jittered = fixed.jitter(0.5);
    assert_eq!(jittered.delay(1, || 0.5), Duration::from_millis(6_250));
    assert_eq!(
        jittered.jitter(f64::NAN).delay(1, || 0.5),
        Duration::from_secs(5)
    );
}

#[test]
fn a_list_gives_one_attempt_more_than_it_has_delays() {
    assert_eq!(RetryPolicy::list([]).attempts(), 1);
    let list = RetryPolicy::list([1, 5].map(Duration::from_secs));
    assert_eq!(list.attempts(), 3);
    assert_eq!(list.delay(2, || 0.0), Duration::from_secs(5));
}
