//! move, there and back again.

use std::process::Stdio;
use std::time::{Duration, SystemTime};

use resque::{FailureRecord, NewJob, Page, Payload};
use resque_testserver::{Detour, poll_until};

use crate::support::{Place, assert_has, program};

const PATIENCE: Duration = Duration::from_secs(60);

fn move_all(from: &Place, to: &Place) -> [String; 6] {
    ["move", "--from", &from.url, "--to", &to.url, "--yes"].map(str::to_owned)
}

fn call(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

#[test]
fn everything_moves_from_redis_to_postgres_and_back() {
    let (redis, postgres) = (Place::redis("move"), Place::postgres("move"));
    plant(&redis);
    for (from, to) in [(&redis, &postgres), (&postgres, &redis)] {
        let words = move_all(from, to);
        let unsure = from.run(&call(&words)[..5]).bad(2);
        assert_has(&unsure, &["move everything from"]);
        let done = from.json(&call(&words));
        assert_eq!(done["complete"], true, "{done}");
        assert_eq!(
            done["queues"][1],
            serde_json::json!({"name": "files", "found": 3, "moved": 3, "left": 0, "stopped": false})
        );
        assert_eq!(
            done["delayed"],
            serde_json::json!({"found": 2, "moved": 2, "left": 0})
        );
        assert_eq!(
            done["failed"],
            serde_json::json!({"found": 1, "moved": 1, "left": 0})
        );
        let stats = from.json(&["stats"]);
        for name in ["pending", "delayed", "failed", "processed", "workers"] {
            assert_eq!(stats[name], 0, "{name}");
        }
        let jobs = to.json(&["peek", "files"])["jobs"].clone();
        assert_eq!(jobs[0]["payload"], r#"{"class":"A", "args":[1.50]}"#);
        assert_eq!(jobs[1]["payload"], "no job");
        assert_eq!(jobs[2]["args"], serde_json::json!([3]));
        let delayed = to.json(&["delayed"]);
        assert_eq!(delayed["jobs"][0]["due"], "2099-01-02T03:04:05.000Z");
        assert_eq!(delayed["jobs"][1]["queue"], "later");
        let failed = to.json(&["failed"]);
        assert_eq!(
            failed["failures"][0]["failed_at"],
            "2026-11-20T23:00:25.000Z"
        );
        assert_eq!(
            failed["failures"][0]["backtrace"],
            serde_json::json!(["a.rb:1"])
        );
        assert_eq!(to.json(&["queues"])["queues"][0]["name"], "empty");
    }
}

fn plant(place: &Place) {
    place.with(async |client, _| {
        client.create_queue("empty").await?;
        for payload in [
            r#"{"class":"A", "args":[1.50]}"#,
            "no job",
            r#"{"class":"A","args":[3]}"#,
        ] {
            client.push("files", payload.as_bytes()).await?;
        }
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_215_625);
        let payload = br#"{"class":"A","args":[]}"#.as_slice();
        let record = FailureRecord::new(at, payload.into(), "RuntimeError", "no luck");
        let record = record
            .on("h:1:q", "files")
            .backtrace(vec!["a.rb:1".to_owned()]);
        client.failures()?.record(record).await
    });
    for day in ["2", "3"] {
        let at = format!("2099-01-0{day}T03:04:05Z");
        place.told(&["enqueue", "Later", "-q", "later", "--at", &at]);
    }
}

/// How much moves may send to the other store before they are killed: together less than all.
const ALLOWED: [u64; 4] = [50 << 10, 90 << 10, 70 << 10, 90 << 10];

/// Kills moves in the middle of what they send to the other store, always at the same places.
fn kill_moves(from: &Place, to: &Place) {
    let detour = Detour::to(&to.url).unwrap();
    let through = Place {
        url: detour.url(&to.url),
    };
    for bytes in ALLOWED {
        detour.carry_only(bytes);
        let mut child = program(&call(&move_all(from, &through)))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let halted = poll_until(PATIENCE, || {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "it has ended already: {ended:?}");
            detour.is_spent().then_some(())
        });
        assert!(halted.is_some());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// Moves what killed moves have left, and what was under way.
fn move_the_rest(from: &Place, to: &Place) {
    let done = from.json(&call(&move_all(from, to)));
    assert_eq!(done["complete"], true, "{done}");
    let here = from.json(&["stats"]);
    for name in ["pending", "delayed", "failed", "processed", "workers"] {
        assert_eq!(here[name], 0, "{name}: {here}");
    }
}

/// The number that a job has as its argument.
fn number(payload: &Payload) -> u64 {
    let job: serde_json::Value = serde_json::from_slice(payload.as_bytes()).unwrap();
    job["args"][0].as_u64().unwrap()
}

fn waiting_jobs_survive_kills(from: &Place, to: &Place) {
    const JOBS: u64 = 12_000;
    let lines: String = (0..JOBS)
        .map(|number| format!("{{\"class\":\"A\",\"args\":[{number}],\"queue\":\"files\"}}\n"))
        .collect();
    from.pipe(&["enqueue", "--batch", "-"], lines.as_bytes())
        .good();
    kill_moves(from, to);
    let there = to.with(async |client, _| client.size("files").await);
    assert!((1..JOBS).contains(&there), "{there}");
    move_the_rest(from, to);
    let jobs = to.with(async |client, _| client.peek("files", Page::ALL).await);
    let numbers: Vec<u64> = jobs.iter().map(|job| number(job.payload())).collect();
    assert!(numbers.into_iter().eq(0..JOBS), "each once, in order");
    let there = to.json(&["stats"]);
    assert_eq!(
        (&there["delayed"], &there["failed"]),
        (&0.into(), &0.into())
    );
}

fn delayed_and_failed_jobs_survive_kills(from: &Place, to: &Place) {
    const JOBS: u64 = 1_200;
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    from.with(async |client, backend| {
        let job = |number: u64| NewJob::raw("A", &(number,)).to("later").at(at);
        client.submit_all((0..JOBS).map(job)).await?;
        let record = |number: u64| {
            let payload = Payload::from(format!("{{\"class\":\"A\",\"args\":[{number}]}}"));
            let record = FailureRecord::new(at, payload, "RuntimeError", "no luck");
            record.backtrace(vec!["somewhere.rb:1:in `perform'".repeat(8)])
        };
        let records: Vec<_> = (0..JOBS).map(record).collect();
        backend.failures().record(&records).await
    });
    kill_moves(from, to);
    let (here, there) = (from.json(&["stats"]), to.json(&["stats"]));
    let counts = [&there["delayed"], &there["failed"], &here["failed"]];
    let moved = counts.map(|count| count.as_u64().unwrap() > 0);
    assert_eq!(moved, [true, true, true], "{here} {there}");
    move_the_rest(from, to);
    let (delayed, failed) = to.with(async |client, _| {
        let delayed = client.delayed()?.find(|_| true).await?;
        let failed = client.failures()?.all(0, 10_000).await?;
        Ok((delayed, failed))
    });
    let delayed = delayed.iter().map(|job| number(&job.payload));
    let failed = failed
        .iter()
        .map(|entry| number(&entry.content.record().unwrap().payload));
    for mut numbers in [delayed.collect::<Vec<_>>(), failed.collect()] {
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..JOBS), "each once");
    }
}

#[test]
fn waiting_jobs_survive_killed_moves_from_redis_to_postgres() {
    let (from, to) = (Place::redis("killed"), Place::postgres("killed"));
    waiting_jobs_survive_kills(&from, &to);
}

#[test]
fn waiting_jobs_survive_killed_moves_from_postgres_to_redis() {
    let (from, to) = (Place::postgres("killed_back"), Place::redis("killed_back"));
    waiting_jobs_survive_kills(&from, &to);
}

#[test]
fn delayed_and_failed_jobs_survive_killed_moves_from_redis_to_postgres() {
    let (from, to) = (Place::redis("rest"), Place::postgres("rest"));
    delayed_and_failed_jobs_survive_kills(&from, &to);
}

#[test]
fn delayed_and_failed_jobs_survive_killed_moves_from_postgres_to_redis() {
    let (from, to) = (Place::postgres("rest_back"), Place::redis("rest_back"));
    delayed_and_failed_jobs_survive_kills(&from, &to);
}

#[test]
fn a_move_that_is_interrupted_ends_in_good_order_and_goes_on() {
    const JOBS: u64 = 6_000;
    let (from, to) = (Place::redis("interrupted"), Place::postgres("interrupted"));
    let job = |number| format!("{{\"class\":\"A\",\"args\":[{number}],\"queue\":\"files\"}}\n");
    let lines: String = (0..JOBS).map(job).collect();
    from.pipe(&["enqueue", "--batch", "-"], lines.as_bytes())
        .good();
    let words = move_all(&from, &to);
    let mut command = program(&call(&words));
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let signal = |name: &str| resque_testserver::signal(child.id(), name).unwrap();
    to.with(async |client, _| {
        while client.size("files").await? == 0 {}
        // It hears of the interrupt before it goes on.
        signal("STOP");
        Ok(())
    });
    signal("INT");
    signal("CONT");
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    // On a slow machine it may be through by the time that it is stopped.
    if !output.status.success() {
        assert_eq!(output.status.code(), Some(1), "{said}");
        let words = "interrupted; nothing is lost, and the same command goes on";
        assert_has(&said, &[words]);
    }
    let done = from.json(&call(&words));
    assert_eq!(done["complete"], true, "{done}");
    let stats = to.json(&["stats"]);
    assert_eq!(stats["pending"], JOBS);
}

#[test]
fn what_cannot_move_is_said() {
    let (from, to) = (Place::redis("stays"), Place::redis("stays2"));
    from.told(&["enqueue", "A", "-q", "files"]);
    from.told(&["pause", "files"]);
    let words = move_all(&from, &to);
    let run = from.run(&call(&words));
    assert_has(&run.out, &["queue files", "stopped"]);
    assert_has(&run.bad(1), &["1 left"]);
    from.told(&["pause", "--all"]);
    assert_has(&from.run(&call(&words)).bad(1), &["are paused"]);
    let itself = move_all(&from, &from);
    assert_has(
        &from.run(&call(&itself)).bad(2),
        &["the store that --from names"],
    );
    let nowhere = Place {
        url: "redis://127.0.0.1:1".to_owned(),
    };
    from.run(&call(&move_all(&from, &nowhere))).bad(3);
    assert_eq!(from.json(&["peek", "files"])["length"], 1);
    // As the page on operating says.
    from.told(&["resume", "--all"]);
    from.told(&["resume", "files"]);
    assert_eq!(from.json(&call(&words))["complete"], true);
    assert_eq!(to.json(&["peek", "files"])["length"], 1);
}
