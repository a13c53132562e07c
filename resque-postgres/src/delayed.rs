//! The jobs that wait for their time.

use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{
    Cursor, DelayedEdit, DelayedId, DelayedJob, DelayedJobs, DelayedPage, DelayedTo, Payload,
    Promotion, QueueName, Result,
};
use sqlx::postgres::PgRow;

use crate::stamp::Stamp;
use crate::store::{Store, bounded, counted, gone, unknown};

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
        const TEXT: &str = "select d.id, d.due, d.queue, d.payload from resque.delayed d
            where $1::timestamptz is null or (d.due, d.id) > ($1, $2)
            order by d.due, d.id limit $3";
        let after = cursor.map(place_of).transpose()?;
        let (due, number) = after.unzip();
        // One more tells whether there is more.
        let limit = bounded(at_most as u64).saturating_add(1);
        let query = self.statement(TEXT).bind(due).bind(number).bind(limit);
        let rows = self.rows("list delayed jobs", query).await?;
        let shown = rows.get(..at_most).unwrap_or(&rows);
        let jobs: Vec<_> = shown
            .iter()
            .map(|row| self.delayed_of(row))
            .collect::<Result<_>>()?;
        let last = shown.last().filter(|_| rows.len() > at_most);
        let next = last.map(|row| self.cursor_behind(row)).transpose()?;
        Ok(DelayedPage::new(jobs, next))
    }

    async fn edit(&self, batch: &[DelayedEdit]) -> Result<Vec<Result<()>>> {
        let mut answers = Vec::with_capacity(batch.len());
        for edit in batch {
            answers.push(self.edit_delayed(edit).await?);
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

    /// The cursor behind a job. Its time is in it because the job may be gone when the cursor comes
    /// back.
    fn cursor_behind(&self, row: &PgRow) -> Result<Cursor> {
        let number: i64 = self.get(row, "id")?;
        let due: Stamp = self.get(row, "due")?;
        Ok(Cursor::new(format!("{}:{number}", due.micros())))
    }

    /// Makes one edit; an outage of the store is the outer error.
    async fn edit_delayed(&self, edit: &DelayedEdit) -> Result<Result<()>> {
        const REMOVE: &str = "delete from resque.delayed where id = $1 returning id";
        const MOVE: &str = "update resque.delayed set due = $2 where id = $1 returning id";
        const PUT: &str = "with taken as (delete from resque.delayed where id = $1 returning *)
            select resque.push(array[t.queue], array[1], array[t.payload], '{}', '{}', '{}') from taken t";
        const WHAT: &str = "edit a delayed job";
        let missing = || gone("the delayed job", edit.id.as_str());
        let Ok(number) = edit.id.as_str().parse::<i64>() else {
            return Ok(Err(missing()));
        };
        let query = match edit.to {
            DelayedTo::Nowhere => self.statement(REMOVE).bind(number),
            DelayedTo::Queue => self.statement(PUT).bind(number),
            DelayedTo::At(due) => match Stamp::due(due) {
                Ok(due) => self.statement(MOVE).bind(number).bind(due),
                Err(error) => return Ok(Err(error)),
            },
            other => return Ok(Err(unknown(WHAT, &other))),
        };
        let rows = self.rows(WHAT, query).await?;
        Ok(if rows.is_empty() {
            Err(missing())
        } else {
            Ok(())
        })
    }
}

fn place_of(cursor: &Cursor) -> Result<(Stamp, i64)> {
    let parse = |text: &str| {
        let (micros, number) = text.split_once(':')?;
        let due = Stamp::from_micros(micros.parse().ok()?)?;
        Some((due, number.parse().ok()?))
    };
    parse(cursor.as_str()).ok_or_else(|| gone("the cursor", cursor.as_str()))
}
