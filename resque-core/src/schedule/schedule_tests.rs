//! Jitter, environments, and what a run is.

use super::*;

fn at(second: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(second)
}

#[test]
fn jitter_is_the_same_for_everybody_and_different_for_each_run() {
    let schedule = |name: &str| {
        let schedule = Schedule::raw(name, "A", &()).unwrap();
        schedule
            .every("1m")
            .unwrap()
            .jitter(Duration::from_secs(30))
    };
    let (one, same, other) = (schedule("one"), schedule("one"), schedule("other"));
    let late = |schedule: &Schedule, tick| {
        let fires = schedule.fires_at(at(tick));
        fires.duration_since(at(tick)).unwrap()
    };
    let ticks: Vec<u64> = (0..200).map(|minute| 60 * minute).collect();
    let all: Vec<_> = ticks.iter().map(|tick| late(&one, *tick)).collect();
    assert!(all.iter().all(|late| *late <= Duration::from_secs(30)));
    assert!(all.iter().any(|late| *late < Duration::from_secs(5)));
    assert!(all.iter().any(|late| *late > Duration::from_secs(25)));
    for (tick, expected) in ticks.iter().zip(&all) {
        assert_eq!(late(&same, *tick), *expected);
    }
    assert!(
        ticks
            .iter()
            .zip(&all)
            .any(|(tick, late_of_one)| late(&other, *tick) != *late_of_one)
    );
    let exact = one.jitter(Duration::ZERO);
    assert_eq!(exact.fires_at(at(60)), at(60));
}

#[test]
fn jitter_never_reaches_the_next_run() {
    let week = Duration::from_secs(7 * 86_400);
    let schedule = |name: &str| Schedule::raw(name, "A", &()).unwrap().jitter(week);
    for schedule in [
        schedule("interval").every("1s").unwrap(),
        schedule("cron").cron("* * * * * * UTC").unwrap(),
        // Ticks of different distances, among them those of a night with an hour less.
        schedule("gaps")
            .cron("*/20 0-3 * * * Europe/Berlin")
            .unwrap(),
    ] {
        let march = at(1_774_656_000);
        for tick in schedule.upcoming(march).take(200) {
            let next = schedule.next_after(tick).unwrap();
            let late = schedule.fires_at(tick).duration_since(tick).unwrap();
            assert!(late <= next.duration_since(tick).unwrap() / 2, "{late:?}");
        }
    }
}

#[test]
fn an_environment_that_is_not_told_is_none_of_those_that_are_named() {
    let schedule = Schedule::raw("a", "A", &()).unwrap();
    assert!(schedule.runs_in(None) && schedule.runs_in(Some("test")));
    let schedule = schedule.environments(["production", "staging"]);
    assert!(schedule.runs_in(Some("staging")));
    assert!(!schedule.runs_in(Some("test")) && !schedule.runs_in(None));
}

#[cfg(feature = "worker")]
#[test]
fn a_run_has_the_arguments_byte_for_byte() {
    let args = serde_json::from_str::<Box<RawValue>>("[12345678901234567890123,1.50]");
    let schedule = Schedule::raw("a", "A", &args.unwrap()).unwrap();
    let queue = QueueName::new("q").unwrap();
    assert_eq!(
        schedule.enqueue(&queue).payload.as_bytes(),
        br#"{"class":"A","args":[12345678901234567890123,1.50]}"#
    );
}
