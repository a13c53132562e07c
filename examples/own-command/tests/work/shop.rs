//! The shop's program on a namespace of its own.

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use resque_testserver::{Program, poll_until};
use serde_json::Value;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The shop on a namespace of its own, which all tests of this process share no other way.
pub(crate) struct Shop {
    url: String,
}

impl Shop {
    pub(crate) fn open(test: &str) -> Self {
        let server = resque_testserver::shared_redis().expect("a Redis server");
        let url = format!(
            "{}?namespace=shop:{}:{test}",
            server.url(),
            resque_testserver::this_run()
        );
        Self { url }
    }

    /// The same on Postgres.
    pub(crate) fn open_on_postgres(test: &str) -> Self {
        let server = resque_testserver::shared_postgres().expect("a Postgres server");
        let run = resque_testserver::this_run();
        let shop = Self {
            url: format!("{}?namespace=shop_{run}_{test}", server.url()),
        };
        assert!(shop.call(&["migrate"]).status.success());
        shop
    }

    /// The program with these arguments, untouched by the environment of the tests.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = resque_testserver::command(env!("CARGO_BIN_EXE_shop"));
        command.args(args).env("RESQUE_URL", &self.url);
        command.stdin(Stdio::null());
        command
    }

    /// Starts `work` with these arguments; it is killed at the end of the test.
    pub(crate) fn work(&self, args: &[&str]) -> Program {
        self.work_with(args, &[])
    }

    /// The same with variables.
    pub(crate) fn work_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Program {
        let mut command = self.command(&[&["work"], args].concat());
        command.envs(variables.iter().copied());
        Program::start(command).unwrap()
    }

    #[track_caller]
    pub(crate) fn call(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// What a command answers.
    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let output = self.call(&[args, &["--json"]].concat());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {errors}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Waits until a command's answer is as wanted.
    #[track_caller]
    pub(crate) fn wait_for<T>(&self, args: &[&str], wanted: impl Fn(&Value) -> Option<T>) -> T {
        let mut last = Value::Null;
        let found = poll_until(PATIENCE, || {
            last = self.json(args);
            wanted(&last)
        });
        found.unwrap_or_else(|| panic!("{args:?} stays {last}"))
    }

    /// Waits until so many workers are registered, and answers the ids of their processes.
    #[track_caller]
    pub(crate) fn wait_for_workers(&self, count: usize) -> Vec<u32> {
        self.wait_for(&["workers"], |listing| {
            let workers = listing["workers"].as_array()?;
            (workers.len() == count).then(|| pids(workers))
        })
    }

    /// Waits until another process stands in for the first of these, and the second still works.
    #[track_caller]
    pub(crate) fn wait_for_another(&self, before: &[u32]) {
        self.wait_for(&["workers"], |listing| {
            let pids = pids(listing["workers"].as_array()?);
            let same = [before[0], before[1]].map(|pid| pids.contains(&pid));
            (pids.len() == 2 && same == [false, true]).then_some(())
        });
    }

    /// Where the shop's store is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Waits until so many jobs were performed.
    #[track_caller]
    pub(crate) fn wait_for_processed(&self, count: u64) {
        self.wait_for(&["stats"], |stats| {
            (stats["processed"].as_u64() == Some(count)).then_some(())
        });
    }
}

/// The processes of workers, each once, in order.
pub(crate) fn pids(workers: &[Value]) -> Vec<u32> {
    let pid = |worker: &Value| worker["pid"].as_str()?.split('-').next()?.parse().ok();
    let mut pids: Vec<u32> = workers.iter().filter_map(pid).collect();
    pids.sort_unstable();
    pids.dedup();
    pids
}

/// Sends a signal to a process.
#[track_caller]
pub(crate) fn signal(pid: u32, name: &str) {
    resque_testserver::signal(pid, name).unwrap();
}

/// Waits until a process is gone.
#[track_caller]
pub(crate) fn wait_for_end(pid: u32) {
    let ended = poll_until(PATIENCE, || (!is_alive(pid)).then_some(()));
    assert!(ended.is_some(), "process {pid} goes on");
}

/// Whether a process goes on. One that has ended and that nobody has waited for yet does not.
fn is_alive(pid: u32) -> bool {
    if let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        // The state follows the name, which is in parentheses and may be any.
        let state = stat.rsplit(") ").next().unwrap_or_default();
        return !state.starts_with(['Z', 'X']);
    }
    // Asks whether one could be sent.
    resque_testserver::signal(pid, "0").is_ok()
}
