//! Resque's own connection strings: `host[:port[:db]][/namespace]`.

use resque_core::Result;

use super::{Config, DEFAULT_PORT, invalid};

/// Reads such a string.
pub(super) fn parse(text: &str) -> Result<Config> {
    let (server, namespace) = match text.split_once('/') {
        Some((server, namespace)) => (server, Some(namespace)),
        None => (text, None),
    };
    if server.contains('@') {
        return Err(invalid(
            "user",
            "write `redis://user:password@host` to log in",
        ));
    }
    let mut parts = server.split(':');
    let host = parts.next().unwrap_or_default();
    if host.is_empty() {
        return Err(invalid(
            "host",
            "it is missing; write `host:port` or `unix:///path`",
        ));
    }
    let port = match parts.next() {
        Some(port) => port
            .parse()
            .map_err(|_| invalid("port", "it is no number up to 65535"))?,
        None => DEFAULT_PORT,
    };
    let database = match parts.next() {
        Some(number) => number
            .parse()
            .map_err(|_| invalid("database", "it is no number"))?,
        None => 0,
    };
    if parts.next().is_some() {
        let reason = "there are more parts than `host:port:db`; write IPv6 as `redis://[::1]:6379`";
        return Err(invalid("address", reason));
    }
    let config = Config::tcp(host, port).with_database(database);
    Ok(match namespace {
        Some(namespace) => config.with_namespace(namespace),
        None => config,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_resque_are_read() {
        for (text, expected) in [
            (
                "localhost:6379",
                "redis://localhost:6379/0?namespace=resque",
            ),
            (
                "redis.example",
                "redis://redis.example:6379/0?namespace=resque",
            ),
            (
                "localhost:6380:3",
                "redis://localhost:6380/3?namespace=resque",
            ),
            (
                "localhost:6380/shop",
                "redis://localhost:6380/0?namespace=shop",
            ),
            (
                "localhost:6380:3/shop:eu",
                "redis://localhost:6380/3?namespace=shop:eu",
            ),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("", "host"),
            (":6379", "host"),
            ("localhost:", "port"),
            ("localhost:65536", "port"),
            ("localhost:6379:x", "database"),
            ("localhost:6379:-1", "database"),
            ("::1:6379", "host"),
            ("a:1:2:3", "address"),
            ("me@localhost", "user"),
            ("localhost/", "namespace"),
        ] {
            let error = Config::parse(text).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("Redis connection, {part}: ")),
                "{text}: {error}"
            );
        }
    }
}
