//! Where servers come from, and which way is open here.

use std::env;

use crate::{Error, Result, docker_answers};

/// A way to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A URL in the environment names a running server.
    Environment,
    /// A Docker daemon runs the official image.
    Containers,
    /// A binary of this machine, on a free port, in a temporary directory.
    Local,
}

impl Source {
    /// The environment variable that leaves only one way open.
    pub const VARIABLE: &'static str = "RESQUE_TEST_SERVERS";

    /// The word for this way in [`Source::VARIABLE`].
    pub fn word(self) -> &'static str {
        match self {
            Self::Environment => "env",
            Self::Containers => "containers",
            Self::Local => "local",
        }
    }

    /// Returns the only way that the environment leaves open, if it says so.
    ///
    /// # Errors
    ///
    /// The variable holds an unknown word.
    pub fn forced() -> Result<Option<Self>> {
        match env::var(Self::VARIABLE) {
            Ok(word) if !word.is_empty() => Self::parse(&word).map(Some),
            _ => Ok(None),
        }
    }

    fn parse(word: &str) -> Result<Self> {
        match word {
            "env" | "url" => Ok(Self::Environment),
            "containers" => Ok(Self::Containers),
            "local" => Ok(Self::Local),
            other => Err(Error::new(format!(
                "{}={other} is not a way to servers: say `env`, `containers` or `local`",
                Self::VARIABLE
            ))),
        }
    }
}

/// What the search for a server looks at, gathered before so that the choice itself is a plain function.
#[derive(Debug)]
pub(crate) struct Situation<'a> {
    /// What is looked for: "Redis".
    pub(crate) server: &'a str,
    /// The only way left open.
    pub(crate) forced: Option<Source>,
    /// The variable with a URL, and what it holds; a private server has none.
    pub(crate) url: Option<(&'a str, Option<String>)>,
    /// Whether containers can be started, or why not.
    pub(crate) containers: std::result::Result<(), String>,
    /// Whether there is a local binary, or how to get one.
    pub(crate) local: std::result::Result<(), String>,
}

/// What was chosen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Url(String),
    Containers,
    Local,
}

impl Situation<'_> {
    /// Takes the first open way, or says why each is closed.
    pub(crate) fn choose(self) -> Result<Choice> {
        // No URL names a private server, so that `env` speaks of the shared ones only.
        let is_private = self.url.is_none();
        let forced = self
            .forced
            .filter(|source| !(is_private && *source == Source::Environment));
        let mut closed = Vec::new();
        for source in [Source::Environment, Source::Containers, Source::Local] {
            if forced.is_some_and(|forced| forced != source) {
                continue;
            }
            match self.try_one(source) {
                Ok(choice) => return Ok(choice),
                Err(reason) => closed.push(reason),
            }
        }
        let only = forced.map_or(String::new(), |source| {
            format!(
                " (only `{}` is allowed by {})",
                source.word(),
                Source::VARIABLE
            )
        });
        Err(Error::new(format!(
            "no {} server for this test{only}: {}. `cargo xtask test` installs what is missing on Debian.",
            self.server,
            closed.join("; ")
        )))
    }

    fn try_one(&self, source: Source) -> std::result::Result<Choice, String> {
        match source {
            Source::Environment => match &self.url {
                Some((_, Some(url))) if !url.is_empty() => Ok(Choice::Url(url.clone())),
                Some((variable, _)) => Err(format!("{variable} is not set")),
                None => Err("a private server cannot be a URL from the environment".to_owned()),
            },
            Source::Containers => self.containers.clone().map(|()| Choice::Containers),
            Source::Local => self.local.clone().map(|()| Choice::Local),
        }
    }
}

/// Whether this build can start containers here.
pub(crate) fn containers() -> std::result::Result<(), String> {
    if !cfg!(feature = "containers") {
        return Err("containers need the feature `resque-testserver/containers`".to_owned());
    }
    if docker_answers() {
        Ok(())
    } else {
        Err("no Docker daemon answers".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn situation() -> Situation<'static> {
        Situation {
            server: "Redis",
            forced: None,
            url: Some(("URL_VARIABLE", Some("redis://somewhere".to_owned()))),
            containers: Ok(()),
            local: Ok(()),
        }
    }

    #[test]
    fn a_url_comes_before_containers_and_these_before_local_binaries() {
        assert_eq!(
            situation().choose().unwrap(),
            Choice::Url("redis://somewhere".to_owned())
        );
        let mut without_url = situation();
        without_url.url = Some(("URL_VARIABLE", None));
        assert_eq!(without_url.choose().unwrap(), Choice::Containers);
        let mut without_docker = situation();
        without_docker.url = None;
        without_docker.containers = Err("no daemon".to_owned());
        assert_eq!(without_docker.choose().unwrap(), Choice::Local);
    }

    #[test]
    fn a_forced_way_is_the_only_one() {
        let mut forced = situation();
        forced.forced = Some(Source::Local);
        assert_eq!(forced.choose().unwrap(), Choice::Local);
        let mut closed = situation();
        closed.forced = Some(Source::Containers);
        closed.containers = Err("no daemon".to_owned());
        let text = closed.choose().unwrap_err().to_string();
        assert!(
            text.contains("only `containers`") && text.contains("no daemon"),
            "{text}"
        );
    }

    #[test]
    fn a_private_server_is_started_even_if_the_environment_names_the_shared_ones() {
        let private = Situation {
            forced: Some(Source::Environment),
            url: None,
            ..situation()
        };
        assert_eq!(private.choose().unwrap(), Choice::Containers);
    }

    #[test]
    fn when_every_way_is_closed_the_error_names_each_reason() {
        let closed = Situation {
            url: Some(("URL_VARIABLE", None)),
            containers: Err("no daemon".to_owned()),
            local: Err("install redis-server".to_owned()),
            ..situation()
        };
        let text = closed.choose().unwrap_err().to_string();
        for reason in [
            "URL_VARIABLE is not set",
            "no daemon",
            "install redis-server",
        ] {
            assert!(text.contains(reason), "{text}");
        }
    }

    #[test]
    fn an_unknown_word_is_an_error_and_not_a_default() {
        assert_eq!(Source::parse("url").unwrap(), Source::Environment);
        for source in [Source::Environment, Source::Containers, Source::Local] {
            assert_eq!(Source::parse(source.word()).unwrap(), source);
        }
        assert!(
            Source::parse("docker")
                .unwrap_err()
                .to_string()
                .contains("docker")
        );
    }
}
