//! Taking jobs out for good, and looking at them.

use bytes::Bytes;
use resque_core::{Page, Payload, Popped, QueueList, QueueName, Result};

use crate::driver::{Batch, Value};
use crate::known::{Asked, Check};
use crate::scripts::POP;
use crate::store::{CHUNK, Store, bytes_of, list_of, number_of};

/// How often new queue names may interrupt one call.
const LOOKS: usize = 5;

impl Store {
    /// Takes jobs out of queues in their order.
    pub(crate) async fn pop_jobs(&self, from: &QueueList, at_most: usize) -> Result<Vec<Popped>> {
        let mut popped = Vec::new();
        for _ in 0..LOOKS {
            if popped.len() >= at_most {
                break;
            }
            let asked = self.known().resolve(from);
            let Some(names) = self.pop_from(&asked, at_most, &mut popped).await? else {
                break;
            };
            self.known().replace(&names);
        }
        Ok(popped)
    }

    /// Asks queue after queue. Answers the queue names if they are not those that were assumed.
    async fn pop_from(
        &self,
        asked: &Asked,
        at_most: usize,
        popped: &mut Vec<Popped>,
    ) -> Result<Option<Vec<Bytes>>> {
        for (queues, check) in asked.parts() {
            // A part is asked again while it fills its chunks.
            loop {
                let wanted = at_most.saturating_sub(popped.len()).min(CHUNK);
                let before = popped.len();
                let names = self.pop_part(asked, queues, check, wanted, popped).await?;
                if names.is_some() {
                    return Ok(names);
                }
                if popped.len() >= at_most {
                    return Ok(None);
                }
                if popped.len() - before < wanted {
                    break;
                }
            }
        }
        Ok(None)
    }

    async fn pop_part(
        &self,
        asked: &Asked,
        queues: &[QueueName],
        check: Check,
        wanted: usize,
        popped: &mut Vec<Popped>,
    ) -> Result<Option<Vec<Bytes>>> {
        let mut call = self.call(&POP, queues.len() + 8, 20 * queues.len());
        call.arg(wanted)
            .arg(check.word())
            .arg(&asked.count)
            .arg(&asked.digest)
            .arg(queues.len());
        for queue in queues {
            call.arg(queue.as_str());
        }
        let reply = list_of(self.one("pop jobs", &call).await?);
        let Ok([jobs, troubles, names]) = <[Value; 3]>::try_from(reply) else {
            return Err(self.odd_reply("pop jobs"));
        };
        let mut jobs = list_of(jobs).into_iter();
        let before = popped.len();
        while let (Some(number), Some(job)) = (jobs.next(), jobs.next()) {
            let number = usize::try_from(number_of(&number)).unwrap_or(0);
            if let Some(queue) = number.checked_sub(1).and_then(|at| queues.get(at)) {
                popped.push(Popped {
                    queue: queue.clone(),
                    payload: Payload::new(bytes_of(job)),
                });
            }
        }
        // Jobs that were taken come first: a broken queue beside them is told by the next call.
        if popped.len() == before
            && let [_, key, line, ..] = &list_of(troubles)[..]
        {
            return Err(self.spoiled(key, line));
        }
        Ok(names
            .into_array()
            .map(|names| names.into_iter().map(bytes_of).collect()))
    }

    /// Shows waiting jobs.
    pub(crate) async fn peek_jobs(&self, queue: &QueueName, page: Page) -> Result<Vec<Payload>> {
        let key = self.keys.queue(queue.as_str());
        let mut batch = Batch::new();
        batch
            .command("LRANGE")
            .arg(&key)
            .arg(page.first())
            .arg(page.last());
        let reply = self.on_key("look into a queue", &key, &batch).await?;
        Ok(list_of(reply)
            .into_iter()
            .map(|job| Payload::new(bytes_of(job)))
            .collect())
    }
}
