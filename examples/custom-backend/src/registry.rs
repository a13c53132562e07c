//! The workers and the counters.

use std::time::SystemTime;

use async_trait::async_trait;
use resque::{
    DeadWorker, Heartbeats, Held, Leaving, Left, Result, WorkerId, WorkerListing, WorkerRegistry,
    WorkerStatus,
};

use crate::FileBackend;
use crate::state::{State, nanos, time};

#[async_trait]
impl WorkerRegistry for FileBackend {
    async fn register(&self, workers: &[WorkerId], now: SystemTime) -> Result<Vec<Held>> {
        self.write("register workers", |state| {
            let now = nanos(now);
            for worker in workers {
                state.workers.entry(worker.to_string()).or_insert(now);
                state.heartbeats.insert(worker.to_string(), now);
            }
            Ok(workers
                .iter()
                .filter_map(|worker| held(state, worker))
                .collect())
        })
    }

    async fn heartbeat(&self, workers: &[WorkerId], now: SystemTime) -> Result<Heartbeats> {
        let server_time = self.server_time().await?;
        self.write("beat", |state| {
            let mut gone = Vec::new();
            for worker in workers {
                if state.workers.contains_key(worker.as_str()) {
                    state.heartbeats.insert(worker.to_string(), nanos(now));
                } else {
                    gone.push(worker.clone());
                }
            }
            Ok(Heartbeats { server_time, gone })
        })
    }

    async fn unregister(&self, leaving: &[Leaving]) -> Result<Vec<Left>> {
        self.write("unregister workers", |state| {
            Ok(leaving.iter().map(|one| unregister(state, one)).collect())
        })
    }

    async fn workers(&self) -> Result<WorkerListing> {
        self.read("list the workers", |state| {
            let workers = state
                .workers
                .iter()
                .flat_map(|(id, started)| WorkerId::new(id).map(|id| status(state, id, *started)));
            WorkerListing::new(workers.collect(), Vec::new())
        })
    }

    async fn dead(&self, before: SystemTime) -> Result<Vec<DeadWorker>> {
        self.read("look for dead workers", |state| {
            let silent = state
                .heartbeats
                .iter()
                .filter(|(_, beat)| time(**beat) < before);
            let dead = silent.flat_map(|(id, beat)| {
                let mark = state.mark(id)?;
                let id = WorkerId::new(id).ok()?;
                let holds = held(state, &id);
                Some(DeadWorker::new(id, time(*beat), mark, holds))
            });
            dead.collect()
        })
    }

    // The one place where this backend looks at a clock: the store's time is this machine's.
    #[expect(
        clippy::disallowed_methods,
        reason = "a store's own time is nobody's to inject"
    )]
    async fn server_time(&self) -> Result<SystemTime> {
        Ok(SystemTime::now())
    }

    async fn stat(&self, name: &str) -> Result<i64> {
        self.read("read a counter", |state| {
            state.stats.get(name).copied().unwrap_or(0)
        })
    }

    async fn set_stat(&self, name: &str, value: i64) -> Result<()> {
        self.write("set a counter", |state| {
            state.stats.insert(name.to_owned(), value);
            Ok(())
        })
    }

    async fn incr_stat(&self, name: &str, by: i64) -> Result<i64> {
        self.write("add to a counter", |state| Ok(state.count(name, by)))
    }

    async fn clear_stat(&self, name: &str) -> Result<()> {
        self.write("remove a counter", |state| {
            state.stats.remove(name);
            Ok(())
        })
    }
}

fn held(state: &State, worker: &WorkerId) -> Option<Held> {
    state
        .notes
        .get(worker.as_str())
        .cloned()
        .map(|note| note.held_by(worker))
}

fn unregister(state: &mut State, leaving: &Leaving) -> Left {
    let worker = leaving.worker.as_str();
    let mark = state.mark(worker);
    if leaving.unless_beaten.is_some() && mark.is_some() && mark != leaving.unless_beaten {
        return Left::Alive;
    }
    if let Some(held) = held(state, &leaving.worker) {
        return Left::Holding(Box::new(held));
    }
    state.workers.remove(worker);
    state.heartbeats.remove(worker);
    for stat in ["processed", "failed"] {
        state.stats.remove(&format!("{stat}:{worker}"));
    }
    Left::Gone
}

fn status(state: &State, id: WorkerId, started: u64) -> WorkerStatus {
    let counter = |stat: &str| {
        let value = state
            .stats
            .get(&format!("{stat}:{id}"))
            .copied()
            .unwrap_or(0);
        u64::try_from(value).unwrap_or(0)
    };
    let (processed, failed) = (counter("processed"), counter("failed"));
    let holds = held(state, &id);
    let heartbeat = state.heartbeats.get(id.as_str()).copied();
    let mut status = WorkerStatus::new(id);
    status.started = Some(time(started));
    status.heartbeat = heartbeat.map(time);
    (status.processed, status.failed, status.holds) = (processed, failed, holds);
    status
}
