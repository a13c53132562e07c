//! Due times in the store.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second of the year 9999: what is due later waits in our own set.
const LAST_SECOND: u64 = 253_402_300_799;

/// The greatest number of milliseconds that a score tells from its neighbours.
const LAST_MILLI: u64 = (1 << 53) - 1;

/// The milliseconds since 1970 at which a job is due, never before its time.
pub(crate) fn millis(due: SystemTime) -> u64 {
    let since = due.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let millis = since.as_nanos().div_ceil(1_000_000);
    u64::try_from(millis).map_or(LAST_MILLI, |millis| millis.min(LAST_MILLI))
}

/// The seconds since 1970, if that is what the time is.
pub(crate) fn whole_second(due: SystemTime) -> Option<u64> {
    let since = due.duration_since(UNIX_EPOCH).ok()?;
    let whole = since.subsec_nanos() == 0 && since.as_secs() <= LAST_SECOND;
    whole.then_some(since.as_secs())
}

/// The time of that many milliseconds since 1970.
pub(crate) fn time(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_never_comes_before_its_time() {
        let due = UNIX_EPOCH + Duration::from_nanos(1_500_001);
        assert_eq!(millis(due), 2);
        assert!(time(millis(due)) >= due);
        assert_eq!(millis(UNIX_EPOCH - Duration::from_secs(5)), 0);
        assert_eq!(
            millis(UNIX_EPOCH + Duration::from_secs(u64::MAX / 4)),
            LAST_MILLI
        );
    }

    #[test]
    fn only_whole_seconds_are_resque_schedulers() {
        let at = |millis| UNIX_EPOCH + Duration::from_millis(millis);
        assert_eq!(whole_second(at(5000)), Some(5));
        assert_eq!(whole_second(at(5001)), None);
        assert_eq!(whole_second(at((LAST_SECOND + 1) * 1000)), None);
        assert_eq!(whole_second(UNIX_EPOCH - Duration::from_secs(5)), None);
    }
}
