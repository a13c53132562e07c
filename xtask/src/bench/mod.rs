//! `cargo xtask bench`: runs the load programs on servers of their own, beside what the servers' own
//! tools reach, and writes the table into README.md.

mod limit;
mod postgres;
mod redis;
mod rows;
mod text;

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use resque_testserver::{Postgres, PostgresServer, Redis, RedisServer};
use serde_json::Value;

use self::postgres::{Bare, Written};
use self::rows::{ROWS, Row, Store};
use self::text::{delay, grouped, rounded};
use crate::page::{self, Marks};
use crate::programs::Programs;
use crate::servers::{self, Servers};
use crate::workspace::Workspace;
use crate::{Result, shell};

/// The load programs, as package and as program.
const PROGRAM: &str = "resque-bench";
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
    /// Runs everything once and small, built for debugging, to see that no job is lost or doubled;
    /// writes no table
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

/// A server of a row's own: no row pays for what another has left.
enum Server {
    Redis(Box<RedisServer>),
    Postgres(Box<PostgresServer>),
    /// The store needs none.
    Nothing,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    servers::ensure(Some(Servers::Local))?;
    let workspace = Workspace::read()?;
    let program = if options.smoke {
        Programs::build(&workspace)?.path(PROGRAM)
    } else {
        build_for_speed(&workspace)?
    };
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

fn build_for_speed(workspace: &Workspace) -> Result<PathBuf> {
    shell::run(shell::cargo().args(["build", "--release", "--package", PROGRAM]))?;
    Ok(workspace.target().join("release").join(PROGRAM))
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
            Store::Redis | Store::RedisByFred | Store::CrowdedRedis => {
                Self::Redis(Box::new(Redis::new().start()?))
            }
            Store::Postgres | Store::CrowdedPostgres => {
                Self::Postgres(Box::new(safe_postgres().start()?))
            }
            Store::SlowPostgres => {
                let slow = safe_postgres().setting("commit_delay", "2000");
                let always = slow.setting("commit_siblings", "0");
                Self::Postgres(Box::new(always.start()?))
            }
            Store::Memory => Self::Nothing,
        })
    }

    /// What it has written so far, where that is known.
    fn written(&self, options: &Options) -> Result<Option<Written>> {
        match self {
            Self::Postgres(server) => Bare::new(options, server.url())?.written().map(Some),
            Self::Redis(_) | Self::Nothing => Ok(None),
        }
    }

    fn url(&self) -> String {
        match self {
            Self::Redis(server) => server.url(),
            Self::Postgres(server) => server.url().to_owned(),
            Self::Nothing => "memory:".to_owned(),
        }
    }
}

/// Tests need no disk, but a promise that is measured does.
fn safe_postgres() -> Postgres {
    let safe = Postgres::new().setting("fsync", "on");
    safe.setting("full_page_writes", "on")
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
        if let Store::CrowdedPostgres | Store::CrowdedRedis = self.store {
            command.args(["--backlog", if smoke { "1000" } else { "1000000" }]);
        }
        if self.store == Store::CrowdedRedis {
            command.args(["--queues", if smoke { "100" } else { "10000" }]);
        }
        let before = server.written(options)?;
        // It fails when a job is lost or doubled.
        let report: Value = serde_json::from_str(&shell::read(&mut command)?)?;
        let after = server.written(options)?;
        let mut alone = self.limit.line(options, program, server)?;
        let number = |name: &str| report[name].as_f64();
        let name = match self.note {
            "" => self.name.to_owned(),
            note => format!("{}, {note}", self.name),
        };
        let store = match self.store {
            Store::Redis => "Redis",
            Store::RedisByFred => "Redis, by `fred`",
            Store::CrowdedRedis => "Redis, 10 k queues, 1 M jobs waiting and 1 M failed",
            Store::Postgres => "Postgres",
            Store::CrowdedPostgres => "Postgres, 1 M other jobs waiting and 1 M failed",
            Store::SlowPostgres => "Postgres, 2 ms more for a commit",
            Store::Memory => "memory",
        };
        if self.name == "idle" {
            let (memory, load) = (number("rss_kb"), number("cpu_percent"));
            return Ok(format!(
                "| {name} | {store} | | {:.1} MB, {:.2} % of a core | | | |",
                memory.unwrap_or(0.0) / 1024.0,
                load.unwrap_or(0.0)
            ));
        }
        if let (Some(before), Some(after)) = (before, after)
            && (self.name, self.store) == ("drain", Store::Postgres)
        {
            alone = format!("{alone}; {}", after.each(before, jobs * runs));
        }
        let rate = number("jobs_per_s").unwrap_or(0.0);
        let waits = self.name.starts_with("latency") || self.name == "web-pages";
        let rate = if waits { String::new() } else { rounded(rate) };
        Ok(format!(
            "| {name} | {store} | {} | {rate} | {} | {} | {alone} |",
            grouped(jobs),
            delay(&report, "p50_us"),
            delay(&report, "p99_us"),
        ))
    }
}
