//! Redis URLs.

use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use resque_core::{Error, FailureLayout, Result};
use url::{Host, Url};

use super::{Config, DEFAULT_PORT, DriverKind, Protocol, Tls, invalid};

/// Reads a URL of one of the schemes `redis`, `rediss`, `unix` and `redis+unix`.
pub(super) fn parse(text: &str) -> Result<Config> {
    // The parser's messages speak of the kind of mistake only, so no password can get into ours.
    let url = Url::parse(text).map_err(|error| invalid("URL", error.to_string()))?;
    let mut config = match url.scheme() {
        "redis" => tcp(&url)?,
        "rediss" => tcp(&url)?.with_tls(Tls::new()),
        "unix" | "redis+unix" => unix(&url)?,
        other => {
            let reason = format!("`{other}` is none of redis, rediss, unix and redis+unix");
            return Err(invalid("scheme", reason));
        }
    };
    for (name, value) in url.query_pairs() {
        config = parameter(config, &name, &value)?;
    }
    Ok(config)
}

fn tcp(url: &Url) -> Result<Config> {
    let host = match url.host() {
        Some(Host::Ipv6(address)) => address.to_string(),
        Some(host) => decoded("host", &host.to_string())?,
        None => "localhost".to_owned(),
    };
    let mut config = Config::tcp(host, url.port().unwrap_or(DEFAULT_PORT));
    if !url.username().is_empty() {
        config = config.with_user(decoded("user", url.username())?);
    }
    if let Some(password) = url.password() {
        config = config.with_password(decoded("password", password)?);
    }
    match url.path().trim_matches('/') {
        "" => Ok(config),
        path => Ok(config.with_database(database(path)?)),
    }
}

fn unix(url: &Url) -> Result<Config> {
    if url.has_host() {
        return Err(invalid(
            "path",
            "a socket's URL has three slashes: `unix:///run/redis.sock`",
        ));
    }
    let path = decoded("path", url.path())?;
    if path.trim_matches('/').is_empty() {
        return Err(invalid(
            "path",
            "it is missing; write `unix:///run/redis.sock`",
        ));
    }
    Ok(Config::unix(PathBuf::from(path)))
}

fn parameter(config: Config, name: &str, value: &str) -> Result<Config> {
    let is_socket = matches!(config.address, super::Address::Unix(_));
    Ok(match name {
        "namespace" => config.with_namespace(value),
        "protocol" => config.with_protocol(protocol(value)?),
        "connect_timeout" => config.with_connect_timeout(duration(name, value)?),
        "response_timeout" => config.with_response_timeout(duration(name, value)?),
        "failures" => config.with_failures(failures(value)?),
        "driver" => config.with_driver(driver(value)?),
        "client_name" => config.with_client_name(value),
        "db" if is_socket => config.with_database(database(value)?),
        "user" if is_socket => config.with_user(value),
        "password" if is_socket => config.with_password(value),
        "db" | "user" | "password" => {
            let reason =
                "it is no query parameter here; write `redis://user:password@host:port/db`";
            return Err(invalid(name, reason));
        }
        "tls_ca" | "tls_cert" | "tls_key" => tls_file(config, name, value)?,
        _ => return Err(unknown_parameter(name)),
    })
}

fn unknown_parameter(name: &str) -> Error {
    let known = "namespace, protocol, connect_timeout, response_timeout, driver, failures, \
                 client_name, tls_ca, tls_cert and tls_key";
    invalid(
        "query",
        format!("the parameter {name:?} is none of {known}"),
    )
}

fn tls_file(mut config: Config, name: &str, value: &str) -> Result<Config> {
    let tls = config
        .tls
        .take()
        .ok_or_else(|| invalid(name, "only a rediss:// URL uses it"))?;
    let tls = match name {
        "tls_ca" => tls.with_authority(value),
        "tls_cert" => tls.with_certificate(value),
        _ => tls.with_key(value),
    };
    Ok(config.with_tls(tls))
}

fn database(text: &str) -> Result<u32> {
    text.parse()
        .map_err(|_| invalid("database", format!("{text:?} is no number")))
}

fn protocol(text: &str) -> Result<Protocol> {
    match text {
        "resp2" | "2" => Ok(Protocol::Resp2),
        "resp3" | "3" => Ok(Protocol::Resp3),
        _ => Err(invalid(
            "protocol",
            format!("{text:?} is neither resp2 nor resp3"),
        )),
    }
}

fn failures(text: &str) -> Result<FailureLayout> {
    FailureLayout::named(text).ok_or_else(|| {
        let reason = format!("{text:?} is neither redis nor redis_multi_queue");
        invalid("failures", reason)
    })
}

fn driver(text: &str) -> Result<DriverKind> {
    if let Some(kind) = DriverKind::named(text) {
        return Ok(kind);
    }
    Err(match text {
        "redis" | "fred" => {
            let reason =
                format!("this program was built without the feature `{text}` of resque-redis");
            invalid("driver", reason)
        }
        _ => invalid("driver", format!("{text:?} is neither redis nor fred")),
    })
}

/// Reads `5`, `0.5`, `5s` or `500ms`.
fn duration(part: &str, text: &str) -> Result<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1000.0),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let seconds = number.parse::<f64>().ok().map(|number| number / unit);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| {
            invalid(
                part,
                format!("{text:?} is no time; write `5`, `0.5`, `5s` or `500ms`"),
            )
        })
}

fn decoded(part: &str, text: &str) -> Result<String> {
    let decoded = percent_decode_str(text).decode_utf8();
    Ok(decoded
        .map_err(|_| invalid(part, "it is no UTF-8 after decoding `%xx`"))?
        .into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        for (text, expected) in [
            ("redis://", Config::default()),
            ("redis://h", Config::tcp("h", 6379)),
            ("redis://h:7000/4", Config::tcp("h", 7000).with_database(4)),
            ("redis://[::1]:7000", Config::tcp("::1", 7000)),
            (
                "redis://:p%40ss@h",
                Config::tcp("h", 6379).with_password("p@ss"),
            ),
            (
                "redis://u:p@h/?namespace=a%3Ab",
                Config::tcp("h", 6379)
                    .with_user("u")
                    .with_password("p")
                    .with_namespace("a:b"),
            ),
            ("rediss://h", Config::tcp("h", 6379).with_tls(Tls::new())),
            (
                "rediss://h?tls_ca=/ca.pem",
                Config::tcp("h", 6379).with_tls(Tls::new().with_authority("/ca.pem")),
            ),
            (
                "unix:///run/r%20s.sock?db=2",
                Config::unix("/run/r s.sock").with_database(2),
            ),
            (
                "redis+unix:///s?user=u&password=p",
                Config::unix("/s").with_user("u").with_password("p"),
            ),
            ("unix:/s", Config::unix("/s")),
            (
                "redis://h?protocol=resp3&client_name=me",
                Config::tcp("h", 6379)
                    .with_protocol(Protocol::Resp3)
                    .with_client_name("me"),
            ),
            (
                "redis://h?failures=redis_multi_queue",
                Config::tcp("h", 6379).with_failures(FailureLayout::PerQueue),
            ),
            (
                "redis://h?connect_timeout=2&response_timeout=250ms",
                Config::tcp("h", 6379)
                    .with_connect_timeout(Duration::from_secs(2))
                    .with_response_timeout(Duration::from_millis(250)),
            ),
        ] {
            assert_eq!(Config::parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn the_text_form_is_read_again() {
        for text in [
            "redis://h:7000/4?namespace=n",
            "rediss://h:1/0?namespace=n",
            "redis://[::1]:6379/0?namespace=resque",
        ] {
            assert_eq!(Config::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("http://h", "scheme"),
            ("redis://h:99999", "URL"),
            ("redis://h/x", "database"),
            ("redis://h/1/2", "database"),
            ("redis://h?protocol=resp4", "protocol"),
            ("redis://h?driver=hiredis", "driver"),
            ("redis://h?failures=files", "failures"),
            ("redis://h?connect_timeout=soon", "connect_timeout"),
            ("redis://h?connect_timeout=0", "connect_timeout"),
            ("redis://h?response_timeout=-1", "response_timeout"),
            ("redis://h?namespace=", "namespace"),
            ("redis://h?name_space=x", "query"),
            ("redis://h?db=1", "db"),
            ("redis://h?tls_ca=x", "tls_ca"),
            ("redis://u@h", "password"),
            ("redis://%ff:p@h", "user"),
            ("unix://run/redis.sock", "path"),
            ("unix:///", "path"),
        ] {
            let error = Config::parse(text).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("Redis connection, {part}: ")),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn a_driver_that_is_not_built_in_is_said_so() {
        for (name, built_in) in [
            ("redis", cfg!(feature = "redis")),
            ("fred", cfg!(feature = "fred")),
        ] {
            match Config::parse(&format!("redis://h?driver={name}")) {
                Ok(_) => assert!(built_in),
                Err(error) => assert!(
                    !built_in && error.to_string().contains("built without"),
                    "{error}"
                ),
            }
        }
    }
}
