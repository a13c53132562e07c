//! Settling: the receipt is checked, the job moves, and everything is counted in one step.

use resque::{Outcome, Receipt, Settled, Settlement, Tally};

use crate::state::{Failure, Note, State};

/// Settles one reservation. A released job is left in `released` for the caller, who knows the
/// order of the batch.
pub(crate) fn settle(
    state: &mut State,
    settlement: &Settlement,
    released: &mut Vec<Note>,
) -> Settled {
    let Settlement {
        receipt,
        outcome,
        tally,
        ..
    } = settlement;
    if !holds(state, receipt) {
        return Settled::Lost;
    }
    let Some(note) = state.notes.remove(receipt.worker().as_str()) else {
        return Settled::Lost;
    };
    match outcome {
        Outcome::Failed(record) => {
            let id = state.fresh();
            state.failures.insert(id, Failure::from(&**record));
        }
        Outcome::RetryAt { payload, at } => state.delay(*at, note.queue, payload.into()),
        Outcome::Defer(at) => state.delay(*at, note.queue, note.payload),
        Outcome::Release => released.push(note),
        Outcome::ReleaseAs(payload) => {
            let payload = payload.into();
            released.push(Note { payload, ..note });
        }
        // Done, discarded: the job is gone.
        _ => {}
    }
    count(state, receipt, *tally);
    Settled::Applied
}

/// Whether the receipt still names what the worker holds and, for a dead worker's, whether it has
/// stayed silent.
fn holds(state: &State, receipt: &Receipt) -> bool {
    let worker = receipt.worker().as_str();
    let noted = state
        .notes
        .get(worker)
        .is_some_and(|note| note.token == receipt.token());
    let silent = receipt
        .guard()
        .is_none_or(|guard| state.mark(worker).as_ref() == Some(guard));
    noted && silent
}

fn count(state: &mut State, receipt: &Receipt, tally: Tally) {
    let (processed, failed) = match tally {
        Tally::Nothing => (0, 0),
        Tally::Processed => (1, 0),
        Tally::ProcessedAndFailed => (1, 1),
    };
    for (stat, by) in [("processed", processed), ("failed", failed)] {
        if by > 0 {
            state.count(stat, by);
            state.count(&format!("{stat}:{}", receipt.worker()), by);
        }
    }
}
