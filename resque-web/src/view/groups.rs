//! The failed jobs in groups.

use std::collections::HashMap;
use std::time::SystemTime;

use resque_core::wire::payload::decode;
use resque_core::{FailureQuery, FailureRecord};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::failures::{cursor, stale};
use super::{Moment, Wanted, clip, keep_seen};
use crate::fault::Fault;
use crate::state::App;

/// How many records are read for one page.
const BUDGET: usize = 5_000;
/// How many of them in one call.
const CHUNK: usize = 500;
/// How many groups are told, the largest.
const MOST: usize = 200;
/// How much of a name is shown.
const MOST_NAME: usize = 300;

/// What records of a group have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum GroupBy {
    /// The kind of error.
    #[default]
    Exception,
    /// The class of the job.
    Class,
    /// The queue it came from.
    Queue,
}

impl GroupBy {
    /// As an address says it, and as the filter calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Exception => "exception",
            Self::Class => "class",
            Self::Queue => "queue",
        }
    }
}

/// Which groups.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct GroupsQuery {
    /// What the records of a group have in common.
    #[serde(default)]
    #[param(inline)]
    pub(crate) by: GroupBy,
    /// `next` of the page before: counts what lies further back.
    pub(crate) after: Option<String>,
}

/// The failed jobs in groups, counted among the newest records.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Groups {
    /// When it was read.
    pub(crate) now: Moment,
    /// How many records there are.
    pub(crate) total: u64,
    /// Which are wanted.
    pub(crate) wanted: Wanted,
    /// What the records of a group have in common.
    pub(crate) by: GroupBy,
    /// The groups, the largest first.
    pub(crate) groups: Vec<Group>,
    /// How many records were read, the newest first, or on from the page before; at most 5000.
    pub(crate) read: u64,
    /// How many of them were wanted.
    pub(crate) found: u64,
    /// Where to go on, if there is more to read.
    pub(crate) next: Option<String>,
}

/// Records that have something in common.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Group {
    /// What they have in common; empty for records that say nothing.
    pub(crate) name: String,
    /// How many there are among those that were read.
    pub(crate) count: u64,
    /// When the first of them failed.
    pub(crate) first: Moment,
    /// When the last one did.
    pub(crate) last: Moment,
    /// The message of one of them.
    pub(crate) example: String,
}

/// A group in the making.
struct Making {
    count: u64,
    first: SystemTime,
    last: SystemTime,
    example: String,
}

impl Groups {
    pub(crate) async fn ask(
        app: &App,
        wanted: &Wanted,
        query: &GroupsQuery,
    ) -> Result<Self, Fault> {
        let failures = app.client().failures()?;
        let mut page = FailureQuery::new(wanted.filter()?)
            .from(cursor(query.after.as_deref()))
            .limit(CHUNK)
            .scan_budget(CHUNK);
        let mut groups: HashMap<String, Making> = HashMap::new();
        let (mut read, mut found) = (0, 0);
        loop {
            let part = failures.page(&page).await;
            let mut part = part.map_err(|error| stale(error, page.cursor.is_some()))?;
            keep_seen(&mut part.entries, &wanted.text, app.redaction());
            read += part.scanned;
            let records = part
                .entries
                .iter()
                .filter_map(|entry| entry.content.record());
            for record in records {
                found += 1;
                add(&mut groups, query.by, record);
            }
            page.cursor = part.next;
            if page.cursor.is_none() || part.scanned == 0 || read >= BUDGET {
                break;
            }
        }
        let mut groups: Vec<_> = groups.into_iter().map(Group::from).collect();
        groups.sort_by(|a, b| (b.count, &a.name).cmp(&(a.count, &b.name)));
        groups.truncate(MOST);
        Ok(Self {
            now: app.now(),
            total: failures.count().await?,
            wanted: wanted.clone(),
            by: query.by,
            groups,
            read: read as u64,
            found,
            next: page.cursor.map(|next| next.as_str().to_owned()),
        })
    }
}

fn add(groups: &mut HashMap<String, Making>, by: GroupBy, record: &FailureRecord) {
    let name = match by {
        GroupBy::Exception => record.exception.clone(),
        GroupBy::Queue => record.queue.clone(),
        GroupBy::Class => decode(record.payload.as_bytes())
            .map(|job| job.class.into_owned())
            .unwrap_or_default(),
    };
    let at = record.failed_at;
    let group = groups.entry(name).or_insert_with(|| Making {
        count: 0,
        first: at,
        last: at,
        example: clip(&record.error, MOST_NAME).0.to_owned(),
    });
    group.count += 1;
    group.first = group.first.min(at);
    group.last = group.last.max(at);
}

impl From<(String, Making)> for Group {
    fn from((name, group): (String, Making)) -> Self {
        Self {
            name,
            count: group.count,
            first: group.first.into(),
            last: group.last.into(),
            example: group.example,
        }
    }
}
