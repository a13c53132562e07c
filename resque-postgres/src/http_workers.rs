//! Workers that come over HTTP.

use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{
    Error, HttpCounts, HttpTally, HttpWorker, HttpWorkerId, HttpWorkers, MOST_HTTP_WORKERS,
    QueueName, Result,
};
use sqlx::postgres::PgRow;

use crate::stamp::Stamp;
use crate::store::{Store, bounded, counted};

/// Workers with their queues, as one row each.
macro_rules! workers {
    ($which:literal) => {
        concat!(
            "select w.*, array(select q.queue::text from resque.http_worker_queues q
                where q.worker = w.id) as queues
            from resque.http_workers w where ",
            $which,
            " order by w.id"
        )
    };
}

#[async_trait]
impl HttpWorkers for Store {
    async fn register(
        &self,
        worker: &HttpWorkerId,
        queue: &QueueName,
        now: SystemTime,
    ) -> Result<()> {
        let query = self
            .statement("select resque.register_http($1, $2, $3, $4)")
            .bind(worker.as_str())
            .bind(queue.as_str())
            .bind(Stamp::of(now)?)
            .bind(bounded(MOST_HTTP_WORKERS as u64));
        let row = self.row("register a worker over HTTP", query).await?;
        if self.get(&row, 0)? {
            return Ok(());
        }
        Err(Error::Rejected {
            what: format!("register the worker {worker:?} over HTTP"),
            reason: format!("{MOST_HTTP_WORKERS} workers are registered already"),
            transient: false,
        })
    }

    async fn unregister(&self, worker: &HttpWorkerId, queue: &QueueName) -> Result<bool> {
        let query = self
            .statement("select resque.unregister_http($1, $2)")
            .bind(worker.as_str())
            .bind(queue.as_str());
        let row = self.row("unregister a worker over HTTP", query).await?;
        self.get(&row, 0)
    }

    async fn count(&self, tallies: &[HttpTally], now: SystemTime) -> Result<()> {
        if tallies.is_empty() {
            return Ok(());
        }
        let queues = tallies.iter().map(|tally| tally.queue.as_str());
        let workers = tallies.iter().map(|tally| tally.worker.as_ref());
        let workers = workers.map(|worker| worker.map(HttpWorkerId::as_str));
        let processed = tallies.iter().map(|tally| bounded(tally.counts.processed));
        let failed = tallies.iter().map(|tally| bounded(tally.counts.failed));
        let query = self
            .statement("select resque.count_http($1, $2, $3, $4, $5)")
            .bind(queues.collect::<Vec<_>>())
            .bind(workers.collect::<Vec<_>>())
            .bind(processed.collect::<Vec<_>>())
            .bind(failed.collect::<Vec<_>>())
            .bind(Stamp::of(now)?);
        self.row("count for workers over HTTP", query)
            .await
            .map(drop)
    }

    async fn counts(&self, queue: &QueueName) -> Result<HttpCounts> {
        const TEXT: &str = "select coalesce(sum(c.processed), 0)::bigint as processed,
                coalesce(sum(c.failed), 0)::bigint as failed
            from resque.http_counts c where c.queue = $1";
        let query = self.statement(TEXT).bind(queue.as_str());
        let rows = self.rows("read what was counted over HTTP", query).await?;
        match rows.first() {
            Some(row) => self.http_counts_of(row),
            None => Ok(HttpCounts::default()),
        }
    }

    async fn forget_counts(&self, queue: &QueueName) -> Result<()> {
        let query = self.statement("delete from resque.http_counts where queue = $1");
        let query = query.bind(queue.as_str());
        self.rows("forget what was counted over HTTP", query)
            .await
            .map(drop)
    }

    async fn workers(&self, queue: Option<&QueueName>) -> Result<Vec<HttpWorker>> {
        const TEXT: &str = workers!(
            "$1::text is null or exists (select from resque.http_worker_queues q
                where q.queue = $1 and q.worker = w.id)"
        );
        let query = self.statement(TEXT).bind(queue.map(QueueName::as_str));
        let rows = self.rows("list the workers over HTTP", query).await?;
        rows.iter().map(|row| self.http_worker_of(row)).collect()
    }

    async fn worker(&self, id: &HttpWorkerId) -> Result<Option<HttpWorker>> {
        const TEXT: &str = workers!("w.id = $1");
        let query = self.statement(TEXT).bind(id.as_str());
        let rows = self.rows("look for a worker over HTTP", query).await?;
        rows.first().map(|row| self.http_worker_of(row)).transpose()
    }

    async fn prune(&self, before: SystemTime) -> Result<u64> {
        const TEXT: &str = "with gone as (
                delete from resque.http_workers where id in (
                    select w.id from resque.http_workers w where w.seen < $1
                    order by w.id for update)
                returning 1
            )
            select count(*) from gone";
        let query = self.statement(TEXT).bind(Stamp::of(before)?);
        let row = self.row("prune the workers over HTTP", query).await?;
        Ok(counted(self.get(&row, 0)?))
    }
}

impl Store {
    fn http_counts_of(&self, row: &PgRow) -> Result<HttpCounts> {
        Ok(HttpCounts {
            processed: counted(self.get(row, "processed")?),
            failed: counted(self.get(row, "failed")?),
        })
    }

    fn http_worker_of(&self, row: &PgRow) -> Result<HttpWorker> {
        let id: String = self.get(row, "id")?;
        let (started, seen): (Stamp, Stamp) = (self.get(row, "started")?, self.get(row, "seen")?);
        let queues: Vec<String> = self.get(row, "queues")?;
        let queues = queues.into_iter().map(QueueName::new);
        Ok(HttpWorker::new(
            HttpWorkerId::new(id)?,
            queues.collect::<Result<_>>()?,
            (started.time(), seen.time()),
            self.http_counts_of(row)?,
        ))
    }
}
