//! enqueue, one by one and in batches.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

use resque_testserver::poll_until;

use crate::support::{Place, Run, assert_has, program};

on_each_store! {
    a_job_goes_to_its_queue_at_once_or_later
    a_batch_goes_in_and_its_bad_lines_are_named
    a_batch_goes_on_with_any_line
}

fn a_job_goes_to_its_queue_at_once_or_later(place: &Place) {
    let big = "123456789012345678901234567890";
    let done = place.json(&["enqueue", "Archive", big, "main", "null", "-q", "files"]);
    assert_eq!(done["enqueued"], true);
    assert_eq!(done["length"], 1);
    let payload = &place.json(&["peek", "files"])["jobs"][0]["payload"];
    assert_eq!(
        payload,
        &format!(r#"{{"class":"Archive","args":[{big},"main",null]}}"#)
    );

    let text = [
        "enqueue",
        "Archive",
        "--strings",
        "-q",
        "files",
        "--",
        "7",
        "-x",
    ];
    place.told(&text);
    let args = &place.json(&["peek", "files", "--start", "1"])["jobs"][0]["args"];
    assert_eq!(args, &serde_json::json!(["7", "-x"]));

    let done = place.json(&["enqueue", "Mail", "-q", "mail", "--in", "1h"]);
    assert!(
        done["due"].is_string() && done["length"].is_null(),
        "{done}"
    );
    let at = [
        "enqueue",
        "Mail",
        "-q",
        "mail",
        "--at",
        "2099-01-02T03:04:05Z",
    ];
    assert_eq!(place.json(&at)["due"], "2099-01-02T03:04:05.000Z");
    assert_eq!(place.json(&["stats"])["delayed"], 2);

    for (wrong, part) in [
        (&["enqueue"][..], "CLASS"),
        (&["enqueue", "Archive"], "--queue"),
        (&["enqueue", "Archive", "-q", "a,b"], "queue name"),
        (&["enqueue", "", "-q", "a"], "class"),
        (&["enqueue", "A", "-q", "a", "--in", "soon"], "90s"),
        (&["enqueue", "A", "-q", "a", "--at", "soon"], "2026-11-20"),
        (
            &["enqueue", "A", "-q", "a", "--in", "1", "--at", "1795215625"],
            "cannot be used with",
        ),
        (&["enqueue", "A", "--batch", "-"], "cannot be used with"),
    ] {
        assert_has(&place.run(wrong).bad(2), &[part]);
    }
}

fn a_batch_goes_in_and_its_bad_lines_are_named(place: &Place) {
    let mut lines: String = (0..2_500)
        .map(|number| {
            format!("{{\"class\":\"Archive\",\"args\":[{number}],\"queue\":\"files\"}}\n")
        })
        .collect();
    lines.insert_str(
        0,
        "\n{\"class\":\"Mail\",\"args\":[],\"at\":\"2099-01-02T03:04:05Z\"}\nnonsense\n",
    );
    lines.push_str("{\"class\":\"Archive\",\"args\":7,\"queue\":\"files\"}\n{\"class\":\"Last\",\"queue\":\"z\"}");
    let args = ["enqueue", "--batch", "-", "-q", "mail"];
    let checked = place.pipe(&[&args[..], &["--check"]].concat(), lines.as_bytes());
    assert_has(
        &checked.bad(1),
        &["line 3: ", "line 2504: `args` is no list"],
    );
    assert_eq!(place.json(&["stats"])["pending"], 0);

    let run = place.pipe(&args, lines.as_bytes());
    assert_eq!(run.out, "2502 jobs enqueued, 2 lines left out\n");
    assert_has(
        &run.bad(1),
        &["line 3: ", "line 2504: ", "2 lines are no job"],
    );
    let page = place.json(&["peek", "files", "--start", "2499"]);
    assert_eq!(
        (&page["length"], &page["jobs"][0]["args"][0]),
        (&2500.into(), &2499.into())
    );
    assert_eq!(place.json(&["stats"])["delayed"], 1);
    assert_eq!(place.json(&["peek", "z"])["length"], 1);
}

fn a_batch_goes_on_with_any_line(place: &Place) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let line = |number| format!("{{\"class\":\"A\",\"args\":[{number}],\"queue\":\"q\"}}\n");
    std::fs::write(file.path(), (1..=5).map(line).collect::<String>()).unwrap();
    let path = file.path().to_str().unwrap();
    let done = place.json(&["enqueue", "--batch", path, "--from-line", "4"]);
    assert_eq!((&done["enqueued"], &done["lines"]), (&2.into(), &5.into()));
    assert_eq!(place.json(&["peek", "q"])["jobs"][0]["args"][0], 4);
    let missing = place.run(&["enqueue", "--batch", "/nowhere/at/all"]).bad(1);
    assert_has(&missing, &["open /nowhere/at/all"]);
}

#[test]
fn a_batch_whose_store_goes_away_says_how_to_go_on() {
    let mut server = resque_testserver::Redis::new().start().unwrap();
    let place = Place { url: server.url() };
    server.kill().unwrap();
    let lines = "{\"class\":\"A\",\"queue\":\"q\"}\n";
    assert_has(
        &place
            .pipe(&["enqueue", "--batch", "-"], lines.as_bytes())
            .bad(3),
        &["unavailable"],
    );
}

#[test]
fn a_batch_whose_store_dies_half_way_says_which_line_goes_on() {
    let mut server = resque_testserver::Redis::new()
        .append_only()
        .start()
        .unwrap();
    let place = Place { url: server.url() };
    let lines = |from: u32, to: u32| -> String {
        (from..to)
            .map(|number| format!("{{\"class\":\"A\",\"args\":[{number}],\"queue\":\"q\"}}\n"))
            .collect()
    };
    let mut child = program(&["enqueue", "--batch", "-", "--url", &place.url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(lines(0, 1_000).as_bytes()).unwrap();
    let there = || (place.json(&["peek", "q"])["length"] == 1_000).then_some(());
    poll_until(Duration::from_secs(60), there).unwrap();
    server.kill().unwrap();
    stdin.write_all(lines(1_000, 1_500).as_bytes()).unwrap();
    drop(stdin);
    let stopped = Run::of(child.wait_with_output()).bad(3);
    assert_has(&stopped, &["1000 jobs enqueued", "--from-line 1001"]);

    server.restart().unwrap();
    let all = lines(0, 1_500);
    let on = ["enqueue", "--batch", "-", "--from-line", "1001"];
    place.pipe(&on, all.as_bytes()).good();
    let last = place.json(&["peek", "q", "--start", "1499"]);
    assert_eq!(
        (&last["length"], &last["jobs"][0]["args"][0]),
        (&1_500.into(), &1_499.into())
    );
}

#[test]
fn a_batch_that_went_on_with_a_line_goes_on_with_no_earlier_one() {
    // What is full says so, and takes nothing.
    let server = resque_testserver::Redis::new().max_memory("1", "noeviction");
    let server = server.start().unwrap();
    let place = Place { url: server.url() };
    let lines = "{\"class\":\"A\",\"queue\":\"q\"}\n".repeat(5);
    let batch = ["enqueue", "--batch", "-", "--from-line", "4"];
    let run = place.pipe(&batch, lines.as_bytes());
    assert_has(&run.err, &["0 jobs enqueued; go on with --from-line 4"]);
}

/// Lines that are jobs, with the numbers of a range as arguments.
fn jobs(numbers: std::ops::Range<u32>) -> String {
    numbers
        .map(|number| format!("{{\"class\":\"A\",\"args\":[{number}],\"queue\":\"q\"}}\n"))
        .collect()
}

/// A batch whose lines are written one after the other.
struct Feed {
    child: Child,
    stdin: ChildStdin,
}

impl Feed {
    fn start(place: &Place) -> Self {
        let mut child = program(&["enqueue", "--batch", "-", "--url", &place.url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        Self { child, stdin }
    }

    fn write(&mut self, numbers: std::ops::Range<u32>) {
        self.stdin.write_all(jobs(numbers).as_bytes()).unwrap();
    }

    fn signal(&self, name: &str) {
        resque_testserver::signal(self.child.id(), name).unwrap();
    }
}

fn wait_for(place: &Place, length: u64) {
    let there = || (place.json(&["peek", "q"])["length"] == length).then_some(());
    poll_until(Duration::from_secs(60), there).unwrap();
}

#[test]
fn a_batch_goes_on_behind_many_lines_that_are_no_jobs() {
    let place = Place::redis("behind_bad_lines");
    // More bytes than go in one round trip, without a job among them.
    let lines = format!(
        "{}\n{}{}",
        "x".repeat(9 << 20),
        "\n".repeat(9 << 20),
        jobs(0..1)
    );
    let args = ["enqueue", "--batch", "-"];
    for args in [&[&args[..], &["--check"]].concat()[..], &args] {
        let run = place.pipe(args, lines.as_bytes());
        assert_has(&run.out, &["1 job ", "1 line left out"]);
        run.bad(1);
    }
    assert_eq!(place.json(&["peek", "q"])["length"], 1);
}

#[test]
fn what_a_slow_producer_has_written_goes_in_while_it_pauses() {
    let place = Place::redis("slow_producer");
    let mut feed = Feed::start(&place);
    for number in 0..3 {
        feed.write(number..number + 1);
        wait_for(&place, u64::from(number) + 1);
    }
    drop(feed.stdin);
    let run = Run::of(feed.child.wait_with_output());
    assert_eq!(run.good(), "3 jobs enqueued\n");
}

#[test]
fn a_batch_that_is_interrupted_says_which_line_goes_on() {
    for name in ["INT", "TERM"] {
        let place = Place::redis(&format!("interrupted_{name}"));
        let mut feed = Feed::start(&place);
        feed.write(0..10);
        wait_for(&place, 10);
        feed.signal(name);
        let stopped = Run::of(feed.child.wait_with_output()).bad(1);
        assert_has(&stopped, &["10 jobs enqueued", "--from-line 11"]);
    }
}

#[test]
fn a_batch_that_is_killed_outright_has_told_how_far_it_was() {
    let place = Place::redis("killed_outright");
    let mut feed = Feed::start(&place);
    let mut stderr = BufReader::new(feed.child.stderr.take().unwrap());
    let told = std::thread::spawn(move || {
        let mut line = String::new();
        stderr.read_line(&mut line).map(|_| line)
    });
    let mut written = 0;
    while !told.is_finished() {
        feed.write(written..written + 1);
        written += 1;
        wait_for(&place, u64::from(written));
    }
    feed.child.kill().unwrap();
    feed.child.wait().unwrap();
    let line = told.join().unwrap().unwrap();
    let line = line
        .strip_prefix("line ")
        .and_then(|rest| rest.strip_suffix(" done\n"));
    let line: u64 = line.unwrap().parse().unwrap();
    assert!(
        (1..=u64::from(written)).contains(&line),
        "{line} of {written}"
    );
}

#[test]
fn a_batch_that_cannot_be_read_on_says_which_line_goes_on() {
    let place = Place::redis("unreadable");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let broken = place.run(&["enqueue", "--batch", path]).bad(1);
    assert_has(&broken, &["0 jobs enqueued", "--from-line 1"]);
}
