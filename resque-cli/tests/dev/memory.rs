//! In memory.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::program::{Dev, resque};

/// What a server answers.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the page is served");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )
    .expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn piped_jobs_are_worked_off_and_summed_up() {
    let mut dev = Dev::start(&["--empty"]);
    dev.write("Quick [\"Ada\"]\nFail [\"no luck\"]\nPanic\nNobody::Knows [1, {\"a\": 2}]\n");
    let ended = dev.end_of_input();
    assert!(ended.status.success(), "{}", ended.errors);
    assert_eq!(ended.lines_of("started").len(), 4);
    let progress = ended.lines_of("progress");
    assert!(progress[0].contains("Quick") && progress[0].ends_with("1/1 hello, Ada"));
    let failed = ended.lines_of("failed").join("\n");
    for part in [
        "Demo::Failure: no luck",
        "Panic: it was to panic",
        "NameError: uninitialized constant Nobody",
    ] {
        assert!(failed.contains(part), "{failed}");
    }
    let last = ended.lines.last().unwrap();
    assert!(
        last.contains("stopped    reason=quit processed=4 failed=3 given_back=0"),
        "{last}"
    );
    assert!(last.ends_with("waiting=0 delayed=0"), "{last}");
    // The panic is told as a failure and nowhere else.
    assert_eq!(ended.errors, "");
}

#[test]
fn it_begins_with_demo_jobs() {
    let mut dev = Dev::start(&[]);
    dev.wait_for(&["store", "memory namespace=resque-dev queues=* slots=4"]);
    let page = dev.wait_for(&["page", "http://127.0.0.1:"]);
    let address = page.split("http://").nth(1).unwrap().trim_matches('/');
    assert!(
        get(address, "/overview").starts_with("HTTP/1.1 200"),
        "{page}"
    );
    dev.wait_for(&["progress", "Slow", "1/"]);
    dev.signal("INT");
    let ended = dev.end();
    assert!(ended.status.success(), "{}", ended.errors);
    for class in ["Quick", "Slow", "Fail", "Panic"] {
        let enqueued = ended.lines_of("enqueued");
        assert!(enqueued.iter().any(|line| line.contains(class)), "{class}");
    }
}

#[test]
fn an_interrupt_gives_back_what_runs_and_ends_well() {
    let mut dev = Dev::start(&["--empty", "-c", "1"]);
    dev.write("Slow [3000]\n");
    dev.wait_for(&["started", "Slow [3000] queue=slow slot=1"]);
    dev.signal("INT");
    dev.wait_for(&["stopping"]);
    // The second one spares the wait.
    dev.signal("INT");
    let ended = dev.end();
    assert!(ended.status.success(), "{}", ended.errors);
    assert_eq!(ended.lines_of("givenback").len(), 1);
    let last = ended.lines.last().unwrap();
    assert!(
        last.contains("reason=stop processed=0 failed=0 given_back=1"),
        "{last}"
    );
    assert!(last.contains("waiting=1"), "{last}");
}

#[test]
fn quit_finishes_what_runs_and_leaves_what_waits() {
    let mut dev = Dev::start(&["--empty", "-c", "1"]);
    // It has to run still when `quit` has been read.
    dev.write("Slow [5]\n");
    dev.wait_for(&["started", "Slow"]);
    dev.write("Quick\nquit\n");
    let ended = dev.end();
    assert!(ended.status.success(), "{}", ended.errors);
    assert_eq!(ended.lines_of("done").len(), 1);
    let last = ended.lines.last().unwrap();
    assert!(
        last.contains("processed=1") && last.contains("waiting=1"),
        "{last}"
    );
}

#[test]
fn it_pauses_resumes_and_retries() {
    let mut dev = Dev::start(&["--empty"]);
    dev.write("Fail\n");
    dev.wait_for(&["failed", "Fail"]);
    dev.write("pause\n");
    dev.wait_for(&["paused"]);
    // The store notes a failure a moment after the job has ended; nothing runs before `resume`.
    dev.write("Quick\nresume\n");
    dev.wait_for(&["enqueued", "Quick"]);
    dev.wait_for(&["done", "Quick"]);
    dev.write("retry\n");
    // The job may be performed once more before its putting back is told.
    dev.wait_for_all(&[&["retried", "jobs=1"], &["failed", "Fail"]]);
    assert!(dev.end_of_input().status.success());
}

#[test]
fn garbage_is_told_and_nothing_else_is_lost() {
    let mut dev = Dev::start(&["--empty"]);
    dev.write(b"Slow [5\n\xff\xfe\nSlow(5)\n\n   \nQuick [\"\\u001b[2J\x1b[2J\"]\nQuick @a,b\n");
    dev.write("Quick [1]\nQuick [\"a\", 2]\nSlow [-1]\nSlow [\"x\"]\n");
    dev.write(vec![b'x'; (1 << 20) + 5]);
    dev.write("\nQuick [\"last\"]");
    let ended = dev.end_of_input();
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(ended.lines_of("refused").len(), 6, "{:#?}", ended.lines);
    let refused = ended.lines_of("refused").join("\n");
    for part in [
        "\"Slow [5\" the arguments are no JSON list",
        "is not UTF-8",
        "Slow(5) is no class",
        "control character",
        "is no queue name",
        "more than a megabyte",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    // Wrong arguments are JSON all the same, and the job's own affair.
    assert_eq!(ended.lines_of("failed").len(), 4, "{:#?}", ended.lines);
    assert!(ended.lines_of("done").len() == 1, "{:#?}", ended.lines);
    assert!(
        ended.errors.contains("6 of the lines of input"),
        "{}",
        ended.errors
    );
    assert!(!ended.lines.join("").contains('\u{1b}'));
}

#[test]
fn wrong_flags_are_told_with_exit_code_2() {
    for (args, part) in [
        (
            &["dev", "--url", "ftp://user:secret@h"][..],
            "the URL scheme ftp",
        ),
        (&["dev", "--queues", "!slow"], "at least one queue"),
        (&["dev", "--queues", ""], "at least one queue"),
        (&["dev", "--concurrency", "0"], "--concurrency"),
        (&["dev", "--namespace", ""], "--namespace"),
        (&["dev", "--url", "memory:?x=1"], "namespace"),
        (&["dev", "--colour"], "--colour"),
        (&["deff"], "deff"),
        (&[], "Usage"),
    ] {
        let output = resque(args).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {errors}");
        assert!(errors.contains(part), "{args:?}: {errors}");
        assert!(output.stdout.is_empty(), "{args:?}");
        assert!(!errors.contains("secret"), "{args:?}: {errors}");
    }
}

#[test]
fn a_reader_that_goes_away_ends_it() {
    let mut dev = Dev::start(&["--empty"]);
    dev.wait_for(&["working"]);
    dev.hang_up();
    dev.write("Quick\n");
    // Standard input is still open.
    assert!(dev.end().status.success());
}
