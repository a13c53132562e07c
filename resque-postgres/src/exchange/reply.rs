//! What the function in the database answers.

use resque_core::{Error, Exchange, Payload, QueueName, Receipt, Reservation, Result};
use sqlx::postgres::PgRow;

use super::request::Request;
use crate::known::Asked;
use crate::stamp::Stamp;
use crate::store::Store;

impl Store {
    /// Reads the answer to one statement and says whether the names of the queues were out of date.
    pub(super) fn read(
        &self,
        row: &PgRow,
        request: &Request<'_>,
        asked: &Asked,
        now: Stamp,
        answer: &mut Exchange,
    ) -> Result<bool> {
        let settled: Vec<i32> = self.get(row, "settled")?;
        request.note(&settled, &mut answer.settled);
        answer.paused = self.get(row, "paused")?;
        let mut given = self.given(row, request, asked, now)?;
        given.extend(self.given_again(row, request, &mut answer.troubles)?);
        given.sort_unstable_by_key(|(slot, _)| request.rank(*slot));
        answer
            .reserved
            .extend(given.into_iter().map(|(_, given)| given));
        self.get(row, "outdated")
    }

    /// The jobs that were taken out of queues.
    fn given(
        &self,
        row: &PgRow,
        request: &Request<'_>,
        asked: &Asked,
        now: Stamp,
    ) -> Result<Vec<(i32, Reservation)>> {
        let slots: Option<Vec<i32>> = self.get(row, "slots")?;
        let numbers: Option<Vec<i64>> = self.get(row, "numbers")?;
        let slots = slots.unwrap_or_default().into_iter();
        let jobs = slots.zip(numbers.unwrap_or_default());
        let jobs = jobs.zip(self.taken(row, asked)?);
        let since = now.time();
        let given = jobs.filter_map(|((slot, number), job)| {
            let receipt = receipt(request, slot, number)?;
            let (queue, payload) = job?;
            Some((slot, Reservation::new(queue, payload, since, receipt)))
        });
        Ok(given.collect())
    }

    /// The jobs that slots held already. One whose queue has no name, which can only be where the table
    /// was changed by hand, is left where it is: the others are at work for others.
    fn given_again(
        &self,
        row: &PgRow,
        request: &Request<'_>,
        troubles: &mut Vec<Error>,
    ) -> Result<Vec<(i32, Reservation)>> {
        let Some(slots) = self.get::<Option<Vec<i32>>, _>(row, "again_slots")? else {
            return Ok(Vec::new());
        };
        let numbers: Vec<i64> = self.get(row, "again_numbers")?;
        let queues: Vec<String> = self.get(row, "again_queues")?;
        let payloads: Vec<Vec<u8>> = self.get(row, "again_payloads")?;
        let since: Vec<Stamp> = self.get(row, "again_since")?;
        let mut again = Vec::with_capacity(slots.len());
        let jobs = slots
            .into_iter()
            .zip(numbers)
            .zip(queues)
            .zip(payloads)
            .zip(since);
        for ((((slot, number), queue), payload), since) in jobs {
            let Some(receipt) = receipt(request, slot, number) else {
                continue;
            };
            let queue = match QueueName::new(queue) {
                Ok(queue) => queue,
                Err(error) => {
                    troubles.push(Error::Corrupt {
                        place: format!("the job that {} holds", receipt.worker()),
                        found: error.to_string(),
                        expected: "the name of a queue in the table `workers`".to_owned(),
                    });
                    continue;
                }
            };
            let held = Reservation::new(queue, Payload::new(payload), since.time(), receipt);
            again.push((slot, held.again()));
        }
        Ok(again)
    }
}

fn receipt(request: &Request<'_>, slot: i32, number: i64) -> Option<Receipt> {
    let worker = request.worker(slot)?.clone();
    Some(Receipt::numbered(worker, u64::try_from(number).ok()?))
}
