//! Which variables are set and change nothing, given the program around the worker.

use tracing::Level;

use super::{Verbosity, WithoutEffect, WorkerEnv};
use crate::FailureLayout;

/// What the program has decided by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Program {
    /// It has named the queues.
    pub(crate) names_queues: bool,
    /// There are slots whose number it leaves open: not every pool has its own.
    pub(crate) shares_slots: bool,
    /// It lets the worker obey signals.
    pub(crate) obeys_signals: bool,
    /// It performs jobs in other processes.
    pub(crate) isolates: bool,
    /// It shows titles of processes.
    pub(crate) shows_titles: bool,
    /// How its store keeps failures.
    pub(crate) keeps_failures: Option<FailureLayout>,
}

impl WorkerEnv {
    /// The variables that change nothing in a worker of this program.
    pub(crate) fn without_effect_in(&self, program: &Program) -> Vec<WithoutEffect> {
        let table = [
            (
                self.queues.is_some() && program.names_queues,
                "QUEUES",
                "this program names the queues of its worker itself",
            ),
            (
                self.count.is_some() && !program.shares_slots,
                "COUNT",
                "this program gives each of its pools a number of workers itself",
            ),
            (
                self.background,
                "BACKGROUND",
                "this program cannot leave its terminal; start it from a service manager, or \
                 with `nohup … &`",
            ),
            (
                self.graceful_term && !program.obeys_signals,
                "GRACEFUL_TERM",
                "this program does not let its worker obey signals",
            ),
            (
                self.term_child && (!program.isolates || self.fork_per_job == Some(false)),
                "TERM_CHILD",
                "jobs run as tasks of this process, which has no child; TERM always cancels \
                 them first and gives them RESQUE_TERM_TIMEOUT to end",
            ),
            (
                self.fork_per_job == Some(true) && !program.isolates,
                "FORK_PER_JOB",
                "this program performs jobs itself; only `false` describes what happens",
            ),
            (
                self.procline_prefix.is_some() && !program.shows_titles,
                "RESQUE_PROCLINE_PREFIX",
                "this worker leaves the title of its process alone",
            ),
            (
                self.verbosity > Verbosity::Quiet && !is_shown(self.verbosity),
                self.loudest(),
                "the log of this program does not show that much",
            ),
        ];
        let set = table.into_iter().filter(|(set, ..)| *set);
        let set = set.map(|(_, variable, reason)| WithoutEffect { variable, reason });
        let failures = self.failures_elsewhere(program.keeps_failures);
        set.chain(failures).collect()
    }

    fn failures_elsewhere(&self, kept: Option<FailureLayout>) -> Option<WithoutEffect> {
        let reason = match (self.failure_layout?, kept) {
            (_, None) => "this store has a way of its own to keep failures",
            (wanted, Some(kept)) if wanted == kept => return None,
            (FailureLayout::Single, _) => {
                "this program opened its store with one list of failures for each queue"
            }
            (FailureLayout::PerQueue, _) => {
                "this program opened its store with one list for all failures; \
                 `?failures=redis_multi_queue` in its URL changes that"
            }
        };
        Some(WithoutEffect {
            variable: "FAILURE_BACKEND",
            reason,
        })
    }

    fn loudest(&self) -> &'static str {
        match self.verbosity {
            Verbosity::Debug => "VVERBOSE",
            Verbosity::Quiet | Verbosity::Info => "VERBOSE",
        }
    }
}

/// Whether the program's log shows what the worker tells at this level.
fn is_shown(verbosity: Verbosity) -> bool {
    match verbosity {
        Verbosity::Quiet => true,
        Verbosity::Info => tracing::enabled!(Level::INFO),
        Verbosity::Debug => tracing::enabled!(Level::DEBUG),
    }
}

#[cfg(test)]
mod tests {
    use tracing::level_filters::LevelFilter;
    use tracing::subscriber::{NoSubscriber, with_default};
    use tracing::{Event, Metadata, Subscriber, span};

    use super::*;

    const PLAIN: Program = Program {
        names_queues: false,
        shares_slots: true,
        obeys_signals: true,
        isolates: false,
        shows_titles: true,
        keeps_failures: Some(FailureLayout::Single),
    };

    /// The variables without effect, under a log that shows nothing.
    fn silent(vars: &[(&str, &str)], program: Program) -> Vec<&'static str> {
        with_default(NoSubscriber::new(), || names(vars, program))
    }

    fn names(vars: &[(&str, &str)], program: Program) -> Vec<&'static str> {
        let env = WorkerEnv::from_vars(vars.iter().copied()).unwrap();
        let all = env.without_effect_in(&program);
        all.iter().map(|one| one.variable).collect()
    }

    #[test]
    fn what_acts_on_the_worker_needs_no_warning() {
        let vars = [
            ("QUEUE", "mail"),
            ("QUEUES", "mail"),
            ("COUNT", "2"),
            ("INTERVAL", "1"),
            ("MIN_INTERVAL", "1"),
            ("MAX_INTERVAL", "2"),
            ("BACKOFF_INTERVAL", "0.1"),
            ("PIDFILE", "/run/resque.pid"),
            ("RESQUE_TERM_TIMEOUT", "1"),
            ("RESQUE_PRE_SHUTDOWN_TIMEOUT", "1"),
            ("GRACEFUL_TERM", "1"),
            ("FORK_PER_JOB", "false"),
            ("FAILURE_BACKEND", "redis"),
            ("RESQUE_PROCLINE_PREFIX", "app"),
        ];
        assert!(silent(&vars, PLAIN).is_empty());
    }

    #[test]
    fn what_acts_on_children_needs_no_warning_if_there_are_any() {
        let isolates = Program {
            isolates: true,
            ..PLAIN
        };
        let vars = [("TERM_CHILD", "1"), ("FORK_PER_JOB", "true")];
        assert!(silent(&vars, isolates).is_empty());
        let vars = [("TERM_CHILD", "1"), ("FORK_PER_JOB", "false")];
        assert_eq!(silent(&vars, isolates), ["TERM_CHILD"]);
    }

    #[test]
    fn every_other_variable_says_so() {
        for (name, value) in [
            ("BACKGROUND", "1"),
            ("TERM_CHILD", "1"),
            ("FORK_PER_JOB", "true"),
            ("FAILURE_BACKEND", "redis_multi_queue"),
            ("VERBOSE", "1"),
            ("VVERBOSE", "1"),
        ] {
            assert_eq!(silent(&[(name, value)], PLAIN), [name]);
        }
        assert_eq!(silent(&[("LOGGING", "1")], PLAIN), ["VERBOSE"]);
    }

    #[test]
    fn what_the_program_decides_itself_has_no_effect() {
        let names_queues = Program {
            names_queues: true,
            ..PLAIN
        };
        assert_eq!(silent(&[("QUEUE", "mail")], names_queues), ["QUEUES"]);
        let pools_only = Program {
            shares_slots: false,
            ..PLAIN
        };
        assert_eq!(silent(&[("COUNT", "3")], pools_only), ["COUNT"]);
        let deaf = Program {
            obeys_signals: false,
            ..PLAIN
        };
        assert_eq!(silent(&[("GRACEFUL_TERM", "1")], deaf), ["GRACEFUL_TERM"]);
        let untitled = Program {
            shows_titles: false,
            ..PLAIN
        };
        let prefix = [("RESQUE_PROCLINE_PREFIX", "app")];
        assert_eq!(silent(&prefix, untitled), ["RESQUE_PROCLINE_PREFIX"]);
    }

    #[test]
    fn failures_go_where_the_store_was_opened_to_keep_them() {
        let keeps = |keeps_failures| Program {
            keeps_failures,
            ..PLAIN
        };
        let both = [FailureLayout::Single, FailureLayout::PerQueue];
        for wanted in both {
            let vars = [("FAILURE_BACKEND", wanted.name())];
            for kept in both {
                let warned = !silent(&vars, keeps(Some(kept))).is_empty();
                assert_eq!(warned, wanted != kept, "{wanted:?} {kept:?}");
            }
            assert_eq!(silent(&vars, keeps(None)), ["FAILURE_BACKEND"]);
        }
    }

    #[test]
    fn a_log_that_shows_enough_follows_the_variable() {
        let shown = |level, name| {
            let vars = [(name, "1")];
            with_default(Log(level), || names(&vars, PLAIN).is_empty())
        };
        assert!(shown(LevelFilter::INFO, "VERBOSE"));
        assert!(shown(LevelFilter::DEBUG, "VVERBOSE"));
        assert!(!shown(LevelFilter::INFO, "VVERBOSE"));
        assert!(!shown(LevelFilter::WARN, "LOGGING"));
    }

    /// A log of this level that goes nowhere.
    struct Log(LevelFilter);

    impl Subscriber for Log {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            *metadata.level() <= self.0
        }
        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }
        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
        fn event(&self, _: &Event<'_>) {}
        fn enter(&self, _: &span::Id) {}
        fn exit(&self, _: &span::Id) {}
    }
}
