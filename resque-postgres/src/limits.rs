//! Leases, buckets and lines.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use resque_core::{
    Claim, Claimed, Enqueue, LONGEST_TURN, Lease, Limits, Lock, Need, Pushed, Renewal, Result,
    TURN_KEPT, TURN_LATE,
};

use crate::push::{Sorted, TEXT_ONCE};
use crate::settling::can_be_held;
use crate::stamp::Stamp;
use crate::store::{Store, counted, unknown};

#[async_trait]
impl Limits for Store {
    async fn claim(&self, claims: &[Claim], now: SystemTime) -> Result<Vec<Claimed>> {
        const WHAT: &str = "claim what jobs need";
        const TEXT: &str =
            "select resque.claim($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
        if claims.is_empty() {
            return Ok(Vec::new());
        }
        let needs = Needs::of(claims)?;
        let frees = || claims.iter().map(|claim| claim.frees.as_ref());
        let jobs: Vec<&str> = claims.iter().map(|claim| &*claim.job).collect();
        let freed: Vec<Option<&str>> = frees().map(|lease| Some(&*lease?.name)).collect();
        let holders: Vec<Option<&str>> = frees().map(|lease| Some(&*lease?.holder)).collect();
        let query = self
            .statement(TEXT)
            .bind(jobs)
            .bind(freed)
            .bind(holders)
            .bind(&needs.counts)
            .bind(&needs.names)
            .bind(&needs.holders)
            .bind(&needs.until)
            .bind(&needs.of)
            .bind(&needs.spans)
            .bind(Stamp::of(now)?)
            .bind(micros(LONGEST_TURN))
            .bind(micros(TURN_KEPT))
            .bind(micros(TURN_LATE));
        let row = self.row(WHAT, query).await?;
        let answers: Vec<Option<Stamp>> = self.get(&row, 0)?;
        let claimed = |turn: Option<Stamp>| match turn {
            None => Claimed::Granted,
            Some(turn) => Claimed::Wait(turn.time()),
        };
        Ok(answers.into_iter().map(claimed).collect())
    }

    async fn push_once(&self, lock: &Lock, batch: &[Enqueue]) -> Result<Option<Vec<Pushed>>> {
        if batch.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let sorted = Sorted::with_locks(batch)?;
        let query = sorted.bind(self.statement(TEXT_ONCE));
        let query = query
            .bind(&*lock.lease.name)
            .bind(&*lock.lease.holder)
            .bind(Stamp::of(lock.now)?)
            .bind(Stamp::of(lock.until)?);
        let row = self.row("push once", query).await?;
        let lengths: Option<Vec<i64>> = self.get(&row, 0)?;
        Ok(lengths.map(|lengths| sorted.answers(batch, lengths)))
    }

    async fn renew(&self, leases: &[Renewal], now: SystemTime) -> Result<Vec<bool>> {
        const TEXT: &str = "select resque.renew_leases($1, $2, $3, $4)";
        let held = |renewal: &Renewal| can_be_held(&renewal.lease);
        let name = |renewal| held(renewal).then_some(&*renewal.lease.name);
        let holder = |renewal| held(renewal).then_some(&*renewal.lease.holder);
        let names: Vec<Option<&str>> = leases.iter().map(name).collect();
        let holders: Vec<Option<&str>> = leases.iter().map(holder).collect();
        let until = leases.iter().map(|renewal| Stamp::of(renewal.until));
        let until: Vec<Stamp> = until.collect::<Result<_>>()?;
        let query = self.statement(TEXT).bind(names).bind(holders).bind(until);
        let row = self
            .row("renew leases", query.bind(Stamp::of(now)?))
            .await?;
        self.get(&row, 0)
    }

    async fn free(&self, leases: &[Lease]) -> Result<u64> {
        const TEXT: &str = "with locked as materialized (
                select l.name, l.holder from resque.leases l
                join unnest($1, $2) f (name, holder) on f.name = l.name and f.holder = l.holder
                order by l.name, l.holder for update of l
            ), freed as (
                delete from resque.leases l using locked f
                where l.name = f.name and l.holder = f.holder returning 1
            )
            select count(*) from freed";
        let held = || leases.iter().filter(|lease| can_be_held(lease));
        let names: Vec<&str> = held().map(|lease| &*lease.name).collect();
        let holders: Vec<&str> = held().map(|lease| &*lease.holder).collect();
        let query = self.statement(TEXT).bind(names).bind(holders);
        let row = self.row("free leases", query).await?;
        Ok(counted(self.get(&row, 0)?))
    }

    async fn leases(&self, name: &str, now: SystemTime) -> Result<Vec<Renewal>> {
        const TEXT: &str = "select l.holder, l.until from resque.leases l
            where l.name = $1 and l.until > $2 order by l.holder";
        if name.contains('\0') {
            return Ok(Vec::new());
        }
        let query = self.statement(TEXT).bind(name).bind(Stamp::of(now)?);
        let rows = self.rows("list leases", query).await?;
        let lease = |row| {
            let holder: String = self.get(row, 0)?;
            let until: Stamp = self.get(row, 1)?;
            Ok(Lease::new(name, holder).until(until.time()))
        };
        rows.iter().map(lease).collect()
    }
}

/// The needs of all claims as lists.
#[derive(Default)]
struct Needs<'a> {
    /// How many each claim has.
    counts: Vec<i32>,
    names: Vec<&'a str>,
    holders: Vec<Option<&'a str>>,
    /// None for a token.
    until: Vec<Option<Stamp>>,
    of: Vec<i64>,
    spans: Vec<i64>,
}

impl<'a> Needs<'a> {
    fn of(claims: &'a [Claim]) -> Result<Self> {
        let mut needs = Self::default();
        for claim in claims {
            // A job has not two thousand million needs.
            needs
                .counts
                .push(i32::try_from(claim.needs.len()).unwrap_or(i32::MAX));
            for need in &claim.needs {
                needs.names.push(need.name());
                match need {
                    Need::Place { lease, of, apart } => {
                        needs.holders.push(Some(&lease.lease.holder));
                        needs.until.push(Some(Stamp::of(lease.until)?));
                        needs.of.push(i64::from(*of));
                        needs.spans.push(micros(*apart));
                    }
                    Need::Token { rate, .. } => {
                        needs.holders.push(None);
                        needs.until.push(None);
                        needs.of.push(i64::from(rate.at_once()));
                        needs.spans.push(micros(rate.every()));
                    }
                    other => return Err(unknown("claim what a job needs", other)),
                }
            }
        }
        Ok(needs)
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}
