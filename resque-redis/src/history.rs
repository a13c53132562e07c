//! Samples of what the store looked like, minute by minute.
//!
//! One sorted set: the number of the minute is the score, and stands before the sample too, so that
//! minutes that look alike are two members.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use resque_core::{Backlog, HISTORY_KEPT, Result, StatsHistory};

use crate::driver::{Batch, Value};
use crate::scripts::{BACKLOG, RECORD_SAMPLE};
use crate::store::{Store, bytes_of, list_of, number_of};

/// How many queues are counted at most: some ten milliseconds of the server.
const MOST_QUEUES: u32 = 20_000;

#[async_trait]
impl StatsHistory for Store {
    async fn backlog(&self) -> Result<Backlog> {
        let mut call = self.call(&BACKLOG, 1, 16);
        call.arg(MOST_QUEUES);
        let jobs = match self.script("measure what waits", &call).await? {
            Value::Nil => None,
            count => Some(number_of(&count)),
        };
        // Nothing in a payload of Resque tells since when it waits.
        Ok(Backlog::new(jobs))
    }

    async fn record(&self, at: SystemTime, sample: &Bytes) -> Result<bool> {
        let minute = since_1970(at).as_secs() / 60;
        let kept = HISTORY_KEPT.as_secs();
        let mut call = self.call(&RECORD_SAMPLE, 4, sample.len() + 48);
        call.arg(minute)
            .arg(minute.saturating_sub(kept / 60))
            .arg(kept)
            .arg(sample);
        let reply = self.script("record a sample", &call).await?;
        Ok(number_of(&reply) == 1)
    }

    async fn range(
        &self,
        since: SystemTime,
        until: SystemTime,
        at_most: usize,
    ) -> Result<Vec<(SystemTime, Bytes)>> {
        let key = self.keys.history();
        let mut batch = Batch::new();
        batch.command("ZRANGEBYSCORE").arg(&key);
        batch
            .arg(first_from(since))
            .arg(format!("({}", first_from(until)));
        // The server counts in signed numbers.
        batch
            .arg("LIMIT")
            .arg(0)
            .arg(i64::try_from(at_most).unwrap_or(i64::MAX));
        let reply = self.on_key("read the history", &key, &batch).await?;
        let members = list_of(reply).into_iter().map(bytes_of);
        Ok(members.filter_map(sample_of).collect())
    }
}

/// The number of the first minute that does not begin before `time`.
fn first_from(time: SystemTime) -> u64 {
    let since = since_1970(time);
    since.as_secs().div_ceil(60)
        + u64::from(since.as_secs().is_multiple_of(60) && since.subsec_nanos() > 0)
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The minute and the sample of a member; `None` for one that is not ours.
fn sample_of(member: Bytes) -> Option<(SystemTime, Bytes)> {
    let colon = member.iter().position(|byte| *byte == b':')?;
    let minute: u64 = std::str::from_utf8(&member[..colon]).ok()?.parse().ok()?;
    let since = Duration::from_secs(minute.checked_mul(60)?);
    Some((UNIX_EPOCH.checked_add(since)?, member.slice(colon + 1..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_minute_from_a_time_does_not_begin_before_it() {
        for (nanos, first) in [
            (0, 0),
            (1, 1),
            (59_999_999_999, 1),
            (60_000_000_000, 1),
            (60_000_000_001, 2),
            (61_000_000_000, 2),
        ] {
            assert_eq!(first_from(UNIX_EPOCH + Duration::from_nanos(nanos)), first);
        }
        assert_eq!(first_from(UNIX_EPOCH - Duration::from_secs(1)), 0);
    }

    #[test]
    fn a_member_that_is_not_ours_is_left_out() {
        let minute = UNIX_EPOCH + Duration::from_secs(120);
        assert_eq!(sample_of("2:a:b".into()), Some((minute, "a:b".into())));
        for member in ["", "2", ":", "x:y", "-1:a", "99999999999999999999:a"] {
            assert_eq!(sample_of(member.into()), None, "{member}");
        }
    }
}
