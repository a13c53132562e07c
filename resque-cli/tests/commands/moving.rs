//! move, there and back again.

use std::process::Stdio;
use std::time::{Duration, SystemTime};

use resque::{Client, FailureRecord, Page};
use resque_testserver::poll_until;

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
        assert_eq!(delayed["jobs"][0]["due"], "2031-01-02T03:04:05.000Z");
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
        let at = format!("2031-01-0{day}T03:04:05Z");
        place.told(&["enqueue", "Later", "-q", "later", "--at", &at]);
    }
}

#[test]
fn a_move_that_is_killed_again_and_again_loses_and_doubles_nothing() {
    /// Many portions, so that it is killed somewhere in the middle.
    const JOBS: u64 = 12_000;
    let (from, to) = (Place::redis("killed"), Place::postgres("killed"));
    let lines: String = (0..JOBS)
        .map(|number| format!("{{\"class\":\"A\",\"args\":[{number}],\"queue\":\"files\"}}\n"))
        .collect();
    from.pipe(&["enqueue", "--batch", "-"], lines.as_bytes())
        .good();
    let words = move_all(&from, &to);
    for share in 1..=4 {
        let mut child = program(&call(&words))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        to.with(async |client: Client, _| {
            let wanted = JOBS * share / 6;
            while client.size("files").await? < wanted {
                assert!(child.try_wait().unwrap().is_none(), "it has ended already");
            }
            Ok(())
        });
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // What is left and what was under way.
    let done = poll_until(PATIENCE, || Some(from.json(&call(&words)))).unwrap();
    assert_eq!(done["complete"], true, "{done}");
    let numbers = to.with(async |client: Client, _| {
        let jobs = client.peek("files", Page::ALL).await?;
        Ok(jobs
            .iter()
            .map(|job| job.args::<(u64,)>().unwrap().0)
            .collect::<Vec<_>>())
    });
    assert_eq!(numbers, (0..JOBS).collect::<Vec<_>>());
    let (here, there) = (from.json(&["stats"]), to.json(&["stats"]));
    assert_eq!(
        (&here["processed"], &here["workers"]),
        (&0.into(), &0.into())
    );
    assert_eq!(
        (&there["delayed"], &there["failed"]),
        (&0.into(), &0.into())
    );
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
}
