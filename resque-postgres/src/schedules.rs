//! Schedules, and the ticks that are settled.

use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{
    Begin, Error, Fired, Firing, Lead, LeadClaim, Leading, NewSchedule, Result, ScheduleEntry,
    ScheduleListing, ScheduleName, ScheduleStore,
};
use sqlx::postgres::PgRow;

use crate::stamp::Stamp;
use crate::store::{Statement, Store};

#[async_trait]
impl ScheduleStore for Store {
    async fn list(&self) -> Result<ScheduleListing> {
        const TEXT: &str = "select s.name, s.definition, s.enabled, s.settled, s.last_fired
            from resque.schedules s";
        let rows = self
            .rows("list the schedules", self.statement(TEXT))
            .await?;
        let mut entries = Vec::with_capacity(rows.len());
        let mut unreadable = Vec::new();
        for row in &rows {
            let name: String = self.get(row, "name")?;
            match ScheduleName::new(&name) {
                Ok(name) => entries.push(self.entry(name, row)?),
                Err(_) => unreadable.push(name.into()),
            }
        }
        Ok(ScheduleListing::new(entries, unreadable))
    }

    async fn put(&self, batch: &[NewSchedule], now: SystemTime) -> Result<()> {
        const TEXT: &str = "select resque.put_schedules($1, $2, $3, $4, $5)";
        let column = |of: fn(&NewSchedule) -> &str| batch.iter().map(of).collect::<Vec<_>>();
        let definitions: Vec<&[u8]> = batch.iter().map(|new| &new.definition[..]).collect();
        let enabled: Vec<bool> = batch.iter().map(|new| new.enabled).collect();
        let query = self
            .statement(TEXT)
            .bind(owned(&column(|new| new.name.as_str())))
            .bind(
                definitions
                    .iter()
                    .map(|text| text.to_vec())
                    .collect::<Vec<_>>(),
            )
            .bind(owned(&column(|new| &new.timing)))
            .bind(enabled)
            .bind(Stamp::of(now)?);
        self.row("store schedules", query).await.map(drop)
    }

    async fn remove(&self, names: &[ScheduleName]) -> Result<Vec<bool>> {
        const TEXT: &str = "with gone as (
                delete from resque.schedules s where s.name = any (array(
                    select l.name from resque.schedules l where l.name = any ($1) order by l.name for update))
                returning s.name
            )
            select array(
                select n.name in (select g.name from gone g)
                from unnest($1) with ordinality n (name, ord) order by n.ord),
                resque.schedules_changed()";
        let query = self.statement(TEXT).bind(texts(names));
        let row = self.row("remove schedules", query).await?;
        self.get(&row, 0)
    }

    async fn set_enabled(
        &self,
        names: &[ScheduleName],
        enabled: bool,
        now: SystemTime,
    ) -> Result<()> {
        const TEXT: &str = "select resque.enable_schedules($1, $2, $3)";
        let query = self
            .statement(TEXT)
            .bind(texts(names))
            .bind(enabled)
            .bind(Stamp::of(now)?);
        self.row("switch schedules on or off", query)
            .await
            .map(drop)
    }

    async fn lead(&self, claim: LeadClaim<'_>) -> Result<Lead> {
        const TEXT: &str = "select * from resque.lead_schedules($1, $2, $3)";
        let query = self
            .statement(TEXT)
            .bind(claim.holder.to_owned())
            .bind(Stamp::of(claim.now)?)
            .bind(Stamp::of(claim.until)?);
        let row = self.row("claim to fire schedules", query).await?;
        let leader: String = self.get(&row, "leader")?;
        let changes: i64 = self.get(&row, "changes")?;
        Ok(Lead::new(
            self.get(&row, "leads")?,
            leader,
            changes.to_string(),
        ))
    }

    async fn leading(&self, now: SystemTime) -> Result<Leading> {
        const TEXT: &str = "select case when l.until > $1 then l.holder end as leader, l.changes
            from resque.schedule_lead l";
        let query = self.statement(TEXT).bind(Stamp::of(now)?);
        let row = self.row("ask who fires schedules", query).await?;
        let changes: i64 = self.get(&row, "changes")?;
        Ok(Leading::new(self.get(&row, "leader")?, changes.to_string()))
    }

    async fn step_down(&self, holder: &str) -> Result<()> {
        const TEXT: &str =
            "update resque.schedule_lead set holder = null, until = null where holder = $1";
        let query = self.statement(TEXT).bind(holder.to_owned());
        self.rows("step down", query).await.map(drop)
    }

    async fn begin(&self, batch: &[Begin], now: SystemTime) -> Result<Vec<Result<SystemTime>>> {
        const TEXT: &str = "select resque.begin_schedules($1, $2, $3)";
        let names: Vec<&str> = batch.iter().map(|begin| begin.name.as_str()).collect();
        let timings: Vec<&str> = batch.iter().map(|begin| &*begin.timing).collect();
        let query = self
            .statement(TEXT)
            .bind(owned(&names))
            .bind(owned(&timings))
            .bind(Stamp::of(now)?);
        let row = self.row("begin schedules", query).await?;
        let settled: Vec<Stamp> = self.get(&row, 0)?;
        Ok(settled.into_iter().map(|stamp| Ok(stamp.time())).collect())
    }

    async fn fire_once(
        &self,
        _holder: &str,
        batch: &[Firing],
        now: SystemTime,
    ) -> Result<Vec<Result<Fired>>> {
        let row = self
            .row("fire schedules", self.fire_query(batch, now)?)
            .await?;
        let states: Vec<i32> = self.get(&row, "states")?;
        let settled: Vec<Option<Stamp>> = self.get(&row, "settled")?;
        let fired = |(state, settled): (i32, Option<Stamp>)| match (state, settled) {
            (1, _) => Ok(Fired::Fired),
            (0, Some(settled)) => Ok(Fired::Already {
                settled: settled.time(),
            }),
            (-2, _) => Ok(Fired::Disabled),
            (-1, _) => Ok(Fired::Changed),
            (state, _) => Err(odd(state)),
        };
        Ok(states.into_iter().zip(settled).map(fired).collect())
    }
}

impl Store {
    fn entry(&self, name: ScheduleName, row: &PgRow) -> Result<ScheduleEntry> {
        let definition: Option<Vec<u8>> = self.get(row, "definition")?;
        let settled: Option<Stamp> = self.get(row, "settled")?;
        let last_fired: Option<Stamp> = self.get(row, "last_fired")?;
        let mut entry = ScheduleEntry::new(name);
        entry.definition = definition.map(Into::into);
        entry.enabled = self.get(row, "enabled")?;
        entry.settled = settled.map(Stamp::time);
        entry.last_fired = last_fired.map(Stamp::time);
        Ok(entry)
    }

    fn fire_query(&self, batch: &[Firing], now: SystemTime) -> Result<Statement> {
        const TEXT: &str = "select * from resque.fire($1, $2, $3, $4, $5, $6, $7)";
        let names: Vec<&str> = batch.iter().map(|firing| firing.name.as_str()).collect();
        let timings: Vec<&str> = batch.iter().map(|firing| &*firing.timing).collect();
        let ticks = batch.iter().map(|firing| Stamp::of(firing.tick));
        let stored: Vec<bool> = batch.iter().map(|firing| firing.stored).collect();
        let jobs = batch.iter().map(|firing| firing.job.as_ref());
        let queues: Vec<Option<String>> = jobs
            .clone()
            .map(|job| Some(job?.queue.as_str().to_owned()))
            .collect();
        let payloads: Vec<Option<Vec<u8>>> = jobs
            .map(|job| Some(job?.payload.as_bytes().to_vec()))
            .collect();
        Ok(self
            .statement(TEXT)
            .bind(owned(&names))
            .bind(owned(&timings))
            .bind(ticks.collect::<Result<Vec<Stamp>>>()?)
            .bind(stored)
            .bind(queues)
            .bind(payloads)
            .bind(Stamp::of(now)?))
    }
}

fn texts(names: &[ScheduleName]) -> Vec<String> {
    names.iter().map(|name| name.as_str().to_owned()).collect()
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn odd(state: i32) -> Error {
    Error::Corrupt {
        place: "the answer to firing schedules".to_owned(),
        found: format!("the state {state}"),
        expected: "a state that this library knows".to_owned(),
    }
}
