//! Settling finished jobs and filling free slots: one statement, one transaction, one round trip.

mod part;
mod reply;
mod request;
mod reserve;

use std::collections::HashSet;
use std::time::SystemTime;

use resque_core::{Exchange, QueueList, Result, Settlement, WorkerId};

use self::part::{Gathered, Part};
use self::request::Request;
use crate::refusal::Refused;
use crate::settling::Division;
use crate::stamp::Stamp;
use crate::store::Store;

const WHAT: &str = "settle and reserve";
const TEXT: &str = "select * from resque.exchange($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
    $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)";
/// The same when leases change with settlements.
const TEXT_WITH_LEASES: &str = "select e.* from resque.exchange($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, \
    $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25) e \
    cross join lateral resque.change_leases(e.settled, $26, $27, $28, $29) c";

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
        let want = each_once(want);
        if done.is_empty()
            && let Some(answer) = self.reserve(&want, from, now).await?
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
                let want = whole.want.clone();
                let mut gathered = Gathered::of(&whole);
                let mut division = Division::of(WHAT, whole, error)?;
                while let Some(part) = division.pop() {
                    match self.exchange_part(&part, from, now).await {
                        Ok(answer) => {
                            division.done();
                            gathered.add(&part, answer);
                        }
                        Err(refused) => {
                            if let Some((part, error)) = division.refused(part, refused)? {
                                gathered.refuse(&part, error);
                            }
                        }
                    }
                }
                Ok(gathered.answer(&want))
            }
            Err(refused) => Err(refused.error),
        }
    }

    /// Does a part, all or nothing.
    async fn exchange_part(
        &self,
        part: &Part<'_>,
        from: &QueueList,
        now: Stamp,
    ) -> Result<Exchange, Refused> {
        part.done.check_size(WHAT)?;
        let mut request = Request::new(part);
        let mut answer = Exchange::default();
        answer.settled = request.untold();
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

/// The slots to be filled: one that is named twice gets one job.
fn each_once(want: &[WorkerId]) -> Vec<&WorkerId> {
    let mut named = HashSet::with_capacity(want.len());
    want.iter().filter(|id| named.insert(*id)).collect()
}
