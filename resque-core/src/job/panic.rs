//! Panics of jobs and hooks as failures.

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use futures::FutureExt;

use super::{JobError, backtrace};

/// The name under which a panic stands in the failed list.
const PANIC: &str = "Panic";

thread_local! {
    /// Where the last panic of this thread happened.
    static PLACE: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Runs a job or a hook; a panic becomes an error, so that it takes no worker down.
pub(crate) async fn catch<T>(
    work: impl Future<Output = Result<T, JobError>>,
) -> Result<T, JobError> {
    watch_panics();
    // Whatever the work shared may be half changed; it is the application's to guard, as with
    // threads that panic.
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(result) => result,
        Err(cause) => Err(error_of(&*cause)),
    }
}

fn error_of(cause: &(dyn Any + Send)) -> JobError {
    let message = cause
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| cause.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    let frames = PLACE.take().unwrap_or_default();
    JobError::new(PANIC, message).with_backtrace(frames)
}

/// Notes where panics happen, which the caught value does not tell, and goes on to the hook that
/// was there before.
fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let frames = info.location().map(backtrace::here);
            PLACE.with(|place| place.replace(frames));
            before(info);
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_with_its_message_and_place() {
        let number = 7;
        let error = catch::<()>(async { panic!("no {number}") })
            .await
            .unwrap_err();
        assert_eq!((error.exception(), error.message()), ("Panic", "no 7"));
        assert!(
            error.backtrace()[0].contains("panic.rs:"),
            "{:?}",
            error.backtrace()
        );
    }

    #[tokio::test]
    async fn a_panic_with_any_value_is_an_error() {
        let error = catch::<()>(async { panic::panic_any(7_u8) })
            .await
            .unwrap_err();
        assert_eq!(error.message(), "a panic without a message");
    }
}
