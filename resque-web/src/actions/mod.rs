//! The changes, by POST: each a function over the store that forms and the JSON interface share.
//!
//! A form carries `csrf` (checked before it gets here) and `back`, the page it leads back to. What it
//! does is told by the next page, see [`Visit::done`](crate::pages::Visit::done).

pub(crate) mod bulk;
pub(crate) mod delayed;
pub(crate) mod failures;
pub(crate) mod job;
mod outcome;
pub(crate) mod pause;
pub(crate) mod queue;
pub(crate) mod schedule;
mod sent;
pub(crate) mod worker;

use axum::Router;
use axum::routing::post;

pub(crate) use self::outcome::Outcome;
pub(crate) use self::sent::Sent;
use crate::state::App;

/// The routes of all forms. A new file of this module adds its own here.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/pause", post(pause::pause))
        .route("/resume", post(pause::resume))
        .route("/queue/stop", post(queue::stop))
        .route("/queue/start", post(queue::start))
        .route("/queue/remove", post(queue::remove))
        .route("/queue/job/remove", post(job::remove))
        .route("/queue/job/front", post(job::front))
        .route("/failed/retry", post(failures::retry))
        .route("/failed/remove", post(failures::remove))
        .route("/failed/clear", post(failures::clear))
        .route("/delayed/enqueue", post(delayed::enqueue))
        .route("/delayed/cancel", post(delayed::cancel))
        .route("/delayed/move", post(delayed::postpone))
        .route("/delayed/clear", post(delayed::clear))
        .route("/schedules/enqueue", post(schedule::enqueue))
        .route("/schedules/enable", post(schedule::enable))
        .route("/schedules/disable", post(schedule::disable))
        .route("/schedules/remove", post(schedule::remove))
        .route("/worker/cancel", post(worker::cancel))
        .route("/worker/remove", post(worker::remove))
}
