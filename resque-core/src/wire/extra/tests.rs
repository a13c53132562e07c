use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::*;
use crate::wire::json::{is_object, without_member};

const PLAIN: &str = r#"{"class":"Archive","args":[44,1e400,"\ud83d\ude00"], "x": 1.00 }"#;

fn time(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

fn full() -> Extras {
    let mut extras = Extras {
        attempts: 2,
        first_attempt: Some(time(1_763_733_600_123)),
        last_error: Some(LastError::new("IOError", "disk \"full\"")),
        releases: 1,
        ended: true,
        timeout: Some(Duration::from_millis(1_500)),
        ..Extras::default()
    };
    extras.add_death(Death {
        pid: Some(7),
        status: Some(1),
        signal: Some(9),
        heartbeat: Some(time(4)),
        memory: Some(1 << 40),
        ..Death::new(time(5), "web-1")
    });
    extras
}

#[test]
fn everything_is_written_in_one_order_and_read_again() {
    let payload = full().write(PLAIN.as_bytes()).expect("an object");
    let expected = concat!(
        r#"{"class":"Archive","args":[44,1e400,"\ud83d\ude00"], "x": 1.00,"rs":"#,
        r#"{"attempts":2,"first_at":1763733600123,"#,
        r#""error":{"exception":"IOError","message":"disk \"full\""},"releases":1,"#,
        r#""deaths":[{"at":5,"host":"web-1","pid":7,"status":1,"signal":9,"heartbeat":4,"#,
        r#""memory":1099511627776}],"ended":true,"timeout":1500} }"#,
    );
    assert_eq!(text(&payload), expected);
    assert_eq!(Extras::read(&payload), full());
}

#[test]
fn writing_nothing_gives_the_plain_payload_back() {
    let payload = full().write(PLAIN.as_bytes()).expect("an object");
    let plain = Extras::default().write(&payload).expect("an object");
    assert_eq!(text(&plain), PLAIN);
}

#[test]
fn an_account_replaces_the_one_before_and_keeps_what_it_does_not_know() {
    let payload = br#"{"rs":{"trace":"00-\u0061", "attempts":1,"n":[1e999]},"class":"A"}"#;
    let mut extras = Extras::read(payload);
    assert_eq!(extras.attempts, 1);
    extras.attempts = 2;
    let written = extras.write(payload).expect("an object");
    let expected = r#"{"rs":{"attempts":2,"trace":"00-\u0061","n":[1e999]},"class":"A"}"#;
    assert_eq!(text(&written), expected);
}

#[test]
fn what_makes_no_sense_counts_as_absent() {
    for value in [
        "5",
        "null",
        "[]",
        "\"x\"",
        "{}",
        r#"{"attempts":-1,"first_at":"now","error":5,"releases":4294967296,"deaths":{},"ended":1}"#,
        r#"{"attempts":null,"first_at":1.5,"error":[[]],"deaths":[7,"x",{"at":"x"}],"ended":[]}"#,
    ] {
        let payload = format!(r#"{{"class":"A","args":[],"rs":{value}}}"#);
        assert!(Extras::read(payload.as_bytes()).is_empty(), "{value}");
    }
    for no_job in ["", "{oops", "[]", r#"{"rs":{"attempts":1}"#] {
        assert!(Extras::read(no_job.as_bytes()).is_empty(), "{no_job}");
        assert!(full().write(no_job.as_bytes()).is_err(), "{no_job}");
    }
}

#[test]
fn the_last_of_equal_members_counts() {
    let payload = br#"{"rs":{"attempts":1},"rs":{"attempts":2,"attempts":3}}"#;
    assert_eq!(Extras::read(payload).attempts, 3);
    let written = full().write(payload).expect("an object");
    assert_eq!(Extras::read(&written), full());
}

#[test]
fn a_life_ends_with_the_attempt_that_its_account_does_not_tell_of() {
    for (before, recorded) in [
        (r#"{"class":"A"}"#, r#"{"class":"A"}"#),
        ("no job", "no job"),
        // What strangers put there stays as it is.
        (r#"{"rs": {"x" : 1}}"#, r#"{"rs": {"x" : 1}}"#),
        (
            r#"{"class":"A","rs":{"attempts":2,"first_at":7,"error":{"exception":"E","message":"m"}}}"#,
            r#"{"class":"A","rs":{"attempts":3,"first_at":7,"ended":true}}"#,
        ),
        (
            r#"{"class":"A","rs":{"releases":1,"x":1}}"#,
            r#"{"class":"A","rs":{"attempts":1,"releases":1,"ended":true,"x":1}}"#,
        ),
        (
            r#"{"class":"A","rs":{"attempts":9,"ended":true,"x":1}}"#,
            r#"{"class":"A","rs":{"x":1}}"#,
        ),
        (
            r#"{"class":"A","rs":{"attempts":9,"ended":true}}"#,
            r#"{"class":"A"}"#,
        ),
    ] {
        let ended = Extras::end(&Payload::from(before));
        assert_eq!(text(ended.as_bytes()), recorded);
    }
}

#[test]
fn long_texts_and_long_histories_are_cut() {
    let error = LastError::new(&"é".repeat(1_000), &"x".repeat(1_000_000));
    assert_eq!(error.exception.chars().count(), 101);
    assert_eq!(error.message.chars().count(), 1_001);
    let mut extras = Extras::default();
    for n in 0..1_000 {
        extras.add_death(Death::new(time(n), &"h".repeat(10_000)));
    }
    assert_eq!(extras.deaths.len(), 10);
    assert_eq!(extras.deaths[9].at, Some(time(999)));
    assert!(extras.deaths[9].host.len() < 300);
}

fn any_time() -> impl Strategy<Value = Option<SystemTime>> {
    proptest::option::of((0..=4_102_444_800_000_u64).prop_map(time))
}

fn any_death() -> impl Strategy<Value = Death> {
    (any_time(), ".{0,20}", any::<Option<i32>>(), any_time()).prop_map(
        |(at, host, signal, heartbeat)| Death {
            at,
            host,
            signal,
            heartbeat,
            ..Death::default()
        },
    )
}

fn any_extras() -> impl Strategy<Value = Extras> {
    let error = proptest::option::of((".{0,20}", ".{0,40}"));
    let deaths = proptest::collection::vec(any_death(), 0..4);
    (
        any::<u32>(),
        any_time(),
        error,
        any::<u32>(),
        deaths,
        any::<bool>(),
    )
        .prop_map(
            |(attempts, first_attempt, error, releases, deaths, ended)| Extras {
                attempts,
                first_attempt,
                last_error: error.map(|(exception, message)| LastError::new(&exception, &message)),
                releases,
                deaths,
                ended,
                ..Extras::default()
            },
        )
}

/// Objects with anything in them, spaced in any way.
fn any_object() -> impl Strategy<Value = String> {
    let value = r#"([1-9][0-9]{0,40}|-?[0-9]\.[0-9]{1,30}|"[a-zé]{0,5}"|\[ ?\{\} ?\]|null)"#;
    let member = format!(r#""[a-z]{{3,6}}" ?: ?{value}"#);
    let object = format!(r"[ \n]?\{{ ?({member}( ?, ?{member}){{0,4}})? ?\}}[ \n]?");
    proptest::string::string_regex(&object).expect("a regular expression")
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_the_rest_stays(object in any_object(), extras in any_extras()) {
        let written = extras.write(object.as_bytes()).expect("an object");
        prop_assert!(is_object(&written));
        prop_assert_eq!(Extras::read(&written), extras);
        let bare = without_member(&written, EXTRAS).expect("an object");
        prop_assert_eq!(text(&bare), &object);
    }

    #[test]
    fn the_second_account_replaces_the_first(one in any_extras(), two in any_extras()) {
        let written = one.write(PLAIN.as_bytes()).expect("an object");
        let rewritten = two.write(&written).expect("an object");
        prop_assert_eq!(rewritten, two.write(PLAIN.as_bytes()).expect("an object"));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = Extras::parse(&bytes);
        let payload = [br#"{"class":"A","rs":"#, &bytes[..], b"}"].concat();
        let extras = Extras::read(&payload);
        if let Ok(written) = extras.write(&payload) {
            prop_assert_eq!(Extras::read(&written), extras);
        }
    }
}
