//! What stands behind the question mark.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::Query;
use axum::http::Uri;
use serde::Deserialize;

use super::problem::Problem;

/// Everything that a request may say behind the question mark; what is unknown is not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Params {
    delayed: Option<String>,
    pub(super) uniq: Option<String>,
    pub(super) worker_id: Option<String>,
    pub(super) queue_name: Option<String>,
    batch_size: Option<String>,
    with_desc: Option<String>,
    wait: Option<String>,
    max: Option<String>,
    ttl: Option<String>,
}

impl Params {
    /// Reads them.
    pub(super) fn of(uri: &Uri) -> Result<Self, Problem> {
        if uri.query().is_none() {
            return Ok(Self::default());
        }
        let read = Query::try_from_uri(uri);
        read.map(|Query(params)| params)
            .map_err(|error| Problem::bad(error.body_text()))
    }

    /// The time before which a job is not to be given out, if one was said.
    pub(super) fn delayed(&self) -> Result<Option<SystemTime>, Problem> {
        /// The end of the year 9999: what every store can tell.
        const LATEST: u64 = 253_402_300_799;
        let Some(text) = &self.delayed else {
            return Ok(None);
        };
        let seconds = digits(text).filter(|seconds| *seconds <= LATEST);
        let seconds = seconds.ok_or_else(|| {
            Problem::bad(
                "delayed must be a time in whole seconds since 1970, as `date +%s` says it",
            )
        })?;
        Ok(Some(UNIX_EPOCH + Duration::from_secs(seconds)))
    }

    /// How many jobs are to be fetched at once; 0 is what nothing said is, as in presque.
    pub(super) fn batch_size(&self) -> Result<usize, Problem> {
        const USUAL: u64 = 10;
        let size = bounded("batch_size", &self.batch_size, 0..=1_000)?;
        let size = size.filter(|size| *size > 0).unwrap_or(USUAL);
        Ok(usize::try_from(size).unwrap_or(usize::MAX))
    }

    /// Whether the jobs are to be shown too.
    pub(super) fn with_desc(&self) -> bool {
        let no = |text: &str| text.is_empty() || text == "0";
        self.with_desc.as_deref().is_some_and(|text| !no(text))
    }

    /// How long to wait for a job.
    pub(super) fn wait(&self) -> Result<Duration, Problem> {
        let seconds = bounded("wait", &self.wait, 0..=300)?;
        Ok(Duration::from_secs(seconds.unwrap_or(0)))
    }

    /// How many jobs at most.
    pub(super) fn max(&self) -> Result<usize, Problem> {
        let max = bounded("max", &self.max, 1..=1_000)?.unwrap_or(1);
        Ok(usize::try_from(max).unwrap_or(usize::MAX))
    }

    /// How long a lease lasts, if that was said.
    pub(super) fn ttl(&self) -> Result<Option<Duration>, Problem> {
        let seconds = bounded("ttl", &self.ttl, 1..=86_400)?;
        Ok(seconds.map(Duration::from_secs))
    }
}

fn bounded(
    name: &str,
    text: &Option<String>,
    range: std::ops::RangeInclusive<u64>,
) -> Result<Option<u64>, Problem> {
    let Some(text) = text else {
        return Ok(None);
    };
    let number = digits(text).filter(|number| range.contains(number));
    number.map(Some).ok_or_else(|| {
        let (least, most) = range.into_inner();
        Problem::bad(format!(
            "{name} must be a whole number from {least} to {most}"
        ))
    })
}

/// A number of nothing but digits.
fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> Params {
        Params::of(&format!("/q/foo{query}").parse().unwrap()).unwrap()
    }

    #[test]
    fn what_is_not_said_has_its_usual_value() {
        let params = params("");
        assert_eq!(params.delayed().unwrap(), None);
        assert_eq!(params.batch_size().unwrap(), 10);
        assert_eq!(params.wait().unwrap(), Duration::ZERO);
        assert_eq!(params.max().unwrap(), 1);
        assert_eq!(params.ttl().unwrap(), None);
        assert!(!params.with_desc());
    }

    #[test]
    fn a_delay_is_a_time_in_seconds_and_nothing_else() {
        let due = params("?delayed=1273923534").delayed().unwrap();
        assert_eq!(due, Some(UNIX_EPOCH + Duration::from_secs(1_273_923_534)));
        for bad in [
            "",
            "abc",
            "-5",
            "1.5",
            "1e9",
            "+1",
            "253402300800",
            "99999999999999999999",
        ] {
            let query = format!("?delayed={}", bad.replace('+', "%2B"));
            assert!(params(&query).delayed().is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_have_bounds() {
        assert_eq!(params("?batch_size=0").batch_size().unwrap(), 10);
        assert_eq!(params("?batch_size=3").batch_size().unwrap(), 3);
        assert!(params("?batch_size=1001").batch_size().is_err());
        assert!(params("?max=0").max().is_err());
        assert!(params("?wait=301").wait().is_err());
        assert!(params("?ttl=0").ttl().is_err());
        assert!(params("?with_desc=1").with_desc());
        assert!(!params("?with_desc=0").with_desc());
    }

    #[test]
    fn a_query_that_says_one_thing_twice_is_refused() {
        assert!(Params::of(&"/q/foo?uniq=a&uniq=b".parse().unwrap()).is_err());
        assert_eq!(params("?other=1&uniq=a%26b").uniq.as_deref(), Some("a&b"));
    }
}
