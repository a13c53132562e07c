//! flush, stats, completions, and what is the same for all commands.

use crate::support::{Place, Run, assert_has, program};

on_each_store! {
    the_store_is_told_in_numbers
    top_tells_without_a_terminal_too
    flush_removes_this_namespace_and_nothing_else
}

fn the_store_is_told_in_numbers(place: &Place) {
    place.told(&["enqueue", "Archive", "-q", "files"]);
    let numbers = place.json(&["stats"]);
    for (name, expected) in [
        ("pending", 1),
        ("delayed", 0),
        ("failed", 0),
        ("queues", 1),
        ("workers", 0),
    ] {
        assert_eq!(numbers[name], expected, "{name}");
    }
    assert_has(&place.told(&["stats"]), &["waiting", "on the failed list"]);
    place.with(async |client, _| client.stats()?.incr("invitations", 3).await);
    let counters = place.json(&["stats", "invitations", "nothing"]);
    assert_eq!(
        counters,
        serde_json::json!({"invitations": 3, "nothing": 0})
    );
}

fn flush_removes_this_namespace_and_nothing_else(place: &Place) {
    let neighbour = Place {
        url: format!("{}2", place.url),
    };
    if place.url.starts_with("postgres") {
        neighbour.told(&["migrate"]);
    }
    for place in [place, &neighbour] {
        place.told(&["enqueue", "Archive", "-q", "files"]);
    }
    let unsure = place.run(&["flush"]).bad(2);
    assert_has(&unsure, &["remove everything in namespace cli"]);
    assert!(place.json(&["flush", "--yes"])["count"].as_u64().unwrap() > 0);
    assert_eq!(place.json(&["stats"])["pending"], 0);
    assert_eq!(neighbour.json(&["stats"])["pending"], 1);
}

#[test]
fn a_namespace_within_the_namespace_is_left_alone_unless_it_is_meant() {
    let place = Place::redis("outer*[x]");
    let inner = Place {
        url: format!("{}:inner", place.url),
    };
    for place in [&place, &inner] {
        place.told(&["enqueue", "Archive", "-q", "files"]);
    }
    let refused = place.run(&["flush", "--yes"]).bad(1);
    assert_has(&refused, &["outer*[x]:inner", "--nested"]);
    assert_eq!(inner.json(&["stats"])["pending"], 1);
    inner.told(&["flush", "--yes"]);
    place.told(&["flush", "--yes"]);
    inner.told(&["enqueue", "Archive", "-q", "files"]);
    place.told(&["flush", "--yes", "--nested"]);
    assert_eq!(inner.json(&["stats"])["pending"], 0);
}

#[test]
fn every_command_needs_a_store_that_is_there() {
    let commands: [&[&str]; 9] = [
        &["queues"],
        &["peek", "q"],
        &["stats"],
        &["workers"],
        &["failed"],
        &["delayed"],
        &["enqueue", "A", "-q", "q"],
        &["pause", "q"],
        &["flush", "--yes"],
    ];
    for command in commands {
        let nowhere = Run::of(program(command).output());
        assert_has(&nowhere.bad(2), &["--url or RESQUE_URL"]);
        for url in [
            "redis://:secret@127.0.0.1:1",
            "postgres://me:secret@127.0.0.1:1/x",
        ] {
            let away = Run::of(program(command).args(["--url", url]).output()).bad(3);
            assert_has(&away, &["127.0.0.1:1"]);
            assert!(!away.contains("secret"), "{away}");
            assert_eq!(away.lines().count(), 1, "{away}");
        }
    }
}

#[test]
fn wrong_flags_are_told_with_exit_code_2() {
    let place = Place {
        url: "ftp://user:secret@h".to_owned(),
    };
    for (args, part) in [
        (&["queues"][..], "the URL scheme ftp"),
        (&["queues", "--namespace", ""], "--namespace"),
        (&["queues", "--log-level", "shout=much=loud"], "--log-level"),
        (&["queues", "--log-format", "xml"], "--log-format"),
        (&["peek", "q", "--count", "0"], "--count"),
        (&["work"], "knows no class of job"),
        (&["completions", "cmd"], "SHELL"),
        (&["sing"], "sing"),
    ] {
        let run = place.run(args);
        assert!(run.out.is_empty(), "{args:?}");
        let told = run.bad(2);
        assert_has(&told, &[part]);
        assert!(!told.contains("secret"), "{told}");
    }
}

#[test]
fn shells_complete_what_there_is() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = Run::of(program(&["completions", shell]).output()).good();
        assert_has(&script, &["resque", "remove-queue", "log-level"]);
    }
}

fn top_tells_without_a_terminal_too(place: &Place) {
    place.told(&["enqueue", "Archive", "-q", "files"]);
    assert_has(&place.told(&["top"]), &["waiting 1", "  files 1"]);
    let rounds = ["top", "--json", "--rounds", "2", "--every", "0.1"];
    let told = place.told(&rounds);
    assert_eq!(told.lines().count(), 2, "{told}");
    for line in told.lines() {
        let look: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(look["pending"], 1, "{look}");
        assert_eq!(look["queues"][0]["name"], "files");
        for list in ["working", "failures"] {
            assert_eq!(look[list], serde_json::json!([]));
        }
    }
    place.run(&["top", "--every", "0"]).bad(2);
}
