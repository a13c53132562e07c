//! The changes, by POST: each a function over the store that forms and the JSON interface share.
//!
//! A form carries `csrf` (checked before it gets here) and `back`, the page it leads back to. What it
//! does is told by the next page, see [`Visit::done`](crate::pages::Visit::done).

mod pause;

use axum::Router;
use axum::routing::post;
use serde::Deserialize;

use crate::state::App;

/// What every form carries besides what it is about.
#[derive(Debug, Deserialize)]
pub(crate) struct Back {
    /// The page it leads back to.
    #[serde(default)]
    pub(crate) back: String,
}

/// The routes of all forms. A new file of this module adds its own here.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/pause", post(pause::pause))
        .route("/resume", post(pause::resume))
}
