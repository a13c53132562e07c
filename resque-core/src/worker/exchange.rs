//! One exchange with the store: what is settled, who wants jobs, and what came of it.

use std::sync::Arc;

use super::core::Core;
use super::outage::Connection;
use super::running::Running;
use crate::{Error, Exchange, QueueList, Result, Settlement, Ticket, WorkerId};

/// How much one exchange carries at most of either kind, so that none holds up the store or a
/// heartbeat.
pub(crate) const LARGEST_EXCHANGE: usize = 1_024;

/// Jobs that have ended and are to be settled.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    jobs: Vec<Ended>,
    /// Beside the jobs, because the store takes them as one slice.
    settlements: Vec<Settlement>,
}

/// A job that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) running: Arc<Running>,
    /// Whether an earlier exchange may have settled it already, its reply being lost.
    pub(crate) uncertain: bool,
}

impl Batch {
    pub(crate) fn push(&mut self, running: Arc<Running>, settlement: Settlement) {
        self.add(
            Ended {
                running,
                uncertain: false,
            },
            settlement,
        );
    }

    pub(crate) fn add(&mut self, ended: Ended, settlement: Settlement) {
        self.jobs.push(ended);
        self.settlements.push(settlement);
    }

    pub(crate) fn len(&self) -> usize {
        self.jobs.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    pub(crate) fn settlements(&self) -> &[Settlement] {
        &self.settlements
    }

    pub(crate) fn jobs(&self) -> &[Ended] {
        &self.jobs
    }

    /// Takes the first ones out, at most so many.
    pub(crate) fn take(&mut self, at_most: usize) -> Self {
        if self.len() <= at_most {
            return std::mem::take(self);
        }
        Self {
            jobs: self.jobs.drain(..at_most).collect(),
            settlements: self.settlements.drain(..at_most).collect(),
        }
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.jobs.append(&mut other.jobs);
        self.settlements.append(&mut other.settlements);
    }

    /// Notes that the store may have executed the settlements already.
    pub(crate) fn doubt(&mut self) {
        for ended in &mut self.jobs {
            ended.uncertain = true;
        }
    }

    pub(crate) fn into_each(self) -> impl Iterator<Item = (Ended, Settlement)> {
        self.jobs.into_iter().zip(self.settlements)
    }
}

/// One exchange, before and while it is under way.
#[derive(Debug, Default)]
pub(crate) struct Round {
    pub(crate) batch: Batch,
    /// The slots that want jobs.
    pub(crate) slots: Vec<usize>,
    /// The ids under which they ask.
    pub(crate) want: Vec<WorkerId>,
    /// How many of them, the first ones, have asked before without a definite answer.
    pub(crate) asked_before: usize,
    /// Whether a ticket is drawn first, to wait on if the slots are not all filled.
    pub(crate) draws_ticket: bool,
}

/// What came of an exchange.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) round: Round,
    pub(crate) connection: Connection,
    pub(crate) ticket: Option<Ticket>,
    pub(crate) result: Result<Exchange>,
}

/// Performs one exchange, and tells how long it took.
pub(crate) async fn send(
    core: Arc<Core>,
    connection: Connection,
    from: Arc<QueueList>,
    round: Round,
) -> Answer {
    let under_way = core.pulse.exchange();
    let answer = exchange(&core, connection, from, round).await;
    let (took, settled) = (under_way.elapsed(), answer.round.batch.len());
    let given = answer.result.as_ref().ok();
    core.events.meters().exchange(took, settled, given);
    answer
}

async fn exchange(
    core: &Core,
    connection: Connection,
    from: Arc<QueueList>,
    round: Round,
) -> Answer {
    let queues = connection.backend.queues().clone();
    let mut ticket = None;
    if round.draws_ticket
        && let Some(waiting) = queues.waiting()
    {
        match waiting.ticket(&from).await {
            Ok(drawn) => ticket = Some(drawn),
            Err(error) => {
                return Answer {
                    round,
                    connection,
                    ticket: None,
                    result: Err(not_executed(error)),
                };
            }
        }
    }
    let now = core.store_clock.now();
    let settlements = round.batch.settlements();
    let result = queues.exchange(settlements, &round.want, &from, now).await;
    Answer {
        round,
        connection,
        ticket,
        result,
    }
}

/// A ticket whose reply was lost costs nothing: the exchange behind it was not sent.
fn not_executed(error: Error) -> Error {
    match error {
        Error::OutcomeUnknown { what, source } => Error::Unavailable { what, source },
        error => error,
    }
}
