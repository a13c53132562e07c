//! The page that a request comes from, as browsers tell it.

use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Method};

use super::Kind;

/// Whether a browser says that the request comes from a page which is not ours. Programs that are no
/// browsers say nothing.
pub(super) fn is_foreign(kind: Kind, method: &Method, host: &str, headers: &HeaderMap) -> bool {
    let reads = method == Method::GET || method == Method::HEAD;
    let site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
    let foreign_site = match (kind, reads) {
        // A link from anywhere may lead to a page.
        (Kind::Pages, true) => return false,
        (Kind::Pages, false) => site.is_some_and(|site| site != b"same-origin"),
        (Kind::Interface, _) => site.is_some_and(|site| site != b"same-origin" && site != b"none"),
    };
    foreign_site || headers.contains_key(ORIGIN) && !is_own_origin(host, headers)
}

/// Whether the origin is the host that was called. The scheme is not looked at: a proxy may have
/// taken the encryption off.
fn is_own_origin(host: &str, headers: &HeaderMap) -> bool {
    let origin = headers.get(ORIGIN).and_then(|value| value.to_str().ok());
    [("http://", ":80"), ("https://", ":443")]
        .into_iter()
        .any(|(scheme, port)| {
            // A port that goes without saying may be said by a proxy.
            let host = host.strip_suffix(port).unwrap_or(host);
            let authority = origin.and_then(|origin| origin.strip_prefix(scheme));
            authority
                .is_some_and(|authority| !host.is_empty() && authority.eq_ignore_ascii_case(host))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "localhost:5678";

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            headers.insert(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_change_comes_from_our_own_pages_or_from_no_page() {
        let foreign = |list| is_foreign(Kind::Pages, &Method::POST, HOST, &headers(list));
        assert!(!foreign(&[]));
        assert!(!foreign(&[("sec-fetch-site", "same-origin")]));
        assert!(!foreign(&[("origin", "http://localhost:5678")]));
        assert!(!foreign(&[("origin", "https://LOCALHOST:5678")]));
        assert!(foreign(&[("sec-fetch-site", "same-site")]));
        assert!(foreign(&[("sec-fetch-site", "none")]));
        assert!(foreign(&[("sec-fetch-site", "cross-site")]));
        assert!(foreign(&[("origin", "null")]));
        assert!(foreign(&[("origin", "http://localhost:1")]));
        let mixed = [
            ("sec-fetch-site", "same-origin"),
            ("origin", "http://evil.example"),
        ];
        assert!(foreign(&mixed));
    }

    #[test]
    fn a_port_that_goes_without_saying_may_be_said() {
        let foreign = |host, origin| {
            let headers = headers(&[("origin", origin)]);
            is_foreign(Kind::Pages, &Method::POST, host, &headers)
        };
        assert!(!foreign("jobs.example:443", "https://jobs.example"));
        assert!(!foreign("jobs.example:80", "http://jobs.example"));
        assert!(foreign("jobs.example:443", "http://jobs.example"));
        assert!(foreign("jobs.example", "https://jobs.example:8443"));
        assert!(foreign("", "https://"));
    }

    #[test]
    fn everybody_may_link_to_a_page_and_nobody_to_the_interface() {
        let cross = headers(&[("sec-fetch-site", "cross-site")]);
        assert!(!is_foreign(Kind::Pages, &Method::GET, HOST, &cross));
        assert!(is_foreign(Kind::Interface, &Method::GET, HOST, &cross));
        let typed = headers(&[("sec-fetch-site", "none")]);
        assert!(!is_foreign(Kind::Interface, &Method::GET, HOST, &typed));
        let old = headers(&[("origin", "http://evil.example")]);
        assert!(is_foreign(Kind::Interface, &Method::GET, HOST, &old));
    }
}
