//! Changing all failed jobs that a filter wants: a bounded part with each request, going on from where
//! the last one ended. So it works over a million records, any process of several can go on with it,
//! and whoever closes the page stops it.

use std::time::{Duration, SystemTime};

use resque_core::{Error, FailureEntry, FailureOrder, FailureQuery, FailureRetry};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Outcome;
use super::failures::{CHUNK, remove_part, retry_part, store};
use crate::fault::Fault;
use crate::state::App;
use crate::view::{Moment, Wanted, keep_seen, time};

/// How many records one request reads.
const READS: u64 = 20_000;
/// How long one request goes on with the next part.
const TURN: Duration = Duration::from_secs(2);

/// What happens to the jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum What {
    /// They go back into the queues they came from; their records stay, marked.
    Retry,
    /// Their records go.
    Remove,
}

/// A part of a change of all failed jobs that a filter wants.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct Bulk {
    /// What happens to them.
    pub(crate) what: What,
    /// Which.
    #[serde(flatten)]
    pub(crate) wanted: Wanted,
    /// Only what failed before this time; at first left out, then `before` of the answer.
    #[serde(default)]
    pub(crate) before: String,
    /// Where to go on: `next` of the answer.
    #[serde(default)]
    pub(crate) after: String,
    /// How many were changed already, to be added to.
    #[serde(default, deserialize_with = "number")]
    pub(crate) changed: u64,
    /// How many were read already, to be added to.
    #[serde(default, deserialize_with = "number")]
    pub(crate) read: u64,
}

/// How far it has come.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Progress {
    /// What happens.
    pub(crate) what: What,
    /// How many were changed, in all parts so far.
    pub(crate) changed: u64,
    /// How many records were read for that.
    pub(crate) read: u64,
    /// What became of this part.
    pub(crate) part: Outcome,
    /// How many records there are now.
    pub(crate) total: u64,
    /// Only what failed before this time is changed, so that a job that fails again at once is not.
    pub(crate) before: Moment,
    /// Where to go on; none when it is done.
    pub(crate) next: Option<String>,
}

/// A number, also where a form can only send text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
    }
    match Either::deserialize(deserializer)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) if text.is_empty() => Ok(0),
        Either::Text(text) => text.parse().map_err(D::Error::custom),
    }
}

/// Takes the next part.
pub(crate) async fn bulk_part(app: &App, bulk: &Bulk) -> Result<Progress, Fault> {
    let before = whole_second(match time("before", &bulk.before)? {
        Some(before) => before,
        None => app.client().store_time().await?,
    });
    let mut filter = bulk.wanted.filter()?;
    filter.until = Some(filter.until.map_or(before, |until| until.min(before)));
    let mut query = FailureQuery::new(filter)
        .order(FailureOrder::OldestFirst)
        .from((!bulk.after.is_empty()).then(|| resque_core::Cursor::new(bulk.after.as_str())))
        .limit(CHUNK)
        .scan_budget(CHUNK);
    let failures = store(app)?.failures();
    let started = app.clock().monotonic();
    let (mut part, mut read) = (Outcome::default(), 0);
    let next = loop {
        let mut page = match failures.list(&query).await {
            Err(Error::Conflict { .. }) if !bulk.after.is_empty() => {
                return Err(Fault::misused("There is no such part; begin anew."));
            }
            page => page?,
        };
        read += page.scanned as u64;
        // What the list does not show is not changed either.
        keep_seen(&mut page.entries, &bulk.wanted.text, app.redaction());
        change(app, bulk.what, &page.entries, before, &mut part).await?;
        query.cursor = page.next;
        let spent = app.clock().monotonic().saturating_sub(started);
        match &query.cursor {
            Some(_) if page.scanned == 0 => break None,
            Some(next) if read >= READS || spent >= TURN => {
                break Some(next.as_str().to_owned());
            }
            Some(_) => {}
            None => break None,
        }
    };
    app.changed().await;
    Ok(Progress {
        what: bulk.what,
        changed: bulk.changed.saturating_add(part.changed),
        read: bulk.read.saturating_add(read),
        total: failures.count(None).await?,
        part,
        before: before.into(),
        next,
    })
}

/// Resque's format keeps no parts of a second: what comes in the second of `before` comes after it.
fn whole_second(time: SystemTime) -> SystemTime {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(time, |since| {
        SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())
    })
}

async fn change(
    app: &App,
    what: What,
    entries: &[FailureEntry],
    before: SystemTime,
    part: &mut Outcome,
) -> Result<(), Fault> {
    match what {
        What::Remove => {
            let ids: Vec<_> = entries.iter().map(|entry| entry.id.clone()).collect();
            remove_part(app, &ids, part).await
        }
        What::Retry => {
            // A part that is sent once more puts nothing back twice, nor do two at the same time: what
            // was put back after this was read is refused by the store.
            let retry = |entry: &FailureEntry| {
                let retry = FailureRetry::new(entry.id.clone()).unless_since(before);
                let retried = entry.content.record().and_then(|record| record.retried_at);
                (!retry.comes_too_late(retried)).then_some(retry)
            };
            let retries: Vec<_> = entries.iter().filter_map(retry).collect();
            retry_part(app, &retries, Some(before), part).await
        }
    }
}
