//! How often to try to connect while it fails.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::driver::DriverError;

/// The first wait after a failed attempt to connect, and the longest; they grow in between, with
/// jitter, so that a fleet does not come back all at once.
const WAITS: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));

/// The failed attempts since the last success.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    waits: Option<ExponentialBackoff>,
    gate: Option<(Duration, DriverError)>,
}

impl Outage {
    /// Fails while the gate is closed.
    pub(crate) fn admit(&self, now: Duration) -> Result<(), DriverError> {
        match &self.gate {
            Some((opens, error)) if now < *opens => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// Closes the gate for longer each time.
    pub(crate) fn note(&mut self, now: Duration, error: &DriverError) {
        let waits = self.waits.get_or_insert_with(|| {
            let (first, longest) = WAITS;
            let builder = ExponentialBuilder::default()
                .with_min_delay(first)
                .with_max_delay(longest);
            builder.with_jitter().without_max_times().build()
        });
        let wait = waits.next().unwrap_or(WAITS.1);
        self.gate = Some((now.saturating_add(wait), error.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_stays_closed_longer_after_each_failure() {
        let error = DriverError::unavailable(&"p".into(), std::io::Error::other("down"));
        let mut outage = Outage::default();
        let mut now = Duration::ZERO;
        let mut waits = Vec::new();
        outage.admit(now).unwrap();
        for _ in 0..12 {
            outage.note(now, &error);
            let (opens, _) = outage.gate.clone().unwrap();
            assert!(outage.admit(opens - Duration::from_nanos(1)).is_err());
            outage.admit(opens).unwrap();
            waits.push(opens - now);
            now = opens;
        }
        assert!(waits[0] >= WAITS.0 && waits[0] <= 3 * WAITS.0, "{waits:?}");
        assert!(
            waits[11] >= WAITS.1 && waits[11] <= 3 * WAITS.1,
            "{waits:?}"
        );
    }
}
