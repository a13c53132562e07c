//! `/qb/<queue>`: many jobs at once.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use bytes::Bytes;
use resque_core::wire::json::{Kind, Value, members};
use resque_core::wire::text_of;

use super::body::Body;
use super::fetch::Fetch;
use super::insert::{Insertion, with_warning};
use super::job_text::JobText;
use super::jobs::query;
use super::params::Params;
use super::problem::{Answer, Problem};
use super::repeat::Repeat;
use super::state::Http;
use super::{answer, path};

/// What this path can be asked for.
const METHODS: &str = "GET, POST";

/// Takes jobs out for good: a list of texts, each of them a job.
pub(super) async fn get(State(http): State<Http>, uri: Uri, headers: HeaderMap) -> Answer {
    let queue = path::queue(&uri)?;
    let params = Params::of(&uri)?;
    let at_most = params.batch_size()?;
    let jobs = Fetch::new(queue, &headers, &params)?
        .take(&http, at_most)
        .await?;
    // A job that somebody else has put in may be no text; it cannot be refused any more.
    let texts: Vec<_> = jobs.iter().map(|job| text_of(job)).collect();
    Ok(answer::ok(&texts))
}

/// Puts jobs in, all or none where the store can.
pub(super) async fn post(
    State(http): State<Http>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let queue = path::queue(&uri)?;
    let params = Params::of(&uri)?;
    let delayed = params.delayed()?;
    let body = body.of_jobs(&headers)?;
    let repeat = Repeat::of(&headers, &queue, &[b"batch", query(&uri), &body])?;
    let insertion = Insertion {
        queue,
        jobs: jobs(&body)?,
        delayed,
        uniq: None,
        repeat,
        counts: None,
    };
    let answer = insertion.run(&http).await?;
    let ignored = params.uniq.map(|_| "uniq is not looked at in batch mode");
    Ok(with_warning(answer, ignored))
}

pub(super) async fn head() -> Problem {
    other().await
}

pub(super) async fn put(uri: Uri) -> Problem {
    unsupported(&uri, "PUT is not supported in batch mode")
}

pub(super) async fn delete(uri: Uri) -> Problem {
    unsupported(&uri, "DELETE is not supported in batch mode")
}

pub(super) async fn other() -> Problem {
    Problem::method(METHODS)
}

fn unsupported(uri: &Uri, message: &'static str) -> Problem {
    match path::queue(uri) {
        Ok(_) => Problem::bad(message),
        Err(problem) => problem,
    }
}

/// The jobs in `{"jobs":[…]}`, each with its exact bytes.
fn jobs(body: &Bytes) -> Result<Vec<JobText>, Problem> {
    // The whole is checked as one job is: how deep it may be, and that it is an object.
    let whole = JobText::new(body.clone());
    whole.map_err(|problem| problem.about("the body"))?;
    let not_a_list = || Problem::bad("jobs should be an array of job");
    let mut found = None;
    for member in members(body).into_iter().flatten().flatten() {
        if member.is("jobs") {
            found = Some(member.value());
        }
    }
    let list = found.ok_or_else(not_a_list)?;
    if list.kind() != Kind::Array {
        return Err(not_a_list());
    }
    let job = |(number, element): (usize, Value<'_>)| {
        let job = JobText::new(body.slice_ref(element.raw()));
        job.map_err(|problem| problem.about(&format!("jobs[{number}]")))
    };
    list.elements().enumerate().map(job).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_keep_their_bytes() {
        let body = Bytes::from_static(br#"{"jobs":[ {"n" : 1.00} ,{"class":"A"}]}"#);
        let found = jobs(&body).unwrap();
        let texts: Vec<&[u8]> = found.iter().map(|job| &job.bytes[..]).collect();
        assert_eq!(texts, [&br#"{"n" : 1.00}"#[..], br#"{"class":"A"}"#]);
        assert_eq!([found[0].has_class, found[1].has_class], [false, true]);
        assert!(
            jobs(&Bytes::from_static(br#"{"jobs":[]}"#))
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn what_is_no_list_of_jobs_is_refused() {
        for body in [
            "nojson",
            "[1]",
            "{}",
            r#"{"jobs":{"n":1}}"#,
            r#"{"jobs":["a",1]}"#,
        ] {
            assert!(
                jobs(&Bytes::from_static(body.as_bytes())).is_err(),
                "{body}"
            );
        }
    }
}
