//! The names we go by.
//!
//! A page of another site can make its own name mean 127.0.0.1 and then read what it likes, because
//! for the browser it is the same site. The name it calls us by gives it away.

use std::collections::BTreeSet;
use std::net::IpAddr;

/// The host names that requests may carry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts {
    names: BTreeSet<String>,
}

impl Hosts {
    /// Adds a name; a port behind it does not matter.
    pub(crate) fn allow(&mut self, name: &str) {
        self.names.insert(without_port(name).to_ascii_lowercase());
    }

    /// Whether a request with this `Host` may pass. Addresses may, because no name leads to them.
    pub(crate) fn knows(&self, host: &str) -> bool {
        let name = without_port(host)
            .trim_end_matches('.')
            .to_ascii_lowercase();
        if let Ok(address) = name.parse::<IpAddr>() {
            return !address.is_unspecified();
        }
        name == "localhost" || name.ends_with(".localhost") || self.names.contains(&name)
    }
}

/// The host without its port, and an address without its brackets.
fn without_port(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            if name.contains(':') { host } else { name }
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_addresses_and_what_was_allowed_are_known() {
        let mut hosts = Hosts::default();
        hosts.allow("Jobs.example:8080");
        for known in [
            "localhost",
            "LOCALHOST:5678",
            "app.localhost:1",
            "127.0.0.1:5678",
            "[::1]:5678",
            "::1",
            "192.0.2.1",
            "jobs.example",
            "jobs.example.:443",
        ] {
            assert!(hosts.knows(known), "{known}");
        }
    }

    #[test]
    fn every_other_name_is_unknown() {
        let hosts = Hosts::default();
        for unknown in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.0.0.1.nip.io:5678",
            "notlocalhost",
            "0.0.0.0:5678",
            "[::]:1",
            "localhost:5678:evil",
            "127.1",
            "localhost@evil.example",
        ] {
            assert!(!hosts.knows(unknown), "{unknown}");
        }
    }
}
