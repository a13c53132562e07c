//! What is looked at on Redis.

use std::collections::HashMap;
use std::sync::Arc;

use resque::SystemClock;
use resque::redis::driver::{Batch, Value};
use resque::redis::{Config, Connection};

use super::Findings;
use super::State::{Problem, Warning};
use crate::failure::Failure;

/// What `INFO` tells.
struct Info(HashMap<String, String>);

impl Info {
    async fn ask(url: &str) -> Result<Self, Failure> {
        let config = Config::parse(url)?;
        let connection = Connection::open(&config, Arc::new(SystemClock::new())).await?;
        let mut batch = Batch::new();
        for section in ["server", "memory", "persistence", "replication", "cluster"] {
            batch.command("INFO").arg(section);
        }
        let replies = connection.run(&batch).await;
        let replies = replies.map_err(|error| error.during("look at the server"))?;
        let texts = replies.iter().filter_map(Value::as_bytes);
        let texts: Vec<String> = texts
            .map(|text| String::from_utf8_lossy(text).into_owned())
            .collect();
        Ok(Self::read(&texts.join("\n")))
    }

    fn read(text: &str) -> Self {
        let fields = text
            .lines()
            .filter_map(|line| line.trim_end().split_once(':'));
        let owned = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self(owned.collect())
    }

    /// A field; empty if the server keeps it to itself.
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

pub(super) async fn look(findings: &mut Findings, url: &str) -> Result<(), Failure> {
    let info = Info::ask(url).await?;
    tell(findings, &info);
    Ok(())
}

fn tell(findings: &mut Findings, info: &Info) {
    if info.0.is_empty() {
        let advice = "allow this user INFO to have more looked at";
        return findings.add(
            "server",
            Warning,
            "it does not tell about itself".to_owned(),
            advice,
        );
    }
    let version = info.get("redis_version");
    findings.ok("server", format!("Redis {version}"));
    let role = info.get("role");
    findings.check(
        "role",
        role != "slave",
        Problem,
        if role == "slave" {
            "a replica"
        } else {
            "it takes writes"
        },
        "a replica takes no jobs: name the server that it follows",
    );
    eviction(findings, info);
    persistence(findings, info);
}

fn eviction(findings: &mut Findings, info: &Info) {
    let policy = info.get("maxmemory_policy");
    let limited = !matches!(info.get("maxmemory"), "" | "0");
    let found = match (limited, policy) {
        (false, _) => format!("no limit; {policy}"),
        (true, _) => format!("{policy} at {}", info.get("maxmemory_human")),
    };
    findings.check(
        "eviction",
        !limited || policy == "noeviction",
        Problem,
        found,
        "a full server throws jobs away: set maxmemory-policy to noeviction",
    );
}

fn persistence(findings: &mut Findings, info: &Info) {
    let append = info.get("aof_enabled") == "1";
    let saved = info.get("rdb_last_bgsave_status");
    let found = if append {
        "append-only file"
    } else {
        "snapshots at most"
    };
    findings.check(
        "persistence",
        append,
        Warning,
        found,
        "a crash of the server loses what came since the last snapshot: set appendonly yes",
    );
    let failing = saved == "err" || info.get("aof_last_write_status") == "err";
    findings.check(
        "disk",
        !failing,
        Problem,
        if failing {
            "the last write failed"
        } else {
            "the last write went well"
        },
        "the server cannot write its files: look into its log",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<(&'static str, super::super::State)> {
        let mut findings = Findings::default();
        tell(&mut findings, &Info::read(text));
        let checks = findings.checks.iter();
        checks
            .map(|finding| (finding.check, finding.state))
            .collect()
    }

    #[test]
    fn a_server_that_keeps_jobs_is_well() {
        let text = "redis_version:7.0.15\r\nrole:master\r\nmaxmemory:0\r\naof_enabled:1\r\n";
        let bad = findings(text)
            .into_iter()
            .filter(|(_, state)| *state != super::super::State::Ok);
        assert_eq!(bad.count(), 0);
    }

    #[test]
    fn what_loses_jobs_is_told() {
        for (text, expected) in [
            (
                "maxmemory:100\nmaxmemory_policy:allkeys-lru\n",
                ("eviction", Problem),
            ),
            ("role:slave\n", ("role", Problem)),
            ("aof_enabled:0\n", ("persistence", Warning)),
            ("rdb_last_bgsave_status:err\n", ("disk", Problem)),
            ("", ("server", Warning)),
        ] {
            assert!(findings(text).contains(&expected), "{text}");
        }
    }
}
