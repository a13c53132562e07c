//! Everything in the schema, named as a store in the Resque format would name its keys.

use async_trait::async_trait;
use resque_core::{Keyspace, Result};

use crate::store::Store;

#[async_trait]
impl Keyspace for Store {
    fn namespace(&self) -> &str {
        self.link.connections.settings.config.namespace()
    }

    fn key(&self, parts: &[&str]) -> String {
        let mut key = self.namespace().to_owned();
        for part in parts {
            key.push(':');
            key.push_str(part);
        }
        key
    }

    async fn keys(&self) -> Result<Vec<String>> {
        const TEXT: &str = "with filled as (
                select q.name from resque.queues q
                where exists (select from resque.jobs j where j.queue = q.id)
            )
            select 'queues' where exists (select from filled)
                or exists (select from resque.queues q where q.listed)
            union all select 'queue:' || f.name from filled f
            union all select 'pause:queue:' || q.name from resque.queues q where q.stopped
            union all select 'pause-all-workers' from resque.settings s where s.paused
            union all select 'workers'
                where exists (select from resque.workers w where w.started is not null)
            union all select 'workers:heartbeat'
                where exists (select from resque.workers w where w.heartbeat is not null)
            union all select k.key
                from resque.workers w
                cross join lateral (values
                    ('worker:' || w.id, w.number is not null),
                    ('worker:' || w.id || ':started', w.started is not null),
                    ('stat:processed:' || w.id, w.processed is not null),
                    ('stat:failed:' || w.id, w.failed is not null)
                ) k (key, there)
                where k.there
            union all (
                select 'stat:' || c.name from resque.counters c
                union select 'stat:' || s.name from resque.count_shares s
                union select 'stat:processed'
                    where exists (select from resque.workers w where w.total_processed <> 0)
                union select 'stat:failed'
                    where exists (select from resque.workers w where w.total_failed <> 0)
            )
            union all select 'failed' where exists (select from resque.failures)
            union all select 'delayed_queue_schedule' where exists (select from resque.delayed)
            union all select distinct 'delayed:' || ceil(extract(epoch from d.due))::bigint
                from resque.delayed d
            union all select 'persistent_schedules'
                where exists (
                    select from resque.schedules s where s.enabled and s.definition is not null)
            union all select 'rs:schedules:disabled'
                where exists (select from resque.schedules s where not s.enabled)
            union all select 'rs:schedules'
                where exists (select from resque.schedules s where s.settled is not null)
            union all select 'delayed:last_enqueued_at'
                where exists (select from resque.schedules s where s.last_fired is not null)
            union all select 'rs:schedules:lead'
                where exists (select from resque.schedule_lead l where l.holder is not null)
            union all select distinct 'rs:lease:' || l.name from resque.leases l
            union all select 'rs:line:' || l.name from resque.lines l
            union all select distinct 'rs:turns:' || t.name from resque.turns t
            union all select k.key from (values ('rs:loans'), ('rs:loans:jobs')) k (key)
                where exists (select from resque.loans)
            union all select k.key from (values ('rs:loans:lost'), ('rs:loans:losses')) k (key)
                where exists (select from resque.losses)
            union all select 'rs:http:workers' where exists (select from resque.http_workers)
            union all select 'rs:http:worker:' || w.id from resque.http_workers w
            union all select distinct 'rs:http:on:' || q.queue from resque.http_worker_queues q
            union all select distinct 'rs:http:queue:' || c.queue from resque.http_counts c
            union all select 'rs:history' where exists (select from resque.history)";
        let rows = self.rows("list the keys", self.statement(TEXT)).await?;
        rows.iter().map(|row| self.get(row, 0)).collect()
    }
}
