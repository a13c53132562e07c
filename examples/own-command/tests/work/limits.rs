//! Limits over several processes.

use std::fs;
use std::time::Duration;

use crate::shop::{PATIENCE, Shop};

/// How many letters each of the processes has.
const EACH: u64 = 5;
/// What may start once in this time, whoever starts it.
const EVERY: Duration = Duration::from_millis(100);

/// Three processes share a rate. What is looked at is the store's time in which each job began: the
/// bucket gains one token in each interval, so that the job with the number `n` cannot have begun
/// before `n` intervals were over, however slow everything is.
fn processes_share_a_rate(shop: &Shop) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let queues = ["one", "two", "three"];
    let stamp = |class: &str, queue: &str| {
        shop.json(&["enqueue", class, path, "-q", queue]);
    };
    // Each has a queue of its own, so that each has its share.
    let works = queues.map(|queue| shop.work(&["-q", queue, "-c", "5"]));
    shop.wait_for_workers(queues.len() * 5);
    stamp("Stamp", "one");
    shop.wait_for_processed(1);
    for _ in 0..EACH {
        queues.iter().for_each(|queue| stamp("Letter", queue));
    }
    shop.wait_for_processed(1 + 3 * EACH);
    for mut work in works {
        work.signal("QUIT").unwrap();
        assert!(work.end(PATIENCE).unwrap());
    }
    assert_eq!(shop.json(&["failed"])["count"], 0);
    let lines = fs::read_to_string(path).unwrap();
    let mut begun: Vec<u64> = lines.lines().map(|line| line.parse().unwrap()).collect();
    // The stamp from before comes first whatever the order in the file.
    begun.sort_unstable();
    let since = |micros: &u64| Duration::from_micros(micros - begun[0]);
    let begun: Vec<_> = begun[1..].iter().map(since).collect();
    assert_eq!(begun.len() as u64, 3 * EACH);
    for (number, begun) in (0..).zip(&begun) {
        assert!(*begun >= EVERY * number, "{number} began after {begun:?}");
    }
}

#[test]
fn processes_share_a_rate_on_redis() {
    processes_share_a_rate(&Shop::open("rate"));
}

#[test]
fn processes_share_a_rate_on_postgres() {
    processes_share_a_rate(&Shop::open_on_postgres("rate"));
}

#[test]
fn a_job_may_run_as_long_as_whoever_enqueued_it_says() {
    for how in ["none", "process"] {
        let shop = Shop::open(&format!("timeout-{how}"));
        let job = ["enqueue", "Delivery", "600", "-q", "deliveries"];
        shop.json(&[&job[..], &["--timeout", "100ms"]].concat());
        let args = ["-q", "*", "-c", "1", "--isolation", how];
        let mut work = shop.work_with(&args, &[("INTERVAL", "0")]);
        assert!(work.end(PATIENCE).unwrap());
        let failed = shop.json(&["failed"]);
        assert_eq!(failed["count"], 1);
        let failure = &failed["failures"][0];
        assert_eq!(failure["exception"], "Resque::JobTimeout");
        assert_eq!(failure["error"], "The job did not end within 100ms");
    }
}
