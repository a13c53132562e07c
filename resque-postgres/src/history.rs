//! Samples of what the store looked like, minute by minute.

use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use resque_core::{Backlog, HISTORY_KEPT, Result, StatsHistory, minute_of};

use crate::stamp::Stamp;
use crate::store::{Store, bounded, counted};

/// Up to how many jobs are counted one by one; beyond that the planner's estimate counts.
const COUNTED: i64 = 1_000_000;
/// In how many queues the oldest job is looked for.
const MOST_QUEUES: i64 = 20_000;

#[async_trait]
impl StatsHistory for Store {
    async fn backlog(&self) -> Result<Backlog> {
        // Jobs leave a queue in the order of their places, so the first one has waited longest.
        const TEXT: &str = "with counted as (
                select count(*) as jobs from (select from resque.jobs limit $1 + 1) j
            )
            select case when c.jobs <= $1 then c.jobs
                else greatest(c.jobs, (
                    select t.reltuples::bigint from pg_class t
                    where t.oid = 'resque.jobs'::regclass)) end,
                (select min(f.since) from (select q.id from resque.queues q limit $2) q
                    cross join lateral (
                        select j.since from resque.jobs j where j.queue = q.id
                        order by j.pos limit 1) f)
            from counted c";
        let query = self.statement(TEXT).bind(COUNTED).bind(MOST_QUEUES);
        let row = self.row("measure what waits", query).await?;
        let oldest: Option<Stamp> = self.get(&row, 1)?;
        let jobs = counted(self.get(&row, 0)?);
        Ok(Backlog::new(Some(jobs)).oldest(oldest.map(Stamp::time)))
    }

    async fn record(&self, at: SystemTime, sample: &Bytes) -> Result<bool> {
        const TEXT: &str = "with kept as (
                insert into resque.history (minute, sample) values ($1, $2)
                on conflict (minute) do nothing returning minute
            ), gone as (
                delete from resque.history h using kept where h.minute < $3
            )
            select exists (select from kept)";
        let minute = minute_of(at);
        let oldest = minute.checked_sub(HISTORY_KEPT);
        let query = self
            .statement(TEXT)
            .bind(Stamp::of(minute)?)
            .bind(sample.to_vec())
            .bind(oldest.map(Stamp::of).transpose()?);
        let row = self.row("record a sample", query).await?;
        self.get(&row, 0)
    }

    async fn range(
        &self,
        since: SystemTime,
        until: SystemTime,
        at_most: usize,
    ) -> Result<Vec<(SystemTime, Bytes)>> {
        const TEXT: &str = "select h.minute, h.sample from resque.history h
            where h.minute >= $1 and h.minute < $2 order by h.minute limit $3";
        let query = self
            .statement(TEXT)
            .bind(Stamp::due(since)?)
            .bind(Stamp::due(until)?)
            .bind(bounded(at_most as u64));
        let rows = self.rows("read the history", query).await?;
        let sample = |row| {
            let minute: Stamp = self.get(row, 0)?;
            let sample: Vec<u8> = self.get(row, 1)?;
            Ok((minute.time(), sample.into()))
        };
        rows.iter().map(sample).collect()
    }
}
