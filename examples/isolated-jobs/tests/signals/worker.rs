//! A worker that is a real process, with a store in its memory.

use std::cell::RefCell;
use std::process::Command;
use std::time::Duration;

use resque_testserver::{Program, poll_until};
use serde_json::Value;
use tempfile::TempDir;

/// No test takes as long as this; one that does hangs.
const PATIENCE: Duration = Duration::from_secs(60);

const PROGRAM: &str = env!("CARGO_BIN_EXE_isolated-jobs");

/// Who performs the jobs.
pub(crate) const CHILDREN: &[&str] = &["--by", "children"];
/// The worker itself, as tasks.
pub(crate) const ITSELF: &[&str] = &["--by", "worker"];

/// A worker process.
pub(crate) struct Worker {
    program: Program,
}

/// What a worker left behind.
#[derive(Debug)]
pub(crate) struct Left {
    store: Value,
    /// What failure hooks were told since the last event that somebody waited for.
    hooks: Vec<String>,
}

impl Worker {
    /// Starts a worker with these jobs in its queue.
    pub(crate) fn start(arguments: &[&str], environment: &[(&str, &str)], jobs: &[&str]) -> Self {
        let command = resque_testserver::command(PROGRAM);
        Self::start_by(command, arguments, environment, jobs)
    }

    /// Starts one from a shell that ignores the ends of children, which its programs inherit.
    pub(crate) fn start_deaf(arguments: &[&str], jobs: &[&str]) -> Self {
        let mut command = resque_testserver::command("sh");
        command.args(["-c", r#"trap '' CHLD; exec "$0" "$@""#, PROGRAM]);
        Self::start_by(command, arguments, &[], jobs)
    }

    fn start_by(
        mut command: Command,
        arguments: &[&str],
        environment: &[(&str, &str)],
        jobs: &[&str],
    ) -> Self {
        command.envs(environment.iter().copied());
        for job in jobs {
            command.args(["--job", job]);
        }
        // The last of them may be a program with its arguments.
        command.args(arguments);
        let program = Program::start(command).unwrap();
        Self { program }
    }

    pub(crate) fn id(&self) -> u32 {
        self.program.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        self.program.signal(name).unwrap();
    }

    pub(crate) fn kill(&mut self) {
        self.program.kill().unwrap();
    }

    /// Waits for an event; others are passed over.
    #[track_caller]
    fn event<T>(&self, wanted: impl Fn(&Value) -> Option<T>) -> T {
        let mut passed = Vec::new();
        loop {
            let line = self.program.line(PATIENCE);
            let line = line.unwrap_or_else(|error| panic!("{error}; it said {passed:#?}"));
            let Ok(event) = serde_json::from_str(&line) else {
                continue;
            };
            if let Some(found) = wanted(&event) {
                return found;
            }
            passed.push(line);
        }
    }

    /// Waits until a job of this class starts.
    #[track_caller]
    pub(crate) fn started(&self, class: &str) {
        self.event(|event| (event["event"] == "started" && event["class"] == class).then_some(()));
    }

    /// Waits until a job of this class has ended.
    #[track_caller]
    pub(crate) fn finished(&self, class: &str) {
        self.event(|event| (event["event"] == "finished" && event["class"] == class).then_some(()));
    }

    /// Waits until the worker does this as a whole.
    #[track_caller]
    pub(crate) fn phase(&self, phase: &str) {
        self.event(|event| (event["phase"] == phase).then_some(()));
    }

    /// Waits until there is nothing to do.
    #[track_caller]
    pub(crate) fn idle(&self) {
        self.event(|event| (event["event"] == "idle").then_some(()));
    }

    /// Waits until a job is performed, and answers the process that does it.
    #[track_caller]
    pub(crate) fn performed_by(&self) -> u32 {
        self.event(|event| {
            let pid = event["text"].as_str()?.strip_prefix("performed by ")?;
            pid.parse().ok()
        })
    }

    /// Waits until it has left, and well.
    #[track_caller]
    pub(crate) fn left(mut self) -> Left {
        let hooks = RefCell::default();
        let store = self.event(|event| {
            let text = event["text"].as_str().unwrap_or_default();
            let told = text.strip_prefix("on_failure ").map(str::to_owned);
            Vec::extend(&mut hooks.borrow_mut(), told);
            (event["event"] == "left").then(|| event.clone())
        });
        assert!(self.program.end(PATIENCE).unwrap());
        Left {
            store,
            hooks: hooks.into_inner(),
        }
    }
}

impl Left {
    /// The exceptions that failure hooks were told since the last event that somebody waited for.
    pub(crate) fn hooks(&self) -> &[String] {
        &self.hooks
    }

    /// The jobs that wait, in order.
    pub(crate) fn queued(&self) -> Vec<&str> {
        let queued = self.store["queued"].as_array().unwrap();
        queued.iter().map(|job| job.as_str().unwrap()).collect()
    }

    /// Exception and error of the one failure.
    #[track_caller]
    pub(crate) fn failure(&self) -> (&str, &str) {
        let [failure] = &self.store["failed"].as_array().unwrap()[..] else {
            panic!("not one failure: {self:#?}")
        };
        (failure[1].as_str().unwrap(), failure[2].as_str().unwrap())
    }

    /// How many jobs count as processed and as failed.
    pub(crate) fn stats(&self) -> (i64, i64) {
        let stat = |name: &str| self.store["stats"][name].as_i64().unwrap();
        (stat("processed"), stat("failed"))
    }

    /// Whether nothing waits and nothing has failed.
    pub(crate) fn is_clean(&self) -> bool {
        self.queued().is_empty() && self.store["failed"].as_array().unwrap().is_empty()
    }
}

/// A job that runs until the test lets it end.
pub(crate) struct Gate {
    folder: TempDir,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The file that ends it.
    pub(crate) fn path(&self) -> String {
        self.folder.path().join("end").display().to_string()
    }

    pub(crate) fn job(&self) -> String {
        serde_json::json!({"class": "Await", "args": [self.path()]}).to_string()
    }

    /// Waits until somebody has made the file.
    #[track_caller]
    pub(crate) fn is_open(&self) {
        let there = poll_until(PATIENCE, || {
            self.folder.path().join("end").exists().then_some(())
        });
        assert!(there.is_some(), "nobody made the file");
    }

    pub(crate) fn open(&self) {
        std::fs::write(self.path(), "").unwrap();
    }
}

/// A job that runs for so many milliseconds and takes no notice of being asked to stop.
pub(crate) fn sleep(milliseconds: u32) -> String {
    format!(r#"{{"class":"Sleep","args":[{milliseconds}]}}"#)
}

/// A job that runs until it is asked to stop.
pub(crate) const POLITE: &str = r#"{"class":"Polite","args":[]}"#;
/// A job that does nothing.
pub(crate) const NOOP: &str = r#"{"class":"Noop","args":[]}"#;

/// Waits until a process runs no more. Whoever inherits the dead has to reap it; until then it is
/// there, but dead.
#[track_caller]
pub(crate) fn is_gone(pid: u32) {
    let stat = format!("/proc/{pid}/stat");
    let alive = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
    assert!(
        poll_until(PATIENCE, || (!alive()).then_some(())).is_some(),
        "{pid} lives on"
    );
}

/// Waits until the title of a process is as wanted.
#[track_caller]
pub(crate) fn title_of(pid: u32, wanted: impl Fn(&str) -> bool) {
    let title = || {
        let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split('\0').next().unwrap_or_default().to_owned()
    };
    let found = poll_until(PATIENCE, || wanted(&title()).then_some(()));
    assert!(found.is_some(), "{:?}", title());
}
