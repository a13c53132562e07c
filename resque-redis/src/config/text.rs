//! A configuration as text, without its password.

use std::fmt;

use super::{Address, Config};

/// Shows the place and the namespace, never the password.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self
            .user
            .as_ref()
            .map(|user| format!("{user}@"))
            .unwrap_or_default();
        match &self.address {
            Address::Tcp { host, port } => {
                let scheme = if self.tls.is_some() {
                    "rediss"
                } else {
                    "redis"
                };
                write!(
                    f,
                    "{scheme}://{user}{}:{port}/{}",
                    bracketed(host),
                    self.database
                )?;
                write!(f, "?namespace={}", self.namespace)
            }
            Address::Unix(path) => {
                write!(f, "unix://{user}{}?db={}", path.display(), self.database)?;
                write!(f, "&namespace={}", self.namespace)
            }
        }
    }
}

/// Shows everything but the password.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("address", &self.address)
            .field("tls", &self.tls)
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| "…"))
            .field("database", &self.database)
            .field("namespace", &self.namespace)
            .field("protocol", &self.protocol)
            .field("connect_timeout", &self.connect_timeout)
            .field("response_timeout", &self.response_timeout)
            .field("client_name", &self.client_name)
            .field("driver", &self.driver)
            .finish()
    }
}

/// Puts an IPv6 address into brackets.
pub(super) fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_never_shown() {
        let config = Config::unix("/run/redis.sock")
            .with_user("worker")
            .with_password("hunter2");
        for text in [
            format!("{config:?}"),
            format!("{config:#?}"),
            config.to_string(),
            config.place(),
        ] {
            assert!(!text.contains("hunter2"), "{text}");
        }
        for text in [
            "redis://worker:hunter2@localhost:notaport",
            "redis://worker:hunter2@localhost/notadb",
            "redis://worker:hunter2@[::1",
            "redis://worker:hunter2@localhost?unheard=of",
            "http://worker:hunter2@localhost",
            "worker:hunter2@localhost:6379",
        ] {
            let error = Config::parse(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }
}
