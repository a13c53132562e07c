//! Settling finished jobs and filling free slots: one statement, one transaction, one round trip.

mod leases;
mod part;
mod reply;
mod request;
mod reserve;
mod rewrite;
mod step;

use std::time::SystemTime;

use resque_core::{Error, Exchange, QueueList, Result, Settlement, WorkerId};

use crate::refusal::Refused;
use crate::stamp::Stamp;
use crate::store::Store;
pub(crate) use leases::{Leases, can_be_held};
use part::{Gathered, Part};
use request::Request;
pub(crate) use step::{Fate, Step};

const WHAT: &str = "settle and reserve";
const TEXT: &str = "select * from resque.exchange($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
    $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)";
/// The same when leases change with settlements.
const TEXT_WITH_LEASES: &str = "select e.* from resque.exchange($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, \
    $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24) e \
    cross join lateral resque.change_leases(e.settled, $25, $26, $27, $28) c";

/// How many bytes of rows are written at once, unless one of them has more: a statement has at most a
/// gigabyte, and many of those that end at the same moment may have failed with large payloads.
const MOST_BYTES: usize = 64_000_000;

/// The refusal of what the server need not even see.
fn too_much() -> Refused {
    let error = Error::Rejected {
        what: WHAT.to_owned(),
        reason: format!("more than {MOST_BYTES} bytes at once"),
        transient: false,
    };
    Refused {
        error,
        divisible: true,
    }
}

impl Store {
    /// Settles, then fills slots.
    pub(crate) async fn exchange(
        &self,
        done: &[Settlement],
        want: &[WorkerId],
        from: &QueueList,
        now: SystemTime,
    ) -> Result<Exchange> {
        if done.is_empty() && want.is_empty() {
            return Ok(Exchange::default());
        }
        let now = Stamp::of(now)?;
        if done.is_empty()
            && let Some(answer) = self.reserve(want, from, now).await?
        {
            return Ok(answer);
        }
        let whole = Part::whole(done, want);
        match self.exchange_part(&whole, from, now).await {
            Ok(answer) => Ok(answer),
            Err(Refused {
                error,
                divisible: true,
            }) if whole.is_several() => {
                let gathered = self.exchange_parts(whole, from, now, error).await?;
                Ok(gathered.answer(want))
            }
            Err(refused) => Err(refused.error),
        }
    }

    /// Does what was refused as a whole part by part, so that one settlement does not hold up all
    /// others: first what writes no rows, then the rest by halves, down to those that are refused by
    /// themselves.
    async fn exchange_parts(
        &self,
        whole: Part<'_>,
        from: &QueueList,
        now: Stamp,
        refused: Error,
    ) -> Result<Gathered> {
        let mut gathered = Gathered::of(&whole);
        let (plain, rows) = whole.by_kind();
        if rows.is_empty() {
            return Err(refused);
        }
        let mut parts = vec![rows];
        if !plain.is_empty() {
            match self.exchange_part(&plain, from, now).await {
                Ok(answer) => gathered.add(&plain, answer),
                // It is not about rows.
                Err(again) if again.divisible => return Err(refused),
                Err(other) => return Err(other.error),
            }
        }
        while let Some(part) = parts.pop() {
            match self.exchange_part(&part, from, now).await {
                Ok(answer) => gathered.add(&part, answer),
                Err(Refused {
                    error,
                    divisible: true,
                }) => {
                    if part.done.len() > 1 {
                        let (first, second) = part.halves();
                        parts.extend([second, first]);
                    } else {
                        gathered.refuse(&part, error);
                    }
                }
                // What was done is done, and it would take long to say what that was: the caller asks
                // for everything once more.
                Err(other) if gathered.any => {
                    return Err(Error::outcome_unknown(WHAT, other.error));
                }
                Err(other) => return Err(other.error),
            }
        }
        Ok(gathered)
    }

    /// Does a part, all or nothing.
    async fn exchange_part(
        &self,
        part: &Part<'_>,
        from: &QueueList,
        now: Stamp,
    ) -> Result<Exchange, Refused> {
        if part.done.len() > 1 && part.bytes() > MOST_BYTES {
            return Err(too_much());
        }
        let mut request = Request::new(part);
        let mut answer = Exchange::default();
        answer.settled = request.untold();
        self.rewrite(&part.done).await?;
        let mut first = true;
        // A second round trip only when a queue has been made since the names were read.
        loop {
            match self.ask(&request, from, now, &mut answer).await {
                Ok(false) => return Ok(answer),
                Ok(true) => {}
                Err(refused) if first => return Err(refused),
                // What was settled is settled, whatever comes then.
                Err(refused) => {
                    answer.troubles.push(refused.error);
                    return Ok(answer);
                }
            }
            self.known.forget();
            request.settled();
            answer.reserved.clear();
            first = false;
        }
    }

    /// Sends a request and reads the answer; says whether the names of the queues were out of date.
    async fn ask(
        &self,
        request: &Request<'_>,
        from: &QueueList,
        now: Stamp,
        answer: &mut Exchange,
    ) -> Result<bool, Refused> {
        let asked = self.asked(from).await?;
        let text = match request.changes_leases() {
            true => TEXT_WITH_LEASES,
            false => TEXT,
        };
        let query = request.bind(self.statement(text), &asked, now);
        let row = self.link.connections.ask_for_one(WHAT, query).await?;
        Ok(self.read(&row, request, &asked, now, answer)?)
    }
}
