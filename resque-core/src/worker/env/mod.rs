//! Resque's environment variables.

mod effect;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use super::Polling;
use crate::{Error, FailureLayout, QueueList, Result};

pub(crate) use self::effect::Program;

/// What Resque's environment variables say, with their names and meanings.
///
/// Reading is all this does. [`WorkerBuilder::env`](super::WorkerBuilder::env) takes over what
/// concerns a worker, and warns of every variable that is set and changes nothing. Three concern
/// the program around it: it starts the log at [`Verbosity::level_filter`], opens the store with
/// failures in [`failure_layout`](Self::failure_layout), and leaves the terminal if it can.
///
/// Variables whose value is only looked at for being there count as set whatever they hold, as in
/// Resque.
///
/// ```
/// use std::time::Duration;
/// use resque_core::worker::WorkerEnv;
///
/// let env = WorkerEnv::from_vars([("QUEUES", "high, low"), ("INTERVAL", "0.5")])?;
/// assert_eq!(env.queues.unwrap().id_part(), "high,low");
/// assert_eq!(env.polling.interval, Duration::from_millis(500));
/// let error = WorkerEnv::from_vars([("INTERVAL", "often")]).unwrap_err();
/// assert!(error.to_string().contains("INTERVAL") && error.to_string().contains("often"));
/// # Ok::<(), resque_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WorkerEnv {
    /// `QUEUES`, else `QUEUE`: the queues to serve.
    pub queues: Option<QueueList>,
    /// `COUNT`: how many workers to run.
    pub count: Option<usize>,
    /// `INTERVAL`, `MIN_INTERVAL`, `MAX_INTERVAL`, `BACKOFF_INTERVAL`.
    pub polling: Polling,
    /// `PIDFILE`: where to write the process id.
    pub pidfile: Option<PathBuf>,
    /// `BACKGROUND`: leave the terminal. A worker cannot do that for its program; one that does it
    /// itself sets this to false before it hands the variables on.
    pub background: bool,
    /// `VERBOSE`, `LOGGING`, `VVERBOSE`: how much to tell.
    pub verbosity: Verbosity,
    /// `RESQUE_TERM_TIMEOUT`: how long cancelled jobs have to end.
    pub term_timeout: Option<Duration>,
    /// `RESQUE_PRE_SHUTDOWN_TIMEOUT`: how long running jobs are let be before they are cancelled.
    pub pre_shutdown_timeout: Option<Duration>,
    /// `GRACEFUL_TERM`: TERM acts like QUIT.
    pub graceful_term: bool,
    /// `TERM_CHILD`: a stop asks children to end before it kills them.
    pub term_child: bool,
    /// `FORK_PER_JOB`: whether jobs are performed in children. `false` lets the worker perform them
    /// itself whatever the program says; anything else wants them isolated.
    pub fork_per_job: Option<bool>,
    /// `RESQUE_PROCLINE_PREFIX`: what stands before the titles of processes.
    pub procline_prefix: Option<String>,
    /// `FAILURE_BACKEND`: where failures go.
    pub failure_layout: Option<FailureLayout>,
}

/// How much a worker tells about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Warnings and errors.
    #[default]
    Quiet,
    /// `VERBOSE` or `LOGGING`: what it does.
    Info,
    /// `VVERBOSE`: every detail.
    Debug,
}

impl Verbosity {
    /// The level at which a program shows its log.
    #[must_use]
    pub const fn level_filter(self) -> LevelFilter {
        match self {
            Self::Quiet => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
        }
    }
}

/// A variable that is set and changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithoutEffect {
    /// Its name.
    pub variable: &'static str,
    /// Why it changes nothing.
    pub reason: &'static str,
}

impl WorkerEnv {
    /// Reads the variables of this process.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] naming the variable and its value.
    pub fn read() -> Result<Self> {
        Self::from_vars(std::env::vars_os())
    }

    /// Reads variables from anywhere.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] naming the variable and its value.
    pub fn from_vars<I, K, V>(vars: I) -> Result<Self>
    where
        I: IntoIterator<Item = (K, V)>,
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let vars = vars
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        let vars = Vars(vars.collect());
        let polling = Polling::default();
        Ok(Self {
            queues: vars.queues()?,
            count: vars.count()?,
            polling: Polling {
                interval: vars.seconds("INTERVAL")?.unwrap_or(polling.interval),
                min: vars.seconds("MIN_INTERVAL")?,
                max: vars.seconds("MAX_INTERVAL")?,
                backoff: vars.seconds("BACKOFF_INTERVAL")?.unwrap_or(polling.backoff),
            },
            pidfile: vars.raw("PIDFILE").map(PathBuf::from),
            background: vars.is_set("BACKGROUND"),
            verbosity: vars.verbosity(),
            term_timeout: vars.seconds("RESQUE_TERM_TIMEOUT")?,
            pre_shutdown_timeout: vars.seconds("RESQUE_PRE_SHUTDOWN_TIMEOUT")?,
            graceful_term: vars.is_set("GRACEFUL_TERM"),
            term_child: vars.is_set("TERM_CHILD"),
            fork_per_job: vars.text("FORK_PER_JOB")?.map(|text| text != "false"),
            procline_prefix: vars.text("RESQUE_PROCLINE_PREFIX")?.map(str::to_owned),
            failure_layout: vars.failure_layout()?,
        })
    }
}

struct Vars(HashMap<OsString, OsString>);

impl Vars {
    fn raw(&self, name: &'static str) -> Option<&OsString> {
        self.0.get(std::ffi::OsStr::new(name))
    }

    fn is_set(&self, name: &'static str) -> bool {
        self.raw(name).is_some()
    }

    fn text(&self, name: &'static str) -> Result<Option<&str>> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        match raw.to_str() {
            Some(text) => Ok(Some(text.trim())),
            None => Err(invalid(name, &raw.to_string_lossy(), "it is not UTF-8")),
        }
    }

    fn queues(&self) -> Result<Option<QueueList>> {
        for name in ["QUEUES", "QUEUE"] {
            if let Some(text) = self.text(name)? {
                let list = text.parse::<QueueList>();
                return list
                    .map(Some)
                    .map_err(|error| invalid(name, text, &error.to_string()));
            }
        }
        Ok(None)
    }

    fn count(&self) -> Result<Option<usize>> {
        let Some(text) = self.text("COUNT")? else {
            return Ok(None);
        };
        match text.parse() {
            Ok(count) if count > 0 => Ok(Some(count)),
            _ => Err(invalid("COUNT", text, "set a number of workers, 1 or more")),
        }
    }

    fn seconds(&self, name: &'static str) -> Result<Option<Duration>> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let seconds = text.parse::<f64>().ok();
        match seconds.map(Duration::try_from_secs_f64) {
            Some(Ok(duration)) => Ok(Some(duration)),
            _ => Err(invalid(name, text, "set a number of seconds, such as 0.5")),
        }
    }

    fn verbosity(&self) -> Verbosity {
        if self.is_set("VVERBOSE") {
            Verbosity::Debug
        } else if self.is_set("VERBOSE") || self.is_set("LOGGING") {
            Verbosity::Info
        } else {
            Verbosity::Quiet
        }
    }

    fn failure_layout(&self) -> Result<Option<FailureLayout>> {
        let Some(text) = self.text("FAILURE_BACKEND")? else {
            return Ok(None);
        };
        match FailureLayout::named(text) {
            Some(layout) => Ok(Some(layout)),
            None => Err(invalid(
                "FAILURE_BACKEND",
                text,
                "set `redis` or `redis_multi_queue`",
            )),
        }
    }
}

fn invalid(variable: &str, value: &str, reason: &str) -> Error {
    Error::InvalidSetting {
        setting: format!("{variable}={value}"),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(vars: &[(&str, &str)]) -> WorkerEnv {
        WorkerEnv::from_vars(vars.iter().copied()).unwrap()
    }

    fn refused(name: &str, value: &str) {
        let error = WorkerEnv::from_vars([(name, value)])
            .unwrap_err()
            .to_string();
        assert!(error.contains(name) && error.contains(value), "{error}");
    }

    #[test]
    fn nothing_set_means_resques_defaults() {
        let env = read(&[]);
        assert_eq!(env.polling, Polling::default());
        assert_eq!(env.polling.interval, Duration::from_secs(5));
        assert_eq!(env.verbosity, Verbosity::Quiet);
        assert!(env.queues.is_none() && env.count.is_none() && env.fork_per_job.is_none());
        assert!(!env.graceful_term && !env.background && env.pidfile.is_none());
    }

    #[test]
    fn queues_win_over_queue_and_entries_are_trimmed() {
        let list = |vars| read(vars).queues.unwrap().id_part();
        assert_eq!(list(&[("QUEUE", "low")]), "low");
        assert_eq!(list(&[("QUEUE", "low"), ("QUEUES", " high , *")]), "high,*");
    }

    #[test]
    fn every_number_is_read() {
        let env = read(&[
            ("COUNT", "3"),
            ("INTERVAL", "0"),
            ("MIN_INTERVAL", "0.2"),
            ("MAX_INTERVAL", "10"),
            ("BACKOFF_INTERVAL", " 0.25 "),
            ("RESQUE_TERM_TIMEOUT", "7.5"),
            ("RESQUE_PRE_SHUTDOWN_TIMEOUT", "2"),
        ]);
        let ms = Duration::from_millis;
        assert_eq!(env.count, Some(3));
        assert_eq!(env.polling.interval, Duration::ZERO);
        assert_eq!(
            (env.polling.min, env.polling.max),
            (Some(ms(200)), Some(ms(10_000)))
        );
        assert_eq!(env.polling.backoff, ms(250));
        assert_eq!(env.term_timeout, Some(ms(7_500)));
        assert_eq!(env.pre_shutdown_timeout, Some(ms(2_000)));
    }

    #[test]
    fn flags_count_as_set_whatever_they_hold() {
        let env = read(&[
            ("GRACEFUL_TERM", "0"),
            ("BACKGROUND", ""),
            ("PIDFILE", "/run/r.pid"),
        ]);
        assert!(env.graceful_term && env.background);
        assert_eq!(env.pidfile, Some(PathBuf::from("/run/r.pid")));
    }

    #[test]
    fn the_loudest_wish_wins() {
        assert_eq!(read(&[("VERBOSE", "")]).verbosity, Verbosity::Info);
        assert_eq!(read(&[("LOGGING", "0")]).verbosity, Verbosity::Info);
        let both = read(&[("VERBOSE", "1"), ("VVERBOSE", "1")]);
        assert_eq!(both.verbosity, Verbosity::Debug);
    }

    #[test]
    fn failures_go_where_the_variable_says() {
        let layout = |value| read(&[("FAILURE_BACKEND", value)]).failure_layout;
        assert_eq!(layout("redis"), Some(FailureLayout::Single));
        assert_eq!(layout("redis_multi_queue"), Some(FailureLayout::PerQueue));
        refused("FAILURE_BACKEND", "files");
    }

    #[test]
    fn bad_values_are_refused_by_name() {
        for name in [
            "INTERVAL",
            "MIN_INTERVAL",
            "MAX_INTERVAL",
            "BACKOFF_INTERVAL",
        ] {
            for value in ["often", "-1", "NaN", "inf", "1e300"] {
                refused(name, value);
            }
        }
        refused("RESQUE_TERM_TIMEOUT", "4s");
        refused("RESQUE_PRE_SHUTDOWN_TIMEOUT", "-0.5");
        refused("COUNT", "0");
        refused("COUNT", "two");
        refused("QUEUES", "!low");
        refused("QUEUE", ",");
    }

    #[test]
    fn what_concerns_children_is_read() {
        let env = read(&[
            ("TERM_CHILD", "0"),
            ("FORK_PER_JOB", "false"),
            ("RESQUE_PROCLINE_PREFIX", "app-"),
        ]);
        assert!(env.term_child);
        assert_eq!(env.fork_per_job, Some(false));
        assert_eq!(env.procline_prefix.as_deref(), Some("app-"));
        assert_eq!(read(&[("FORK_PER_JOB", "no")]).fork_per_job, Some(true));
    }
}
