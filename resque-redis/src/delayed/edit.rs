//! Cancelling and moving delayed jobs before their time.

use std::collections::HashMap;
use std::time::SystemTime;

use bytes::Bytes;
use resque_core::wire::delayed;
use resque_core::wire::sha1_hex;
use resque_core::{DelayedEdit, DelayedId, DelayedTo, Error, QueueName, Result};

use super::moves::{AT_ONCE, Job, Move, Moved, Mover, Place};
use super::name::Name;
use crate::driver::Batch;
use crate::due;
use crate::store::{Store, bytes_of, list_of};

impl Store {
    /// Makes edits, each in one step.
    pub(super) async fn edit_delayed(&self, batch: &[DelayedEdit]) -> Result<Vec<Result<()>>> {
        let mut results = Vec::with_capacity(batch.len());
        for part in batch.chunks(AT_ONCE) {
            results.extend(self.edit_part(part).await?);
        }
        Ok(results)
    }

    async fn edit_part(&self, batch: &[DelayedEdit]) -> Result<Vec<Result<()>>> {
        let mut lists: HashMap<String, Vec<Bytes>> = HashMap::new();
        let mut plans = Vec::with_capacity(batch.len());
        for edit in batch {
            plans.push(self.plan_edit(edit, &mut lists).await?);
        }
        let moves: Vec<Move> = plans.iter().flatten().cloned().collect();
        let moved = self.move_delayed(&moves, Mover::Anybody).await?;
        let mut moved = moved.unwrap_or_default().into_iter();
        let outcome = |(plan, edit): (Result<Move>, &DelayedEdit)| {
            plan?;
            match moved.next() {
                Some(Moved::Done) => Ok(()),
                Some(Moved::Blocked(error)) => Err(error),
                Some(Moved::Gone) | None => Err(gone(&edit.id)),
            }
        };
        Ok(plans.into_iter().zip(batch).map(outcome).collect())
    }

    /// The move that an edit asks for; the inner error is about this edit alone.
    async fn plan_edit(
        &self,
        edit: &DelayedEdit,
        lists: &mut HashMap<String, Vec<Bytes>>,
    ) -> Result<Result<Move>> {
        let (second, digest) = match Name::read(&edit.id) {
            None => return Ok(Err(gone(&edit.id))),
            Some(Name::Own(number)) => {
                let place = match edit.to {
                    DelayedTo::At(at) => Place::OwnAt(due::millis(at)),
                    DelayedTo::Queue => Place::OwnQueue,
                    _ => Place::Nowhere,
                };
                return Ok(Ok(Move::Job(Job::Own(number), place)));
            }
            Some(Name::Item { second, digest }) => (second, digest),
        };
        if !lists.contains_key(&second) {
            let items = self.items(&second).await?;
            lists.insert(second.clone(), items);
        }
        let items = lists.get(&second).map(Vec::as_slice).unwrap_or_default();
        let Some(item) = items.iter().find(|item| sha1_hex(&[item]) == digest) else {
            return Ok(Err(gone(&edit.id)));
        };
        let item = item.clone();
        Ok(place_of_item(&second, &item, edit.to)
            .map(|place| Move::Job(Job::Item { second, item }, place)))
    }

    /// The items of a second.
    async fn items(&self, second: &str) -> Result<Vec<Bytes>> {
        let key = self.keys.key(&format!("delayed:{second}"));
        let mut batch = Batch::new();
        batch.command("LRANGE").arg(&key).arg(0).arg(-1);
        let items = self.on_key("read delayed jobs", &key, &batch).await?;
        Ok(list_of(items).into_iter().map(bytes_of).collect())
    }
}

fn place_of_item(second: &str, item: &Bytes, to: DelayedTo) -> Result<Place> {
    let whole = |at: SystemTime| due::whole_second(at);
    match to {
        DelayedTo::Nowhere => Ok(Place::Nowhere),
        DelayedTo::At(at) if whole(at).is_some() => Ok(Place::Second(whole(at).unwrap_or(0))),
        DelayedTo::At(at) => {
            let (queue, job) = queue_and_job(second, item)?;
            Ok(Place::Own(due::millis(at), queue, job))
        }
        _ => {
            let (queue, job) = queue_and_job(second, item)?;
            Ok(Place::Queue(queue, job))
        }
    }
}

fn queue_and_job(second: &str, item: &Bytes) -> Result<(QueueName, Bytes)> {
    let corrupt = |found: String| Error::Corrupt {
        place: format!("the delayed list of second {second}"),
        found,
        expected: "a job with a class and a queue".to_owned(),
    };
    let read =
        delayed::decode(item).map_err(|error| corrupt(format!("something else ({error})")))?;
    let queue = read
        .queue
        .ok_or_else(|| corrupt("a delayed job without a queue".to_owned()))?;
    let payload = Bytes::copy_from_slice(&read.payload);
    Ok((QueueName::new(queue)?, payload))
}

fn gone(id: &DelayedId) -> Error {
    Error::Conflict {
        what: format!("the delayed job {}", id.as_str()),
    }
}
