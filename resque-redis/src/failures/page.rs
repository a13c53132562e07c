//! One page of failures.

use bytes::Bytes;
use resque_core::wire::failure;
use resque_core::{FailureEntry, FailureLayout, FailureOrder, FailurePage, FailureQuery, Result};

use super::cursor::{Mark, digest};
use super::name::Name;
use crate::driver::Batch;
use crate::store::{Store, bytes_of, list_of, number_of};

/// Entries read at once: some are long.
const STEP: usize = 200;

/// A page in the making.
struct Making<'a> {
    query: &'a FailureQuery,
    page: FailurePage,
    last: Option<Mark>,
}

impl Making<'_> {
    fn is_full(&self) -> bool {
        self.page.entries.len() >= self.query.limit || self.page.scanned >= self.query.scan_budget
    }
}

impl Store {
    /// Reads failures until the page is full, the budget used up, or the end reached. Lists per
    /// queue come one after another, in the order of their names.
    pub(super) async fn list_failures(&self, query: &FailureQuery) -> Result<FailurePage> {
        let from = query.cursor.as_ref().map(Mark::read).transpose()?;
        let lists = match (self.layout, &query.filter.queue) {
            (FailureLayout::PerQueue, Some(queue)) => vec![super::list_of_queue(queue)],
            _ => self.failure_lists(None).await?,
        };
        let mut making = Making {
            query,
            page: FailurePage::default(),
            last: None,
        };
        let mut more = false;
        for list in &lists {
            if from.as_ref().is_some_and(|mark| *list < mark.list) {
                continue;
            }
            let from = from.as_ref().filter(|mark| mark.list == *list);
            more = self.read_list(&mut making, list, from).await?;
            if more {
                break;
            }
        }
        // What is left may be in this list or in the next ones; an empty page there is the end.
        let last = making.last.filter(|_| more);
        making.page.next = last.map(|mark| mark.cursor());
        Ok(making.page)
    }

    /// Reads one list from the mark on. Answers whether the page became full before its end.
    async fn read_list(
        &self,
        making: &mut Making<'_>,
        list: &str,
        from: Option<&Mark>,
    ) -> Result<bool> {
        let key = self.keys.key(list);
        let mut batch = Batch::new();
        batch.command("LLEN").arg(&key);
        let length = number_of(&self.on_key("list the failures", &key, &batch).await?);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let newest_first = making.query.order == FailureOrder::NewestFirst;
        // The indices still to be read.
        let mut rest = match from {
            None => 0..length,
            Some(mark) => {
                let found = self.locate(&key, mark, length).await?;
                match (newest_first, found) {
                    (true, Some(index)) => 0..index,
                    (true, None) => 0..mark.index.min(length),
                    (false, Some(index)) => index + 1..length,
                    (false, None) => mark.page_start.min(length)..length,
                }
            }
        };
        while !rest.is_empty() {
            if making.is_full() {
                return Ok(true);
            }
            let wanted = if making.query.filter.is_empty() {
                making.query.limit - making.page.entries.len()
            } else {
                STEP
            };
            let budget = making.query.scan_budget - making.page.scanned;
            let step = wanted.min(budget).min(STEP).min(rest.len());
            let part = if newest_first {
                rest.end - step..rest.end
            } else {
                rest.start..rest.start + step
            };
            let entries = self.entries(&key, part.clone()).await?;
            let read = self.add_entries(making, list, part.start, entries, newest_first);
            if newest_first {
                rest.end = read.min(rest.end);
            } else {
                rest.start = read.max(rest.start);
            }
            if newest_first && rest.end == part.end || !newest_first && rest.start == part.start {
                break;
            }
        }
        Ok(false)
    }

    /// Adds what the query wants of `entries`, which begin at `start`, and answers up to which index
    /// they were read.
    fn add_entries(
        &self,
        making: &mut Making<'_>,
        list: &str,
        start: usize,
        entries: Vec<Bytes>,
        newest_first: bool,
    ) -> usize {
        let count = entries.len();
        let mut numbered: Vec<(usize, Bytes)> = (start..).zip(entries).collect();
        if newest_first {
            numbered.reverse();
        }
        let page_start = making.last.as_ref().filter(|mark| mark.list == list);
        let page_start = page_start.map_or(start, |mark| mark.page_start.min(start));
        let mut next = if newest_first { start + count } else { start };
        for (index, entry) in numbered {
            if making.is_full() {
                break;
            }
            making.page.scanned += 1;
            next = if newest_first { index } else { index + 1 };
            let content = failure::decode(&entry);
            if making.query.filter.wants(&content) {
                let name = Name::of(list, &entry);
                let id = name.id(self.layout);
                self.hints().note(name, index);
                making.page.entries.push(FailureEntry { id, content });
            }
            making.last = Some(Mark {
                list: list.to_owned(),
                index,
                page_start: page_start.min(index),
                digest: digest(&entry),
            });
        }
        next
    }

    /// The entries of a part of a list.
    pub(super) async fn entries(
        &self,
        key: &str,
        part: std::ops::Range<usize>,
    ) -> Result<Vec<Bytes>> {
        if part.is_empty() {
            return Ok(Vec::new());
        }
        let mut batch = Batch::new();
        batch
            .command("LRANGE")
            .arg(key)
            .arg(part.start)
            .arg(part.end - 1);
        let reply = self.on_key("list the failures", key, &batch).await?;
        Ok(list_of(reply).into_iter().map(bytes_of).collect())
    }

    /// Where the marked entry stands now. It can only have moved towards the beginning.
    async fn locate(&self, key: &str, mark: &Mark, length: usize) -> Result<Option<usize>> {
        let mut end = (mark.index + 1).min(length);
        let mut step = 1;
        while end > 0 {
            let start = end.saturating_sub(step);
            let entries = self.entries(key, start..end).await?;
            let found = entries
                .iter()
                .rposition(|entry| digest(entry) == mark.digest);
            if let Some(at) = found {
                return Ok(Some(start + at));
            }
            (end, step) = (start, STEP);
        }
        Ok(None)
    }
}
