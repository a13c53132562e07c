//! The fleet's program on a namespace of its own, with books and probes.

use std::cell::RefCell;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use resque_testserver::{Program, poll_until};
use tempfile::TempDir;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// One store, one folder, one fleet.
pub(crate) struct World {
    url: String,
    folder: TempDir,
    /// Where its probes are, as its log tells.
    probes: RefCell<String>,
}

impl World {
    pub(crate) fn open(test: &str) -> Self {
        let server = resque_testserver::shared_redis().expect("a Redis server");
        let namespace = format!("fleet:{}:{test}", resque_testserver::this_run());
        Self {
            url: format!("{}?namespace={namespace}", server.url()),
            folder: tempfile::tempdir().unwrap(),
            probes: RefCell::default(),
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = resque_testserver::command(env!("CARGO_BIN_EXE_fleet"));
        command.args(args).env("RESQUE_URL", &self.url);
        command.stdin(Stdio::null());
        command
    }

    /// Starts two processes with isolated jobs; they are killed at the end of the test.
    pub(crate) fn work(&self) -> Program {
        let args = [
            "work",
            "--queues",
            "payments,*",
            "--concurrency",
            "2",
            "--processes",
            "2",
            "--isolation",
            "process",
            "--health-listen",
            "127.0.0.1:0",
            "--log-level",
            "info",
            "--log-format",
            "json",
        ];
        let log = tempfile::NamedTempFile::new_in(&self.folder).unwrap();
        let mut command = self.command(&args);
        command.stderr(log.reopen().unwrap());
        let work = Program::start(command).unwrap();
        let told = || {
            let text = fs::read_to_string(log.path()).ok()?;
            let place = text.split("\"address\":\"").nth(1)?;
            Some(place.split_once('"')?.0.to_owned())
        };
        *self.probes.borrow_mut() = poll_until(PATIENCE, told).unwrap();
        self.wait_for_ready();
        work
    }

    /// Enqueues a job whose first argument is the folder of the books.
    pub(crate) fn enqueue(&self, class: &str, queue: &str, args: &[&str]) {
        assert!(
            self.try_to_enqueue(class, queue, args),
            "{class} was refused"
        );
    }

    /// The same; answers whether the job was taken.
    pub(crate) fn try_to_enqueue(&self, class: &str, queue: &str, args: &[&str]) -> bool {
        let folder = self.folder.path().to_str().unwrap();
        let args = [&["enqueue", class, folder], args, &["--queue", queue]].concat();
        self.command(&args).output().unwrap().status.success()
    }

    /// What a command answers, as JSON.
    #[track_caller]
    pub(crate) fn answer(&self, args: &[&str]) -> String {
        let output = self
            .command(&[args, &["--json"]].concat())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    pub(crate) fn wait_for_answer(&self, args: &[&str], part: &str) -> String {
        let mut last = String::new();
        let found = poll_until(PATIENCE, || {
            last = self.answer(args);
            last.contains(part).then(|| last.clone())
        });
        found.unwrap_or_else(|| panic!("{args:?} stays {last}"))
    }

    pub(crate) fn open_bank(&self) {
        fs::write(self.folder.path().join("bank"), "").unwrap();
    }

    pub(crate) fn books(&self) -> String {
        fs::read_to_string(self.folder.path().join("books")).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn wait_for_books(&self, wanted: impl Fn(&str) -> bool) {
        let found = poll_until(PATIENCE, || wanted(&self.books()).then_some(()));
        assert!(found.is_some(), "the books stay {}", self.books());
    }

    /// The status and the text of an answer over HTTP.
    fn get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(&*self.probes.borrow()).ok()?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: fleet\r\nConnection: close\r\n\r\n"
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, text) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, text.to_owned()))
    }

    #[track_caller]
    pub(crate) fn wait_for_ready(&self) {
        let ready = || self.get("/readyz").filter(|(status, _)| *status == 200);
        assert!(
            poll_until(PATIENCE, ready).is_some(),
            "{:?}",
            self.get("/readyz")
        );
    }

    /// Waits until any process has counted something with these values of labels.
    #[track_caller]
    pub(crate) fn wait_for_metric(&self, name: &str, labels: &[&str]) {
        let mut last = String::new();
        let found = poll_until(PATIENCE, || {
            last = self.get("/metrics")?.1;
            let mut lines = last.lines().filter(|line| line.starts_with(name));
            let has = |line: &str, label: &&str| line.contains(&format!("\"{label}\""));
            lines
                .any(|line| labels.iter().all(|label| has(line, label)) && !line.ends_with(" 0"))
                .then_some(())
        });
        assert!(found.is_some(), "{name} {labels:?} is not in {last}");
    }

    /// Lets the fleet finish.
    #[track_caller]
    pub(crate) fn quit(&self, mut work: Program) {
        work.signal("QUIT").unwrap();
        assert!(work.end(PATIENCE).unwrap());
    }
}
