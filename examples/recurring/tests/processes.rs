//! Real workers are killed at random and have clocks that are wrong: each tick fires exactly once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use resque::postgres::{Config, Migrator};
use resque::{Begin, Client};
use resque_testserver::{Postgres, Program, Redis, poll_until};

/// Nothing takes as long as this; what does hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many workers run at the same time.
const WORKERS: usize = 3;

/// How many of them are killed in a test.
const KILLS: usize = 5;

/// How many ticks are waited for before the next worker is killed.
const BETWEEN: usize = 2;

/// Fires every second into a queue that nobody serves, and late rather than never.
const FILE: &str = "
tick:
  every: 1s
  class: Tick
  queue: ticks
  catch_up: 1000
";

/// The ticks that a worker tells of, in milliseconds since 1970.
fn tick(line: &str) -> Option<u64> {
    line.strip_prefix("fired tick ")?.parse().ok()
}

struct Fleet<'a> {
    url: &'a str,
    file: &'a str,
    workers: Vec<Program>,
    started: u64,
    told: BTreeSet<u64>,
}

impl Fleet<'_> {
    /// Starts one more worker, whose clock is wrong in its own way.
    fn start(&mut self) {
        let mut command = resque_testserver::command(env!("CARGO_BIN_EXE_recurring"));
        command
            .args(["--url", self.url, "--file", self.file])
            .args(["--queues", "nothing", "--runs", "0", "--lease", "2400"])
            .args(["--clock-off", &(self.started * 3_600).to_string()]);
        self.workers.push(Program::start(command).unwrap());
        self.started += 1;
    }

    /// Waits until somebody tells of a tick, and answers who.
    fn next(&mut self) -> usize {
        let Self { workers, told, .. } = self;
        let found = poll_until(PATIENCE, || {
            workers.iter().enumerate().find_map(|(index, worker)| {
                let line = worker.line(Duration::from_millis(20)).ok()?;
                let tick = tick(&line)?;
                assert!(told.insert(tick), "{tick} was told of twice");
                Some(index)
            })
        });
        found.expect("nobody tells of a tick")
    }
}

fn each_tick_fires_once(url: &str) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("schedules.yml");
    std::fs::write(&file, FILE).unwrap();
    let mut fleet = Fleet {
        url,
        file: file.to_str().unwrap(),
        workers: Vec::new(),
        started: 0,
        told: BTreeSet::new(),
    };
    for _ in 0..WORKERS {
        fleet.start();
    }
    fleet.next();
    for kill in 0..KILLS {
        // Whoever fired last is killed, which is the one that leads; now and then another one.
        let mut last = 0;
        for _ in 0..BETWEEN {
            last = fleet.next();
        }
        let unlucky = if kill % 3 == 2 {
            (last + 1) % WORKERS
        } else {
            last
        };
        fleet.workers.remove(unlucky).kill().unwrap();
        fleet.start();
    }
    fleet.next();
    for mut worker in std::mem::take(&mut fleet.workers) {
        worker.signal("QUIT").unwrap();
        assert!(worker.end(PATIENCE).unwrap());
    }

    let (fired, settled) = runtime().block_on(async {
        let client = Client::new(resque::connect(url).await.unwrap());
        let known = client.schedules().unwrap().get("tick").await.unwrap();
        let settled = known.unwrap().settled.unwrap();
        (client.size("ticks").await.unwrap(), settled)
    });
    let settled = settled.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let settled = settled.as_millis() as u64;
    // The first tick is known from who told of it: nobody is killed before.
    let first = *fleet.told.first().unwrap();
    let seconds = (settled - first) / 1_000 + 1;
    assert_eq!(fired, seconds, "the ticks from {first} to {settled}");
    // What was told of by those who lived is among them.
    assert!(
        fleet
            .told
            .iter()
            .all(|tick| tick % 1_000 == 0 && *tick <= settled)
    );
    assert!(fired as usize >= KILLS * BETWEEN);
}

/// Schedules of the past, one for each policy on missed runs, and two nights in which clocks change.
/// What is checked last fires last: they fire in the order of their names.
const PAST: &str = "
a skips:
  every: [1h, {last_at: '2025-06-01T00:00:00Z'}]
  class: Tick
  queue: ticks
  catch_up: skip
b fires the last:
  every: [1h, {last_at: '2025-06-01T00:00:00Z'}]
  class: Tick
  queue: ticks
  catch_up: last
c fires two:
  every: [1h, {last_at: '2025-06-01T00:00:00Z'}]
  class: Tick
  queue: ticks
  catch_up: 2
d in spring:
  cron: ['30 2 * * * Europe/Stockholm', {last_at: '2025-04-01T00:00:00Z'}]
  class: Tick
  queue: ticks
  catch_up: 100
e in autumn:
  cron: ['30 2 * * * Europe/Stockholm', {last_at: '2025-10-27T12:00:00Z'}]
  class: Tick
  queue: ticks
  catch_up: 100
";

/// Since when a process followed each of them before all died, and which ticks fire now.
const MISSED: &[(&str, &str, &str, &[&str])] = &[
    (
        "a skips",
        "every 1h, last at 2025-06-01T00:00:00Z",
        "2025-05-31T20:30:00Z",
        &[],
    ),
    (
        "b fires the last",
        "every 1h, last at 2025-06-01T00:00:00Z",
        "2025-05-31T20:30:00Z",
        &["2025-06-01T00:00:00Z"],
    ),
    (
        "c fires two",
        "every 1h, last at 2025-06-01T00:00:00Z",
        "2025-05-31T20:30:00Z",
        &["2025-05-31T23:00:00Z", "2025-06-01T00:00:00Z"],
    ),
    // On the 30th of March there is no half past two.
    (
        "d in spring",
        "cron 30 2 * * * Europe/Stockholm, last at 2025-04-01T00:00:00Z",
        "2025-03-28T12:00:00Z",
        &[
            "2025-03-29T01:30:00Z",
            "2025-03-30T01:00:00Z",
            "2025-03-31T00:30:00Z",
        ],
    ),
    // On the 26th of October there are two.
    (
        "e in autumn",
        "cron 30 2 * * * Europe/Stockholm, last at 2025-10-27T12:00:00Z",
        "2025-10-25T12:00:00Z",
        &["2025-10-26T00:30:00Z", "2025-10-27T01:30:00Z"],
    ),
];

fn time(text: &str) -> SystemTime {
    resque::wire::time::parse_any(text).unwrap()
}

/// A process finds what was missed since others followed the schedules.
fn missed_ticks_fire_as_each_schedule_says(url: &str) {
    runtime().block_on(async {
        let backend = resque::connect(url).await.unwrap();
        let store = backend.queues().schedules().unwrap();
        for (name, timing, since, _) in MISSED {
            let begin = Begin {
                name: name.parse().unwrap(),
                timing: (*timing).to_owned(),
            };
            let begun = store.begin(&[begin], time(since)).await.unwrap();
            assert_eq!(begun[0].as_ref().unwrap(), &time(since));
        }
    });
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("schedules.yml");
    std::fs::write(&file, PAST).unwrap();
    let mut command = resque_testserver::command(env!("CARGO_BIN_EXE_recurring"));
    command
        .args(["--url", url, "--file", file.to_str().unwrap()])
        .args(["--queues", "nothing", "--runs", "0", "--clock-off", "3600"]);
    let mut worker = Program::start(command).unwrap();
    let millis = |tick: &&str| {
        let since = time(tick).duration_since(SystemTime::UNIX_EPOCH).unwrap();
        since.as_millis().to_string()
    };
    let expected = MISSED.iter().flat_map(|(name, _, _, ticks)| {
        let line = move |tick: &&str| format!("fired {name} {}", millis(tick));
        ticks.iter().map(line)
    });
    for expected in expected {
        let mut line = worker.line(PATIENCE).unwrap();
        // Those of the program itself.
        while line.starts_with("fired sales") || line.starts_with("fired nightly") {
            line = worker.line(PATIENCE).unwrap();
        }
        assert_eq!(line, expected);
    }
    worker.signal("QUIT").unwrap();
    assert!(worker.end(PATIENCE).unwrap());
    let fired = runtime().block_on(async {
        let client = Client::new(resque::connect(url).await.unwrap());
        client.size("ticks").await.unwrap()
    });
    assert_eq!(fired, 8);
}

#[test]
fn missed_ticks_fire_as_each_schedule_says_on_redis() {
    let server = Redis::new().start().unwrap();
    missed_ticks_fire_as_each_schedule_says(&format!("{}?namespace=test", server.url()));
}

#[test]
fn missed_ticks_fire_as_each_schedule_says_on_postgres() {
    let server = Postgres::new().start().unwrap();
    let url = format!("{}?namespace=test", server.url());
    let migrator = Migrator::new(Config::parse(&url).unwrap());
    runtime().block_on(migrator.up()).unwrap();
    missed_ticks_fire_as_each_schedule_says(&url);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

#[test]
fn each_tick_fires_once_on_redis() {
    let server = Redis::new().start().unwrap();
    each_tick_fires_once(&format!("{}?namespace=test", server.url()));
}

#[test]
fn each_tick_fires_once_on_postgres() {
    let server = Postgres::new().start().unwrap();
    let url = format!("{}?namespace=test", server.url());
    let migrator = Migrator::new(Config::parse(&url).unwrap());
    runtime().block_on(migrator.up()).unwrap();
    each_tick_fires_once(&url);
}
