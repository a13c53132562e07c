//! The proxies in front of us, and whom they speak for.

use std::net::IpAddr;
use std::str::FromStr;

use axum::http::HeaderMap;
use ipnet::IpNet;
use resque_core::Error;

use super::forwarded;

/// A proxy, or a network of proxies, whose word about whom it speaks for is taken.
///
/// ```
/// use resque_web::TrustedProxy;
///
/// let one: TrustedProxy = "192.0.2.7".parse()?;
/// let many: TrustedProxy = "2001:db8:7::/48".parse()?;
/// # drop((one, many));
/// # Ok::<(), resque_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustedProxy(IpNet);

impl From<IpAddr> for TrustedProxy {
    fn from(address: IpAddr) -> Self {
        Self(IpNet::from(address.to_canonical()))
    }
}

impl FromStr for TrustedProxy {
    type Err = Error;

    /// Reads an address such as `192.0.2.7`, or a network such as `10.0.0.0/8`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = |reason: &str| Error::InvalidSetting {
            setting: format!("the trusted proxy {text:?}"),
            reason: reason.to_owned(),
        };
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(address.into());
        }
        match text.parse::<IpNet>() {
            Ok(network) if network.prefix_len() == 0 => Err(refused(
                "it is everybody, and everybody could say who they are; \
                 name the addresses that proxies connect from",
            )),
            Ok(network) => Ok(Self(network)),
            Err(_) => Err(refused(
                "it is no address such as 192.0.2.7 and no network such as 10.0.0.0/8",
            )),
        }
    }
}

/// The proxies that are trusted; none unless somebody names them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies(Vec<TrustedProxy>);

impl Proxies {
    pub(crate) fn trust(&mut self, proxy: TrustedProxy) {
        self.0.push(proxy);
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|proxy| proxy.0.contains(&address))
    }

    /// The address that a request comes from: the one that connects or, if that is a proxy we trust,
    /// the nearest one it tells of that we do not trust.
    ///
    /// What stands before that one was said by whoever it is, and counts for nothing. A word that
    /// cannot be understood does not either: then the proxy counts. So it does where the two headers
    /// do not agree, because a proxy that writes one of them passes the other on as somebody sent it.
    pub(super) fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let connects = peer?.to_canonical();
        if !self.trusts(connects) {
            return peer;
        }
        let told = [
            forwarded::x_forwarded_for(headers),
            forwarded::forwarded(headers),
        ];
        let mut told = told.iter().flatten().map(|hops| self.nearest(hops));
        match (told.next(), told.next()) {
            (Some(Some(client)), None) => Some(client),
            (Some(Some(client)), Some(Some(same))) if client == same => Some(client),
            _ => peer,
        }
    }

    /// The last address that is not trusted; the first one if all of them are.
    fn nearest(&self, hops: &[Option<IpAddr>]) -> Option<IpAddr> {
        let mut nearest = None;
        for hop in hops.iter().rev() {
            nearest = Some((*hop)?);
            if nearest.is_some_and(|address| !self.trusts(address)) {
                break;
            }
        }
        nearest
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    const PROXY: &str = "10.0.0.1";

    /// Whom `peer` speaks for with these headers, where `10.0.0.0/8` and `2001:db8:7::1` are trusted.
    fn client(peer: &str, headers: &[(&str, &str)]) -> String {
        let mut proxies = Proxies::default();
        proxies.trust("10.0.0.0/8".parse().unwrap());
        proxies.trust("2001:db8:7::1".parse().unwrap());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let client = proxies.client(Some(peer.parse().unwrap()), &map);
        client.unwrap().to_string()
    }

    fn by(peer: &str, value: &str) -> String {
        client(peer, &[("x-forwarded-for", value)])
    }

    #[test]
    fn the_word_of_a_stranger_is_not_taken() {
        for stranger in ["192.0.2.9", "11.0.0.1", "2001:db8:7::2", "::1", "127.0.0.1"] {
            assert_eq!(by(stranger, "198.51.100.1"), stranger);
            let forwarded = client(stranger, &[("forwarded", "for=198.51.100.1")]);
            assert_eq!(forwarded, stranger);
        }
        let nobody = Proxies::default();
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("198.51.100.1"));
        let peer: Option<IpAddr> = Some(PROXY.parse().unwrap());
        assert_eq!(nobody.client(peer, &headers), peer);
        assert_eq!(nobody.client(None, &headers), None);
    }

    #[test]
    fn a_trusted_proxy_speaks_for_the_nearest_stranger() {
        for (value, expected) in [
            ("198.51.100.1", "198.51.100.1"),
            ("198.51.100.1, 10.2.3.4", "198.51.100.1"),
            ("198.51.100.1,10.2.3.4,2001:db8:7::1", "198.51.100.1"),
            // What a client makes up stands before its own address.
            ("203.0.113.5, 198.51.100.1", "198.51.100.1"),
            ("10.0.0.9, 198.51.100.1, 10.2.3.4", "198.51.100.1"),
            ("127.0.0.1, 198.51.100.1", "198.51.100.1"),
            ("nonsense, , 198.51.100.1", "198.51.100.1"),
            // All of them are ours.
            ("10.9.9.9, 10.2.3.4", "10.9.9.9"),
            // With a port, as some proxies write.
            ("198.51.100.1:4711", "198.51.100.1"),
            ("[2001:db8::5]:4711", "2001:db8::5"),
            ("[2001:db8::5]", "2001:db8::5"),
            ("::ffff:198.51.100.1", "198.51.100.1"),
        ] {
            assert_eq!(by(PROXY, value), expected, "{value}");
            assert_eq!(by("::ffff:10.0.0.1", value), expected, "{value}");
        }
    }

    #[test]
    fn several_lines_are_one_list() {
        let lines = [
            ("x-forwarded-for", "203.0.113.5"),
            ("x-forwarded-for", "198.51.100.1, 10.2.3.4"),
        ];
        assert_eq!(client(PROXY, &lines), "198.51.100.1");
    }

    #[test]
    fn what_cannot_be_understood_is_the_proxy() {
        for value in [
            "",
            " ",
            ",",
            "unknown",
            "198.51.100.1,",
            "198.51.100.1, nonsense",
            "198.51.100.1, , 10.2.3.4",
            "198.51.100.300",
            "198.51.100.1 198.51.100.2",
            "localhost",
            "fe80::1%eth0",
            "for=198.51.100.1",
            "198.51.100.1, 10.2.3.4, \u{fc}",
        ] {
            assert_eq!(by(PROXY, value), PROXY, "{value}");
        }
        assert_eq!(client(PROXY, &[]), PROXY);
    }

    #[test]
    fn the_standard_header_is_understood_too() {
        for (value, expected) in [
            ("for=198.51.100.1", "198.51.100.1"),
            (
                "For=\"198.51.100.1:80\";proto=https;by=10.0.0.1",
                "198.51.100.1",
            ),
            ("by=10.0.0.1; for=\"[2001:db8::5]:80\"", "2001:db8::5"),
            (
                "for=203.0.113.5, for=198.51.100.1, for=10.2.3.4",
                "198.51.100.1",
            ),
            ("for=unknown, for=198.51.100.1", "198.51.100.1"),
            (
                "for=198.51.100.1;host=\"a,b;for=203.0.113.5\"",
                "198.51.100.1",
            ),
            ("for=unknown", PROXY),
            ("for=_hidden", PROXY),
            ("proto=https", PROXY),
            ("198.51.100.1", PROXY),
            // A quote that is left open hides what the proxy wrote behind it.
            ("for=\"203.0.113.5, for=198.51.100.1", PROXY),
            ("for=203.0.113.5;x=\", for=198.51.100.1", PROXY),
        ] {
            assert_eq!(client(PROXY, &[("forwarded", value)]), expected, "{value}");
        }
    }

    #[test]
    fn headers_that_do_not_agree_are_the_proxy() {
        let both = |one, other| client(PROXY, &[("x-forwarded-for", one), ("forwarded", other)]);
        assert_eq!(both("198.51.100.1", "for=198.51.100.1"), "198.51.100.1");
        assert_eq!(both("198.51.100.1", "for=203.0.113.5"), PROXY);
        assert_eq!(both("198.51.100.1", "for=unknown"), PROXY);
        assert_eq!(both("nonsense", "for=198.51.100.1"), PROXY);
    }

    #[test]
    fn a_proxy_is_an_address_or_a_network_and_not_everybody() {
        for text in ["10.0.0.1", "10.0.0.0/8", "10.1.2.3/8", "::1", "fd00::/8"] {
            text.parse::<TrustedProxy>().unwrap();
        }
        for (text, told) in [
            ("", "10.0.0.0/8"),
            ("proxy.example", "192.0.2.7"),
            ("10.0.0.0/33", "10.0.0.0/8"),
            ("10.0.0.1:80", "192.0.2.7"),
            ("0.0.0.0/0", "everybody"),
            ("::/0", "everybody"),
        ] {
            let error = text.parse::<TrustedProxy>().unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
