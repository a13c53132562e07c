//! The jobs that wait for their time.

use std::collections::HashSet;
use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{
    Cursor, DelayedEdit, DelayedId, DelayedJob, DelayedJobs, DelayedPage, DelayedTo, Payload,
    Promotion, QueueName, Result,
};
use sqlx::postgres::PgRow;

use crate::stamp::Stamp;
use crate::store::{Store, bounded, counted, gone, unknown};
use crate::timeline::Timeline;

#[async_trait]
impl DelayedJobs for Store {
    async fn promote(&self, _holder: &str, now: SystemTime, at_most: usize) -> Result<Promotion> {
        const TEXT: &str = "select * from resque.promote($1, $2)";
        let query = self
            .statement(TEXT)
            .bind(Stamp::of(now)?)
            .bind(bounded(at_most as u64));
        let row = self.row("move jobs that are due", query).await?;
        let mut promotion = Promotion::default();
        let moved: i64 = self.get(&row, "moved")?;
        promotion.moved = usize::try_from(moved).unwrap_or(0);
        let next: Option<Stamp> = self.get(&row, "next_due")?;
        promotion.next_due = next.map(Stamp::time);
        Ok(promotion)
    }

    async fn resign(&self, _holder: &str) -> Result<()> {
        // Nobody leads: whoever promotes does so in one transaction.
        Ok(())
    }

    async fn count(&self) -> Result<u64> {
        let query = self.statement("select count(*) from resque.delayed");
        let row = self.row("count delayed jobs", query).await?;
        Ok(counted(self.get(&row, 0)?))
    }

    async fn list(&self, cursor: Option<&Cursor>, at_most: usize) -> Result<DelayedPage> {
        const LIST: Timeline = Timeline {
            what: "list delayed jobs",
            text: "select d.id, d.due, d.queue, d.payload from resque.delayed d
                where $1::timestamptz is null or (d.due, d.id) > ($1, $2)
                order by d.due, d.id limit $3",
            time: "due",
        };
        let (rows, next) = self.page_of(&LIST, cursor, at_most).await?;
        let jobs = rows.iter().map(|row| self.delayed_of(row));
        Ok(DelayedPage::new(jobs.collect::<Result<_>>()?, next))
    }

    async fn edit(&self, batch: &[DelayedEdit]) -> Result<Vec<Result<()>>> {
        let mut answers = Vec::with_capacity(batch.len());
        // Usually the same happens to all, and one statement does it.
        for alike in batch.chunk_by(|one, next| one.to == next.to) {
            answers.extend(self.edit_alike(alike).await?);
        }
        Ok(answers)
    }
}

impl Store {
    fn delayed_of(&self, row: &PgRow) -> Result<DelayedJob> {
        let number: i64 = self.get(row, "id")?;
        let due: Stamp = self.get(row, "due")?;
        let queue: String = self.get(row, "queue")?;
        let payload: Vec<u8> = self.get(row, "payload")?;
        let id = DelayedId::new(number.to_string());
        let queue = QueueName::new(queue).ok();
        Ok(DelayedJob::new(
            id,
            due.time(),
            queue,
            Payload::new(payload),
        ))
    }

    /// Makes edits that do the same; an outage of the store is the outer error.
    async fn edit_alike(&self, batch: &[DelayedEdit]) -> Result<Vec<Result<()>>> {
        const WHAT: &str = "edit delayed jobs";
        let Some(to) = batch.first().map(|edit| edit.to) else {
            return Ok(Vec::new());
        };
        let number = |edit: &DelayedEdit| edit.id.as_str().parse::<i64>().ok();
        let numbers: Vec<Option<i64>> = batch.iter().map(number).collect();
        let query = match to {
            DelayedTo::Nowhere => self.statement(REMOVE).bind(&numbers),
            DelayedTo::Queue => self.statement(PUT).bind(&numbers),
            DelayedTo::At(due) => match Stamp::due(due) {
                Ok(due) => self.statement(MOVE).bind(&numbers).bind(due),
                Err(_) => {
                    let refused = |_| Stamp::due(due).map(drop);
                    return Ok(batch.iter().map(refused).collect());
                }
            },
            other => return Ok(batch.iter().map(|_| Err(unknown(WHAT, &other))).collect()),
        };
        let rows = self.rows(WHAT, query).await?;
        let mut edited = HashSet::with_capacity(rows.len());
        for row in &rows {
            let number: i64 = self.get(row, "id")?;
            edited.insert(number);
        }
        let stays = matches!(to, DelayedTo::At(_));
        let answer = |(edit, number): (&DelayedEdit, Option<i64>)| {
            // What has gone with an edit is not there for a second one.
            let is_done = number.is_some_and(|number| match stays {
                true => edited.contains(&number),
                false => edited.remove(&number),
            });
            let missing = || gone("the delayed job", edit.id.as_str());
            is_done.then_some(()).ok_or_else(missing)
        };
        Ok(batch.iter().zip(numbers).map(answer).collect())
    }
}

/// Cancels jobs; whoever edits several waits for them in the order of their numbers.
const REMOVE: &str = "with found as materialized (
        select d.id from resque.delayed d where d.id = any ($1) order by d.id for update)
    delete from resque.delayed d using found f where d.id = f.id returning d.id";

/// Lets jobs wait for another time.
const MOVE: &str = "with found as materialized (
        select d.id from resque.delayed d where d.id = any ($1) order by d.id for update)
    update resque.delayed d set due = $2 from found f where d.id = f.id returning d.id";

/// Puts jobs into their queues, in the order in which they are named.
const PUT: &str = "with found as materialized (
        select d.id from resque.delayed d where d.id = any ($1) order by d.id for update),
    taken as (
        delete from resque.delayed d using found f where d.id = f.id
        returning d.id, d.queue, d.payload),
    named as (select array_agg(distinct t.queue) as names from taken t),
    put as materialized (
        select resque.push(n.names,
            array_agg(array_position(n.names, t.queue) order by array_position($1, t.id)),
            array_agg(t.payload order by array_position($1, t.id)), '{}', '{}', '{}')
        from taken t cross join named n group by n.names)
    select t.id from taken t cross join put";
