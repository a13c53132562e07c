//! Making sure that tests find real servers.

use std::env;
use std::process::Command;

use clap::ValueEnum;
use resque_testserver::{Source, docker_answers, find_postgres, find_program};

use crate::{Result, shell};

/// The variables with which the environment names servers.
const URLS: [&str; 2] = ["RESQUE_TEST_REDIS_URL", "RESQUE_TEST_POSTGRES_URL"];

/// The cargo feature that starts servers in containers.
pub(crate) const CONTAINERS_FEATURE: &str = "resque-testserver/containers";

/// The only way to servers that a person leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Servers {
    /// The URLs in RESQUE_TEST_REDIS_URL and RESQUE_TEST_POSTGRES_URL
    Env,
    /// Containers; needs a Docker daemon
    Containers,
    /// The programs of this machine; on Debian root has them installed
    Local,
}

/// How the tests will get their servers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// What `RESQUE_TEST_SERVERS` says to the tests, unless every way stays open.
    pub(crate) only: Option<Source>,
    /// Whether the tests are built with [`CONTAINERS_FEATURE`].
    pub(crate) containers: bool,
}

/// Something the tests need from this machine, and the Debian package that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Need {
    program: &'static str,
    package: &'static str,
}

const REDIS: Need = Need {
    program: "redis-server",
    package: "redis-server",
};
const POSTGRES: Need = Need {
    program: "postgres",
    package: "postgresql",
};
/// Stands before a Postgres in tests, wherever that one runs.
const PGBOUNCER: Need = Need {
    program: "pgbouncer",
    package: "pgbouncer",
};
/// Makes the certificates of servers with TLS, wherever they run.
const OPENSSL: Need = Need {
    program: "openssl",
    package: "openssl",
};

/// Verifies the unit that the pages show.
const SYSTEMD: Need = Need {
    program: "systemd-analyze",
    package: "systemd",
};

/// Shows the pages of the dashboard, and does what its driver says.
const CHROMIUM: Need = Need {
    program: "chromium",
    package: "chromium",
};
const CHROMEDRIVER: Need = Need {
    program: "chromedriver",
    package: "chromium-driver",
};

/// Makes sure of the browser for tests of pages.
pub(crate) fn ensure_browser() -> Result<()> {
    provide([CHROMIUM, CHROMEDRIVER])
}

/// Chooses a way to servers, and installs what it lacks where that is possible.
pub(crate) fn ensure(wanted: Option<Servers>) -> Result<Plan> {
    // A variable in the environment says the same as the option, and must not be mistyped either.
    let wanted = match wanted {
        Some(wanted) => Some(wanted.source()),
        None => Source::forced()?,
    };
    let plan = plan(wanted, docker_answers(), |variable| {
        env::var_os(variable).is_some()
    })?;
    eprintln!("servers for tests: {}", plan.in_words());
    let systemd = cfg!(target_os = "linux").then_some(SYSTEMD);
    provide(needs(&plan).into_iter().chain(systemd))?;
    Ok(plan)
}

/// Installs those that this machine lacks.
fn provide(needs: impl IntoIterator<Item = Need>) -> Result<()> {
    let needs = needs.into_iter();
    let missing: Vec<_> = needs.filter(|need| !need.is_met()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing)
}

/// Decides without touching the machine.
fn plan(wanted: Option<Source>, docker: bool, is_set: impl Fn(&str) -> bool) -> Result<Plan> {
    let missing = URLS.iter().find(|variable| !is_set(variable));
    match (wanted, missing) {
        (Some(Source::Environment), Some(variable)) => Err(format!("{variable} is not set").into()),
        (Some(Source::Containers), _) if !docker => {
            Err("no Docker daemon answers: start one, or set DOCKER_HOST".into())
        }
        (only, _) => Ok(Plan {
            only,
            containers: docker && only != Some(Source::Local),
        }),
    }
}

/// Without containers local programs are needed even where URLs are set, because a test that takes a server
/// down starts one of its own. A Postgres with a standby is one of this machine in any case.
fn needs(plan: &Plan) -> Vec<Need> {
    if plan.containers {
        vec![POSTGRES, PGBOUNCER, OPENSSL]
    } else {
        vec![REDIS, POSTGRES, PGBOUNCER, OPENSSL]
    }
}

fn install(missing: &[Need]) -> Result<()> {
    let packages: Vec<_> = missing.iter().map(|need| need.package).collect();
    let programs: Vec<_> = missing.iter().map(|need| need.program).collect();
    shell::install(&packages).map_err(|cause| {
        let (programs, packages) = (programs.join(", "), packages.join(" "));
        format!("tests need {programs}; install them (Debian: apt-get install {packages}): {cause}")
            .into()
    })
}

impl Servers {
    fn source(self) -> Source {
        match self {
            Self::Env => Source::Environment,
            Self::Containers => Source::Containers,
            Self::Local => Source::Local,
        }
    }
}

impl Need {
    fn is_met(self) -> bool {
        if self == POSTGRES {
            find_postgres().is_some()
        } else {
            find_program(self.program).is_some()
        }
    }
}

impl Plan {
    fn in_words(&self) -> &'static str {
        match (self.only, self.containers) {
            (Some(Source::Environment), _) => "only the URLs in the environment",
            (Some(Source::Containers), _) => "only containers",
            (Some(Source::Local), _) => "only programs of this machine",
            (None, true) => "URLs in the environment, else containers",
            (None, false) => "URLs in the environment, else programs of this machine",
        }
    }

    /// Tells the tests that `command` runs.
    pub(crate) fn tell(&self, command: &mut Command) {
        if let Some(source) = self.only {
            command.env(Source::VARIABLE, source.word());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(
        wanted: Option<Source>,
        docker: bool,
        urls: bool,
    ) -> std::result::Result<Plan, String> {
        plan(wanted, docker, |_| urls).map_err(|error| error.to_string())
    }

    #[test]
    fn docker_keeps_every_way_open() {
        for urls in [false, true] {
            let plan = chosen(None, true, urls).unwrap();
            assert_eq!(
                plan,
                Plan {
                    only: None,
                    containers: true
                }
            );
            assert_eq!(needs(&plan), [POSTGRES, PGBOUNCER, OPENSSL]);
        }
    }

    #[test]
    fn without_docker_the_programs_of_this_machine_are_made_sure_of() {
        for urls in [false, true] {
            let plan = chosen(None, false, urls).unwrap();
            assert_eq!(
                plan,
                Plan {
                    only: None,
                    containers: false
                }
            );
            assert_eq!(needs(&plan), [REDIS, POSTGRES, PGBOUNCER, OPENSSL]);
        }
    }

    #[test]
    fn a_wanted_way_that_is_closed_is_an_error() {
        assert!(
            chosen(Some(Source::Containers), false, true)
                .unwrap_err()
                .contains("Docker")
        );
        assert!(
            chosen(Some(Source::Environment), true, false)
                .unwrap_err()
                .contains(URLS[0])
        );
    }

    #[test]
    fn a_wanted_way_is_the_only_one() {
        let all = [Source::Environment, Source::Containers, Source::Local];
        for (wanted, containers) in all.into_iter().zip([true, true, false]) {
            let plan = chosen(Some(wanted), true, true).unwrap();
            assert_eq!(
                plan,
                Plan {
                    only: Some(wanted),
                    containers
                }
            );
        }
    }

    #[test]
    fn private_servers_come_from_this_machine_where_urls_name_the_shared_ones() {
        let plan = chosen(Some(Source::Environment), false, true).unwrap();
        assert_eq!(needs(&plan), [REDIS, POSTGRES, PGBOUNCER, OPENSSL]);
    }
}
