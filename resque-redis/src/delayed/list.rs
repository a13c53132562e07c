//! Showing delayed jobs.

use resque_core::wire::delayed;
use resque_core::wire::sha1_hex;
use resque_core::{Cursor, DelayedJob, DelayedPage, Error, Payload, QueueName, Result};

use super::name::Name;
use super::promote::{cut, millis, text};
use crate::driver::{Batch, Value};
use crate::due;
use crate::scripts::LIST_DELAYED;
use crate::store::{Store, bytes_of, list_of};

/// Where a page ends: behind which job. Items of a second come before our own jobs of that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mark {
    /// One of our own: due time in milliseconds, and number.
    Own(u64, String),
    /// An item: second, its place in the list, and its digest.
    Item(u64, usize, String),
}

impl Mark {
    fn cursor(&self) -> Cursor {
        Cursor::new(match self {
            Self::Own(due, number) => format!("o:{due}:{number}"),
            Self::Item(second, index, digest) => format!("i:{second}:{index}:{digest}"),
        })
    }

    fn read(cursor: &Cursor) -> Result<Self> {
        let mut parts = cursor.as_str().splitn(4, ':');
        let mut read = || match parts.next()? {
            "o" => Some(Self::Own(
                parts.next()?.parse().ok()?,
                parts.next()?.to_owned(),
            )),
            "i" => {
                let (second, index) = (parts.next()?, parts.next()?);
                let digest = parts.next()?.to_owned();
                Some(Self::Item(
                    second.parse().ok()?,
                    index.parse().ok()?,
                    digest,
                ))
            }
            _ => None,
        };
        read().ok_or_else(|| Error::Conflict {
            what: format!("the cursor {:?}", cursor.as_str()),
        })
    }
}

impl Store {
    /// Reads both kinds from the mark on, and shows the first of them.
    pub(super) async fn list_delayed(
        &self,
        cursor: Option<&Cursor>,
        at_most: usize,
    ) -> Result<DelayedPage> {
        let mark = cursor.map(Mark::read).transpose()?;
        let mut call = self.call(&LIST_DELAYED, 6, 100);
        call.arg(at_most + 1);
        match &mark {
            None => call.arg(0).arg("").arg(0).arg(0),
            Some(Mark::Own(due, number)) => call.arg(*due).arg(number).arg(due / 1000 + 1).arg(0),
            Some(Mark::Item(second, index, digest)) => {
                let next = self.behind(*second, *index, digest).await?;
                call.arg(second * 1000).arg("").arg(*second).arg(next)
            }
        };
        let reply = list_of(self.script("list the delayed jobs", &call).await?);
        let Ok([own, items]) = <[Value; 2]>::try_from(reply) else {
            return Err(self.odd_reply("list the delayed jobs"));
        };
        let mut jobs = items_of(items);
        jobs.extend(own_of(own));
        jobs.sort_by_key(|(job, _)| job.due);
        let more = jobs.len() > at_most;
        jobs.truncate(at_most);
        let last = jobs.last().filter(|_| more);
        let next = last.map(|(_, mark)| mark.cursor());
        let jobs = jobs.into_iter().map(|(job, _)| job).collect();
        Ok(DelayedPage::new(jobs, next))
    }

    /// The index behind an item that stood at `index`. If it has gone, the list is shown again from
    /// its beginning: better twice than not at all.
    async fn behind(&self, second: u64, index: usize, digest: &str) -> Result<usize> {
        let key = self.keys.key(&format!("delayed:{second}"));
        let mut batch = Batch::new();
        batch.command("LRANGE").arg(&key).arg(0).arg(index);
        let items = list_of(self.on_key("list the delayed jobs", &key, &batch).await?);
        let items: Vec<_> = items.into_iter().map(bytes_of).collect();
        let found = items.iter().rposition(|item| sha1_hex(&[item]) == digest);
        Ok(found.map_or(0, |at| at + 1))
    }
}

fn items_of(flat: Value) -> Vec<(DelayedJob, Mark)> {
    let mut values = list_of(flat).into_iter();
    let mut jobs = Vec::new();
    while let (Some(time), Some(second), Some(index), Some(item)) =
        (values.next(), values.next(), values.next(), values.next())
    {
        let (Some(time), Some(second)) = (millis(&time), text(second)) else {
            continue;
        };
        let item = bytes_of(item);
        let index = index.as_int().and_then(|index| index.try_into().ok());
        let mark = Mark::Item(time, index.unwrap_or(0), sha1_hex(&[&item]));
        let (queue, payload) = match delayed::decode(&item) {
            Ok(read) => {
                let queue = read.queue.and_then(|queue| QueueName::new(queue).ok());
                (queue, Payload::new(read.payload.into_owned()))
            }
            Err(_) => (None, Payload::new(item.clone())),
        };
        let id = Name::of_item(&second, &item).id();
        let due = due::time(time.saturating_mul(1000));
        jobs.push((DelayedJob::new(id, due, queue, payload), mark));
    }
    jobs
}

fn own_of(flat: Value) -> Vec<(DelayedJob, Mark)> {
    let mut values = list_of(flat).into_iter();
    let mut jobs = Vec::new();
    while let (Some(number), Some(due), Some(value)) = (values.next(), values.next(), values.next())
    {
        let (Some(number), Some(due)) = (text(number), millis(&due)) else {
            continue;
        };
        if let Some((queue, payload)) = cut(&bytes_of(value)) {
            let id = Name::Own(number.clone()).id();
            let (queue, payload) = (QueueName::new(queue).ok(), Payload::new(payload));
            let job = DelayedJob::new(id, due::time(due), queue, payload);
            jobs.push((job, Mark::Own(due, number)));
        }
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back() {
        let own = Mark::Own(1_795_215_625_123, "0000000000000007".to_owned());
        let item = Mark::Item(1_795_215_625, 3, sha1_hex(&[b"{}"]));
        for mark in [own, item] {
            assert_eq!(Mark::read(&mark.cursor()).unwrap(), mark);
        }
        assert!(Mark::read(&Cursor::new("elsewhere")).is_err());
    }
}
