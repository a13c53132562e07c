//! What the server's own tool does that comes nearest to a workload.

use std::path::Path;
use std::process::Command;

use resque_testserver::RedisServer;
use serde_json::Value;

use super::text::delay;
use super::{Options, Server, postgres, redis};
use crate::{Result, shell};

#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    Nothing,
    /// A push and a pop by bare commands, as often as a job.
    PushAndPop,
    /// `RPUSH` by `redis-benchmark` over one connection, so many in one round trip.
    Push {
        pipelined: usize,
    },
    /// Plain inserts by `pgbench`, with and without an announcement where many do it.
    Insert {
        clients: usize,
    },
    /// A thousand rows in one plain insert.
    InsertMany,
    /// Plain deletes with `SKIP LOCKED`, so many rows together.
    Delete {
        together: usize,
    },
    /// A plain insert and a plain delete, as often as a job.
    InsertAndDelete,
}

impl Limit {
    pub(super) fn line(self, options: &Options, program: &Path, server: &Server) -> Result<String> {
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
                let push = ["RPUSH", "limit", redis::JOB];
                let mut text = format!("{} `RPUSH`", redis::rate(options, port, pipelined, &push)?);
                if pipelined < 1_000 {
                    let script = redis::script(port)?;
                    let call = ["EVALSHA", &script, "0", "limit:", "queue", redis::JOB];
                    let rate = redis::rate(options, port, pipelined, &call)?;
                    text.push_str(&format!(", {rate} calls of our script"));
                }
                if pipelined > 1 {
                    text.push_str(&format!(", {pipelined} in a round trip"));
                }
                Ok(text)
            }
            (limit, Server::Postgres(server)) => {
                let bare = postgres::Bare::new(options, server.url())?;
                match limit {
                    Self::Insert { clients } => bare.insert(clients),
                    Self::InsertMany => bare.insert_many(),
                    Self::Delete { together } => bare.delete(together),
                    Self::InsertAndDelete => bare.insert_and_delete(),
                    Self::Nothing | Self::PushAndPop | Self::Push { .. } => Ok(String::new()),
                }
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
