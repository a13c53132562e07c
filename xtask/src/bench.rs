//! `cargo xtask bench`: runs the load programs on servers of their own, beside what the servers' own
//! tools reach, and writes the table into README.md.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use resque_testserver::{Postgres, PostgresServer, Redis, RedisServer};
use serde_json::Value;

use crate::page::{self, Marks};
use crate::servers::{self, Servers};
use crate::workspace::Workspace;
use crate::{Result, shell};

/// Where the table stands.
const PAGE: &str = "README.md";
const MARKS: Marks = Marks {
    begin: "<!-- speed: written by `cargo xtask bench` -->\n",
    end: "<!-- end of speed -->\n",
};

#[derive(Args, Debug, Default)]
pub(crate) struct Options {
    /// How many runs of each workload; the one in the middle is told
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Runs everything once and small, to see that no job is lost or doubled; writes no table
    #[arg(long)]
    smoke: bool,
    /// Only the rows whose names contain this; writes no table
    #[arg(long)]
    only: Option<String>,
}

impl Options {
    /// Everything once and small.
    pub(crate) const SMOKE: Self = Self {
        runs: 1,
        smoke: true,
        only: None,
    };
}

/// Which store a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Store {
    Redis,
    RedisByFred,
    Postgres,
    Memory,
}

/// A server of a row's own: no row pays for what another has left.
enum Server {
    Redis(Box<RedisServer>),
    Postgres(Box<PostgresServer>),
    /// The store needs none.
    Nothing,
}

/// What the server's own tool does that comes nearest to a workload.
#[derive(Clone, Copy, Debug)]
enum Limit {
    Nothing,
    /// A push and a pop by bare commands, as often as a job.
    PushAndPop,
    /// `RPUSH` by `redis-benchmark` over one connection, so many in one round trip.
    Push {
        pipelined: usize,
    },
}

/// One workload on one store.
struct Row {
    name: &'static str,
    store: Store,
    arguments: &'static [&'static str],
    jobs: usize,
    limit: Limit,
}

const SOME: &[&str] = &["--concurrency", "100"];
const MANY: &[&str] = &["--concurrency", "500"];

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { name: "enqueue-one", store: Store::Redis, arguments: &[], jobs: 50_000, limit: Limit::Push { pipelined: 1 } },
    Row { name: "enqueue-one", store: Store::RedisByFred, arguments: &[], jobs: 50_000, limit: Limit::Nothing },
    Row { name: "enqueue-concurrent", store: Store::Redis, arguments: &["--concurrency", "64"], jobs: 500_000, limit: Limit::Push { pipelined: 64 } },
    Row { name: "enqueue-concurrent", store: Store::RedisByFred, arguments: &["--concurrency", "64"], jobs: 500_000, limit: Limit::Nothing },
    Row { name: "enqueue-batch", store: Store::Redis, arguments: &[], jobs: 2_000_000, limit: Limit::Push { pipelined: 1_000 } },
    Row { name: "drain", store: Store::Redis, arguments: SOME, jobs: 1_000, limit: Limit::Nothing },
    Row { name: "drain", store: Store::Redis, arguments: SOME, jobs: 100_000, limit: Limit::Nothing },
    Row { name: "drain", store: Store::Redis, arguments: SOME, jobs: 1_000_000, limit: Limit::Nothing },
    Row { name: "drain", store: Store::Redis, arguments: MANY, jobs: 1_000_000, limit: Limit::Nothing },
    Row { name: "drain", store: Store::RedisByFred, arguments: SOME, jobs: 500_000, limit: Limit::Nothing },
    Row { name: "latency", store: Store::Redis, arguments: &[], jobs: 200, limit: Limit::PushAndPop },
    Row { name: "latency-foreign", store: Store::Redis, arguments: &[], jobs: 200, limit: Limit::PushAndPop },
    Row { name: "latency", store: Store::RedisByFred, arguments: &[], jobs: 200, limit: Limit::Nothing },
    Row { name: "idle", store: Store::Redis, arguments: SOME, jobs: 0, limit: Limit::Nothing },
    Row { name: "enqueue-one", store: Store::Postgres, arguments: &[], jobs: 20_000, limit: Limit::Nothing },
    Row { name: "enqueue-concurrent", store: Store::Postgres, arguments: &["--concurrency", "64"], jobs: 200_000, limit: Limit::Nothing },
    Row { name: "enqueue-batch", store: Store::Postgres, arguments: &[], jobs: 500_000, limit: Limit::Nothing },
    Row { name: "drain", store: Store::Postgres, arguments: SOME, jobs: 200_000, limit: Limit::Nothing },
    Row { name: "drain", store: Store::Postgres, arguments: &["--concurrency", "1000"], jobs: 500_000, limit: Limit::Nothing },
    Row { name: "latency", store: Store::Postgres, arguments: &[], jobs: 200, limit: Limit::Nothing },
    Row { name: "enqueue-one", store: Store::Memory, arguments: &[], jobs: 1_000_000, limit: Limit::Nothing },
    Row { name: "drain", store: Store::Memory, arguments: SOME, jobs: 1_000_000, limit: Limit::Nothing },
    Row { name: "drain", store: Store::Memory, arguments: &["--concurrency", "1000"], jobs: 1_000_000, limit: Limit::Nothing },
    Row { name: "latency", store: Store::Memory, arguments: &[], jobs: 200, limit: Limit::Nothing },
];

pub(crate) fn run(options: &Options) -> Result<()> {
    servers::ensure(Some(Servers::Local))?;
    let workspace = Workspace::read()?;
    let program = build(&workspace)?;
    let mut lines = Vec::new();
    for row in ROWS {
        if !options
            .only
            .as_ref()
            .is_none_or(|part| row.name.contains(part.as_str()))
        {
            continue;
        }
        let server = Server::start(row.store)?;
        let line = row.line(options, &program, &server)?;
        eprintln!("{line}");
        lines.push(line);
    }
    if options.smoke || options.only.is_some() {
        return Ok(());
    }
    let table = format!(
        "{}\n\n| workload | store | jobs | jobs/s | p50 | p99 | the server alone, same run |\n\
         |---|---|---:|---:|---:|---:|---|\n{}\n",
        setting(options)?,
        lines.join("\n")
    );
    page::write(&workspace, PAGE, &MARKS, &table)
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    shell::run(shell::cargo().args(["build", "--release", "--package", "resque-bench"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| workspace.root.join("target"), PathBuf::from);
    Ok(target.join("release/resque-bench"))
}

/// What the figures depend on.
fn setting(options: &Options) -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let redis = shell::read(Command::new("redis-server").arg("--version"))?;
    let version = redis
        .split_whitespace()
        .find_map(|word| word.strip_prefix("v="));
    Ok(format!(
        "Release build, {cores} cores that server and program share, Redis {} without persistence and \
         Postgres as `initdb` makes it, over loopback, medians of {}; nothing lost, nothing doubled.",
        version.unwrap_or("of unknown version"),
        options.runs,
    ))
}

impl Server {
    fn start(store: Store) -> Result<Self> {
        Ok(match store {
            Store::Redis | Store::RedisByFred => Self::Redis(Box::new(Redis::new().start()?)),
            Store::Postgres => {
                // Tests need no disk, but a promise that is measured does.
                let safe = Postgres::new().setting("fsync", "on");
                let server = safe.setting("full_page_writes", "on").start()?;
                Self::Postgres(Box::new(server))
            }
            Store::Memory => Self::Nothing,
        })
    }

    fn url(&self) -> String {
        match self {
            Self::Redis(server) => server.url(),
            Self::Postgres(server) => server.url().to_owned(),
            Self::Nothing => "memory:".to_owned(),
        }
    }
}

impl Row {
    fn line(&self, options: &Options, program: &Path, server: &Server) -> Result<String> {
        let smoke = options.smoke;
        let jobs = if smoke {
            self.jobs.min(2_000).min(50.max(self.jobs / 20))
        } else {
            self.jobs
        };
        let mut command = Command::new(program);
        command.arg(self.name).args(self.arguments);
        command.args(["--jobs", &jobs.to_string()]);
        // What an idle worker takes differs little from run to run.
        let runs = if self.name == "idle" { 1 } else { options.runs };
        command.args(["--runs", &runs.to_string()]);
        command.args(["--url", &server.url()]);
        if self.store == Store::RedisByFred {
            command.args(["--driver", "fred"]);
        }
        if self.name == "idle" {
            command.args(["--seconds", if smoke { "1" } else { "10" }]);
        }
        // It fails when a job is lost or doubled.
        let report: Value = serde_json::from_str(&shell::read(&mut command)?)?;
        let number = |name: &str| report[name].as_f64();
        let slots = match self.arguments {
            [_, slots] => format!(
                ", {slots} {}",
                if self.name.starts_with("enqueue") {
                    "callers"
                } else {
                    "slots"
                }
            ),
            _ => String::new(),
        };
        let store = match self.store {
            Store::Redis => "Redis",
            Store::RedisByFred => "Redis, by `fred`",
            Store::Postgres => "Postgres",
            Store::Memory => "memory",
        };
        if self.name == "idle" {
            let (memory, load) = (number("rss_kb"), number("cpu_percent"));
            return Ok(format!(
                "| {}{slots} | {store} | | {:.1} MB, {:.2} % of a core | | | |",
                self.name,
                memory.unwrap_or(0.0) / 1024.0,
                load.unwrap_or(0.0)
            ));
        }
        let rate = number("jobs_per_s").unwrap_or(0.0);
        let waits = self.name.starts_with("latency");
        let rate = if waits { String::new() } else { rounded(rate) };
        Ok(format!(
            "| {}{slots} | {store} | {} | {rate} | {} | {} | {} |",
            self.name,
            grouped(jobs),
            delay(&report, "p50_us"),
            delay(&report, "p99_us"),
            self.limit.line(options, program, server)?
        ))
    }
}

impl Limit {
    fn line(self, options: &Options, program: &Path, server: &Server) -> Result<String> {
        match (self, server) {
            (Self::PushAndPop, Server::Redis(server)) => {
                let bare = alone(options, program, server, "round-trip")?;
                let ours = alone(options, program, server, "push-and-reserve")?;
                Ok(format!(
                    "`RPUSH`, then `LPOP`: {bare}; our two scripts, without a worker: {ours}"
                ))
            }
            (Self::Push { pipelined }, Server::Redis(server)) => {
                let port = server.port().ok_or("the server listens on no port")?;
                let push = ["RPUSH", "limit", JOB];
                let mut text = format!("{} `RPUSH`", server_rate(options, port, pipelined, &push)?);
                if pipelined < 1_000 {
                    let script = script(port)?;
                    let call = ["EVALSHA", &script, "0", "limit:", "queue", JOB];
                    let rate = server_rate(options, port, pipelined, &call)?;
                    text.push_str(&format!(", {rate} calls of our script"));
                }
                if pipelined > 1 {
                    text.push_str(&format!(", {pipelined} in a round trip"));
                }
                Ok(text)
            }
            _ => Ok(String::new()),
        }
    }
}

/// The delays of a workload that does without a worker.
fn alone(
    options: &Options,
    program: &Path,
    server: &RedisServer,
    workload: &str,
) -> Result<String> {
    let times = if options.smoke { "50" } else { "200" };
    let mut command = Command::new(program);
    command.args([workload, "--jobs", times, "--url", &server.url()]);
    command.args(["--runs", &options.runs.to_string()]);
    let report: Value = serde_json::from_str(&shell::read(&mut command)?)?;
    Ok(format!(
        "{} / {}",
        delay(&report, "p50_us"),
        delay(&report, "p99_us")
    ))
}

/// A value as long as that of a job.
const JOB: &str = "a value as long as that of a job";

/// Loads the script of a push, and gives its name.
fn script(port: u16) -> Result<String> {
    let root = Workspace::read()?.root;
    let text = std::fs::read_to_string(root.join("resque-redis/src/scripts/push_queue.lua"))?;
    let mut command = Command::new("redis-cli");
    command.args(["-p", &port.to_string(), "SCRIPT", "LOAD", &text]);
    Ok(shell::read(&mut command)?.trim().to_owned())
}

/// How often a second `redis-benchmark` gets an answer to a command over one connection.
fn server_rate(options: &Options, port: u16, pipelined: usize, words: &[&str]) -> Result<String> {
    let requests = 40_000 * pipelined.min(50) / if options.smoke { 20 } else { 1 };
    let mut rates = Vec::new();
    for _ in 0..options.runs {
        let [port, pipelined, requests] =
            [port.into(), pipelined, requests].map(|n: usize| n.to_string());
        let mut command = Command::new("redis-benchmark");
        command.args(["-p", &port, "-c", "1", "-P", &pipelined, "-n", &requests]);
        command.arg("--csv").args(words);
        let rate = rate_of(&shell::read(&mut command)?);
        rates.push(rate.ok_or("redis-benchmark told no rate")?);
    }
    rates.sort_by(f64::total_cmp);
    Ok(rounded(rates[rates.len() / 2]))
}

/// A delay for people.
fn delay(report: &Value, name: &str) -> String {
    let us = report[name].as_f64();
    us.map(|us| format!("{us:.0} µs")).unwrap_or_default()
}

/// The requests a second in the last line of `redis-benchmark --csv`.
fn rate_of(output: &str) -> Option<f64> {
    let rate = output.lines().last()?.split(',').nth(1)?;
    rate.trim_matches('"').parse().ok()
}

/// A rate for people: three digits that mean something.
fn rounded(rate: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is no negative number and fits"
    )]
    let whole = rate.clamp(0.0, 1e12) as usize;
    let mut unit = 1;
    while whole / unit >= 1_000 {
        unit *= 10;
    }
    grouped((whole + unit / 2) / unit * unit)
}

/// The number with its thousands apart.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read() {
        let output =
            "\"test\",\"rps\",\"avg_latency_ms\"\n\"RPUSH limit x\",\"26723.68\",\"0.036\"\n";
        assert_eq!(rate_of(output), Some(26_723.68));
        assert_eq!(rate_of(""), None);
    }

    #[test]
    fn rates_are_short() {
        let rates = [0.4, 999.0, 15_532.0, 196_749.0, 2_573_000.0];
        let texts = rates.map(rounded);
        assert_eq!(texts, ["0", "999", "15 500", "197 000", "2 570 000"]);
    }
}
