//! What a Postgres server does alone, by `pgbench`, and what a job costs it.

use std::path::PathBuf;
use std::process::Command;

use super::Options;
use super::text::{middle, rounded};
use crate::{Result, shell};

/// A plain table of jobs, and statements over it.
const TABLE: &str = "create table if not exists bare (id bigint generated always as identity primary \
    key, payload bytea not null, since timestamptz not null default now()); truncate bare";
const INSERT: &str = "insert into bare (payload) values ('a value as long as that of a job');";
const INSERT_AND_NOTIFY: &str = "with put as (insert into bare (payload) values ('a value as long as \
    that of a job')) select pg_notify('bare', '');";
const INSERT_MANY: &str = "insert into bare (payload) select 'a value as long as that of a job' from \
    generate_series(1, 1000);";

/// A server without anything of ours.
pub(super) struct Bare<'a> {
    options: &'a Options,
    url: &'a str,
    programs: PathBuf,
}

/// What has been written since the server started.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written {
    wal: f64,
    updated: f64,
    updated_in_place: f64,
    deleted: f64,
}

impl<'a> Bare<'a> {
    pub(super) fn new(options: &'a Options, url: &'a str) -> Result<Self> {
        let programs = resque_testserver::find_postgres();
        Ok(Self {
            options,
            url,
            programs: programs.ok_or("the programs of Postgres are not installed")?,
        })
    }

    pub(super) fn insert(&self, clients: usize) -> Result<String> {
        self.sql(TABLE)?;
        let rate = self.rate(INSERT, clients)?;
        if clients == 1 {
            return Ok(format!("{} single inserts", rounded(rate)));
        }
        let announced = self.rate(INSERT_AND_NOTIFY, clients)?;
        Ok(format!(
            "{} single inserts of {clients} clients, {} with a `NOTIFY` in each",
            rounded(rate),
            rounded(announced)
        ))
    }

    pub(super) fn insert_many(&self) -> Result<String> {
        self.sql(TABLE)?;
        let rate = 1_000.0 * self.rate(INSERT_MANY, 1)?;
        Ok(format!("{} rows, 1000 in an insert", rounded(rate)))
    }

    /// Deletes until the table is empty or the time is up.
    pub(super) fn delete(&self, together: usize) -> Result<String> {
        let mut rates = Vec::new();
        for _ in 0..self.options.runs {
            self.sql(TABLE)?;
            let times = if self.options.smoke { 5 } else { 300 };
            let rows = times * together;
            self.sql(&format!(
                "insert into bare (payload) select 'a value as long as that of a job' \
                from generate_series(1, {rows})"
            ))?;
            let delete = format!(
                "delete from bare where id in (select id from bare order by id limit {together} \
                for update skip locked);"
            );
            let output = self.pgbench(&delete, &["-t", &times.to_string()])?;
            #[expect(clippy::cast_precision_loss, reason = "it is a small number")]
            rates.push(rate_of(&output)? * together as f64);
        }
        Ok(format!(
            "{} rows deleted with `SKIP LOCKED`, {together} in a statement",
            rounded(middle(rates))
        ))
    }

    /// The delays at the pace of the workload.
    pub(super) fn insert_and_delete(&self) -> Result<String> {
        self.sql(TABLE)?;
        let times = if self.options.smoke { "20" } else { "200" };
        let script = format!(
            "\\sleep 20 ms\n{INSERT}\ndelete from bare where id in (select id from bare order by id \
            limit 1 for update skip locked);\n"
        );
        let output = self.pgbench(&script, &["-t", times, "-r"])?;
        let delays = statement_delays(&output);
        let [_, insert, delete] = delays[..] else {
            return Err(format!("pgbench told no delays:\n{output}").into());
        };
        Ok(format!(
            "a plain insert {:.0} µs, a plain delete {:.0} µs, on average",
            1_000.0 * insert,
            1_000.0 * delete
        ))
    }

    /// What has been written so far.
    pub(super) fn written(&self) -> Result<Written> {
        let output = self.sql(
            "select pg_current_wal_insert_lsn() - '0/0'::pg_lsn, coalesce(sum(n_tup_upd), 0), \
            coalesce(sum(n_tup_hot_upd), 0), coalesce(sum(n_tup_del), 0) from pg_stat_user_tables",
        )?;
        let mut numbers = output.trim().split('|').map(str::parse::<f64>);
        let mut next = || {
            numbers
                .next()
                .ok_or("psql told too little")?
                .map_err(Into::into)
        };
        let mut next = || -> Result<f64> { next() };
        Ok(Written {
            wal: next()?,
            updated: next()?,
            updated_in_place: next()?,
            deleted: next()?,
        })
    }

    fn rate(&self, script: &str, clients: usize) -> Result<f64> {
        let seconds = if self.options.smoke { "1" } else { "3" };
        let clients = clients.to_string();
        let mut rates = Vec::new();
        for _ in 0..self.options.runs {
            let output = self.pgbench(script, &["-T", seconds, "-c", &clients])?;
            rates.push(rate_of(&output)?);
        }
        Ok(middle(rates))
    }

    fn pgbench(&self, script: &str, arguments: &[&str]) -> Result<String> {
        let scratch = std::env::temp_dir().join(format!("resque-bench-{}.sql", std::process::id()));
        std::fs::write(&scratch, script)?;
        let mut command = Command::new(self.programs.join("pgbench"));
        command.args(["-n", "-M", "prepared", "-f"]).arg(&scratch);
        let output = shell::read(command.args(arguments).arg(self.url));
        std::fs::remove_file(&scratch)?;
        output
    }

    fn sql(&self, text: &str) -> Result<String> {
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["-qXAt", "-v", "ON_ERROR_STOP=1", "-c", text, self.url]);
        command.env("PGOPTIONS", "-c client_min_messages=warning");
        shell::read(&mut command)
    }
}

impl Written {
    /// What each of so many jobs cost since `before`.
    pub(super) fn each(self, before: Self, jobs: usize) -> String {
        #[expect(clippy::cast_precision_loss, reason = "it is a small number")]
        let jobs = jobs as f64;
        let updated = self.updated - before.updated;
        let in_place = self.updated_in_place - before.updated_in_place;
        let dead = updated + self.deleted - before.deleted;
        format!(
            "a job, put in and worked off: {:.0} bytes of WAL, {:.1} dead rows, {:.0} % of the updates \
            in place",
            (self.wal - before.wal) / jobs,
            dead / jobs,
            100.0 * in_place / updated.max(1.0)
        )
    }
}

/// The transactions a second that `pgbench` tells of.
fn rate_of(output: &str) -> Result<f64> {
    let line = output.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    rate.ok_or_else(|| format!("pgbench told no rate:\n{output}").into())
}

/// The milliseconds that each line of a script took on average.
fn statement_delays(output: &str) -> Vec<f64> {
    let lines = output
        .lines()
        .skip_while(|line| !line.starts_with("statement latencies"));
    let delays = lines
        .skip(1)
        .map(|line| line.split_whitespace().next()?.parse().ok());
    delays.map_while(|delay| delay).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "latency average = 21.1 ms\ntps = 47.291 (without initial connection time)\n\
        statement latencies in milliseconds and failures:\n         20.100           0  \\sleep 20 ms\n\
        \x20        0.435           0  insert\n         0.610           0  delete\n";

    #[test]
    fn what_pgbench_tells_is_read() {
        assert_eq!(rate_of(OUTPUT).unwrap(), 47.291);
        assert_eq!(statement_delays(OUTPUT), [20.1, 0.435, 0.61]);
        assert!(rate_of("pgbench: error").is_err());
        assert!(statement_delays("").is_empty());
    }

    #[test]
    fn the_cost_of_a_job_is_what_was_written_meanwhile() {
        let before = Written {
            wal: 1_000.0,
            updated: 10.0,
            updated_in_place: 5.0,
            deleted: 2.0,
        };
        let after = Written {
            wal: 5_000.0,
            updated: 20.0,
            updated_in_place: 14.0,
            deleted: 12.0,
        };
        assert_eq!(
            after.each(before, 10),
            "a job, put in and worked off: 400 bytes of WAL, 2.0 dead rows, 90 % of the updates in place"
        );
    }
}
