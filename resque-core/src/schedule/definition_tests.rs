use std::time::SystemTime;

use super::*;
use crate::wire::golden;

fn read(definition: &str) -> Result<Schedule> {
    Schedule::from_definition(
        &ScheduleName::new("nightly").unwrap(),
        definition.as_bytes(),
    )
}

#[test]
fn definitions_of_ruby_are_read_and_written_with_the_same_meaning() {
    for recording in ["s10_schedules_persistent", "s13_dynamic_update"] {
        let recording = golden::recording(recording);
        let commands = recording["monitor_normalised"].as_array().unwrap();
        let put = commands
            .iter()
            .find(|command| command[1] == "hset")
            .unwrap();
        assert_eq!(put[2], "resque:persistent_schedules");
        let (name, definition) = (put[3].as_str().unwrap(), put[4].as_str().unwrap());
        let name = ScheduleName::new(name).unwrap();
        let schedule = Schedule::from_definition(&name, definition.as_bytes()).unwrap();
        assert_eq!(schedule.class(), "Archive");
        let again = Schedule::from_definition(&name, &schedule.definition()).unwrap();
        assert_eq!(again.timing_line(), schedule.timing_line());
        assert_eq!(again.definition(), schedule.definition());
        assert_eq!(again.args_json(), schedule.args_json());
    }
}

#[test]
fn every_field_is_read() {
    let schedule = read(
        r#"{"class":"Archive","args":[12345678901234567890123,1.50],"queue":"mail",
            "every":["1h",{":first_in":300,"last_at":"2027-01-01T00:00:00Z","overlap":false}],
            "description":"d","rails_env":"production, staging","jitter":"30s","catch_up":3,
            "enabled":false,"persist":true,"parameters":{"a":{"default":1}}}"#,
    )
    .unwrap();
    assert_eq!(schedule.args_json(), "[12345678901234567890123,1.50]");
    assert_eq!(
        schedule.timing_line(),
        "every 1h, first in 5m, last at 2027-01-01T00:00:00Z"
    );
    assert_eq!(schedule.missed_runs(), CatchUp::UpTo(3));
    assert_eq!(schedule.most_jitter(), Duration::from_secs(30));
    assert!(!schedule.is_enabled() && schedule.is_persistent());
    assert!(schedule.runs_in(Some("staging")) && !schedule.runs_in(Some("test")));
    assert_eq!(
        String::from_utf8(schedule.definition()).unwrap(),
        concat!(
            r#"{"class":"Archive","args":[12345678901234567890123,1.50],"#,
            r#""every":["1h",{"first_in":"5m","last_at":"2027-01-01T00:00:00Z"}],"queue":"mail","#,
            r#""description":"d","rails_env":"production,staging","jitter":"30s","catch_up":"3","#,
            r#""parameters":{"a":{"default":1}}}"#
        )
    );
}

#[test]
fn arguments_of_any_shape_become_a_list() {
    for (args, list) in [
        (r#","args":{"a":1}"#, r#"[{"a":1}]"#),
        (r#","args":"x""#, r#"["x"]"#),
        (r#","args":null"#, "[]"),
        ("", "[]"),
        (r#","args":[1,2]"#, "[1,2]"),
        (r#","args":[[1]]"#, "[[1]]"),
    ] {
        let schedule = read(&format!(r#"{{"class":"A"{args}}}"#)).unwrap();
        assert_eq!(schedule.args_json(), list, "{args}");
    }
}

#[test]
fn what_is_missing_has_resque_schedulers_defaults() {
    let schedule = read("{}").unwrap();
    assert_eq!(schedule.class(), "nightly", "the name is the class");
    assert!(schedule.timing().is_none(), "it runs when it is told to");
    assert_eq!(schedule.next_after(SystemTime::UNIX_EPOCH), None);
    let both = read(r#"{"cron":"0 6 * * *","every":"1m"}"#).unwrap();
    assert_eq!(both.timing_line(), "cron 0 6 * * *", "cron counts first");
}

#[test]
fn mistakes_name_the_schedule_the_field_and_the_remedy() {
    for (definition, field, remedy) in [
        ("[]", "definition", "JSON object"),
        (r#"{"class":7}"#, "class", "no text"),
        (r#"{"class":""}"#, "class", "name of the job's class"),
        (r#"{"queue":"a,b"}"#, "queue", "comma"),
        (r#"{"cron":"0 6 * *"}"#, "cron", "five fields"),
        (r#"{"cron":7}"#, "cron", "quote"),
        (r#"{"every":"soon"}"#, "every", "1h30m"),
        (r#"{"every":"100ms"}"#, "every", "1h30m"),
        (r#"{"every":0}"#, "every", "one second"),
        (r#"{"every":["1h","5m"]}"#, "every", "first_in"),
        (r#"{"every":["1h",{"last_in":"1d"}]}"#, "every", "last_at"),
        (r#"{"every":["1h",{"times":3}]}"#, "every", "last_at"),
        (r#"{"every":["1h",{"frist_in":3}]}"#, "every", "first_in"),
        (
            r#"{"every":["1h",{"first_at":"noonish"}]}"#,
            "every",
            "2026-11-21T06:30:00Z",
        ),
        (
            r#"{"cron":["0 6 * * *",{"first_in":"5m"}]}"#,
            "cron",
            "first_at",
        ),
        (r#"{"jitter":"a bit"}"#, "jitter", "1h30m"),
        (r#"{"catch_up":"sometimes"}"#, "catch_up", "skip, last"),
        (r#"{"enabled":"yes"}"#, "enabled", "true or false"),
        (r#"{"rails_env":["production"]}"#, "rails_env", "no text"),
    ] {
        let error = read(definition).unwrap_err().to_string();
        let start = format!("the schedule \"nightly\" cannot be used: {field}: ");
        assert!(error.starts_with(&start), "{definition}: {error}");
        assert!(error.contains(remedy), "{definition}: {error}");
    }
}
