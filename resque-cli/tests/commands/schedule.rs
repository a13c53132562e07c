//! schedule.

use crate::support::{Place, assert_has};

on_each_store! { schedules_are_stored_shown_switched_and_run }

const FILE: &str = "
nightly:
  cron: '0 3 * * * UTC'
  class: Clean
  queue: night
  args: [7, main]
  description: Cleans up
hourly:
  every: 1h
  class: Count
  queue: day
";

fn schedules_are_stored_shown_switched_and_run(place: &Place) {
    assert_has(&place.told(&["schedule"]), &["0 schedules"]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), FILE).unwrap();
    let path = file.path().to_str().unwrap();
    assert_eq!(place.json(&["schedule", "set", "--file", path])["count"], 2);
    let set = [
        "schedule",
        "set",
        "beat",
        "44",
        "main",
        "--every",
        "90s",
        "--class",
        "Beat",
        "-q",
        "day",
        "--catch-up",
        "skip",
        "--jitter",
        "10s",
        "--description",
        "A beat",
        "--off",
    ];
    place.told(&set);

    let all = place.json(&["schedule", "list"]);
    let all = all["schedules"].as_array().unwrap();
    let names: Vec<_> = all
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["beat", "hourly", "nightly"]);
    assert_eq!(all[0]["enabled"], false);
    assert_eq!(all[0]["args"], serde_json::json!([44, "main"]));
    assert_eq!(all[0]["every_seconds"], 90.0);
    assert_eq!(all[0]["catch_up"], "skip");
    assert_eq!(all[2]["cron"], "0 3 * * * UTC");
    assert!(all[2]["next"].as_str().unwrap().ends_with("T03:00:00.000Z"));
    assert_has(
        &place.told(&["schedule"]),
        &["nightly", "Clean", "off", "3 schedules"],
    );

    let one = place.json(&["schedule", "show", "nightly"]);
    assert_eq!(one["upcoming"].as_array().unwrap().len(), 5);
    assert_has(
        &place.told(&["schedule", "show", "nightly"]),
        &["Cleans up", "[7,\"main\"]"],
    );
    assert_has(
        &place.run(&["schedule", "show", "nobody"]).bad(1),
        &["no schedule nobody"],
    );

    place.told(&["schedule", "disable", "nightly"]);
    assert_eq!(
        place.json(&["schedule", "show", "nightly"])["enabled"],
        false
    );
    place.told(&["schedule", "enable", "nightly", "beat"]);
    assert_eq!(place.json(&["schedule", "show", "beat"])["enabled"], true);
    assert_eq!(place.json(&["schedule", "run", "nightly"])["count"], 1);
    assert_eq!(place.json(&["peek", "night"])["jobs"][0]["class"], "Clean");
    place.run(&["schedule", "run", "nobody"]).bad(1);
    let typo = place.run(&["schedule", "disable", "nihgtly", "hourly"]);
    assert_eq!(typo.out, "1 schedule switched off\n");
    assert_has(&typo.bad(1), &["there is no schedule nihgtly"]);
    assert_eq!(place.json(&["stats"])["pending"], 1);
    let all = place.json(&["schedule", "list"]);
    assert_eq!(all["schedules"].as_array().unwrap().len(), 3);

    place.run(&["schedule", "remove", "beat"]).bad(2);
    let some = ["nobody", "beat", "noone", "hourly"];
    let removed = place.run(&[&["schedule", "remove", "--yes"], &some[..]].concat());
    assert_eq!(removed.out, "2 schedules removed\n");
    assert_has(&removed.bad(1), &["there are no schedules nobody, noone"]);
    let left = place.json(&["schedule", "list"]);
    assert_eq!(left["schedules"].as_array().unwrap().len(), 1);
    for (wrong, part) in [
        (
            &["schedule", "set", "x", "--class", "A", "-q", "q"][..],
            "--cron",
        ),
        (
            &[
                "schedule", "set", "x", "--cron", "soon", "--class", "A", "-q", "q",
            ],
            "cron",
        ),
        (
            &[
                "schedule", "set", "x", "--every", "1ms", "--class", "A", "-q", "q",
            ],
            "one second",
        ),
        (&["schedule", "set", "--file", "/nowhere"], "/nowhere"),
        (
            &[
                "schedule", "set", "x", "--every", "1h", "--class", "A", "-q", "a,b",
            ],
            "queue name",
        ),
    ] {
        let run = place.run(wrong);
        assert_ne!(run.code, 0, "{wrong:?}");
        assert_has(&run.err, &[part]);
    }
}
