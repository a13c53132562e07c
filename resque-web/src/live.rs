//! The stream that tells pages to look again: one event whenever the store has changed.

use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use futures::stream::unfold;
use resque_core::{QueueStatus, WorkerStatus};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::state::App;
use crate::view::Glance;

/// How many pages are told at the same time; the others ask now and then.
const MOST: usize = 128;
/// How often the store is looked at, once for all pages.
const EVERY: Duration = Duration::from_secs(2);
/// After so much silence a sign of life is sent, so that a lost connection is noticed.
const SIGN_OF_LIFE: u32 = 8;
/// How long a stream lasts; the browser opens another one. So none outlives its reader for ever.
const LONGEST: u32 = 300;

/// The streams that are open.
#[derive(Debug)]
pub(crate) struct Live {
    places: Arc<Semaphore>,
    /// Ends all of them.
    pub(crate) closing: CancellationToken,
}

impl Live {
    pub(crate) fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(MOST)),
            closing: CancellationToken::new(),
        }
    }
}

/// `GET /live`.
pub(crate) async fn live(State(app): State<App>) -> Response {
    let place = app.live().places.clone().try_acquire_owned();
    let Ok(place) = place else {
        let message = "too many pages are kept up to date\n";
        return (StatusCode::SERVICE_UNAVAILABLE, message).into_response();
    };
    Sse::new(changes(app, place)).into_response()
}

/// What a stream remembers.
struct Reader {
    app: App,
    seen: Option<u64>,
    rounds: u32,
    silent: u32,
    _place: OwnedSemaphorePermit,
}

fn changes(app: App, place: OwnedSemaphorePermit) -> impl Stream<Item = Result<Event, Infallible>> {
    let reader = Reader {
        app,
        seen: None,
        rounds: 0,
        silent: 0,
        _place: place,
    };
    unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok(event), reader))
    })
}

impl Reader {
    /// The next event; none when the stream ends.
    async fn next(&mut self) -> Option<Event> {
        let closing = self.app.live().closing.clone();
        loop {
            if self.rounds > 0 {
                let clock = self.app.clock().clone();
                tokio::select! {
                    () = clock.sleep(EVERY) => {}
                    () = closing.cancelled() => return None,
                }
            }
            self.rounds += 1;
            if self.rounds > LONGEST {
                return None;
            }
            // While the store is away there is nothing to tell; the page says so when it asks.
            let now = self.app.glance().await.ok().map(|glance| digest(&glance));
            let before = self.seen;
            self.seen = now.or(before);
            // The first one too: something may have happened since the page was made.
            if self.seen != before {
                self.silent = 0;
                // Browsers drop an event without data.
                return Some(Event::default().event("change").data("look again"));
            }
            self.silent += 1;
            if self.silent >= SIGN_OF_LIFE {
                self.silent = 0;
                return Some(Event::default().comment("here"));
            }
        }
    }
}

/// A number that is another one when pages would look different.
fn digest(glance: &Glance) -> u64 {
    let mut hasher = DefaultHasher::new();
    (glance.processed, glance.failed, glance.failures).hash(&mut hasher);
    (glance.delayed, glance.paused).hash(&mut hasher);
    let leading = glance.leading.as_ref();
    let leading = leading.map(|leading| (&leading.leader, &leading.version));
    leading.hash(&mut hasher);
    for QueueStatus {
        name,
        length,
        stopped,
        ..
    } in &glance.queues.queues
    {
        (name, length, stopped).hash(&mut hasher);
    }
    for WorkerStatus { id, holds, .. } in &glance.workers.workers {
        let receipt = holds.as_ref().map(|held| &held.receipt);
        (id, receipt).hash(&mut hasher);
    }
    hasher.finish()
}
