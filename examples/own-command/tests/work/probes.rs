//! What probes and the service manager are told.

use std::cell::RefCell;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;

use resque_testserver::{Program, poll_until};

use crate::shop::{PATIENCE, Shop, pids, signal};

/// The end of a worker's probes.
struct Probe {
    address: String,
    // Removes the log when it is dropped.
    _log: tempfile::NamedTempFile,
}

impl Probe {
    /// Starts `work` with these arguments, and probes wherever there is room; its log tells where.
    fn of_work(shop: &Shop, args: &[&str]) -> (Program, Self) {
        let log = tempfile::NamedTempFile::new().unwrap();
        let listen = "work --health-listen 127.0.0.1:0 --log-level info --log-format json";
        let mut command = shop.command(&listen.split(' ').collect::<Vec<_>>());
        command.args(args).stderr(log.reopen().unwrap());
        let work = Program::start(command).unwrap();
        let address = |line: &str| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            Some(line["address"].as_str()?.to_owned())
        };
        let told = || {
            fs::read_to_string(log.path())
                .ok()?
                .lines()
                .find_map(address)
        };
        let address = poll_until(PATIENCE, told).unwrap();
        let _log = log;
        (work, Self { address, _log })
    }

    /// The status and the text of an answer; `None` if nobody answers.
    fn get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, text) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, text.to_owned()))
    }

    /// Waits for an answer with this status that has this in its text, and answers the text.
    #[track_caller]
    fn wait_for(&self, path: &str, status: u16, part: &str) -> String {
        let mut last = None;
        let found = poll_until(PATIENCE, || {
            last = self.get(path);
            let (code, text) = last.as_ref()?;
            (*code == status && text.contains(part)).then(|| text.clone())
        });
        found.unwrap_or_else(|| panic!("{path} stays {last:?} and not {status} {part}"))
    }
}

/// Who is told as systemd is.
struct Manager {
    socket: UnixDatagram,
    /// Everything that was told.
    heard: RefCell<String>,
    directory: tempfile::TempDir,
}

impl Manager {
    fn new() -> Self {
        let directory = tempfile::tempdir_in(resque_testserver::temporary()).unwrap();
        let socket = UnixDatagram::bind(directory.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let heard = RefCell::default();
        Self {
            socket,
            heard,
            directory,
        }
    }

    fn path(&self) -> String {
        self.directory.path().join("notify").display().to_string()
    }

    /// Waits for the next thing that is told.
    #[track_caller]
    fn listen(&self) {
        let mut buffer = [0; 4096];
        let length = self.socket.recv(&mut buffer).expect("nothing is told");
        *self.heard.borrow_mut() += &String::from_utf8_lossy(&buffer[..length]);
    }

    /// Waits until this was told, and answers all that was told.
    #[track_caller]
    fn wait_for(&self, line: &str) -> String {
        let found = poll_until(PATIENCE, || {
            let heard = self.heard.borrow().lines().any(|told| told == line);
            if !heard {
                self.listen();
            }
            heard.then_some(())
        });
        let heard = self.heard.borrow().clone();
        assert!(found.is_some(), "{line} is not told, but this: {heard}");
        heard
    }

    /// Forgets what was told.
    fn forget(&self) {
        self.heard.borrow_mut().clear();
    }
}

fn quit(mut work: Program) {
    work.signal("QUIT").unwrap();
    assert!(work.end(PATIENCE).unwrap());
}

#[test]
fn a_worker_answers_probes_and_tells_its_numbers() {
    let shop = Shop::open("probe");
    let (work, probe) = Probe::of_work(&shop, &["-q", "*", "-c", "2", "--store-metrics=200ms"]);
    probe.wait_for("/readyz", 200, "working: 0 of 2 slots busy");
    probe.wait_for("/livez", 200, "working");
    probe.wait_for("/healthz", 200, "working");
    assert_eq!(probe.get("/other").unwrap().0, 404);
    shop.json(&["enqueue", "Delivery", "0", "-q", "deliveries"]);
    shop.json(&["enqueue", "Delivery", "[]", "-q", "deliveries"]);
    let done = r#"resque_jobs_ended_total{class="Delivery",queue="deliveries",outcome="done"} 1"#;
    probe.wait_for("/metrics", 200, done);
    let failed =
        r#"resque_jobs_ended_total{class="Delivery",queue="deliveries",outcome="failed"} 1"#;
    probe.wait_for("/metrics", 200, failed);
    let text = probe.wait_for("/metrics", 200, "resque_failed_jobs 1");
    is_documented(&text);
    assert!(
        text.contains(r#"resque_queue_jobs{queue="deliveries"} 0"#),
        "{text}"
    );
    assert!(
        text.contains(r#"resque_job_duration_seconds_bucket{class="Delivery","#),
        "{text}"
    );
    assert!(text.contains("resque_worker_ready 1"), "{text}");

    work.signal("USR2").unwrap();
    probe.wait_for("/readyz", 503, "paused");
    probe.wait_for("/livez", 200, "paused");
    work.signal("CONT").unwrap();
    probe.wait_for("/readyz", 200, "working");
    shop.json(&["enqueue", "Delivery", "600", "-q", "deliveries"]);
    probe.wait_for("/readyz", 200, "1 of 2 slots busy");
    work.signal("QUIT").unwrap();
    probe.wait_for("/readyz", 503, "finishing: 1 of 2 slots busy");
    probe.wait_for("/livez", 200, "finishing");
    work.signal("TERM").unwrap();
    let mut work = work;
    assert!(work.end(PATIENCE).unwrap());
}

/// Every number has its row in the page.
#[track_caller]
fn is_documented(text: &str) {
    let page = include_str!("../../../../docs/metrics.md");
    for line in text.lines() {
        let Some(told) = line.strip_prefix("# TYPE ") else {
            continue;
        };
        let (name, kind) = told.split_once(' ').unwrap();
        assert!(page.contains(&format!("| `{name}` | {kind} |")), "{line}");
    }
}

#[test]
fn the_watching_process_answers_for_all() {
    let shop = Shop::open("probes");
    let (work, probe) = Probe::of_work(&shop, &["-q", "*", "-c", "1", "--processes", "2"]);
    let text = probe.wait_for("/readyz", 200, "process 2: working: 0 of 1 slots busy");
    assert!(text.starts_with("process 1: working"), "{text}");
    shop.json(&["enqueue", "Delivery", "0", "-q", "deliveries"]);
    shop.wait_for_processed(1);
    let text = probe.wait_for("/metrics", 200, "resque_processes 2");
    is_documented(&text);
    for process in [1, 2] {
        let slots = format!(r#"resque_slots{{process="{process}",pool="*"}} 1"#);
        assert!(text.contains(&slots), "{text}");
    }
    assert_eq!(
        text.matches("# TYPE resque_slots gauge").count(),
        1,
        "{text}"
    );
    let pids = shop.wait_for(&["workers"], |listing| {
        Some(pids(listing["workers"].as_array()?))
    });
    signal(pids[0], "STOP");
    probe.wait_for("/livez", 503, "does not answer");
    signal(pids[0], "CONT");
    probe.wait_for("/livez", 200, "process 2: working");
    signal(pids[0], "KILL");
    probe.wait_for("/readyz", 503, "is not running");
    probe.wait_for("/readyz", 200, "process 2: working");
    probe.wait_for("/metrics", 200, "resque_process_starts_total 3");
    quit(work);
}

#[test]
fn systemd_hears_of_start_life_and_end() {
    let (shop, manager) = (Shop::open("notify"), Manager::new());
    let path = manager.path();
    let told = [("NOTIFY_SOCKET", &*path), ("WATCHDOG_USEC", "500000")];
    let work = shop.work_with(&["-q", "*", "-c", "1"], &told);
    let start = manager.wait_for("READY=1");
    assert!(start.contains("STATUS="), "{start}");
    manager.wait_for("STATUS=working: 0 of 1 slots busy, 0 processed, 0 failed");
    manager.wait_for("WATCHDOG=1");
    manager.forget();
    manager.wait_for("WATCHDOG=1");
    shop.json(&["enqueue", "Delivery", "0", "-q", "deliveries"]);
    manager.wait_for("STATUS=working: 0 of 1 slots busy, 1 processed, 0 failed");
    quit(work);
    manager.wait_for("STOPPING=1");
}

#[test]
fn systemd_hears_of_several_processes_from_the_one_it_knows() {
    let (shop, manager) = (Shop::open("notifies"), Manager::new());
    let path = manager.path();
    let told = [("NOTIFY_SOCKET", &*path), ("WATCHDOG_USEC", "3000000")];
    let work = shop.work_with(&["-q", "*", "-c", "1", "--processes", "2"], &told);
    manager.wait_for("READY=1");
    let status = "STATUS=process 1: working: 0 of 1 slots busy, 0 processed, 0 failed; \
                  process 2: working: 0 of 1 slots busy, 0 processed, 0 failed";
    manager.wait_for(status);
    manager.wait_for("WATCHDOG=1");
    let pids = shop.wait_for_workers(2);
    signal(pids[1], "STOP");
    // Life is not told any more while one of them does not answer.
    let heard = poll_until(PATIENCE, || {
        manager.listen();
        manager
            .heard
            .borrow()
            .contains(": does not answer")
            .then_some(())
    });
    assert!(heard.is_some());
    manager.forget();
    signal(pids[1], "CONT");
    manager.wait_for("WATCHDOG=1");
    quit(work);
    manager.wait_for("STOPPING=1");
}

#[test]
fn systemd_hears_of_no_end_when_one_of_several_leaves() {
    let (shop, manager) = (Shop::open("leaves"), Manager::new());
    let path = manager.path();
    let told = [("NOTIFY_SOCKET", &*path), ("WATCHDOG_USEC", "3000000")];
    let work = shop.work_with(&["-q", "*", "-c", "1", "--processes", "2"], &told);
    manager.wait_for("READY=1");
    let before = shop.wait_for_workers(2);
    // Busy, so that it takes a while to leave.
    shop.json(&["enqueue", "Delivery", "600", "-q", "deliveries"]);
    let busy = busy(&shop);
    signal(busy, "QUIT");
    manager.forget();
    let heard = poll_until(PATIENCE, || {
        manager.listen();
        let heard = manager.heard.borrow();
        heard.contains("finishing").then(|| heard.clone())
    });
    signal(busy, "TERM");
    let after = poll_until(PATIENCE, || {
        let now = shop.wait_for_workers(2);
        now.iter().any(|pid| !before.contains(pid)).then_some(())
    });
    assert!(after.is_some(), "nobody takes its place");
    assert!(!heard.unwrap().contains("STOPPING=1"));
    assert!(!manager.heard.borrow().contains("STOPPING=1"));
    work.signal("TERM").unwrap();
}

/// The process that has a job.
fn busy(shop: &Shop) -> u32 {
    shop.wait_for(&["workers"], |listing| {
        let workers = listing["workers"].as_array()?;
        let busy: Vec<_> = workers
            .iter()
            .filter(|worker| worker["state"] == "working")
            .cloned()
            .collect();
        pids(&busy).first().copied()
    })
}

#[test]
fn an_address_that_is_taken_is_told_at_once() {
    let shop = Shop::open("taken");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for more in [&[][..], &["--processes", "2"]] {
        let args = [&["work", "-q", "*", "--health-listen", &address], more].concat();
        let output = shop.call(&args);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(
            errors.contains(&format!("cannot listen on {address}")),
            "{errors}"
        );
    }
}
