//! Workers that come over HTTP, as the trait sees them.

use std::time::SystemTime;

use async_trait::async_trait;
use resque_core::{
    Error, HttpCounts, HttpTally, HttpWorker, HttpWorkerId, HttpWorkers, MOST_HTTP_WORKERS,
    QueueName, Result,
};

use crate::driver::{Batch, Value};
use crate::limits::{micros, time_of};
use crate::scripts::{COUNT_HTTP, LIST_HTTP, PRUNE_HTTP, REGISTER_HTTP, UNREGISTER_HTTP};
use crate::store::{CHUNK, Store, bytes_of, list_of, number_of};

#[async_trait]
impl HttpWorkers for Store {
    async fn register(
        &self,
        worker: &HttpWorkerId,
        queue: &QueueName,
        now: SystemTime,
    ) -> Result<()> {
        let mut call = self.call(&REGISTER_HTTP, 4, 200);
        call.arg(worker.as_str()).arg(queue.as_str());
        call.arg(micros(now)).arg(MOST_HTTP_WORKERS);
        let answer = self.script("register a worker over HTTP", &call).await?;
        if number_of(&answer) == 1 {
            return Ok(());
        }
        Err(Error::Rejected {
            what: format!("register the worker {worker:?} over HTTP"),
            reason: format!("{MOST_HTTP_WORKERS} workers are registered already"),
            transient: false,
        })
    }

    async fn unregister(&self, worker: &HttpWorkerId, queue: &QueueName) -> Result<bool> {
        let mut call = self.call(&UNREGISTER_HTTP, 2, 200);
        call.arg(worker.as_str()).arg(queue.as_str());
        let answer = self.script("unregister a worker over HTTP", &call).await?;
        Ok(number_of(&answer) == 1)
    }

    async fn count(&self, tallies: &[HttpTally], now: SystemTime) -> Result<()> {
        for part in tallies.chunks(CHUNK) {
            let mut call = self.call(&COUNT_HTTP, 4 * part.len() + 1, 80 * part.len());
            call.arg(micros(now));
            for HttpTally {
                queue,
                worker,
                counts,
            } in part
            {
                call.arg(queue.as_str());
                call.arg(worker.as_ref().map_or("", HttpWorkerId::as_str));
                call.arg(counts.processed).arg(counts.failed);
            }
            self.script("count for workers over HTTP", &call).await?;
        }
        Ok(())
    }

    async fn counts(&self, queue: &QueueName) -> Result<HttpCounts> {
        let key = self.keys.http_queue(queue.as_str());
        let mut batch = Batch::new();
        batch
            .command("HMGET")
            .arg(&key)
            .arg("processed")
            .arg("failed");
        let reply = self
            .on_key("read what was counted over HTTP", &key, &batch)
            .await?;
        let counts = list_of(reply);
        let count = |at: usize| counts.get(at).map_or(0, number_of);
        Ok(HttpCounts {
            processed: count(0),
            failed: count(1),
        })
    }

    async fn forget_counts(&self, queue: &QueueName) -> Result<()> {
        let mut batch = Batch::new();
        batch
            .command("DEL")
            .arg(self.keys.http_queue(queue.as_str()));
        self.one("forget what was counted over HTTP", &batch)
            .await
            .map(drop)
    }

    async fn workers(&self, queue: Option<&QueueName>) -> Result<Vec<HttpWorker>> {
        match queue {
            None => self.list_http("*", "").await,
            Some(queue) => self.list_http("q", queue.as_str()).await,
        }
    }

    async fn worker(&self, id: &HttpWorkerId) -> Result<Option<HttpWorker>> {
        Ok(self.list_http("w", id.as_str()).await?.pop())
    }

    async fn prune(&self, before: SystemTime) -> Result<u64> {
        let mut pruned = 0;
        loop {
            let mut call = self.call(&PRUNE_HTTP, 2, 40);
            call.arg(micros(before)).arg(CHUNK);
            let part = number_of(&self.script("prune the workers over HTTP", &call).await?);
            pruned += part;
            if part < CHUNK as u64 {
                return Ok(pruned);
            }
        }
    }
}

impl Store {
    async fn list_http(&self, which: &str, name: &str) -> Result<Vec<HttpWorker>> {
        let mut call = self.call(&LIST_HTTP, 2, 60 + name.len());
        call.arg(which).arg(name);
        let mut reply = list_of(self.script("list the workers over HTTP", &call).await?);
        let listed = reply.pop().map(list_of).unwrap_or_default();
        let mut workers: Vec<_> = listed.into_iter().filter_map(worker_of).collect();
        workers.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Ok(workers)
    }
}

/// Reads one worker; what nobody of ours has written is none.
fn worker_of(listed: Value) -> Option<HttpWorker> {
    let [id, seen, fields] = <[Value; 3]>::try_from(listed.into_array()?).ok()?;
    let id = HttpWorkerId::new(std::str::from_utf8(&bytes_of(id)).ok()?).ok()?;
    let (mut queues, mut started, mut counts) = (Vec::new(), None, HttpCounts::default());
    let mut fields = list_of(fields).into_iter();
    while let (Some(field), Some(value)) = (fields.next(), fields.next()) {
        match std::str::from_utf8(&bytes_of(field)).ok()? {
            "started" => started = Some(time_of(value)),
            "processed" => counts.processed = number_of(&value),
            "failed" => counts.failed = number_of(&value),
            field => queues.extend(
                field
                    .strip_prefix("on:")
                    .and_then(|name| QueueName::new(name).ok()),
            ),
        }
    }
    Some(HttpWorker::new(
        id,
        queues,
        (started?, time_of(seen)),
        counts,
    ))
}
