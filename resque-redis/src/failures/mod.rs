//! The failed jobs, as the trait sees them.

mod change;
mod cursor;
mod find;
mod name;
mod page;

use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::wire::failure;
use resque_core::{
    Error, FailureEntry, FailureId, FailureLayout, FailurePage, FailureQuery, FailureRecord,
    FailureRetry, FailureStore, Result,
};

pub(crate) use self::find::Hints;
use self::name::Name;
use crate::driver::{Batch, Value};
use crate::receipt;
use crate::scripts::{CLEAR_FAILURES, RECORD_FAILURES};
use crate::store::{CHUNK, Store, list_of, number_of};

/// The list of [`FailureLayout::Single`].
pub(crate) const FAILED: &str = "failed";

/// The set of names of [`FailureLayout::PerQueue`].
pub(crate) const FAILED_QUEUES: &str = "failed_queues";

/// The failure list of a queue.
pub(crate) fn list_of_queue(queue: &str) -> String {
    format!("{queue}_failed")
}

#[async_trait]
impl FailureStore for Store {
    async fn record(&self, records: &[FailureRecord]) -> Result<()> {
        for part in records.chunks(CHUNK) {
            self.record_part(part).await?;
        }
        Ok(())
    }

    async fn count(&self, queue: Option<&str>) -> Result<u64> {
        const WHAT: &str = "count the failures";
        let lists = self.failure_lists(queue).await?;
        let mut count = 0;
        for part in lists.chunks(CHUNK) {
            let mut batch = Batch::new();
            for list in part {
                batch.command("LLEN").arg(self.keys.key(list));
            }
            for (list, length) in part.iter().zip(self.run(WHAT, &batch).await?) {
                let key = self.keys.key(list);
                let length = length
                    .ok()
                    .map_err(|error| self.key_refused(WHAT, &key, &error))?;
                count += number_of(&length);
            }
        }
        Ok(count)
    }

    async fn list(&self, query: &FailureQuery) -> Result<FailurePage> {
        self.list_failures(query).await
    }

    async fn get(&self, id: &FailureId) -> Result<Option<FailureEntry>> {
        let Some(name) = Name::read(self.layout, id) else {
            return Ok(None);
        };
        let found = self.find_failures(&name.list, &[&name]).await?.pop();
        Ok(found.flatten().map(|found| FailureEntry {
            id: id.clone(),
            content: failure::decode(&found.entry),
        }))
    }

    async fn retry(&self, batch: &[FailureRetry], now: SystemTime) -> Result<Vec<Result<()>>> {
        self.retry_failures(batch, now).await
    }

    async fn remove(&self, ids: &[FailureId]) -> Result<Vec<Result<()>>> {
        self.remove_failures(ids).await
    }

    async fn clear(&self, queue: Option<&str>) -> Result<u64> {
        let lists = self.failure_lists(queue).await?;
        let mut call = self.call(&CLEAR_FAILURES, lists.len(), 40 * lists.len());
        for list in &lists {
            call.arg(list);
        }
        Ok(number_of(&self.script("clear the failures", &call).await?))
    }
}

impl Store {
    /// The lists that hold the failures, of all queues or of one.
    pub(crate) async fn failure_lists(&self, queue: Option<&str>) -> Result<Vec<String>> {
        match (self.layout, queue) {
            (FailureLayout::Single, None) => Ok(vec![FAILED.to_owned()]),
            (FailureLayout::Single, Some(_)) => Err(Error::NotOffered {
                what: "looking at the failures of one queue alone",
                ability: "a failure list for each queue",
                backend: "redis with one list for all",
            }),
            (FailureLayout::PerQueue, Some(queue)) => Ok(vec![list_of_queue(queue)]),
            (FailureLayout::PerQueue, None) => {
                let key = self.keys.key(FAILED_QUEUES);
                let mut batch = Batch::new();
                batch.command("SMEMBERS").arg(&key);
                let names = self.on_key("list the failure lists", &key, &batch).await?;
                let text = |name: Value| String::from_utf8(name.into_bytes()?.into()).ok();
                let mut names: Vec<String> = list_of(names).into_iter().filter_map(text).collect();
                names.sort_unstable();
                Ok(names)
            }
        }
    }

    /// Adds the list, the set of lists, the list's name in it, and the entry of a failure.
    pub(crate) fn add_failure(&self, call: &mut Batch, record: &FailureRecord) {
        match self.layout {
            FailureLayout::Single => call.arg(self.keys.key(FAILED)).arg("").arg(""),
            FailureLayout::PerQueue => {
                let list = list_of_queue(&record.queue);
                call.arg(self.keys.key(&list))
                    .arg(self.keys.key(FAILED_QUEUES))
                    .arg(list)
            }
        };
        call.arg(failure::encode(record, Some(&receipt::fresh_name())));
    }

    async fn record_part(&self, records: &[FailureRecord]) -> Result<()> {
        let mut lists: Vec<(String, Vec<Vec<u8>>)> = Vec::new();
        for record in records {
            let name = match self.layout {
                FailureLayout::Single => FAILED.to_owned(),
                FailureLayout::PerQueue => list_of_queue(&record.queue),
            };
            let entry = failure::encode(record, Some(&receipt::fresh_name()));
            match lists.iter_mut().find(|(known, _)| *known == name) {
                Some((_, entries)) => entries.push(entry),
                None => lists.push((name, vec![entry])),
            }
        }
        let set = match self.layout {
            FailureLayout::Single => "",
            FailureLayout::PerQueue => FAILED_QUEUES,
        };
        let mut call = self.call(&RECORD_FAILURES, records.len() + 3 * lists.len(), 500);
        for (name, entries) in lists {
            call.arg(set).arg(name).arg(entries.len());
            for entry in entries {
                call.arg(entry);
            }
        }
        self.script("record failures", &call).await.map(drop)
    }
}
