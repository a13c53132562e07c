//! Jobs in processes of their own, and jobs that break theirs in every way.

mod jobs;

pub use self::jobs::handlers;
use resque::isolation::Child;

/// What a child performs jobs with. The store that follow-up jobs go to is connected in each child,
/// because no connection can be shared between processes.
///
/// # Errors
///
/// When the store of `RESQUE_URL` cannot be reached.
pub async fn child() -> resque::Result<Child> {
    let child = Child::new(handlers()).hooks(jobs::worker_hooks());
    Ok(match std::env::var("RESQUE_URL") {
        Ok(url) => child.backend(resque::connect(&url).await?),
        Err(_) => child,
    })
}
