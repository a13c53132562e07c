//! Ending loans: one statement, one transaction, one round trip.

use std::collections::HashSet;

use resque_core::{LoanSettlement, Result, Settled};

use super::number_of;
use crate::refusal::Refused;
use crate::settling::{Batch, Division, Step, Steps};
use crate::stamp::Stamp;
use crate::store::Store;

const WHAT: &str = "settle loans";
const TEXT: &str = "select resque.settle_loans($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
    $15, $16, $17, $18) as settled";
/// The same when leases change with settlements.
const TEXT_WITH_LEASES: &str = "select s.settled from resque.settle_loans($1, $2, $3, $4, $5, $6, $7, $8, $9, \
    $10, $11, $12, $13, $14, $15, $16, $17, $18) s (settled) \
    cross join lateral resque.change_leases(s.settled, $19, $20, $21, $22) c";

impl Store {
    /// Ends loans, each by itself.
    pub(super) async fn settle_loans(
        &self,
        done: &[LoanSettlement],
        now: Stamp,
    ) -> Result<Vec<Settled>> {
        let whole = Batch::whole(done);
        match self.settle_part(&whole, now).await {
            Ok(answers) => Ok(answers),
            Err(Refused {
                error,
                divisible: true,
            }) if done.len() > 1 => {
                let mut answers: Vec<_> = done.iter().map(|_| Settled::Lost).collect();
                let mut division = Division::of(WHAT, whole, error)?;
                while let Some(part) = division.pop() {
                    match self.settle_part(&part, now).await {
                        Ok(settled) => {
                            division.done();
                            part.put(settled, &mut answers);
                        }
                        Err(refused) => {
                            if let Some((part, error)) = division.refused(part, refused)? {
                                part.put([Settled::Trouble(error)], &mut answers);
                            }
                        }
                    }
                }
                Ok(answers)
            }
            Err(refused) => Err(refused.error),
        }
    }

    /// Ends some, all or nothing.
    async fn settle_part(
        &self,
        part: &Batch<'_, LoanSettlement>,
        now: Stamp,
    ) -> Result<Vec<Settled>, Refused> {
        part.check_size(WHAT)?;
        let (mut ids, mut steps) = (Vec::new(), Steps::with_capacity(part.len()));
        let mut taken = HashSet::new();
        let mut answers = Vec::with_capacity(part.len());
        for (place, settlement) in part.iter().enumerate() {
            let number = number_of(&settlement.receipt);
            // Of two that end the same loan, the first one does.
            if taken.contains(&number) {
                answers.push(Settled::Lost);
                continue;
            }
            answers.push(match step_of(settlement) {
                Ok(step) => {
                    steps.push(step, place);
                    ids.push(number);
                    taken.insert(number);
                    Settled::Lost
                }
                Err(error) => Settled::Trouble(error),
            });
        }
        let text = match steps.changes_leases() {
            true => TEXT_WITH_LEASES,
            false => TEXT,
        };
        let query = steps.bind(self.statement(text).bind(ids)).bind(now);
        let query = steps.bind_leases(query);
        let row = self.link.connections.ask_for_one(WHAT, query).await?;
        let settled: Vec<i32> = self.get(&row, "settled")?;
        steps.note(&settled, &mut answers);
        Ok(answers)
    }
}

fn step_of(settlement: &LoanSettlement) -> Result<Step<'_>> {
    Step::of(
        "a loan",
        &settlement.outcome,
        settlement.leases.as_deref(),
        settlement.tally,
    )
}
