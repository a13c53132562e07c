//! What the exchange script answers.

use bytes::Bytes;
use resque_core::wire::note;
use resque_core::{Error, Payload, QueueName, Reservation, Result, Settled, WorkerId};

use super::Round;
use super::request::Workers;
use crate::driver::Value;
use crate::receipt::{self, Known, Token};
use crate::store::{Store, bytes_of, list_of, number_of};

/// Adds the answer to `round`, and gives back the queue names if they were not as assumed.
pub(super) fn read(
    store: &Store,
    reply: Value,
    workers: &Workers<'_>,
    queues: &[QueueName],
    round: &mut Round<'_>,
) -> Result<Option<Vec<Bytes>>> {
    let parts: Result<[Value; 7], _> = list_of(reply).try_into();
    let Ok([verdicts, troubles, paused, reserved, held, names, left]) = parts else {
        return Err(store.odd_reply("exchange jobs"));
    };
    let mut blocked = add_troubles(store, list_of(troubles), round);
    if !round.done.is_empty() {
        add_settled(&bytes_of(verdicts), workers, &mut blocked, round);
    }
    round.exchange.paused = number_of(&paused) == 1;
    round.left = left.as_int().and_then(|left| left.try_into().ok());
    let before = round.exchange.reserved.len();
    add_reserved(list_of(reserved), workers, queues, round);
    add_held(store, list_of(held), workers, round);
    if round.exchange.reserved.len() > before {
        let given: std::collections::HashSet<&WorkerId> = round.exchange.reserved[before..]
            .iter()
            .map(|job| &job.worker)
            .collect();
        round.wanted.retain(|slot| !given.contains(*slot));
    }
    Ok(names
        .into_array()
        .map(|names| names.into_iter().map(bytes_of).collect()))
}

/// Notes trouble with slots and queues, and answers the trouble with settlements by number.
fn add_troubles(store: &Store, flat: Vec<Value>, round: &mut Round<'_>) -> Vec<(usize, Error)> {
    let mut blocked = Vec::new();
    for triple in flat.chunks_exact(3) {
        let error = store.spoiled(&triple[1], &triple[2]);
        match usize::try_from(number_of(&triple[0])) {
            Ok(0) | Err(_) => round.exchange.troubles.push(error),
            Ok(number) => blocked.push((number, error)),
        }
    }
    blocked
}

fn add_settled(
    verdicts: &[u8],
    workers: &Workers<'_>,
    blocked: &mut Vec<(usize, Error)>,
    round: &mut Round<'_>,
) {
    // What the script was not told of bears a receipt that another store has made.
    let settled = &mut round.exchange.settled;
    settled.extend(round.done.iter().map(|_| Settled::Lost));
    for (index, place) in workers.sent.iter().enumerate() {
        settled[*place] = match verdicts.get(index) {
            Some(b'A') => Settled::Applied,
            Some(b'T') => {
                let found = blocked.iter().position(|(number, _)| *number == index + 1);
                match found {
                    Some(at) => Settled::Trouble(blocked.swap_remove(at).1),
                    None => Settled::Lost,
                }
            }
            _ => Settled::Lost,
        };
    }
}

fn add_reserved(
    flat: Vec<Value>,
    workers: &Workers<'_>,
    queues: &[QueueName],
    round: &mut Round<'_>,
) {
    round.exchange.reserved.reserve(flat.len() / 3);
    let mut head = (0, 0);
    let mut values = flat.into_iter();
    while let (Some(worker), Some(queue), Some(job)) = (values.next(), values.next(), values.next())
    {
        let slot = usize::try_from(number_of(&worker)).unwrap_or(0);
        let number = usize::try_from(number_of(&queue)).unwrap_or(0);
        let (Some(worker), Some(queue)) = (
            workers.get(slot),
            number.checked_sub(1).and_then(|at| queues.get(at)),
        ) else {
            continue;
        };
        if head.0 != number {
            let mut before = Vec::with_capacity(queue.as_str().len() + 60);
            note::write_prefix(&mut before, queue.as_str(), round.now);
            head = (number, i64::try_from(before.len()).unwrap_or(i64::MAX));
        }
        let receipt = format!("{}-{slot}", workers.call_token);
        let behind = receipt::suffix(&receipt).len();
        let token = Token {
            known: Known::Receipt(&receipt),
            first: head.1 + 1,
            last: -i64::try_from(behind + 1).unwrap_or(i64::MAX),
            queue: queue.as_str(),
        };
        let receipt = token.receipt(worker.clone());
        let payload = Payload::new(bytes_of(job));
        let given = Reservation::new(queue.clone(), payload, round.now, receipt);
        round.exchange.reserved.push(given);
    }
}

/// Slots that hold a job already are given that one again.
fn add_held(store: &Store, flat: Vec<Value>, workers: &Workers<'_>, round: &mut Round<'_>) {
    let mut values = flat.into_iter();
    while let (Some(worker), Some(note)) = (values.next(), values.next()) {
        let slot = usize::try_from(number_of(&worker)).unwrap_or(0);
        let Some(worker) = workers.get(slot) else {
            continue;
        };
        let held = receipt::held(worker.clone(), &bytes_of(note));
        match QueueName::new(&held.queue) {
            Ok(queue) => {
                let since = held.since.unwrap_or(round.now);
                let given = Reservation::new(queue, held.payload, since, held.receipt);
                round.exchange.reserved.push(given.again());
            }
            Err(_) => round.exchange.troubles.push(Error::Corrupt {
                place: format!(
                    "the key {} on Redis at {}",
                    store.keys.worker(worker.as_str()),
                    store.place()
                ),
                found: "a note without a queue name".to_owned(),
                expected: "what this worker is working on".to_owned(),
            }),
        }
    }
}
