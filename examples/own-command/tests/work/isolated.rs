//! Jobs in processes of their own, and by any program.

use std::fs;

use resque_testserver::Program;

use crate::shop::{PATIENCE, Shop};

#[test]
fn children_perform_the_jobs_of_this_program() {
    let shop = Shop::open("children");
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    for line in ["a", "b", "c"] {
        shop.json(&["enqueue", "Receipt", path, line, "-q", "receipts"]);
    }
    let args = [
        "-q",
        "*",
        "-c",
        "1",
        "--isolation",
        "process",
        "--jobs-per-child",
        "2",
        "--memory-limit",
        "8G",
        "--cpu-limit",
        "1m",
    ];
    let mut work = shop.work(&args);
    shop.wait_for_processed(3);
    work.signal("QUIT").unwrap();
    assert!(work.end(PATIENCE).unwrap());
    assert_eq!(fs::read_to_string(path).unwrap(), "a\nb\nc\n");
    assert_eq!(shop.json(&["failed"])["count"], 0);
}

#[test]
fn any_program_performs_jobs_of_any_class() {
    let shop = Shop::open("exec");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("payload");
    let script = format!("cat > '{}'; echo no luck >&2; exit $1", out.display());
    let perform = |code: &str| {
        let args = [
            "-q", "*", "-c", "1", "--exec", "sh", "--", "-c", &script, "sh", code,
        ];
        shop.json(&["enqueue", "Nobody::Knows", "7", "-q", "any"]);
        let mut work = shop.work_with(&args, &[("INTERVAL", "0")]);
        assert!(work.end(PATIENCE).unwrap());
    };
    perform("0");
    let payload = fs::read_to_string(&out).unwrap();
    assert_eq!(
        payload.trim_end(),
        r#"{"class":"Nobody::Knows","args":[7]}"#
    );
    assert_eq!(shop.json(&["failed"])["count"], 0);
    perform("3");
    let failed = shop.json(&["failed"]);
    let error = failed["failures"][0]["error"].as_str().unwrap();
    assert!(error.contains("no luck"), "{error}");
}

/// The variables that what a job starts finds, of a worker that is one of several and was told its
/// store by a flag.
fn inherited(test: &str, how: &[&str]) -> String {
    let shop = Shop::open(test);
    let file = tempfile::NamedTempFile::new().unwrap();
    let script = format!("env > '{}'", file.path().display());
    shop.json(&["enqueue", "Script", &script, "-q", "scripts"]);
    let several = ["work", "-q", "*", "-c", "1", "--processes", "1"];
    let store = ["--url", shop.url()];
    let mut command = shop.command(&[&several[..], &store, how].concat());
    command.env_remove("RESQUE_URL").env("INTERVAL", "0");
    let mut work = Program::start(command).unwrap();
    assert!(work.end(PATIENCE).unwrap());
    let stats = shop.json(&["stats"]);
    assert_eq!([&stats["processed"], &stats["processed_failed"]], [1, 0]);
    let variables = fs::read_to_string(file.path()).unwrap();
    assert!(!variables.contains(shop.url()), "{variables}");
    variables
}

#[test]
fn what_jobs_start_inherits_nothing_that_is_told_to_processes_of_this_program() {
    let children = inherited("env-children", &["--isolation", "process"]);
    // The program reads its job, and has its script from the arguments of that.
    let perform = "eval \"$(sed 's/.*\\[\"//; s/\"\\].*//')\"";
    let exec = ["--exec", "sh", "--", "-c", perform];
    let program = inherited("env-exec", &exec);
    assert!(program.contains("RESQUE_CLASS=Script"), "{program}");
    for variables in [children, program] {
        assert!(variables.contains("INTERVAL=0"), "{variables}");
        for internal in [
            "RESQUE_SUPERVISED",
            "RESQUE_START_PAUSED",
            "RESQUE_DETACHED",
        ] {
            assert!(!variables.contains(internal), "{internal}: {variables}");
        }
    }
}

#[test]
fn jobs_that_term_ends_fail_if_that_is_wanted() {
    let shop = Shop::open("on-term");
    let args = [
        "-q",
        "*",
        "-c",
        "1",
        "--on-term",
        "fail",
        "--term-timeout",
        "0.1",
    ];
    let mut work = shop.work(&args);
    shop.json(&["enqueue", "Delivery", "3000", "-q", "deliveries"]);
    shop.wait_for(&["workers", "list", "--working"], |listing| {
        listing["workers"].get(0).cloned()
    });
    work.signal("TERM").unwrap();
    assert!(work.end(PATIENCE).unwrap());
    assert_eq!(shop.json(&["failed"])["count"], 1);
    assert_eq!(shop.json(&["stats"])["pending"], 0);
}
