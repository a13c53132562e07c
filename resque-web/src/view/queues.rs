//! All queues, a page at a time.

use std::cmp::Reverse;

use resque_core::QueueStatus;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Moment, QueueRow, paging};
use crate::fault::Fault;
use crate::state::App;

/// In which order queues are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum QueueOrder {
    /// By name.
    #[default]
    Name,
    /// The fullest first.
    Length,
}

/// Which queues.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct QueuesQuery {
    /// A part of the name, in upper or lower case.
    #[serde(default)]
    pub(crate) search: String,
    /// In which order.
    #[serde(default)]
    #[param(inline)]
    pub(crate) order: QueueOrder,
    /// `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many, at most 500.
    pub(crate) limit: Option<usize>,
}

/// All queues, a page at a time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Queues {
    /// When it was read.
    pub(crate) now: Moment,
    /// How many queues there are.
    pub(crate) total: u64,
    /// How many of them fit the search.
    pub(crate) found: u64,
    /// How many jobs wait in all queues.
    pub(crate) pending: u64,
    /// How many names are none, and are left alone.
    pub(crate) unreadable: u64,
    /// The queues.
    pub(crate) queues: Vec<QueueRow>,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<String>,
}

impl Queues {
    pub(crate) async fn ask(app: &App, query: &QueuesQuery) -> Result<Self, Fault> {
        let glance = app.glance().await?;
        let pace = app.pace(&glance).await;
        let search = query.search.trim().to_lowercase();
        let fits = |queue: &&QueueStatus| {
            search.is_empty() || queue.name.as_str().to_lowercase().contains(&search)
        };
        let mut queues: Vec<_> = glance.queues.queues.iter().filter(fits).collect();
        let found = queues.len() as u64;
        if query.order == QueueOrder::Length {
            queues.sort_by_key(|queue| Reverse(queue.length));
        }
        let cursor = query
            .after
            .as_deref()
            .map(|after| Place::read(after, query.order));
        let is_after = |queue: &&QueueStatus| match &cursor {
            Some(cursor) => cursor.is_before(queue),
            None => true,
        };
        let limit = paging::limit(query.limit);
        let mut page: Vec<_> = queues
            .into_iter()
            .filter(is_after)
            .take(limit + 1)
            .collect();
        let has_more = page.len() > limit;
        page.truncate(limit);
        let next = page.last().filter(|_| has_more);
        Ok(Self {
            now: glance.at,
            total: glance.queues.queues.len() as u64,
            found,
            pending: glance.pending(),
            unreadable: glance.queues.unreadable.len() as u64,
            next: next.map(|last| Place::write(last, query.order)),
            queues: page
                .into_iter()
                .map(|queue| QueueRow::new(queue, pace.as_ref()))
                .collect(),
        })
    }
}

/// A place in the list: right behind a queue of this name and, in the order of lengths, this length.
struct Place<'a> {
    length: Option<u64>,
    name: &'a str,
}

impl<'a> Place<'a> {
    fn read(text: &'a str, order: QueueOrder) -> Self {
        let parts = text.split_once(':').filter(|_| order == QueueOrder::Length);
        let length = parts.and_then(|(length, _)| length.parse().ok());
        let name = parts.map_or(text, |(_, name)| name);
        Self { length, name }
    }

    fn write(queue: &QueueStatus, order: QueueOrder) -> String {
        match order {
            QueueOrder::Name => queue.name.to_string(),
            QueueOrder::Length => format!("{}:{}", queue.length, queue.name),
        }
    }

    fn is_before(&self, queue: &QueueStatus) -> bool {
        let name = queue.name.as_str();
        match self.length {
            Some(length) => (Reverse(length), self.name) < (Reverse(queue.length), name),
            None => self.name < name,
        }
    }
}
