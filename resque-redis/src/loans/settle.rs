//! Ending loans.

use std::time::SystemTime;

use resque_core::{Error, LoanSettlement, Outcome, Result, Settled, Tally};

use super::note::number_and_token;
use crate::driver::{Batch, Value};
use crate::due;
use crate::exchange::{add_leases, letter};
use crate::limits::micros;
use crate::scripts::SETTLE_LOANS;
use crate::store::{Store, bytes_of, list_of, number_of};

impl Store {
    /// Ends loans in one step.
    pub(super) async fn settle_loans(
        &self,
        done: &[LoanSettlement],
        now: SystemTime,
    ) -> Result<Vec<Settled>> {
        const WHAT: &str = "settle loans";
        let mut call = self.call(&SETTLE_LOANS, 6 * done.len() + 1, 120 * done.len());
        call.arg(micros(now));
        for settlement in done {
            self.add_settlement(&mut call, settlement, now);
        }
        let reply = list_of(self.script(WHAT, &call).await?);
        let Ok([verdicts, troubles]) = <[Value; 2]>::try_from(reply) else {
            return Err(self.odd_reply(WHAT));
        };
        let mut blocked = self.told(list_of(troubles));
        let verdicts = bytes_of(verdicts);
        let settled = (1..)
            .zip(done)
            .map(|(number, _)| match verdicts.get(number - 1) {
                Some(b'A') => Settled::Applied,
                Some(b'T') => match blocked.iter().position(|(of, _)| *of == number) {
                    Some(at) => Settled::Trouble(blocked.swap_remove(at).1),
                    None => Settled::Lost,
                },
                _ => Settled::Lost,
            });
        Ok(settled.collect())
    }

    /// The trouble with settlements by their numbers. Trouble with counters stops nothing, and is
    /// told to whoever looks after the program.
    fn told(&self, troubles: Vec<Value>) -> Vec<(usize, Error)> {
        let mut blocked = Vec::new();
        for triple in troubles.chunks_exact(3) {
            let error = self.spoiled(&triple[1], &triple[2]);
            match usize::try_from(number_of(&triple[0])) {
                Ok(0) | Err(_) => tracing::warn!(%error, "a settled loan was not counted"),
                Ok(number) => blocked.push((number, error)),
            }
        }
        blocked
    }

    fn add_settlement(&self, call: &mut Batch, settlement: &LoanSettlement, now: SystemTime) {
        let (number, token) = number_and_token(&settlement.receipt);
        let mut word = String::with_capacity(3);
        word.push(letter(&settlement.outcome));
        word.push(match settlement.tally {
            Tally::Nothing => '0',
            Tally::Processed => '1',
            Tally::ProcessedAndFailed => '2',
        });
        let leases = settlement.leases.as_deref();
        let leases = leases.filter(|leases| !leases.is_empty());
        if leases.is_some() {
            word.push('u');
        }
        call.arg(number).arg(token).arg(word);
        if let Some(leases) = leases {
            add_leases(call, leases, now);
        }
        match &settlement.outcome {
            Outcome::Failed(record) => self.add_failure(call, record),
            Outcome::ReleaseAs(payload) => {
                call.arg(payload.clone().into_bytes());
            }
            Outcome::RetryAt { payload, at } => {
                call.arg(due::millis(*at)).arg(payload.clone().into_bytes());
            }
            Outcome::Defer(at) => {
                call.arg(due::millis(*at));
            }
            _ => {}
        }
    }
}
