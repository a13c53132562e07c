//! What single flags of `work` change.

use std::fs;
use std::time::{Duration, SystemTime};

use resque::{Client, FailureRecord, Payload, Stamp};
use resque_testserver::{Program, poll_until};

use crate::shop::{PATIENCE, Shop};

/// Does something with the shop's store past its program, as another program would.
fn with<T>(shop: &Shop, work: impl AsyncFnOnce(Client) -> resque::Result<T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let done = runtime.block_on(async {
        let backend = resque::connect(shop.url()).await?;
        work(Client::new(backend)).await
    });
    done.unwrap()
}

/// Starts `work` with one slot and a delivery that takes a moment, and waits until it is under way.
#[track_caller]
fn delivering(shop: &Shop, flags: &[&str]) -> Program {
    let work = shop.work(&[&["-q", "*", "-c", "1"], flags].concat());
    shop.json(&["enqueue", "Delivery", "2", "-q", "deliveries"]);
    shop.wait_for(&["workers", "list", "--working"], |listing| {
        listing["workers"].get(0).cloned()
    });
    work
}

/// TERM, after which the delivery has come to its end.
#[track_caller]
fn finishes_after_term(shop: &Shop, mut work: Program) {
    work.signal("TERM").unwrap();
    assert!(work.end(PATIENCE).unwrap());
    let stats = shop.json(&["stats"]);
    let counts = ["processed", "processed_failed", "pending", "workers"];
    let counts = counts.map(|name| stats[name].as_u64().unwrap());
    assert_eq!(counts, [1, 0, 0, 0], "{stats}");
}

#[test]
fn with_graceful_term_a_worker_finishes_what_it_does() {
    let shop = Shop::open("graceful");
    let work = delivering(&shop, &["--graceful-term"]);
    finishes_after_term(&shop, work);
}

#[test]
fn with_a_pre_shutdown_timeout_jobs_may_go_on_after_term() {
    let shop = Shop::open("pre-shutdown");
    let work = delivering(&shop, &["--pre-shutdown-timeout", "60"]);
    finishes_after_term(&shop, work);
}

/// The command line of a process, which its title takes the place of.
fn command_line(pid: u32) -> Vec<String> {
    let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split('\0').map(str::to_owned).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_worker_shows_its_title_unless_that_is_not_wanted() {
    let shop = Shop::open("titles");
    let titled = shop.work(&["-q", "letters", "-c", "1"]);
    let shows = || {
        let line = command_line(titled.id());
        (line[0].starts_with("resque-") && line[0].contains("Waiting for letters")).then_some(())
    };
    let shown = poll_until(PATIENCE, shows);
    assert!(shown.is_some(), "{:?}", command_line(titled.id()));
    let plain = delivering(&shop, &["--no-titles"]);
    // It has a job by now, and so it would show its title.
    assert_eq!(command_line(plain.id())[1], "work");
}

#[test]
fn a_process_id_file_names_the_process_that_signals_go_to() {
    let folder = tempfile::tempdir().unwrap();
    for (processes, name) in [("1", "one"), ("2", "two")] {
        let shop = Shop::open(&format!("pidfile-{name}"));
        let file = folder.path().join(name);
        let flags = ["-q", "*", "-c", "1", "--processes", processes, "--pidfile"];
        let mut work = shop.work(&[&flags[..], &[file.to_str().unwrap()]].concat());
        let written = || fs::read_to_string(&file).ok()?.trim().parse().ok();
        assert_eq!(poll_until(PATIENCE, written), Some(work.id()));
        shop.wait_for_workers(processes.parse().unwrap());
        work.signal("QUIT").unwrap();
        assert!(work.end(PATIENCE).unwrap());
    }
}

fn only_failures_of_a_day_are_kept(shop: &Shop) {
    const HOUR: Duration = Duration::from_secs(3_600);
    with(shop, async |client| {
        let now = client.store_time().await?;
        let record = |hours_ago: u32| {
            let payload = Payload::from(format!("{{\"class\":\"A\",\"args\":[{hours_ago}]}}"));
            let at: SystemTime = now - HOUR * hours_ago;
            FailureRecord::new(at, payload, "RuntimeError", "no luck").on("h:1:q", "files")
        };
        for hours_ago in [1, 100, 2, 30, 20, 300] {
            client.failures()?.record(record(hours_ago)).await?;
        }
        Ok(())
    });
    let mut work = shop.work(&["-q", "*", "-c", "1", "--keep-failures-for", "1d"]);
    shop.wait_for(&["failed"], |failed| (failed["count"] == 3).then_some(()));
    work.signal("QUIT").unwrap();
    assert!(work.end(PATIENCE).unwrap());
    let failed = shop.json(&["failed", "list", "--oldest-first"]);
    let failures = failed["failures"].as_array().unwrap();
    let kept: Vec<u64> = failures
        .iter()
        .map(|failure| failure["args"][0].as_u64().unwrap())
        .collect();
    assert_eq!(kept, [1, 2, 20]);
}

#[test]
fn failures_are_kept_as_long_as_is_said_on_redis() {
    only_failures_of_a_day_are_kept(&Shop::open("keep-for"));
}

#[test]
fn failures_are_kept_as_long_as_is_said_on_postgres() {
    only_failures_of_a_day_are_kept(&Shop::open_on_postgres("keep_for"));
}

/// What another process puts on a job reaches the process that performs it.
fn a_job_carries_the_trace_of_its_producer(shop: &Shop) {
    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("seen");
    let script = format!("exec cat > '{}'", seen.display());
    let producer = std::process::id();
    with(shop, async |client| {
        let stamp = Stamp::new().traceparent(|| Some(TRACE.to_owned()));
        let client = client.with_stamp(stamp);
        client.enqueue_raw("q", "Traced", &(producer,)).await
    });
    let exec = ["-q", "*", "-c", "1", "--exec", "sh", "--", "-c", &script];
    let mut work = shop.work_with(&exec, &[("INTERVAL", "0")]);
    assert!(work.end(PATIENCE).unwrap());
    let job: serde_json::Value = serde_json::from_slice(&fs::read(&seen).unwrap()).unwrap();
    assert_eq!(job["args"][0], producer);
    assert_eq!(job["rs"]["traceparent"], TRACE, "{job}");
}

#[test]
fn a_job_carries_the_trace_of_its_producer_on_redis() {
    a_job_carries_the_trace_of_its_producer(&Shop::open("trace"));
}

#[test]
fn a_job_carries_the_trace_of_its_producer_on_postgres() {
    a_job_carries_the_trace_of_its_producer(&Shop::open_on_postgres("trace"));
}
