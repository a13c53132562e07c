//! The worker performs jobs that a foreign program has enqueued.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../../../resque/tests/interop/peer.rs"]
mod peer;

use std::time::Duration;

use crash_proof::{Entry, Step};
use resque_testserver::{Program, Redis, poll_until};
use serde_json::json;

use self::peer::Peer;

const PATIENCE: Duration = Duration::from_secs(60);
const JOBS: u64 = 5_000;

#[test]
#[ignore = "needs node: cargo xtask interop"]
fn jobs_of_node_survive_a_worker_that_is_killed() {
    let server = Redis::new().start().unwrap();
    let url = format!("{}?namespace=fleet", server.url());
    let client = resque::connect_blocking(&url).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let ledger = directory.path().join("ledger");
    let start = || {
        let mut command = resque_testserver::command(env!("CARGO_BIN_EXE_crash-proof"));
        command
            .args(["--url", &url, "--prune-after", "2000"])
            .args(["--janitor-every", "200", "--ledger"])
            .arg(&ledger);
        Program::start(command).unwrap()
    };

    let mut peer = Peer::start(&server, "fleet");
    let enqueue = json!({
        "operation": "enqueueMany", "to": "work", "name": "Work", "from": 0, "count": JOBS,
    });
    assert_eq!(peer.ask(&enqueue), JOBS);
    // Whoever has enqueued a job need not live to see it done.
    peer.kill();

    let mut victim = start();
    let busy = poll_until(PATIENCE, || {
        (client.info().unwrap().processed >= JOBS / 10).then_some(())
    });
    assert!(busy.is_some(), "{:?}", client.info());
    victim.kill().unwrap();
    let mut next = start();
    let settled = poll_until(PATIENCE, || {
        let info = client.info().unwrap();
        (info.processed + info.failed == JOBS && info.working == 0).then_some(())
    });
    assert!(settled.is_some(), "{:?}", client.info());
    next.signal("QUIT").unwrap();
    assert!(next.end(PATIENCE).unwrap());

    let text = std::fs::read_to_string(&ledger).unwrap();
    let entries = text.lines().map(|line| Entry::parse(line).unwrap());
    let started = entries.filter(|entry| entry.step == Step::Started);
    let mut numbers: Vec<u64> = started.map(|entry| entry.number).collect();
    numbers.sort_unstable();
    numbers
        .windows(2)
        .for_each(|pair| assert_ne!(pair[0], pair[1], "started twice"));
}
