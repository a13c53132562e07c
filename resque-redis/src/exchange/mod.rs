//! Settling finished jobs and filling free slots, in one step.

mod reply;
mod request;

pub(crate) use self::request::{add_leases, letter};

use std::collections::HashSet;
use std::time::SystemTime;

use bytes::Bytes;
use resque_core::{Exchange, QueueList, Result, Settlement, WorkerId};

use self::request::Request;
use crate::driver::{Batch, Value};
use crate::known::Asked;
use crate::store::Store;

/// How often new queue names may interrupt one exchange before it ends with what it has.
const LOOKS: usize = 5;

/// An exchange under way: what is still to be done, and what has come of it.
#[derive(Debug)]
struct Round<'a> {
    done: &'a [Settlement],
    wanted: Vec<&'a WorkerId>,
    now: SystemTime,
    exchange: Exchange,
    /// Slots that stayed free after all queues of the last call were asked, if they were.
    left: Option<u64>,
}

impl Store {
    /// Settles, then fills slots.
    pub(crate) async fn settle_and_reserve(
        &self,
        done: &[Settlement],
        want: &[WorkerId],
        from: &QueueList,
        now: SystemTime,
    ) -> Result<Exchange> {
        self.check_permissions().await?;
        let mut round = Round {
            done,
            wanted: distinct(want),
            now,
            exchange: Exchange::default(),
            left: None,
        };
        if want.is_empty() {
            self.ask(&mut round, &Asked::default()).await?;
            return Ok(round.exchange);
        }
        let look = self.wake.look(from);
        for _ in 0..LOOKS {
            let asked = match look.queues() {
                Some(marked) => Asked::exactly(marked),
                None => self.known().resolve(from),
            };
            let Some(names) = self.ask(&mut round, &asked).await? else {
                break;
            };
            self.known().replace(&names);
        }
        if let Some(left) = round.left {
            self.wake.looked(from, &look, left > 0);
        }
        Ok(round.exchange)
    }

    /// Calls the script, where announcements come if they do.
    async fn exchange_jobs(&self, call: &Batch) -> Result<Value> {
        const WHAT: &str = "exchange jobs";
        match self.wake.run(call).await {
            Some(replies) => self.single(WHAT, replies.map_err(|error| error.during(WHAT))?),
            None => self.one(WHAT, call).await,
        }
    }

    /// Asks queue after queue until all slots are full. Answers the queue names if they are not
    /// those that were assumed: then the rest is to be asked again.
    async fn ask(&self, round: &mut Round<'_>, asked: &Asked) -> Result<Option<Vec<Bytes>>> {
        for (queues, check) in asked.parts() {
            let request = Request::new(self, round, asked, queues, check);
            let reply = self.exchange_jobs(&request.batch).await?;
            let names = reply::read(self, reply, &request.workers, queues, round)?;
            round.done = &[];
            if names.is_some() {
                return Ok(names);
            }
            if round.exchange.paused || round.wanted.is_empty() {
                break;
            }
        }
        Ok(None)
    }
}

/// The slots in their order, each once.
fn distinct(want: &[WorkerId]) -> Vec<&WorkerId> {
    let mut seen = HashSet::with_capacity(want.len());
    want.iter().filter(|slot| seen.insert(*slot)).collect()
}
