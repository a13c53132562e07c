//! What the exchange script is told.

use std::collections::HashMap;
use std::time::SystemTime;

use resque_core::wire::time::TimeFormat;
use resque_core::{LeaseChanges, Outcome, QueueName, Renewal, Settlement, Tally, WorkerId};

use super::Round;
use crate::driver::Batch;
use crate::due;
use crate::known::{Asked, Check};
use crate::limits::micros;
use crate::receipt::{self, Known, Token};
use crate::scripts::EXCHANGE;
use crate::store::Store;

/// One call of the script, and the workers it numbers.
pub(super) struct Request<'a> {
    pub(super) batch: Batch,
    /// The workers in the order of their numbers, which begin at 1.
    pub(super) workers: Workers<'a>,
}

/// The workers of one call.
pub(super) struct Workers<'a> {
    ids: Vec<&'a WorkerId>,
    /// What the receipts of this call begin with.
    pub(super) call_token: String,
    /// Which settlements the script was told of, by their place among all.
    pub(super) sent: Vec<usize>,
}

impl<'a> Workers<'a> {
    /// The worker with this number.
    pub(super) fn get(&self, number: usize) -> Option<&'a WorkerId> {
        self.ids.get(number.checked_sub(1)?).copied()
    }
}

impl<'a> Request<'a> {
    /// Asks `queues`, which are some of `asked`, for the slots that `round` still wants to fill.
    pub(super) fn new(
        store: &Store,
        round: &Round<'a>,
        asked: &Asked,
        queues: &[QueueName],
        check: Check,
    ) -> Self {
        let mut ids = round.wanted.clone();
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        if !round.done.is_empty() {
            numbers.extend(
                ids.iter()
                    .zip(1..)
                    .map(|(id, number)| (id.as_str(), number)),
            );
        }
        let mut settlements = Vec::with_capacity(round.done.len());
        let mut sent = Vec::with_capacity(round.done.len());
        for (place, settlement) in round.done.iter().enumerate() {
            let Some(token) = Token::of(&settlement.receipt) else {
                continue;
            };
            let worker = settlement.receipt.worker();
            let number = *numbers.entry(worker.as_str()).or_insert_with(|| {
                ids.push(worker);
                ids.len()
            });
            settlements.push((number, token, settlement));
            sent.push(place);
        }
        let call_token = receipt::call_token();
        let args = ids.len() + 3 * settlements.len() + queues.len();
        let mut batch = store.call(&EXCHANGE, args + 13, 60 * args);
        batch
            .arg(TimeFormat::RunAt.text(round.now))
            .arg(&call_token)
            .arg(ids.len())
            .arg(round.wanted.len())
            .arg(settlements.len())
            .arg(queues.len())
            .arg(check.word())
            .arg(&asked.count)
            .arg(&asked.digest)
            .arg(TimeFormat::HeartbeatMillis.text(round.now));
        for id in &ids {
            batch.arg(id.as_str());
        }
        for (number, token, settlement) in settlements {
            add_settlement(&mut batch, store, number, &token, settlement, round.now);
        }
        for queue in queues {
            batch.arg(queue.as_str());
        }
        Self {
            batch,
            workers: Workers {
                ids,
                call_token,
                sent,
            },
        }
    }
}

fn add_settlement(
    batch: &mut Batch,
    store: &Store,
    number: usize,
    token: &Token<'_>,
    settlement: &Settlement,
    now: SystemTime,
) {
    batch.arg(number);
    let mut word = String::with_capacity(5);
    word.push(letter(&settlement.outcome));
    word.push(match settlement.tally {
        Tally::Nothing => '0',
        Tally::Processed => '1',
        Tally::ProcessedAndFailed => '2',
    });
    match token.known {
        Known::Receipt(receipt) => batch.arg(receipt::suffix(receipt)),
        Known::Digest(digest) => {
            word.push('h');
            batch.arg(digest)
        }
    };
    if !settlement.receipt.worker().is_ours() {
        word.push('f');
    }
    let guard = settlement.receipt.guard();
    if guard.is_some() {
        word.push('g');
    }
    let leases = settlement.leases.as_deref();
    let leases = leases.filter(|leases| !leases.is_empty());
    if leases.is_some() {
        word.push('u');
    }
    batch.arg(word);
    if let Some(mark) = guard {
        batch.arg(mark.as_str());
    }
    if let Some(leases) = leases {
        add_leases(batch, leases, now);
    }
    add_outcome(batch, store, token, &settlement.outcome);
}

pub(crate) fn add_leases(batch: &mut Batch, changes: &LeaseChanges, now: SystemTime) {
    batch.arg(changes.free.len() + changes.keep.len());
    batch.arg(micros(now));
    for lease in &changes.free {
        batch.arg(&*lease.name).arg(&*lease.holder).arg("");
    }
    for Renewal { lease, until } in &changes.keep {
        batch
            .arg(&*lease.name)
            .arg(&*lease.holder)
            .arg(micros(*until));
    }
}

pub(crate) fn letter(outcome: &Outcome) -> char {
    match outcome {
        Outcome::Failed(_) => 'f',
        Outcome::Release => 'r',
        Outcome::ReleaseAs(_) => 'b',
        Outcome::RetryAt { .. } => 't',
        Outcome::Defer(_) => 'l',
        // Done and discarded jobs are gone either way; what they count stands beside.
        _ => 'd',
    }
}

fn add_outcome(batch: &mut Batch, store: &Store, token: &Token<'_>, outcome: &Outcome) {
    match outcome {
        Outcome::Failed(record) => store.add_failure(batch, record),
        Outcome::Release => {
            batch.arg(token.queue).arg(token.first).arg(token.last);
        }
        Outcome::ReleaseAs(payload) => {
            batch.arg(token.queue).arg(payload.clone().into_bytes());
        }
        Outcome::RetryAt { payload, at } => {
            let payload = payload.clone().into_bytes();
            batch.arg(due::millis(*at)).arg(token.queue).arg(payload);
        }
        Outcome::Defer(at) => {
            batch
                .arg(due::millis(*at))
                .arg(token.queue)
                .arg(token.first)
                .arg(token.last);
        }
        _ => {}
    }
}
