//! Samples the store once a minute, one process for all.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

use crate::client::measure;
use crate::{Backend, Result, minute_of};

const MINUTE: Duration = Duration::from_secs(60);
/// By how much the processes of a fleet look at different times, so that usually the first one has
/// measured when the others look.
const APART: Duration = Duration::from_secs(20);
/// A janitor with longer rounds than this could miss a minute if it waited for its moment.
const OFTEN: Duration = Duration::from_secs(10);

/// The part of a janitor that remembers what the store looks like.
#[derive(Debug)]
pub(super) struct Sampler {
    /// The moment of each minute from which on this process looks.
    moment: Duration,
    /// The last minute that has its sample; at first the one in which this process began, so that
    /// one that soon ends leaves nothing.
    done: Option<SystemTime>,
}

impl Sampler {
    /// Looks at a moment drawn by lot, if the janitor comes `every` so often.
    pub(super) fn new(every: Duration) -> Self {
        let lot = RandomState::new().hash_one("moment") % APART.as_secs();
        let moment = if every > OFTEN { 0 } else { lot };
        Self {
            moment: Duration::from_secs(moment),
            done: None,
        }
    }

    /// Takes the sample of this minute, if it is time and nobody has; answers whether it did.
    pub(super) async fn round(&mut self, backend: &Backend, now: SystemTime) -> Result<bool> {
        let Some(history) = backend.queues().history() else {
            return Ok(false);
        };
        let minute = minute_of(now);
        if *self.done.get_or_insert(minute) == minute || now < minute + self.moment {
            return Ok(false);
        }
        let known = history.range(minute, minute + MINUTE, 1).await?;
        let kept = if known.is_empty() {
            let sample = measure(backend, history, now).await?;
            history.record(now, &sample.to_bytes()).await?
        } else {
            false
        };
        self.done = Some(minute);
        Ok(kept)
    }
}
