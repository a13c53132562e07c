//! Who a request is from, if it says so: by header, behind the question mark, or in its body.

use axum::http::HeaderMap;
use resque_core::HttpWorkerId;
use serde::Deserialize;

use super::body::object;
use super::params::Params;
use super::problem::Problem;

/// presque's header.
const HEADER: &str = "x-presque-workerid";

#[derive(Deserialize)]
struct Introduced {
    worker_id: Option<String>,
}

/// The worker that a request names by its header or behind the question mark.
pub(super) fn named(headers: &HeaderMap, params: &Params) -> Result<Option<HttpWorkerId>, Problem> {
    let text = match headers.get(HEADER) {
        Some(value) => match std::str::from_utf8(value.as_bytes()) {
            Ok(text) => Some(text),
            Err(_) => return Err(Problem::bad("the worker's name in the header is not UTF-8")),
        },
        None => params.worker_id.as_deref(),
    };
    // What is empty names nobody.
    let text = text.filter(|text| !text.is_empty());
    Ok(text.map(HttpWorkerId::new).transpose()?)
}

/// The same, and the body may name it too, whatever its content type says.
pub(super) fn introduced(
    headers: &HeaderMap,
    params: &Params,
    body: &[u8],
) -> Result<HttpWorkerId, Problem> {
    if let Some(worker) = named(headers, params)? {
        return Ok(worker);
    }
    let missing = || Problem::bad("worker_id is missing");
    if body.trim_ascii().is_empty() {
        return Err(missing());
    }
    let said: Introduced = object(body)?;
    let text = said.worker_id.filter(|text| !text.is_empty());
    Ok(HttpWorkerId::new(text.ok_or_else(missing)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_query_and_body_name_a_worker_in_this_order() {
        let mut headers = HeaderMap::new();
        let params = Params::of(&"/w/foo?worker_id=query".parse().unwrap()).unwrap();
        let none = Params::default();
        let body = br#"{"worker_id":"body"}"#;
        let name = |headers: &HeaderMap, params: &Params| {
            introduced(headers, params, body)
                .unwrap()
                .as_str()
                .to_owned()
        };
        assert_eq!(name(&headers, &none), "body");
        assert_eq!(name(&headers, &params), "query");
        headers.insert(HEADER, "header".parse().unwrap());
        assert_eq!(name(&headers, &params), "header");
    }

    #[test]
    fn nobody_is_nobody_and_nonsense_is_refused() {
        let (headers, params) = (HeaderMap::new(), Params::default());
        assert_eq!(named(&headers, &params).unwrap(), None);
        for body in [
            "",
            "{}",
            r#"{"worker_id":""}"#,
            "[",
            "7",
            r#"{"worker_id":"a\nb"}"#,
        ] {
            assert!(
                introduced(&headers, &params, body.as_bytes()).is_err(),
                "{body}"
            );
        }
    }
}
