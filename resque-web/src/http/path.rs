//! What a path names: everything behind its first part, slashes included.

use std::borrow::Cow;

use axum::http::Uri;
use percent_encoding::percent_decode_str;
use resque_core::QueueName;

use super::problem::Problem;

/// What stands at the end of a path that asks for leases. A queue that is called so itself is asked
/// for with an encoded slash: `/q/mail%2Flease`.
const LEASE: &str = "/lease";

/// The queue that a path names behind its first part.
pub(super) fn queue(uri: &Uri) -> Result<QueueName, Problem> {
    queue_of(rest(uri))
}

/// The same if there is a name.
pub(super) fn named_queue(uri: &Uri) -> Result<Option<QueueName>, Problem> {
    let rest = rest(uri);
    (!rest.is_empty()).then(|| queue_of(rest)).transpose()
}

/// The list of queues of a path that asks for leases; `None` for any other path.
pub(super) fn leased(uri: &Uri) -> Option<&str> {
    rest(uri)
        .strip_suffix(LEASE)
        .filter(|queues| !queues.is_empty())
}

/// A part of a path with its escapes resolved.
pub(super) fn decoded(part: &str) -> Result<Cow<'_, str>, Problem> {
    let text = percent_decode_str(part).decode_utf8();
    text.map_err(|_| Problem::bad("the path names something that is not UTF-8"))
}

fn queue_of(part: &str) -> Result<QueueName, Problem> {
    if part.is_empty() {
        return Err(Problem::missing("queue name is missing"));
    }
    let bytes: Cow<'_, [u8]> = percent_decode_str(part).into();
    Ok(QueueName::from_bytes(&bytes)?)
}

/// The path behind `/q/`, `/status/` and the like.
fn rest(uri: &Uri) -> &str {
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    path.split_once('/').map_or("", |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn names_are_everything_behind_the_first_part() {
        for (path, name) in [
            ("/q/foo", "foo"),
            ("/q/a/b", "a/b"),
            ("/q/a%20b", "a b"),
            ("/q/a+b", "a+b"),
            ("/q/foo:bar?x=1", "foo:bar"),
            ("/q/gr%C3%B6%C3%9Fe", "größe"),
            ("/q//x", "/x"),
            ("/q/foo%2Flease", "foo/lease"),
        ] {
            assert_eq!(queue(&uri(path)).unwrap().as_str(), name, "{path}");
        }
    }

    #[test]
    fn names_that_cannot_be_are_refused() {
        for path in ["/q/", "/q/a,b", "/q/a%2Cb", "/q/%ff", "/q/a%00", "/q/a%0Ab"] {
            assert!(queue(&uri(path)).is_err(), "{path}");
        }
        assert!(queue(&uri(&format!("/q/{}", "q".repeat(256)))).is_err());
        assert!(named_queue(&uri("/w/")).unwrap().is_none());
    }

    #[test]
    fn leases_are_asked_for_at_the_end_of_a_path() {
        assert_eq!(leased(&uri("/q/foo/lease?wait=1")), Some("foo"));
        assert_eq!(leased(&uri("/q/high,low/lease")), Some("high,low"));
        assert_eq!(leased(&uri("/q/foo%2Flease")), None);
        assert_eq!(leased(&uri("/q/lease")), None);
        assert_eq!(leased(&uri("/q//lease")), None);
    }
}
