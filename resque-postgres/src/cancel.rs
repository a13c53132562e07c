//! Marks on jobs that are to be ended.

use async_trait::async_trait;
use resque_core::{CancelJobs, Receipt, Result};
use sqlx::postgres::PgRow;

use crate::store::Store;

#[async_trait]
impl CancelJobs for Store {
    async fn mark(&self, jobs: &[Receipt]) -> Result<Vec<bool>> {
        // Whoever touches several workers locks them in the order of their ids.
        const TEXT: &str = "with held as materialized (
                select w.id, w.number, m.ord
                from unnest($1, $2) with ordinality m (id, number, ord)
                join resque.workers w on w.id = m.id and w.number = m.number
                order by w.id for no key update of w
            ), marked as (
                update resque.workers w set cancelled = h.number from held h where w.id = h.id
            )
            select h.ord from held h";
        self.places("mark jobs", TEXT, jobs).await
    }

    async fn marked(&self, jobs: &[Receipt]) -> Result<Vec<bool>> {
        const TEXT: &str = "select m.ord from unnest($1, $2) with ordinality m (id, number, ord)
            join resque.workers w on w.id = m.id and w.number = m.number
            where w.cancelled = m.number";
        self.places("look for marks", TEXT, jobs).await
    }
}

impl Store {
    /// For which of these jobs a statement answers their place.
    async fn places(&self, what: &str, text: &'static str, jobs: &[Receipt]) -> Result<Vec<bool>> {
        let mut answers = vec![false; jobs.len()];
        if jobs.is_empty() {
            return Ok(answers);
        }
        let ids: Vec<&str> = jobs.iter().map(|job| job.worker().as_str()).collect();
        // A number that Postgres cannot hold, or none, is that of no reservation.
        let number = |job: &Receipt| job.number().and_then(|number| i64::try_from(number).ok());
        let numbers: Vec<Option<i64>> = jobs.iter().map(number).collect();
        let query = self.statement(text).bind(ids).bind(numbers);
        let rows: Vec<PgRow> = self.rows(what, query).await?;
        for row in &rows {
            let place: i64 = self.get(row, 0)?;
            let index = usize::try_from(place)
                .ok()
                .and_then(|place| place.checked_sub(1));
            if let Some(answer) = index.and_then(|index| answers.get_mut(index)) {
                *answer = true;
            }
        }
        Ok(answers)
    }
}
