//! How a vanished server is noticed.

use std::time::Duration;

/// When an idle peer is first asked whether it still lives: a waiting connection never writes, so
/// nothing else would tell it that its server vanished without a word.
pub(crate) const TIME: Duration = Duration::from_secs(15);

/// How long after that it is asked again.
pub(crate) const INTERVAL: Duration = Duration::from_secs(5);

/// How many unanswered questions make it dead.
pub(crate) const RETRIES: u32 = 3;
