//! What proxies write into a request about the addresses it came by, the nearest one last.
//!
//! Each hop is an address, or nothing where that cannot be understood. Whether any of it is to be
//! believed is not decided here.

use std::net::{IpAddr, SocketAddr};

use axum::http::header::FORWARDED;
use axum::http::{HeaderMap, HeaderName};

type Hops = Vec<Option<IpAddr>>;

/// The hops of `X-Forwarded-For`, if the header is there.
pub(super) fn x_forwarded_for(headers: &HeaderMap) -> Option<Hops> {
    let name = HeaderName::from_static("x-forwarded-for");
    hops(headers, &name, |line| {
        line.split(',').map(address).collect()
    })
}

/// The hops of the standard's `Forwarded`, if the header is there.
pub(super) fn forwarded(headers: &HeaderMap) -> Option<Hops> {
    hops(headers, &FORWARDED, |line| {
        // A quote that somebody left open would hide what the proxy wrote behind it.
        if line.matches('"').count() % 2 == 1 {
            return vec![None];
        }
        let elements = unquoted(line, ',');
        elements.into_iter().map(spoken_for).collect()
    })
}

/// Several lines of one header are one list.
fn hops(headers: &HeaderMap, name: &HeaderName, read: impl Fn(&str) -> Hops) -> Option<Hops> {
    let mut lines = headers.get_all(name).iter().peekable();
    lines.peek()?;
    let read = |line: &axum::http::HeaderValue| line.to_str().map_or(vec![None], &read);
    Some(lines.flat_map(read).collect())
}

/// The `for` of an element such as `for="[2001:db8::5]:80";proto=https`.
fn spoken_for(element: &str) -> Option<IpAddr> {
    let pairs = unquoted(element, ';');
    let mut pairs = pairs.iter().filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    let value = value.trim();
    let quoted = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    address(quoted.unwrap_or(value))
}

/// The parts of a text between separators that stand outside quotes.
fn unquoted(text: &str, separator: char) -> Vec<&str> {
    let mut is_quoted = false;
    let separates = |character| {
        is_quoted ^= character == '"';
        !is_quoted && character == separator
    };
    text.split(separates).collect()
}

/// An address, maybe with a port, maybe in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    Some(address.or_else(with_port)?.to_canonical())
}
