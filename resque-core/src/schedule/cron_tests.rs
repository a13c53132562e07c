use proptest::prelude::*;

use super::*;

fn time(text: &str) -> SystemTime {
    let time: Timestamp = text.parse().unwrap();
    time.into()
}

/// The next times after `from`, in UTC.
fn times(line: &str, from: &str, count: usize) -> Vec<String> {
    let cron = Cron::parse(line).unwrap();
    let mut at = time(from);
    let mut times = Vec::new();
    for _ in 0..count {
        at = cron.next_after(at).unwrap();
        times.push(Timestamp::try_from(at).unwrap().to_string());
    }
    times
}

#[test]
fn what_rufus_scheduler_takes_is_read() {
    let from = "2026-11-21T10:00:00Z";
    for (line, next) in [
        ("*/5 * * * * UTC", "2026-11-21T10:05:00Z"),
        ("30 6 * * 1 Europe/Stockholm", "2026-11-23T05:30:00Z"),
        ("15 */5 * * * * UTC", "2026-11-21T10:00:15Z"),
        ("0 9-17/2 * * mon-fri UTC", "2026-11-23T09:00:00Z"),
        ("0 0 L * * UTC", "2026-11-30T00:00:00Z"),
        ("0 0 * * mon#1 UTC", "2026-12-07T00:00:00Z"),
        ("0 0 * * mon#-1 UTC", "2026-11-30T00:00:00Z"),
        ("0 0 * * 7 UTC", "2026-11-22T00:00:00Z"),
        ("0 0 1 jan,jul * UTC", "2027-01-01T00:00:00Z"),
        ("@daily UTC", "2026-11-22T00:00:00Z"),
        ("@midnight UTC", "2026-11-22T00:00:00Z"),
        ("@noon UTC", "2026-11-21T12:00:00Z"),
        ("@hourly Asia/Kolkata", "2026-11-21T10:30:00Z"),
        ("@weekly UTC", "2026-11-22T00:00:00Z"),
        ("@monthly UTC", "2026-12-01T00:00:00Z"),
        ("@yearly UTC", "2027-01-01T00:00:00Z"),
        ("0 0 29 2 * UTC", "2028-02-29T00:00:00Z"),
    ] {
        assert_eq!(times(line, from, 1), [next], "{line}");
    }
}

#[test]
fn what_is_no_expression_says_why_and_what_to_write() {
    for (line, why) in [
        ("", "five fields"),
        ("* * * *", "five fields"),
        ("0 0 * * * * 2026", "five fields"),
        ("61 * * * *", "five fields"),
        ("0 0 31 2 *", "never run"),
        ("@every 5m", "five fields"),
        ("@reboot", "five fields"),
        ("0 6 * * * Mars/Phobos", "no time zone"),
        ("0 6 * * tomorrow", "no time zone"),
    ] {
        let error = Cron::parse(line).unwrap_err();
        assert!(error.contains(why), "{line}: {error}");
        assert!(error.contains("Europe/Stockholm"), "{line}: {error}");
    }
}

/// In Stockholm 2026-03-29 02:00 to 03:00 does not exist.
#[test]
fn a_time_of_day_that_a_day_lacks_runs_at_the_end_of_the_gap() {
    let from = "2026-03-28T12:00:00Z";
    assert_eq!(
        times("30 2 * * * Europe/Stockholm", from, 3),
        [
            "2026-03-29T01:00:00Z",
            "2026-03-30T00:30:00Z",
            "2026-03-31T00:30:00Z"
        ]
    );
    // Half past two is left out, the next full half hour is three o'clock.
    let from = "2026-03-29T00:00:00Z";
    assert_eq!(
        times("*/30 * * * * Europe/Stockholm", from, 3),
        [
            "2026-03-29T00:30:00Z",
            "2026-03-29T01:00:00Z",
            "2026-03-29T01:30:00Z"
        ]
    );
}

/// In Stockholm 2026-10-25 02:00 to 03:00 comes twice.
#[test]
fn a_time_of_day_that_comes_twice_runs_once_and_intervals_go_on() {
    let from = "2026-10-24T12:00:00Z";
    assert_eq!(
        times("30 2 * * * Europe/Stockholm", from, 2),
        ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
    );
    let from = "2026-10-25T00:00:00Z";
    assert_eq!(
        times("*/30 * * * * Europe/Stockholm", from, 4),
        [
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:00:00Z",
            "2026-10-25T01:30:00Z",
            "2026-10-25T02:00:00Z"
        ]
    );
}

proptest! {
    /// Whoever looks back from any moment finds the ticks that whoever looks forward finds.
    #[test]
    fn looking_back_finds_what_looking_forward_finds(
        minute in 0_u32..60,
        hour in prop::option::of(0_u32..24),
        zone in prop::sample::select(vec![
            "UTC", "Europe/Stockholm", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
        ]),
        seconds in 0_i64..63_072_000,
    ) {
        let hour = hour.map_or("*".to_owned(), |hour| hour.to_string());
        let cron = Cron::parse(&format!("{minute} {hour} * * * {zone}")).unwrap();
        let at = Timestamp::from_second(1_767_225_600 + seconds).unwrap().into();
        let next = cron.next_after(at).unwrap();
        prop_assert!(next > at);
        prop_assert_eq!(cron.last_until(next), Some(next));
        let just_before = next - std::time::Duration::from_secs(1);
        let last = cron.last_until(just_before).unwrap();
        prop_assert!(last <= at, "{:?} lies between {:?} and {:?}", last, at, next);
        prop_assert_eq!(cron.next_after(last), Some(next));
    }

    #[test]
    fn no_text_makes_it_panic(line in "[0-9*/,#L@a-z -]{0,25}") {
        if let Ok(cron) = Cron::parse(&line) {
            let _ = cron.next_after(SystemTime::UNIX_EPOCH);
        }
    }
}
