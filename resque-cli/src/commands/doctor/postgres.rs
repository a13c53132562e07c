//! What is looked at on Postgres.

use resque::postgres::{Config, Migrator, Survey};

use super::Findings;
use super::State::{Problem, Warning};
use crate::failure::Failure;

/// The share of connections beyond which it gets narrow, in percent.
const CROWDED: i64 = 80;

pub(super) async fn look(findings: &mut Findings, url: &str) -> Result<(), Failure> {
    let config = Config::parse(url)?;
    let survey = Survey::ask(config.clone()).await?;
    tell(findings, &survey);
    let migrations = Migrator::new(config).status().await?;
    let missing = migrations
        .iter()
        .filter(|one| one.applied.is_none())
        .count();
    let newer = migrations.iter().filter(|one| !one.known).count();
    findings.check(
        "schema",
        missing + newer == 0,
        Problem,
        format!("{missing} migrations missing, {newer} of a newer version"),
        "`resque migrate` makes what is missing; a newer schema needs a newer program",
    );
    Ok(())
}

fn tell(findings: &mut Findings, survey: &Survey) {
    findings.ok("server", format!("Postgres {}", survey.version));
    findings.check(
        "role",
        !survey.is_replica,
        Problem,
        if survey.is_replica {
            "a replica"
        } else {
            "it takes writes"
        },
        "a replica takes no jobs: name the server that it follows",
    );
    let safe = survey.fsync && survey.full_page_writes;
    findings.check(
        "disk",
        safe,
        Problem,
        format!(
            "fsync {}, full_page_writes {}",
            on(survey.fsync),
            on(survey.full_page_writes)
        ),
        "a crash of the server may lose everything: set both to on",
    );
    findings.check(
        "persistence",
        survey.synchronous_commit != "off",
        Warning,
        format!("synchronous_commit {}", survey.synchronous_commit),
        "a crash of the server loses the last moments: set it to on, or live with that",
    );
    let (used, most) = (survey.connections, survey.max_connections);
    findings.check(
        "connections",
        used * 100 < most * CROWDED,
        Warning,
        format!("{used} of {most} in use"),
        "workers may find none: raise max_connections, or put a pooler before it",
    );
}

fn on(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}
