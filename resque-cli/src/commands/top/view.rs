//! What is shown, kept up by looks.

use std::time::Duration;

use super::sample::Sample;
use crate::failure::{Failure, chain};
use crate::place::Place;

/// What is shown.
#[derive(Debug)]
pub(super) struct View {
    /// The store and the namespace.
    pub(super) place: String,
    /// The last look that succeeded.
    pub(super) sample: Sample,
    /// Jobs per second since the look before, and how many of them failed.
    pub(super) rate: Option<(f64, f64)>,
    /// Why the last look failed.
    pub(super) trouble: Option<String>,
    /// When the last look was that succeeded, by our own clock.
    seen: Option<Duration>,
    /// When the first one began.
    begun: Duration,
}

impl View {
    pub(super) fn new(place: &Place, now: Duration) -> Self {
        Self {
            place: format!("{}  ·  {}", place.shown(), place.namespace()),
            sample: Sample::default(),
            rate: None,
            trouble: None,
            seen: None,
            begun: now,
        }
    }

    /// For how long somebody has been looking.
    pub(super) fn lasts(&self, now: Duration) -> Duration {
        now.saturating_sub(self.begun)
    }

    /// Whether there was a look yet.
    pub(super) fn has_seen(&self) -> bool {
        self.seen.is_some()
    }

    /// Takes note of a look.
    pub(super) fn take(&mut self, look: Result<Sample, Failure>, now: Duration) {
        match look {
            Err(failure) => self.trouble = Some(chain(&failure)),
            Ok(sample) => {
                self.rate = self.seen.and_then(|seen| {
                    let seconds = now.checked_sub(seen)?.as_secs_f64();
                    let grown =
                        |new: i64, old: i64| new.saturating_sub(old).max(0) as f64 / seconds;
                    let before = &self.sample;
                    let failed = grown(sample.processed_failed, before.processed_failed);
                    (seconds > 0.0).then(|| (grown(sample.processed, before.processed), failed))
                });
                self.seen = Some(now);
                self.trouble = None;
                self.sample = sample;
            }
        }
    }
}
