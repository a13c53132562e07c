//! Why a job fails.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;
use std::time::{Duration, SystemTime};

use super::{JobFailure, Verdict, backtrace};
use crate::args::ArgumentError;

/// What a job returns.
pub type JobResult<T = ()> = Result<T, JobError>;

type Source = Box<dyn StdError + Send + Sync>;

/// Why a job fails: any error that `?` meets, a text, or an exception of a given name.
///
/// The failed list shows the type of the error as its exception, the messages of the whole chain
/// as its text, and the place of the `?`; with `RUST_BACKTRACE=1` the whole backtrace.
///
/// ```
/// use resque_core::{JobError, JobResult};
///
/// fn work(text: &str) -> JobResult {
///     let number: i32 = text.parse()?;
///     if number < 0 {
///         return Err("a negative number".into());
///     }
///     Err(JobError::new("Quota::Exceeded", "try again tomorrow"))
/// }
///
/// let exception = |text| work(text).unwrap_err().exception().to_owned();
/// assert_eq!(exception("x"), "core::num::error::ParseIntError");
/// assert_eq!(exception("-1"), "RuntimeError");
/// assert_eq!(exception("1"), "Quota::Exceeded");
/// ```
pub struct JobError(Box<Raised>);

/// What a [`JobError`] holds, on the heap so that a `JobResult` stays one word.
struct Raised {
    exception: Cow<'static, str>,
    message: String,
    backtrace: Vec<String>,
    source: Option<Source>,
    dont_perform: bool,
    verdict: Verdict,
}

impl JobError {
    /// An exception of this name.
    #[must_use]
    #[track_caller]
    pub fn new(exception: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self(Box::new(Raised {
            exception: exception.into(),
            message: message.into(),
            backtrace: backtrace::here(Location::caller()),
            source: None,
            dont_perform: false,
            verdict: Verdict::Policy,
        }))
    }

    /// What a `before_perform` hook returns to have the job skipped without a failure.
    #[must_use]
    pub fn dont_perform() -> Self {
        Self(Box::new(Raised {
            exception: "Resque::DontPerform".into(),
            message: "Resque::DontPerform".into(),
            backtrace: Vec::new(),
            source: None,
            dont_perform: true,
            verdict: Verdict::Policy,
        }))
    }

    /// The arguments do not fit.
    pub(crate) fn argument(error: ArgumentError) -> Self {
        Self::from(error).with_backtrace(Vec::new())
    }

    /// The same error under another name in the failed list.
    #[must_use]
    pub fn named(mut self, exception: impl Into<Cow<'static, str>>) -> Self {
        self.0.exception = exception.into();
        self
    }

    /// The same error with another backtrace, innermost frame first.
    #[must_use]
    pub fn with_backtrace(mut self, frames: Vec<String>) -> Self {
        self.0.backtrace = frames;
        self
    }

    /// The kind of error, as the failed list will show it.
    #[must_use]
    pub fn exception(&self) -> &str {
        &self.0.exception
    }

    /// The message, as the failed list will show it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it happened, innermost frame first.
    #[must_use]
    pub fn backtrace(&self) -> &[String] {
        &self.0.backtrace
    }

    /// Whether it is [`JobError::dont_perform`].
    #[must_use]
    pub fn is_dont_perform(&self) -> bool {
        self.0.dont_perform
    }

    /// The error this was made of, if it is of that type.
    #[must_use]
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.source.as_deref()?.downcast_ref()
    }

    /// The failure to record.
    #[must_use]
    pub fn into_failure(self) -> JobFailure {
        JobFailure::new(self.0.exception, self.0.message)
            .with_backtrace(self.0.backtrace)
            .with_verdict(self.0.verdict)
    }

    /// The same as an ordinary error, for programs that carry errors in boxes. (A `JobError` is
    /// none by itself, so that it can be made of any error.)
    #[must_use]
    pub fn into_error(self) -> Box<dyn StdError + Send + Sync> {
        Box::new(*self.0)
    }
}

/// What the error says about the future of its job.
///
/// ```
/// use std::time::Duration;
///
/// use resque_core::{JobError, JobResult, Verdict};
///
/// fn charge(card: &str) -> JobResult {
///     match card {
///         "stolen" => Err(JobError::new("Card::Stolen", "call the police").fail_now()),
///         "gone" => Err(JobError::from("the customer has left").discard()),
///         "busy" => Err(JobError::from("the bank is closed").snooze(Duration::from_secs(3_600))),
///         number => number.parse::<u64>().map(drop).map_err(|error| JobError::from(error).retry()),
///     }
/// }
/// assert_eq!(charge("stolen").unwrap_err().verdict(), Verdict::Fail);
/// ```
impl JobError {
    /// The same error, which asks for another attempt: by the job's policy, or by the ordinary one
    /// if it has none.
    #[must_use]
    pub fn retry(self) -> Self {
        self.with_verdict(Verdict::Retry)
    }

    /// The same error, which asks for another attempt after this time, within the limits of the
    /// job's policy, or of the ordinary one if it has none.
    #[must_use]
    pub fn retry_in(self, delay: Duration) -> Self {
        self.with_verdict(Verdict::RetryIn(delay))
    }

    /// The same error, which sends the job to the failed list whatever its policy says.
    #[must_use]
    pub fn fail_now(self) -> Self {
        self.with_verdict(Verdict::Fail)
    }

    /// The same error, which drops the job: it counts as performed and is on no list.
    #[must_use]
    pub fn discard(self) -> Self {
        self.with_verdict(Verdict::Discard)
    }

    /// The same error, which lets the job wait for so long, as if it had not been tried.
    #[must_use]
    pub fn snooze(self, delay: Duration) -> Self {
        self.with_verdict(Verdict::Snooze(delay))
    }

    /// The same error, which lets the job wait until then, as if it had not been tried.
    #[must_use]
    pub fn snooze_until(self, at: SystemTime) -> Self {
        self.with_verdict(Verdict::SnoozeUntil(at))
    }

    /// What it says about the future of its job.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.0.verdict
    }

    fn with_verdict(mut self, verdict: Verdict) -> Self {
        self.0.verdict = verdict;
        self
    }
}

impl JobFailure {
    pub(super) fn with_backtrace(mut self, frames: Vec<String>) -> Self {
        self.backtrace = frames;
        self
    }
}

impl<E> From<E> for JobError
where
    E: Into<Source>,
{
    #[track_caller]
    fn from(error: E) -> Self {
        let source: Source = error.into();
        Self(Box::new(Raised {
            exception: exception_of::<E>(&*source).into(),
            message: chain(&*source),
            backtrace: backtrace::here(Location::caller()),
            source: Some(source),
            dont_perform: false,
            verdict: Verdict::Policy,
        }))
    }
}

/// The name of the error's type, as in Ruby: `ArgumentError` for arguments that do not fit, and
/// `RuntimeError` for what has no type of its own.
fn exception_of<E>(error: &(dyn StdError + 'static)) -> &'static str {
    if error.is::<ArgumentError>() {
        return ArgumentError::EXCEPTION;
    }
    let name = std::any::type_name::<E>();
    let is_plain = ["alloc::string::String", "&str"].contains(&name);
    if is_plain || name.contains("dyn ") || name.contains("Cow<") {
        "RuntimeError"
    } else {
        name
    }
}

/// The messages of an error and its causes, each told once.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let message = cause.to_string();
        if !text.contains(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        next = cause.source();
    }
    text
}

impl From<JobError> for Box<dyn StdError> {
    fn from(error: JobError) -> Self {
        error.into_error()
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.exception, self.message)
    }
}

impl fmt::Debug for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for Raised {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // The message tells the whole chain already.
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the page")]
    struct Outer(#[source] std::num::ParseIntError);

    fn fails() -> JobResult {
        let number = "x".parse::<i32>().map_err(Outer)?;
        assert_eq!(number, 0);
        Ok(())
    }

    #[test]
    fn the_question_mark_keeps_type_chain_and_place() {
        let error = fails().unwrap_err();
        assert_eq!(error.exception(), "resque_core::job::error::tests::Outer");
        assert_eq!(
            error.message(),
            "cannot read the page: invalid digit found in string"
        );
        assert!(
            error.backtrace()[0].contains("error.rs:"),
            "{:?}",
            error.backtrace()
        );
        assert!(error.downcast_ref::<Outer>().is_some());
    }

    #[test]
    fn texts_and_nameless_errors_are_runtime_errors() {
        let boxed: Box<dyn StdError + Send + Sync> = "boom".into();
        for error in [
            JobError::from("boom"),
            JobError::from("boom".to_owned()),
            JobError::from(boxed),
        ] {
            assert_eq!(
                (error.exception(), error.message()),
                ("RuntimeError", "boom")
            );
        }
    }

    #[test]
    fn a_cause_that_the_message_repeats_is_told_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("page: {0}")]
        struct Repeats(#[source] std::num::ParseIntError);
        let error = JobError::from(Repeats("x".parse::<i32>().unwrap_err()));
        assert_eq!(error.message(), "page: invalid digit found in string");
    }
}
