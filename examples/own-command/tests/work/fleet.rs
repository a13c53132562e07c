//! Several processes.

use std::fs::{self, File};
use std::path::Path;

use resque_testserver::{Program, poll_until};

use crate::shop::{PATIENCE, Shop, pids, signal, wait_for_end};

#[test]
fn a_process_that_dies_is_started_again_and_all_leave_together() {
    let shop = Shop::open("again");
    let args = [
        "-q",
        "*",
        "-c",
        "2",
        "--processes",
        "2",
        "--prune-after",
        "2",
    ];
    let mut work = shop.work(&args);
    let first = shop.wait_for_workers(4);
    assert_eq!(first.len(), 2);
    assert!(!first.contains(&work.id()), "the watching process works");
    signal(first[0], "KILL");
    // The dead process is pruned by the other, and there are two again.
    let again = shop.wait_for(&["workers"], |listing| {
        let workers = listing["workers"].as_array()?;
        let pids = pids(workers);
        (workers.len() == 4 && !pids.contains(&first[0])).then_some(pids)
    });
    assert!(again.contains(&first[1]), "{again:?}");
    shop.json(&["enqueue", "Delivery", "0", "-q", "deliveries"]);
    shop.wait_for_processed(1);
    work.signal("QUIT").unwrap();
    assert!(work.end(PATIENCE).unwrap());
    assert_eq!(shop.json(&["workers"])["workers"], serde_json::json!([]));
}

/// Two processes of this program, which log to a file what goes wrong with them.
fn two_processes(shop: &Shop, program: &Path, log: &Path, more: &[&str]) -> Program {
    let mut command = resque_testserver::command(program);
    let args = "work -q * -c 1 --processes 2 --prune-after 2 --log-level error";
    command
        .args(args.split(' '))
        .args(more)
        .env("RESQUE_URL", shop.url())
        .stderr(File::create(log).unwrap());
    Program::start(command).unwrap()
}

/// Waits until so many lines of the log say that a process is missing.
fn wait_for_missing(log: &Path, count: usize) {
    let missing = poll_until(PATIENCE, || {
        let log = fs::read_to_string(log).unwrap();
        (log.matches("is missing").count() >= count).then_some(())
    });
    assert!(missing.is_some(), "{}", fs::read_to_string(log).unwrap());
}

#[test]
fn a_process_that_makes_no_sense_of_its_settings_any_more_ends_no_other() {
    let shop = Shop::open("spoilt");
    let folder = tempfile::tempdir().unwrap();
    let (schedule, log) = (folder.path().join("s.yml"), folder.path().join("log"));
    fs::write(&schedule, "").unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_shop"));
    let more = ["--schedule", schedule.to_str().unwrap()];
    let mut work = two_processes(&shop, program, &log, &more);
    let first = shop.wait_for_workers(2);
    fs::write(&schedule, "nonsense").unwrap();
    signal(first[0], "KILL");
    wait_for_missing(&log, 2);
    fs::write(&schedule, "").unwrap();
    shop.wait_for_another(&first);
    work.signal("QUIT").unwrap();
    assert!(work.end(PATIENCE).unwrap());
}

#[test]
fn a_job_that_ends_its_process_with_any_code_ends_no_other() {
    let shop = Shop::open("exits");
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let program = Path::new(env!("CARGO_BIN_EXE_shop"));
    let mut work = two_processes(&shop, program, &log, &[]);
    shop.wait_for_workers(2);
    // 2 is what a process that makes no sense of its settings ends with.
    for (count, code) in ["2", "78", "0"].into_iter().enumerate() {
        shop.json(&["enqueue", "Exit", code, "-q", "accidents"]);
        wait_for_missing(&log, count + 1);
    }
    shop.wait_for(&["failed"], |failed| (failed["count"] == 3).then_some(()));
    shop.wait_for_workers(2);
    shop.json(&["enqueue", "Delivery", "0", "-q", "deliveries"]);
    shop.wait_for_processed(1);
    work.signal("QUIT").unwrap();
    assert!(work.end(PATIENCE).unwrap());
}

#[test]
fn settings_that_make_no_sense_end_all_at_once() {
    let shop = Shop::open("senseless");
    let folder = tempfile::tempdir().unwrap();
    let schedule = folder.path().join("s.yml");
    fs::write(&schedule, "nonsense").unwrap();
    let schedule = schedule.to_str().unwrap();
    let output = shop.call(&[
        "work",
        "-q",
        "*",
        "--processes",
        "2",
        "--schedule",
        schedule,
    ]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(
        errors.contains("could not make sense of its settings"),
        "{errors}"
    );
}

#[test]
fn a_process_that_cannot_be_started_again_at_once_ends_no_other() {
    let shop = Shop::open("replaced");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (program, log) = (folder.path().join("shop"), folder.path().join("log"));
    let install = || fs::hard_link(env!("CARGO_BIN_EXE_shop"), &program).unwrap();
    install();
    let mut work = two_processes(&shop, &program, &log, &[]);
    let first = shop.wait_for_workers(2);
    fs::remove_file(&program).unwrap();
    signal(first[0], "KILL");
    wait_for_missing(&log, 2);
    install();
    shop.wait_for_another(&first);
    work.signal("QUIT").unwrap();
    assert!(work.end(PATIENCE).unwrap());
}

#[test]
fn term_is_heard_while_a_dead_process_is_not_replaced_yet() {
    let shop = Shop::open("pause");
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let program = Path::new(env!("CARGO_BIN_EXE_shop"));
    let mut work = two_processes(&shop, program, &log, &[]);
    for pid in shop.wait_for_workers(2) {
        signal(pid, "KILL");
    }
    wait_for_missing(&log, 2);
    work.signal("TERM").unwrap();
    assert!(work.end(PATIENCE).unwrap());
    let log = fs::read_to_string(&log).unwrap();
    assert_eq!(log.matches("is missing").count(), 2, "{log}");
}

#[test]
fn count_workers_are_processes_of_one_slot_as_in_resque() {
    let shop = Shop::open("count");
    let mut work = shop.work_with(&[], &[("COUNT", "2"), ("QUEUE", "*")]);
    assert_eq!(shop.wait_for_workers(2).len(), 2);
    work.signal("TERM").unwrap();
    assert!(work.end(PATIENCE).unwrap());
}

#[test]
fn they_leave_when_there_is_nothing_to_do() {
    let shop = Shop::open("nothing");
    for _ in 0..20 {
        shop.json(&["enqueue", "Delivery", "0", "-q", "deliveries"]);
    }
    let mut work = shop.work_with(&["--processes", "2"], &[("QUEUE", "*"), ("INTERVAL", "0")]);
    assert!(work.end(PATIENCE).unwrap());
    assert_eq!(shop.json(&["stats"])["processed"], 20);
}

#[test]
fn signals_are_passed_on_and_a_new_process_is_paused_like_the_others() {
    let shop = Shop::open("signals");
    let args = [
        "-q",
        "*",
        "-c",
        "1",
        "--processes",
        "2",
        "--prune-after",
        "2",
    ];
    let mut work = shop.work(&args);
    let first = shop.wait_for_workers(2);
    work.signal("USR2").unwrap();
    // What is taken before the signal arrives would hide the rest.
    poll_until(PATIENCE, || paused(&shop).then_some(())).unwrap();
    signal(first[0], "KILL");
    shop.wait_for_another(&first);
    shop.json(&["enqueue", "Delivery", "0", "-q", "other"]);
    let waiting = shop.json(&["peek", "other"]);
    assert_eq!(waiting["length"], 1);
    work.signal("CONT").unwrap();
    shop.wait_for(&["peek", "other"], |peek| {
        (peek["length"] == 0).then_some(())
    });
    work.signal("TERM").unwrap();
    assert!(work.end(PATIENCE).unwrap());
}

/// Whether no process takes a job any more: one that is pushed is still there at the next look.
fn paused(shop: &Shop) -> bool {
    shop.json(&["enqueue", "Delivery", "0", "-q", "probe"]);
    let held = (0..3).all(|_| shop.json(&["peek", "probe"])["length"] != 0);
    if held {
        shop.json(&["remove-queue", "probe", "--yes"]);
    }
    held
}

#[test]
fn processes_end_with_the_one_that_watches_them() {
    let shop = Shop::open("orphans");
    let mut work = shop.work(&["-q", "*", "-c", "1", "--processes", "2"]);
    let pids = shop.wait_for_workers(2);
    work.kill().unwrap();
    pids.into_iter().for_each(wait_for_end);
    // They took leave.
    assert_eq!(shop.json(&["workers"])["workers"], serde_json::json!([]));
}

#[test]
fn what_a_killed_worker_held_is_settled_by_a_person_as_its_class_wants_it() {
    let shop = Shop::open("prune");
    for [class, argument, queue] in [
        ["Script", "kill -s KILL $PPID", "scripts"],
        ["Exit", "1", "accidents"],
    ] {
        shop.json(&["enqueue", class, argument, "-q", queue]);
        let mut work = shop.work(&["-q", queue, "-c", "1"]);
        assert!(!work.end(PATIENCE).unwrap());
    }
    // Nobody else is there to see to it. One has been silent for longer than the other.
    let (mut workers, mut recovered, mut retried) = (0, 0, 0);
    let all = poll_until(PATIENCE, || {
        let pruned = shop.json(&["workers", "prune", "--after", "1s", "--yes"]);
        workers += pruned["workers"].as_array()?.len();
        recovered += pruned["recovered"].as_u64()?;
        retried += pruned["retried"].as_u64()?;
        (workers == 2).then_some(())
    });
    assert!(all.is_some(), "{workers} were pruned");
    assert_eq!([recovered, retried], [1, 1]);
    let delayed = shop.json(&["delayed"]);
    assert_eq!(delayed["count"], 1);
    assert_eq!(delayed["jobs"][0]["class"], "Script");
    let failed = shop.json(&["failed"]);
    assert_eq!(failed["count"], 1);
    assert_eq!(failed["failures"][0]["class"], "Exit");
}
