//! One process.

use std::fs;
use std::path::Path;

use resque_testserver::poll_until;

use crate::shop::{PATIENCE, Shop, signal, wait_for_end};

#[test]
fn it_performs_what_other_commands_enqueue_and_leaves_when_idle() {
    let shop = Shop::open("idle");
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    shop.json(&["enqueue", "Receipt", path, "order 7", "-q", "receipts"]);
    shop.json(&[
        "enqueue",
        "Receipt",
        path,
        "7",
        "--strings",
        "-q",
        "receipts",
    ]);
    shop.json(&["enqueue", "Nobody::Knows", "-q", "receipts"]);
    let mut work = shop.work_with(&["--queues", "*"], &[("INTERVAL", "0")]);
    assert!(work.end(PATIENCE).unwrap());
    // Several slots work at the same time.
    let receipts = fs::read_to_string(path).unwrap();
    assert!(
        ["order 7\n7\n", "7\norder 7\n"].contains(&&*receipts),
        "{receipts}"
    );
    let stats = shop.json(&["stats"]);
    assert_eq!(
        (&stats["processed"], &stats["failed"]),
        (&3.into(), &1.into())
    );
    let failed = shop.json(&["failed"]);
    assert_eq!(failed["failures"][0]["exception"], "NameError");
}

#[test]
fn a_unique_job_that_is_there_already_is_told_from_one_that_was_refused() {
    let shop = Shop::open("unique");
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let enqueue = ["enqueue", "Receipt", path, "order 7", "-q", "receipts"];
    shop.json(&enqueue);
    let again = shop.call(&enqueue);
    let told = String::from_utf8(again.stderr).unwrap();
    assert!(told.contains("there already"), "{told}");
    assert_eq!(again.status.code(), Some(1));
    let batch = file.path().with_extension("batch");
    let line = |order| {
        format!(
            "{{\"class\":\"Receipt\",\"args\":[{path:?},\"{order}\"],\"queue\":\"receipts\"}}\n"
        )
    };
    fs::write(&batch, ["order 7", "order 8", "order 8"].map(line).concat()).unwrap();
    let done = shop.json(&["enqueue", "--batch", batch.to_str().unwrap()]);
    let counts = ["enqueued", "duplicates", "refused"].map(|name| done[name].as_u64().unwrap());
    assert_eq!(counts, [1, 2, 0]);
    let mut work = shop.work_with(&["-q", "*", "-c", "1"], &[("INTERVAL", "0")]);
    assert!(work.end(PATIENCE).unwrap());
    assert_eq!(fs::read_to_string(path).unwrap(), "order 7\norder 8\n");
    // Nothing waits any more, so the next one is welcome.
    shop.json(&enqueue);
    fs::remove_file(batch).unwrap();
}

#[test]
fn pools_have_slots_of_their_own() {
    let shop = Shop::open("pools");
    let pools = ["--pool", "deliveries:1", "--pool", "receipts,mail:2"];
    let mut work = shop.work(&pools);
    shop.wait_for_workers(3);
    let listing = shop.json(&["workers"]);
    let mut queues: Vec<_> = listing["workers"].as_array().unwrap().iter().collect();
    queues.sort_by_key(|worker| worker["queues"].to_string());
    let queues: Vec<_> = queues
        .iter()
        .map(|worker| worker["queues"].as_str().unwrap())
        .collect();
    assert_eq!(queues, ["deliveries", "receipts,mail", "receipts,mail"]);
    work.signal("QUIT").unwrap();
    assert!(work.end(PATIENCE).unwrap());
    assert_eq!(shop.json(&["workers"])["workers"], serde_json::json!([]));
}

#[test]
fn flags_win_over_variables() {
    let shop = Shop::open("flags");
    let mut work = shop.work_with(
        &[
            "-q",
            "receipts",
            "-c",
            "3",
            "--term-timeout",
            "1",
            "--job-timeout",
            "1h",
        ],
        &[("QUEUES", "mail"), ("RESQUE_TERM_TIMEOUT", "900")],
    );
    shop.wait_for_workers(3);
    assert_eq!(shop.json(&["workers"])["workers"][0]["queues"], "receipts");
    shop.json(&["enqueue", "Delivery", "3000", "-q", "receipts"]);
    shop.wait_for(&["workers", "list", "--working"], |listing| {
        listing["workers"].get(0).cloned()
    });
    work.signal("TERM").unwrap();
    // With the variable's value this would take a quarter of an hour.
    assert!(work.end(PATIENCE).unwrap());
    assert_eq!(shop.json(&["peek", "receipts"])["length"], 1);
}

#[test]
fn it_leaves_the_terminal_and_writes_its_process_id() {
    let shop = Shop::open("background");
    let folder = tempfile::tempdir().unwrap();
    let pidfile = folder.path().join("shop.pid");
    let log = folder.path().join("shop.log");
    let mut command = shop.command(&["work", "--log-level", "info", "--log-format", "json"]);
    command
        .envs([("QUEUE", "*"), ("BACKGROUND", "1")])
        .env("PIDFILE", &pidfile)
        .stderr(fs::File::create(&log).unwrap());
    // The answer of a pipe comes when nobody holds its other end any more: the terminal is left.
    assert!(command.output().unwrap().status.success());
    let pid = poll_until(PATIENCE, || fs::read_to_string(&pidfile).ok()?.parse().ok());
    let pid: u32 = pid.unwrap();
    assert_eq!(shop.wait_for_workers(10), [pid]);
    signal(pid, "QUIT");
    wait_for_end(pid);
    let log = fs::read_to_string(log).unwrap();
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["level"].is_string(), "{line}");
        assert_ne!(line["level"], "WARN", "{line}");
    }
    assert!(log.contains("QUIT asked it to finish"), "{log}");
}

#[test]
fn settings_that_make_no_sense_are_told_with_exit_code_2() {
    let shop = Shop::open("settings");
    for (args, variable, part) in [
        (&["work"][..], ("", ""), "at least one queue"),
        (&["work", "-q", "!a"], ("", ""), "at least one queue"),
        (&["work", "-q", "*", "-c", "0"], ("", ""), "1 to 65536"),
        (&["work", "--pool", "high"], ("", ""), "high,low:16"),
        (&["work", "-q", "*"], ("INTERVAL", "often"), "INTERVAL"),
        (
            &["work", "-q", "*"],
            ("FAILURE_BACKEND", "paper"),
            "FAILURE_BACKEND",
        ),
        (
            &["work", "-q", "*", "--processes", "2", "--prune-after", "0"],
            ("", ""),
            "heartbeat_every",
        ),
    ] {
        let mut command = shop.command(args);
        if !variable.0.is_empty() {
            command.env(variable.0, variable.1);
        }
        let output = command.output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {errors}");
        assert!(errors.contains(part), "{args:?}: {errors}");
    }
}

#[test]
fn help_and_version_are_the_programs_own() {
    let shop = Shop::open("help");
    let help = String::from_utf8(shop.call(&["help", "work"]).stdout).unwrap();
    assert!(help.contains("Usage: shop work"), "{help}");
    assert!(!help.contains("Usage: resque"), "{help}");
}

/// Cancels a job by its class while it runs.
#[track_caller]
fn cancelled(shop: &Shop, isolation: &str) {
    let args = "-q * -c 1 --term-timeout 1 --prune-after 1 --isolation";
    let args: Vec<&str> = args.split(' ').chain([isolation]).collect();
    let mut work = shop.work(&args);
    shop.json(&["enqueue", "Delivery", "3000", "-q", "deliveries"]);
    shop.wait_for(&["workers", "list", "--working"], |listing| {
        listing["workers"].get(0).cloned()
    });
    let asks = shop.call(&["cancel", "--class", "Delivery"]);
    assert_eq!(asks.status.code(), Some(2));
    assert_eq!(
        shop.json(&["cancel", "--class", "Other", "--yes"])["count"],
        0
    );
    assert_eq!(
        shop.json(&["cancel", "--class", "Delivery", "-y"])["count"],
        1
    );
    shop.wait_for_processed(1);
    let failed = shop.json(&["failed"]);
    assert_eq!(failed["failures"][0]["exception"], "Resque::Cancelled");
    assert_eq!(failed["failures"][0]["attempts"], 1);
    assert_eq!(shop.call(&["cancel", "h:1:q"]).status.code(), Some(1));
    // The next job is not meant.
    shop.json(&["enqueue", "Delivery", "0", "-q", "deliveries"]);
    shop.wait_for_processed(2);
    work.signal("QUIT").unwrap();
    assert!(work.end(PATIENCE).unwrap());
    assert_eq!(shop.json(&["stats"])["failed"], 1);
}

#[test]
fn a_running_job_is_cancelled() {
    cancelled(&Shop::open("cancel"), "none");
    cancelled(&Shop::open("cancel-child"), "process");
}

#[test]
fn a_running_job_is_cancelled_on_postgres() {
    cancelled(&Shop::open_on_postgres("cancel"), "none");
    cancelled(&Shop::open_on_postgres("cancel_child"), "process");
}

#[test]
fn old_failures_are_not_kept_if_that_is_wanted() {
    let shop = Shop::open("keep");
    for _ in 0..5 {
        shop.json(&["enqueue", "Nobody::Knows", "-q", "any"]);
    }
    let mut work = shop.work_with(&["-q", "*"], &[("INTERVAL", "0")]);
    assert!(work.end(PATIENCE).unwrap());
    let mut work = shop.work(&[
        "-q",
        "*",
        "--keep-failures",
        "2",
        "--keep-failures-for",
        "30d",
    ]);
    shop.wait_for(&["failed"], |failed| (failed["count"] == 2).then_some(()));
    work.signal("QUIT").unwrap();
    assert!(work.end(PATIENCE).unwrap());
}

#[test]
fn jobs_recur_as_a_file_and_the_store_say() {
    let shop = Shop::open("recur");
    let folder = tempfile::tempdir().unwrap();
    let (from_file, from_store) = (folder.path().join("file"), folder.path().join("store"));
    let schedule = folder.path().join("schedule.yml");
    let text = format!(
        "beat:\n  every: 1s\n  class: Receipt\n  queue: receipts\n  args: [\"{}\", beat]\n",
        from_file.display()
    );
    fs::write(&schedule, text).unwrap();
    let stored = from_store.to_str().unwrap();
    shop.json(&[
        "schedule", "set", "tick", stored, "tick", "--every", "1s", "--class", "Receipt", "-q",
        "receipts",
    ]);
    let args = [
        "-q",
        "*",
        "--stored-schedules",
        "--schedule",
        schedule.to_str().unwrap(),
    ];
    let mut work = shop.work(&args);
    let lines = |path: &Path| fs::read_to_string(path).unwrap_or_default().lines().count();
    poll_until(PATIENCE, || {
        (lines(&from_file) >= 2 && lines(&from_store) >= 2).then_some(())
    })
    .unwrap();
    work.signal("QUIT").unwrap();
    assert!(work.end(PATIENCE).unwrap());
    let missing = shop.call(&["work", "-q", "*", "--schedule", "/nowhere.yml"]);
    assert_eq!(missing.status.code(), Some(2));
}
