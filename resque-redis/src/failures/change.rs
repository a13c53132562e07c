//! Retrying failed jobs, and removing entries.

use std::collections::BTreeMap;
use std::time::SystemTime;

use resque_core::wire::failure;
use resque_core::wire::sha1_hex;
use resque_core::wire::time::TimeFormat;
use resque_core::{
    Error, FailureContent, FailureId, FailureLayout, FailureRecord, FailureRetry, QueueName, Result,
};

use super::find::Found;
use super::name::Name;
use crate::driver::Value;
use crate::receipt;
use crate::scripts::CHANGE_FAILURES;
use crate::store::{Store, list_of};

/// Entries changed in one step: each place in the middle of a list of a million takes Redis a
/// twentieth of a millisecond to find.
const AT_ONCE: usize = 100;

/// How often entries that have moved meanwhile are looked for again.
const TRIES: usize = 5;

/// What happens to one entry.
#[derive(Clone, Copy, Debug)]
enum Change<'a> {
    Remove,
    Retry(&'a FailureRetry, SystemTime),
}

impl Store {
    /// Puts failed jobs back into queues.
    pub(super) async fn retry_failures(
        &self,
        batch: &[FailureRetry],
        now: SystemTime,
    ) -> Result<Vec<Result<()>>> {
        let changes = batch
            .iter()
            .map(|retry| (&retry.id, Change::Retry(retry, now)));
        self.change_failures(changes.collect()).await
    }

    /// Removes entries.
    pub(super) async fn remove_failures(&self, ids: &[FailureId]) -> Result<Vec<Result<()>>> {
        let changes = ids.iter().map(|id| (id, Change::Remove));
        self.change_failures(changes.collect()).await
    }

    async fn change_failures(
        &self,
        changes: Vec<(&FailureId, Change<'_>)>,
    ) -> Result<Vec<Result<()>>> {
        let mut results: Vec<Option<Result<()>>> = changes.iter().map(|_| None).collect();
        let mut lists: BTreeMap<String, Vec<(usize, Name)>> = BTreeMap::new();
        for (at, (id, _)) in changes.iter().enumerate() {
            if let Some(name) = Name::read(self.layout, id) {
                lists.entry(name.list.clone()).or_default().push((at, name));
            }
        }
        for (list, mut wanted) in lists {
            for _ in 0..TRIES {
                if wanted.is_empty() {
                    break;
                }
                self.change_once(&list, &mut wanted, &changes, &mut results)
                    .await?;
            }
        }
        let results = results.into_iter().zip(&changes);
        Ok(results
            .map(|(result, (id, _))| result.unwrap_or_else(|| Err(gone(id))))
            .collect())
    }

    /// Finds the wanted entries and changes those that are still where they were found. The others
    /// stay wanted; those that are nowhere have gone.
    async fn change_once(
        &self,
        list: &str,
        wanted: &mut Vec<(usize, Name)>,
        changes: &[(&FailureId, Change<'_>)],
        results: &mut [Option<Result<()>>],
    ) -> Result<()> {
        let names: Vec<&Name> = wanted.iter().map(|(_, name)| name).collect();
        let found = self.find_failures(list, &names).await?;
        let mut ready = Vec::with_capacity(wanted.len());
        let mut moved = Vec::new();
        for ((at, name), found) in std::mem::take(wanted).into_iter().zip(found) {
            let Some(found) = found else { continue };
            match self.plan_change(&found, changes[at].1) {
                Ok(plan) => ready.push((at, name, found, plan)),
                Err(error) => results[at] = Some(Err(error)),
            }
        }
        let mut removed: Vec<usize> = Vec::new();
        for part in ready.chunks(AT_ONCE) {
            let bytes: usize = part
                .iter()
                .map(|(_, _, found, _)| 2 * found.entry.len())
                .sum();
            let mut call = self.call(&CHANGE_FAILURES, 5 * part.len() + 2, bytes);
            call.arg(list).arg(format!("rs:{}", receipt::fresh_name()));
            for (_, _, found, plan) in part {
                // Each entry that has gone has moved those behind it.
                let before = removed.partition_point(|index| *index < found.index);
                call.arg(found.index - before)
                    .arg(sha1_hex(&[&found.entry]))
                    .arg(&plan.after)
                    .arg(plan.queue.as_ref().map_or("", QueueName::as_str))
                    .arg(&plan.job);
            }
            let answers = list_of(self.script("change failures", &call).await?);
            for ((at, name, found, plan), answer) in part.iter().zip(answers) {
                match answer {
                    Value::Int(0) => moved.push((*at, name.clone())),
                    Value::Array(trouble) if trouble.len() == 2 => {
                        results[*at] = Some(Err(self.spoiled(&trouble[0], &trouble[1])));
                    }
                    _ => {
                        results[*at] = Some(Ok(()));
                        if plan.after.is_empty() {
                            removed.push(found.index);
                        }
                    }
                }
            }
            removed.sort_unstable();
        }
        *wanted = moved;
        Ok(())
    }

    /// What the script has to write for one entry.
    fn plan_change(&self, found: &Found, change: Change<'_>) -> Result<Plan> {
        let Change::Retry(retry, now) = change else {
            return Ok(Plan::default());
        };
        let unreadable = || Error::Corrupt {
            place: format!("the failure {} on Redis at {}", retry.id, self.place()),
            found: "bytes that are no record".to_owned(),
            expected: "a job that can be retried".to_owned(),
        };
        let FailureContent::Record(record) = failure::decode(&found.entry) else {
            return Err(unreadable());
        };
        // Should somebody put it back between this look and the script, the entry is another one by
        // then, and is looked at once more.
        if retry.comes_too_late(record.retried_at) {
            return Err(gone(&retry.id));
        }
        let FailureRecord { payload, queue, .. } = *record;
        let queue = match &retry.queue {
            Some(queue) => queue.clone(),
            None => QueueName::new(queue)?,
        };
        let format = match self.layout {
            FailureLayout::Single => TimeFormat::FailedAt,
            FailureLayout::PerQueue => TimeFormat::RetriedAtPerQueue,
        };
        let after = if retry.keep {
            failure::mark_retried(&found.entry, now, format).map_err(|_| unreadable())?
        } else {
            Vec::new()
        };
        Ok(Plan {
            after,
            queue: Some(queue),
            job: payload.as_bytes().to_vec(),
        })
    }
}

fn gone(id: &FailureId) -> Error {
    Error::Conflict {
        what: format!("the failure {id}"),
    }
}

/// What stands at the entry's place afterwards, and the job that goes back into a queue.
#[derive(Debug, Default)]
struct Plan {
    after: Vec<u8>,
    queue: Option<QueueName>,
    job: Vec<u8>,
}
