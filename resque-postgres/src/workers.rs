//! The workers and what they hold.

use std::time::SystemTime;

use resque_core::{
    DeadWorker, Error, HeartbeatMark, Heartbeats, Held, Leaving, Left, Payload, Receipt, Result,
    WorkerId, WorkerListing, WorkerStatus,
};
use sqlx::postgres::PgRow;

use crate::stamp::Stamp;
use crate::store::{Store, counted};

/// How many bytes an id may have: an index of Postgres takes keys of 2,704 bytes, and in that of the
/// leases the name of a lease, of up to 255 bytes, comes before the id.
const LONGEST_ID: usize = 2_400;

impl Store {
    /// Puts workers on the registry and answers what they hold.
    pub(crate) async fn put_on(&self, ids: &[WorkerId], now: SystemTime) -> Result<Vec<Held>> {
        const TEXT: &str = "insert into resque.workers as w (id, started, heartbeat, mark)
            select i.id, $2, $2, nextval('resque.numbers')
            from (select distinct i.id collate \"C\" as id from unnest($1::text[]) i (id) order by 1) i
            on conflict (id) do update set started = coalesce(w.started, excluded.started),
                heartbeat = excluded.heartbeat, mark = excluded.mark
            returning w.id, w.number, w.queue, w.payload, w.since";
        ids.iter().try_for_each(check)?;
        let query = self.statement(TEXT).bind(texts(ids)).bind(Stamp::of(now)?);
        let rows = self.rows("register workers", query).await?;
        let mut held = Vec::new();
        for row in &rows {
            let id: String = self.get(row, "id")?;
            held.extend(self.held(row, &WorkerId::new(id)?)?);
        }
        Ok(held)
    }

    /// Notes that workers live and answers which are not registered.
    pub(crate) async fn beat(&self, ids: &[WorkerId], now: SystemTime) -> Result<Heartbeats> {
        // Whoever touches several workers locks them in the order of their ids.
        const TEXT: &str = "with locked as materialized (
                select w.id from unnest($1) i (id) join resque.workers w on w.id = i.id
                where w.started is not null
                order by w.id for no key update of w
            ), beaten as (
                update resque.workers w set heartbeat = $2, mark = nextval('resque.numbers')
                from locked l where w.id = l.id
                returning w.id
            )
            select clock_timestamp(), array(
                select i.ord from unnest($1) with ordinality i (id, ord)
                where not exists (select from beaten b where b.id = i.id) order by i.ord)";
        let mut sorted: Vec<&WorkerId> = ids.iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let names: Vec<&str> = sorted.iter().map(|id| id.as_str()).collect();
        let query = self.statement(TEXT).bind(names).bind(Stamp::of(now)?);
        let row = self.row("beat", query).await?;
        let gone: Vec<i64> = self.get(&row, 1)?;
        let gone = gone.into_iter().filter_map(|place| {
            let index = usize::try_from(place).ok()?.checked_sub(1)?;
            sorted.get(index).map(|id| WorkerId::clone(id))
        });
        Ok(Heartbeats {
            server_time: self.get::<Stamp, _>(&row, 0)?.time(),
            gone: gone.collect(),
        })
    }

    /// Takes workers off the registry.
    pub(crate) async fn take_off(&self, leaving: &[Leaving]) -> Result<Vec<Left>> {
        const TEXT: &str = "select * from resque.unregister($1, $2)";
        // A mark that was never given is no worker's last.
        let mark = |leaving: &Leaving| match &leaving.unless_beaten {
            None => 0,
            Some(mark) => mark.as_str().parse().unwrap_or(-1),
        };
        let ids: Vec<&str> = leaving
            .iter()
            .map(|leaving| leaving.worker.as_str())
            .collect();
        let marks: Vec<i64> = leaving.iter().map(mark).collect();
        let query = self.statement(TEXT).bind(ids).bind(marks);
        let rows = self.rows("unregister workers", query).await?;
        let mut answers = Vec::with_capacity(leaving.len());
        for (row, leaving) in rows.iter().zip(leaving) {
            let state: i32 = self.get(row, "state")?;
            answers.push(match (state, self.held(row, &leaving.worker)?) {
                (2, _) => Left::Alive,
                (1, Some(held)) => Left::Holding(Box::new(held)),
                _ => Left::Gone,
            });
        }
        Ok(answers)
    }

    /// The registered workers.
    pub(crate) async fn worker_listing(&self) -> Result<WorkerListing> {
        const TEXT: &str = "select * from resque.workers w where w.started is not null";
        let rows = self.rows("list the workers", self.statement(TEXT)).await?;
        let mut workers = Vec::with_capacity(rows.len());
        let mut unreadable = Vec::new();
        for row in &rows {
            let text: String = self.get(row, "id")?;
            match WorkerId::new(&text) {
                Ok(id) => workers.push(self.status(row, id)?),
                Err(_) => unreadable.push(text.into()),
            }
        }
        Ok(WorkerListing::new(workers, unreadable))
    }

    /// The workers whose last heartbeat is older than `before`.
    pub(crate) async fn dead_workers(&self, before: SystemTime) -> Result<Vec<DeadWorker>> {
        const TEXT: &str = "select * from resque.workers w where w.heartbeat < $1 order by w.id";
        // Up to the next microsecond: heartbeats were rounded down to theirs.
        let query = self.statement(TEXT).bind(Stamp::due(before)?);
        let rows = self.rows("look for dead workers", query).await?;
        self.wake.forget_the_gone().await;
        let mut dead = Vec::with_capacity(rows.len());
        for row in &rows {
            let Ok(id) = WorkerId::new(self.get::<String, _>(row, "id")?) else {
                continue;
            };
            let heartbeat: Stamp = self.get(row, "heartbeat")?;
            let mark: Option<i64> = self.get(row, "mark")?;
            let mark = HeartbeatMark::new(mark.unwrap_or(0).to_string());
            let holds = self.held(row, &id)?;
            dead.push(DeadWorker::new(id, heartbeat.time(), mark, holds));
        }
        Ok(dead)
    }

    fn status(&self, row: &PgRow, id: WorkerId) -> Result<WorkerStatus> {
        let time = |column| Ok(self.get::<Option<Stamp>, _>(row, column)?.map(Stamp::time));
        let count = |column| {
            Ok(counted(
                self.get::<Option<i64>, _>(row, column)?.unwrap_or(0),
            ))
        };
        let holds = self.held(row, &id)?;
        let mut status = WorkerStatus::new(id);
        status.started = time("started")?;
        status.heartbeat = time("heartbeat")?;
        status.processed = count("processed")?;
        status.failed = count("failed")?;
        status.holds = holds;
        Ok(status)
    }

    /// What a row says that its worker holds.
    fn held(&self, row: &PgRow, id: &WorkerId) -> Result<Option<Held>> {
        let number: Option<i64> = self.get(row, "number")?;
        let Some(number) = number.and_then(|number| u64::try_from(number).ok()) else {
            return Ok(None);
        };
        let queue: Option<String> = self.get(row, "queue")?;
        let payload: Option<Vec<u8>> = self.get(row, "payload")?;
        let since: Option<Stamp> = self.get(row, "since")?;
        let payload = Payload::new(payload.unwrap_or_default());
        let receipt = Receipt::numbered(id.clone(), number);
        let held = Held::new(queue.unwrap_or_default(), payload, receipt);
        Ok(Some(held.since(since.map(Stamp::time))))
    }
}

fn texts(ids: &[WorkerId]) -> Vec<&str> {
    ids.iter().map(WorkerId::as_str).collect()
}

/// Says so before the server does, whose words are about indexes.
fn check(id: &WorkerId) -> Result<()> {
    let length = id.as_str().len();
    if length <= LONGEST_ID {
        return Ok(());
    }
    let start: String = id.as_str().chars().take(60).collect();
    Err(Error::Rejected {
        what: format!("register the worker {start}…"),
        reason: format!(
            "its id has {length} bytes with the names of its queues, and {LONGEST_ID} fit; \
             write a pattern instead of so many names"
        ),
        transient: false,
    })
}
