//! What every command takes.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;
use crate::place::Place;

/// The heading of these flags in the help.
const HEADING: &str = "For every command";

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// The store: redis://host[:port][/db], postgres://host/database, or host:port
    #[arg(long, value_name = "URL", env = "RESQUE_URL", hide_env_values = true)]
    #[arg(global = true, help_heading = HEADING)]
    pub(crate) url: Option<String>,

    /// The namespace of all keys, or the schema on Postgres [default: the URL's, else resque]
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    #[arg(global = true, help_heading = HEADING)]
    pub(crate) namespace: Option<String>,

    /// Answer with one line of JSON
    #[arg(long, global = true, help_heading = HEADING)]
    pub(crate) json: bool,

    /// How much to log: off, error, warn, info, debug, trace, or as in `warn,resque_core=debug`
    /// [default: what VERBOSE and VVERBOSE say, else warn]
    #[arg(long, value_name = "LEVEL", env = "RESQUE_LOG", hide_env = true, value_parser = level)]
    #[arg(global = true, help_heading = HEADING)]
    pub(crate) log_level: Option<String>,

    /// How to log, to standard error
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    #[arg(global = true, help_heading = HEADING)]
    pub(crate) log_format: LogFormat,
}

/// How a log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line for each event
    Text,
    /// Several lines for each event, easy on the eyes
    Pretty,
    /// A line of JSON for each event
    Json,
}

fn level(text: &str) -> Result<String, String> {
    let known = EnvFilter::try_new(text).map_err(|error| error.to_string())?;
    drop(known);
    Ok(text.to_owned())
}

impl Global {
    /// The store that is named.
    pub(crate) fn place(&self) -> Result<Place, Failure> {
        let url = self.url.as_deref().filter(|url| !url.is_empty());
        let url = url.ok_or(Failure::NoUrl)?;
        Ok(Place::new(url, self.namespace.as_deref(), None))
    }
}
