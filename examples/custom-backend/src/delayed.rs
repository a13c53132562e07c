//! The jobs that wait for their time: an ability that a backend may offer or leave.

use std::time::SystemTime;

use async_trait::async_trait;
use resque::{
    Cursor, DelayedEdit, DelayedId, DelayedJob, DelayedJobs, DelayedPage, DelayedTo, Error,
    Promotion, QueueName, Result,
};

use crate::FileBackend;
use crate::state::{State, Waiting, nanos, time};

#[async_trait]
impl DelayedJobs for FileBackend {
    // Every process may promote: one step at a time is guarded by the lock of the file.
    async fn promote(&self, _holder: &str, now: SystemTime, at_most: usize) -> Result<Promotion> {
        self.write("promote", |state| {
            let due = state
                .delayed
                .partition_point(|waiting| waiting.due <= nanos(now));
            let due: Vec<Waiting> = state.delayed.drain(..due.min(at_most)).collect();
            let mut promotion = Promotion::default();
            promotion.moved = due.len();
            for Waiting { queue, payload, .. } in due {
                state.queue_up(&queue, payload);
            }
            promotion.next_due = state.delayed.first().map(|waiting| time(waiting.due));
            Ok(promotion)
        })
    }

    async fn resign(&self, _holder: &str) -> Result<()> {
        Ok(())
    }

    async fn count(&self) -> Result<u64> {
        self.read("count delayed jobs", |state| state.delayed.len() as u64)
    }

    async fn list(&self, cursor: Option<&Cursor>, at_most: usize) -> Result<DelayedPage> {
        self.read("list delayed jobs", |state| list(state, cursor, at_most))?
    }

    async fn edit(&self, batch: &[DelayedEdit]) -> Result<Vec<Result<()>>> {
        self.write("edit delayed jobs", |state| {
            Ok(batch.iter().map(|one| edit(state, one)).collect())
        })
    }
}

/// The cursor names the last job that was shown, by its place in the order.
fn list(state: &State, cursor: Option<&Cursor>, at_most: usize) -> Result<DelayedPage> {
    let seen = match cursor {
        Some(cursor) => Some(place(cursor.as_str()).ok_or_else(|| Error::Conflict {
            what: format!("the cursor {:?}", cursor.as_str()),
        })?),
        None => None,
    };
    let rest = state
        .delayed
        .iter()
        .skip_while(|one| seen.is_some_and(|seen| (one.due, one.id) <= seen));
    let mut rest = rest.peekable();
    let shown: Vec<&Waiting> = rest.by_ref().take(at_most).collect();
    let next = shown.last().filter(|_| rest.peek().is_some());
    let next = next.map(|last| Cursor::new(format!("{}-{}", last.due, last.id)));
    Ok(DelayedPage::new(
        shown.into_iter().map(shape).collect::<Result<_>>()?,
        next,
    ))
}

fn place(cursor: &str) -> Option<(u64, u64)> {
    let (due, id) = cursor.split_once('-')?;
    Some((due.parse().ok()?, id.parse().ok()?))
}

fn shape(waiting: &Waiting) -> Result<DelayedJob> {
    let id = DelayedId::new(waiting.id.to_string());
    let queue = QueueName::new(&waiting.queue)?;
    Ok(DelayedJob::new(
        id,
        time(waiting.due),
        Some(queue),
        waiting.payload.clone().into(),
    ))
}

fn edit(state: &mut State, edit: &DelayedEdit) -> Result<()> {
    let named = |waiting: &Waiting| waiting.id.to_string() == edit.id.as_str();
    let Some(index) = state.delayed.iter().position(named) else {
        return Err(Error::Conflict {
            what: format!("the delayed job {}", edit.id.as_str()),
        });
    };
    let Waiting { queue, payload, .. } = state.delayed.remove(index);
    match edit.to {
        DelayedTo::Queue => drop(state.queue_up(&queue, payload)),
        DelayedTo::At(due) => state.delay(due, queue, payload),
        // Cancelled.
        _ => {}
    }
    Ok(())
}
