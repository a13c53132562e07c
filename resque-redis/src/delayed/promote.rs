//! Moving jobs that are due into their queues.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use resque_core::{Error, Promotion, Result};

use super::moves::{AT_ONCE, Job, Move, Moved, Mover, Place};
use super::trouble;
use crate::driver::{Batch, Value};
use crate::scripts::{DUE, RELEASE_LOCK};
use crate::store::{Store, bytes_of, list_of};

/// What is due, in order.
#[derive(Default)]
struct Due {
    /// Due times in milliseconds, and the moves.
    moves: Vec<(u64, Move)>,
    /// Why some items are set aside.
    wrong: Vec<Error>,
    /// When the next job is due after now.
    next: Option<SystemTime>,
    /// Whether another process promotes resque-scheduler's items.
    standby: bool,
    /// Whether we hold the lock.
    holding: bool,
    /// Whether there is more than was asked for.
    more: bool,
    troubles: Vec<Error>,
}

impl Store {
    /// Moves at most so many due jobs.
    pub(super) async fn promote_due(
        &self,
        holder: &str,
        now: SystemTime,
        at_most: usize,
    ) -> Result<Promotion> {
        self.check_permissions().await?;
        let mut promotion = Promotion::default();
        let mut first = true;
        loop {
            let room = (at_most - promotion.moved).min(AT_ONCE);
            let due = self.due(holder, now, room).await?;
            promotion.standby = due.standby;
            promotion.next_due = due.next;
            if first {
                // Keys that cannot be read are the same in every step.
                promotion.troubles.extend(due.troubles);
            }
            first = false;
            if due.moves.is_empty() {
                if due.holding {
                    self.give_up_lock(holder).await?;
                }
                return Ok(promotion);
            }
            if room == 0 {
                let first = due.moves.first().map(|(at, _)| crate::due::time(*at));
                promotion.next_due = first.or(promotion.next_due);
                return Ok(promotion);
            }
            let own = |step: &Move| matches!(step, Move::Job(Job::Own(_), _));
            let mover = if due.moves.iter().all(|(_, step)| own(step)) {
                Mover::Anybody
            } else {
                Mover::Promoter {
                    holder,
                    more: due.more,
                }
            };
            let moves: Vec<Move> = due.moves.into_iter().map(|(_, step)| step).collect();
            let progress = self.promote_part(moves, mover, now, &mut promotion).await?;
            promotion.troubles.extend(due.wrong);
            if !progress {
                return Ok(promotion);
            }
        }
    }

    /// Makes the moves of one step. Answers whether anything changed.
    async fn promote_part(
        &self,
        moves: Vec<Move>,
        mover: Mover<'_>,
        now: SystemTime,
        promotion: &mut Promotion,
    ) -> Result<bool> {
        let Some(results) = self.move_delayed(&moves, mover).await? else {
            promotion.standby = true;
            return Ok(true);
        };
        let mut aside = Vec::new();
        let mut progress = false;
        for (step, result) in moves.into_iter().zip(results) {
            match (step, result) {
                (Move::Job(_, Place::OwnQueue | Place::Queue(..)), Moved::Done) => {
                    promotion.moved += 1;
                    progress = true;
                }
                (_, Moved::Done | Moved::Gone) => progress = true,
                (Move::Job(job, Place::OwnQueue | Place::Queue(..)), Moved::Blocked(error)) => {
                    aside.push((job, error));
                }
                (_, Moved::Blocked(error)) => promotion.troubles.push(error),
            }
        }
        if !aside.is_empty() {
            progress |= self.set_aside(aside, mover, now, promotion).await?;
        }
        Ok(progress)
    }

    /// Records jobs whose queues cannot be used as failures. Answers whether anything changed.
    async fn set_aside(
        &self,
        jobs: Vec<(Job, Error)>,
        mover: Mover<'_>,
        now: SystemTime,
        promotion: &mut Promotion,
    ) -> Result<bool> {
        let mut moves = Vec::with_capacity(jobs.len());
        for (job, error) in jobs {
            let (queue, payload) = match &job {
                Job::Own(number) => match self.own_job(number).await {
                    Ok(Some((queue, payload))) => (queue, payload),
                    Ok(None) => continue,
                    Err(transient) if transient.is_transient() => return Err(transient),
                    // It was not its queue that was in the way: it stays.
                    Err(_) => {
                        promotion.troubles.push(error);
                        continue;
                    }
                },
                Job::Item { second, item } => match trouble::place_of(second, item, now).0 {
                    Place::Queue(queue, payload) => (queue.as_str().to_owned(), payload),
                    _ => continue,
                },
            };
            let record = trouble::unusable_queue(&queue, payload, &error, now);
            promotion.troubles.push(error);
            moves.push(Move::Job(job, Place::Failed(record)));
        }
        let results = self.move_delayed(&moves, mover).await?.unwrap_or_default();
        Ok(results.iter().any(|result| matches!(result, Moved::Done)))
    }

    /// The queue and the bytes of one of our own jobs.
    pub(super) async fn own_job(&self, number: &str) -> Result<Option<(String, Bytes)>> {
        let key = self.keys.key("rs:delayed:jobs");
        let mut batch = Batch::new();
        batch.command("HGET").arg(&key).arg(number);
        let value = self.on_key("read a delayed job", &key, &batch).await?;
        Ok(value.into_bytes().and_then(|value| cut(&value)))
    }

    /// Reads what is due, at most `most` jobs, in order.
    async fn due(&self, holder: &str, now: SystemTime, most: usize) -> Result<Due> {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        // One more than wanted, to see whether there is more.
        let mut call = self.call(&DUE, 5, 100);
        call.arg(since.as_millis() as u64)
            .arg(most + 1)
            .arg(holder)
            .arg(self.master_lock());
        let reply = list_of(self.one("look for due jobs", &call).await?);
        let Ok([own, items, empty, next_own, next_item, master, troubles]) =
            <[Value; 7]>::try_from(reply)
        else {
            return Err(self.odd_reply("look for due jobs"));
        };
        let master = bytes_of(master);
        let mut due = Due {
            standby: !master.is_empty() && master != holder.as_bytes(),
            holding: master == holder.as_bytes(),
            ..Due::default()
        };
        for triple in list_of(troubles).chunks_exact(3) {
            due.troubles.push(self.spoiled(&triple[1], &triple[2]));
        }
        due.moves = in_order(self.items_of(items), own_of(own));
        due.more = due.moves.len() > most;
        due.moves.truncate(most.max(1));
        for step in &mut due.moves {
            if let Move::Job(Job::Item { second, item }, place) = &mut step.1 {
                let (to, wrong) = trouble::place_of(second, item, now);
                *place = to;
                due.wrong.extend(wrong);
            }
        }
        let cleaning = list_of(empty).into_iter().filter_map(text);
        due.moves
            .extend(cleaning.map(|second| (0, Move::Clean(second))));
        let next_item = millis(&next_item).map(|seconds| seconds.saturating_mul(1000));
        let next = [millis(&next_own), next_item].into_iter().flatten().min();
        due.next = next.map(crate::due::time);
        Ok(due)
    }

    fn items_of(&self, flat: Value) -> Vec<(u64, Move)> {
        let mut values = list_of(flat).into_iter();
        let mut items = Vec::new();
        while let (Some(time), Some(second), Some(item)) =
            (values.next(), values.next(), values.next())
        {
            let Some(second) = text(second) else { continue };
            let job = Job::Item {
                second,
                item: bytes_of(item),
            };
            let due = millis(&time).unwrap_or(0).saturating_mul(1000);
            items.push((due, Move::Job(job, Place::Nowhere)));
        }
        items
    }

    /// Gives up being resque-scheduler's master, if that is what `holder` is.
    pub(super) async fn give_up_lock(&self, holder: &str) -> Result<()> {
        let mut call = self.call(&RELEASE_LOCK, 2, 100);
        call.arg(self.master_lock()).arg(holder);
        self.script("give up promoting", &call).await.map(drop)
    }
}

fn own_of(flat: Value) -> Vec<(u64, Move)> {
    let mut values = list_of(flat).into_iter();
    let mut own = Vec::new();
    while let (Some(number), Some(due)) = (values.next(), values.next()) {
        if let Some(number) = text(number) {
            let step = Move::Job(Job::Own(number), Place::OwnQueue);
            own.push((millis(&due).unwrap_or(0), step));
        }
    }
    own
}

/// Both kinds in order of their time; each is in order already.
fn in_order(items: Vec<(u64, Move)>, own: Vec<(u64, Move)>) -> Vec<(u64, Move)> {
    let mut all = items;
    all.extend(own);
    all.sort_by_key(|(due, _)| *due);
    all
}

/// Queue and job of a value of `rs:delayed:jobs`.
pub(super) fn cut(value: &Bytes) -> Option<(String, Bytes)> {
    let at = value.iter().position(|byte| *byte == b'\n')?;
    let queue = String::from_utf8_lossy(&value[..at]).into_owned();
    Some((queue, value.slice(at + 1..)))
}

/// The whole number that a score says.
pub(super) fn millis(score: &Value) -> Option<u64> {
    let text = std::str::from_utf8(score.as_bytes()?).ok()?;
    let number: f64 = text.parse().ok()?;
    (number >= 0.0).then_some(number as u64)
}

pub(super) fn text(value: Value) -> Option<String> {
    String::from_utf8(value.into_bytes()?.into()).ok()
}
