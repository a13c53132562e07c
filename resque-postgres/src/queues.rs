//! Looking at queues, making and removing them.

use resque_core::{Page, Payload, QueueListing, QueueName, QueueStatus, Result};

use crate::stamp::Stamp;
use crate::store::{Store, counted};

impl Store {
    /// The payloads of one part of a queue.
    pub(crate) async fn peek(&self, queue: &QueueName, page: Page) -> Result<Vec<Payload>> {
        const WHAT: &str = "look into a queue";
        const TEXT: &str = "select j.payload from resque.jobs j
            where j.queue = (select q.id from resque.queues q where q.name = $1)
            order by j.pos offset $2 limit $3";
        let (offset, limit) = match (page.first(), page.last()) {
            (first, -1) if first >= 0 => (first, None),
            (first, last) if first >= 0 && last >= 0 => (
                first,
                Some(last.saturating_sub(first).saturating_add(1).max(0)),
            ),
            _ => {
                let part = page.range(self.length(queue).await?);
                let number = |index: usize| i64::try_from(index).unwrap_or(i64::MAX);
                (number(part.start), Some(number(part.len())))
            }
        };
        let query = self
            .statement(TEXT)
            .bind(queue.as_str())
            .bind(offset)
            .bind(limit);
        let rows = self.rows(WHAT, query).await?;
        let payload = |row| Ok(Payload::new(self.get::<Vec<u8>, _>(row, 0)?));
        rows.iter().map(payload).collect()
    }

    async fn length(&self, queue: &QueueName) -> Result<usize> {
        const TEXT: &str = "select count(*) from resque.jobs j
            where j.queue = (select q.id from resque.queues q where q.name = $1)";
        let query = self.statement(TEXT).bind(queue.as_str());
        let row = self.row("count the jobs of a queue", query).await?;
        Ok(usize::try_from(self.get::<i64, _>(&row, 0)?).unwrap_or(0))
    }

    /// All queues that exist.
    pub(crate) async fn queue_listing(&self) -> Result<QueueListing> {
        // Counted once, whatever the planner thinks of how many queues there are. Jobs
        // leave a queue in the order of their places, so the first one has waited longest.
        const TEXT: &str = "with counted as materialized (
                select j.queue, count(*) as length from resque.jobs j group by j.queue
            )
            select q.name, q.stopped, coalesce(c.length, 0) as length, f.since as oldest
            from resque.queues q
            left join counted c on c.queue = q.id
            left join lateral (
                select j.since from resque.jobs j where j.queue = q.id order by j.pos limit 1
            ) f on c.length > 0
            where q.listed or c.length > 0";
        let rows = self.rows("list the queues", self.statement(TEXT)).await?;
        let mut queues = Vec::with_capacity(rows.len());
        let mut unreadable = Vec::new();
        for row in &rows {
            let text: String = self.get(row, "name")?;
            let Ok(name) = QueueName::new(&text) else {
                unreadable.push(text.into());
                continue;
            };
            let oldest: Option<Stamp> = self.get(row, "oldest")?;
            let status = QueueStatus::new(name, counted(self.get(row, "length")?))
                .stopped(self.get(row, "stopped")?)
                .oldest(oldest.map(Stamp::time));
            queues.push(status);
        }
        Ok(QueueListing::new(queues, unreadable))
    }

    /// Makes a queue exist; answers whether it is new.
    pub(crate) async fn make_queue(&self, queue: &QueueName) -> Result<bool> {
        const TEXT: &str = "with made as (
                insert into resque.queues as q (name) values ($1)
                on conflict (name) do update set listed = true where not q.listed
                returning q.id
            )
            select exists (select from made)
                and not exists (select from resque.jobs j join made m on m.id = j.queue)";
        let query = self.statement(TEXT).bind(queue.as_str());
        let row = self.row("make a queue", query).await?;
        self.get(&row, 0)
    }

    /// Removes a queue with its waiting jobs. Its number stays: a push that is under way at the same
    /// time puts its job into the queue again instead of nowhere.
    pub(crate) async fn remove_queue(&self, queue: &QueueName) -> Result<u64> {
        const TEXT: &str = "with removed as (
                update resque.queues set listed = false where name = $1 returning id
            ), jobs as (
                delete from resque.jobs j using removed r where j.queue = r.id returning 1
            )
            select count(*) from jobs";
        let query = self.statement(TEXT).bind(queue.as_str());
        let row = self.row("remove a queue", query).await?;
        Ok(counted(self.get(&row, 0)?))
    }

    /// Removes everything in the schema but the schema.
    pub(crate) async fn remove_everything(&self) -> Result<u64> {
        // Queues before their jobs, as whoever removes a queue does.
        const TEXT: &str = "with
            queues as (
                update resque.queues set listed = false, stopped = false where listed or stopped
                returning 1
            ),
            jobs as (
                delete from resque.jobs where (select count(*) from queues) >= 0 returning 1
            ),
            workers as (delete from resque.workers returning 1),
            counters as (delete from resque.counters returning 1),
            delayed as (delete from resque.delayed returning 1),
            failures as (delete from resque.failures returning 1),
            leases as (delete from resque.leases returning 1),
            lines as (delete from resque.lines returning 1),
            turns as (delete from resque.turns returning 1),
            schedules as (delete from resque.schedules returning 1),
            loans as (delete from resque.loans returning 1),
            losses as (delete from resque.losses returning 1),
            http_workers as (delete from resque.http_workers returning 1),
            http_counts as (delete from resque.http_counts returning 1),
            count_shares as (delete from resque.count_shares returning 1),
            history as (delete from resque.history returning 1),
            led as (
                update resque.schedule_lead set holder = null, until = null, changes = changes + 1
            ),
            pause as (update resque.settings set paused = false where paused returning 1),
            woken as (select resque.wake(null))
            select (select count(*) from jobs) + (select count(*) from workers)
                + (select count(*) from counters) + (select count(*) from delayed)
                + (select count(*) from failures) + (select count(*) from queues)
                + (select count(*) from leases) + (select count(*) from lines)
                + (select count(*) from turns) + (select count(*) from loans)
                + (select count(*) from losses) + (select count(*) from http_workers)
                + (select count(*) from http_counts) + (select count(*) from count_shares) + (select count(*) from history)
                + (select count(*) from schedules) + (select count(*) from pause) + 0 * (select count(*) from woken)";
        let row = self
            .row("clear the namespace", self.statement(TEXT))
            .await?;
        self.known.forget();
        Ok(counted(self.get(&row, 0)?))
    }
}
