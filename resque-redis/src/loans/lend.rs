//! Lending jobs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use resque_core::{LARGEST_LENDING, Lent, Loan, LoanRequest, Payload, QueueName, Result};

use super::note::{receipt, until_of};
use crate::driver::Value;
use crate::known::{Asked, Check};
use crate::limits::micros;
use crate::receipt::call_token;
use crate::scripts::LEND;
use crate::store::{Store, bytes_of, list_of, number_of};

/// How often new queue names may interrupt one call.
const LOOKS: usize = 5;

impl Store {
    /// Lends jobs from queues in their order.
    pub(super) async fn lend_jobs(
        &self,
        request: &LoanRequest<'_>,
        now: SystemTime,
    ) -> Result<Lent> {
        self.check_permissions().await?;
        let mut lent = Lent::default();
        for _ in 0..LOOKS {
            let asked = self.known().resolve(request.from);
            let Some(names) = self.lend_from(request, &asked, now, &mut lent).await? else {
                break;
            };
            self.known().replace(&names);
        }
        Ok(lent)
    }

    /// Asks queue after queue. Answers the queue names if they are not those that were assumed.
    async fn lend_from(
        &self,
        request: &LoanRequest<'_>,
        asked: &Asked,
        now: SystemTime,
        lent: &mut Lent,
    ) -> Result<Option<Vec<Bytes>>> {
        let at_most = request.at_most.min(LARGEST_LENDING);
        for (queues, check) in asked.parts() {
            let wanted = at_most - lent.loans.len();
            let part = LendPart {
                asked,
                queues,
                check,
                wanted,
            };
            let names = self.lend_part(request, &part, now, lent).await?;
            if names.is_some() {
                return Ok(names);
            }
            if lent.paused || lent.loans.len() >= at_most {
                break;
            }
        }
        Ok(None)
    }

    async fn lend_part(
        &self,
        request: &LoanRequest<'_>,
        part: &LendPart<'_>,
        now: SystemTime,
        lent: &mut Lent,
    ) -> Result<Option<Vec<Bytes>>> {
        const WHAT: &str = "lend jobs";
        let (token, until) = (call_token(), micros(request.until));
        let mut call = self.call(&LEND, part.queues.len() + 10, 30 * part.queues.len() + 200);
        call.arg(micros(now)).arg(until).arg(&token);
        call.arg(request.holder.map_or("", |holder| holder.as_str()));
        call.arg(part.wanted).arg(part.check.word());
        call.arg(&part.asked.count).arg(&part.asked.digest);
        call.arg(part.queues.len());
        for queue in part.queues {
            call.arg(queue.as_str());
        }
        let reply = list_of(self.script(WHAT, &call).await?);
        let Ok([loans, troubles, paused, names, next_over]) = <[Value; 5]>::try_from(reply) else {
            return Err(self.odd_reply(WHAT));
        };
        let until = UNIX_EPOCH + Duration::from_micros(until);
        let mut values = list_of(loans).into_iter();
        while let (Some(queue), Some(number), Some(attempt), Some(job)) =
            (values.next(), values.next(), values.next(), values.next())
        {
            let at = usize::try_from(number_of(&queue)).unwrap_or(0);
            let Some(queue) = at.checked_sub(1).and_then(|at| part.queues.get(at)) else {
                return Err(self.odd_reply(WHAT));
            };
            let receipt = receipt(&String::from_utf8_lossy(&bytes_of(number)), &token);
            let payload = Payload::new(bytes_of(job));
            let loan = Loan::new(receipt, queue.clone(), payload, now, until);
            let attempt = u32::try_from(number_of(&attempt)).unwrap_or(u32::MAX);
            lent.loans.push(loan.by(request.holder.cloned(), attempt));
        }
        lent.troubles.extend(self.troubles_of(troubles));
        lent.paused = number_of(&paused) == 1;
        lent.next_over = until_of(next_over);
        let names = names.into_array();
        Ok(names.map(|names| names.into_iter().map(bytes_of).collect()))
    }
}

/// A part of the queues that are asked.
struct LendPart<'a> {
    asked: &'a Asked,
    queues: &'a [QueueName],
    check: Check,
    wanted: usize,
}
