//! `resque doctor`: whether the store and the fleet are well.

mod common;
#[cfg(feature = "conformance")]
mod conformance;
mod postgres;
mod redis;

use clap::Args;
use serde::Serialize;

use crate::context::{Context, Store};
use crate::failure::Failure;
use crate::output::{Answer, Table, count};

/// Look whether the store and the fleet are well; changes nothing
///
/// The exit code is 1 if something is wrong; a warning alone leaves it 0. With `--conformance` the
/// suite that defines a backend is run too, in scratch namespaces (on Postgres in schemas) that are
/// removed afterwards: that keeps the server busy for a while.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Doctor {
    /// Also run the conformance suite in scratch namespaces
    #[arg(long)]
    conformance: bool,

    /// Only those of its cases whose name has this text, such as g2_order
    #[arg(long, value_name = "TEXT", requires = "conformance")]
    cases: Option<String>,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warning,
    Problem,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    state: State,
    found: String,
    /// What to do about it.
    advice: Option<&'static str>,
}

/// Everything that was looked at.
#[derive(Debug, Default, Serialize)]
struct Findings {
    checks: Vec<Finding>,
    #[cfg(feature = "conformance")]
    conformance: Option<conformance::Verdict>,
}

impl Doctor {
    pub(crate) fn run(self, context: Context) -> Result<(), Failure> {
        #[cfg(not(feature = "conformance"))]
        if self.conformance {
            let reason = "this program was built without the feature `conformance` of `resque-cli`";
            return Err(Failure::setting("--conformance", reason));
        }
        context.with_store(async |store| self.look(store).await)
    }

    async fn look(self, store: &Store) -> Result<(), Failure> {
        let mut findings = Findings::default();
        let name = store.backend()?.queues().info().name;
        common::connection(&mut findings, store).await?;
        match name {
            "redis" => redis::look(&mut findings, store.place.url()).await?,
            "postgres" => postgres::look(&mut findings, store.place.url()).await?,
            _ => {}
        }
        common::announcements(&mut findings, store).await?;
        common::fleet(&mut findings, store).await?;
        #[cfg(feature = "conformance")]
        if self.conformance {
            let verdict = conformance::run(name, store, self.cases).await?;
            findings.conformance = Some(verdict);
        }
        store.out.answer(&findings)?;
        findings.verdict()
    }
}

impl Findings {
    fn add(&mut self, check: &'static str, state: State, found: String, advice: &'static str) {
        self.checks.push(Finding {
            check,
            state,
            found,
            advice: (state != State::Ok).then_some(advice),
        });
    }

    fn ok(&mut self, check: &'static str, found: impl Into<String>) {
        self.add(check, State::Ok, found.into(), "");
    }

    /// Something that is well if `well`, and otherwise `worse`.
    fn check(
        &mut self,
        check: &'static str,
        well: bool,
        worse: State,
        found: impl Into<String>,
        advice: &'static str,
    ) {
        let state = if well { State::Ok } else { worse };
        self.add(check, state, found.into(), advice);
    }

    fn problems(&self) -> u64 {
        let bad = |finding: &&Finding| finding.state == State::Problem;
        self.checks.iter().filter(bad).count() as u64
    }

    fn verdict(&self) -> Result<(), Failure> {
        let broken = self.broken();
        match self.problems() + broken {
            0 => Ok(()),
            number => Err(Failure::Undone(format!(
                "{} found",
                count(number, "problem")
            ))),
        }
    }

    #[cfg(feature = "conformance")]
    fn broken(&self) -> u64 {
        let broken = self.conformance.as_ref().map(conformance::Verdict::broken);
        broken.unwrap_or(0)
    }

    #[cfg(not(feature = "conformance"))]
    fn broken(&self) -> u64 {
        0
    }
}

impl Answer for Findings {
    fn text(&self) -> String {
        let mut table = Table::new(&["", "", ""]);
        for finding in &self.checks {
            let state = match finding.state {
                State::Ok => "ok",
                State::Warning => "warning",
                State::Problem => "PROBLEM",
            };
            table.row([state, finding.check, &finding.found]);
            if let Some(advice) = finding.advice {
                table.row(["", "", &format!("→ {advice}")]);
            }
        }
        #[cfg_attr(
            not(feature = "conformance"),
            expect(unused_mut, reason = "nothing follows")
        )]
        let mut text = table.text().trim_start_matches('\n').to_owned();
        #[cfg(feature = "conformance")]
        if let Some(verdict) = &self.conformance {
            text.push('\n');
            text.push_str(&verdict.text());
        }
        text
    }
}
