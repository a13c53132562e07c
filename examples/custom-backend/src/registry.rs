//! The workers and the counters.

use std::time::SystemTime;

use async_trait::async_trait;
use resque::{
    DeadWorker, Heartbeats, Held, Leaving, Left, Result, WorkerId, WorkerListing, WorkerRegistry,
    WorkerStatus,
};

use crate::FileBackend;
use crate::state::{Registered, State, nanos, time};

#[async_trait]
impl WorkerRegistry for FileBackend {
    async fn register(&self, workers: &[WorkerId], now: SystemTime) -> Result<Vec<Held>> {
        self.write("register workers", |state| {
            let now = nanos(now);
            for worker in workers {
                let new = Registered {
                    started: now,
                    heartbeat: now,
                };
                state
                    .workers
                    .entry(worker.to_string())
                    .or_insert(new)
                    .heartbeat = now;
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
                match state.workers.get_mut(worker.as_str()) {
                    Some(registered) => registered.heartbeat = nanos(now),
                    None => gone.push(worker.clone()),
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
            let workers = state.workers.iter().flat_map(|(id, registered)| {
                WorkerId::new(id).map(|id| status(state, id, registered))
            });
            WorkerListing::new(workers.collect(), Vec::new())
        })
    }

    async fn dead(&self, before: SystemTime) -> Result<Vec<DeadWorker>> {
        self.read("look for dead workers", |state| {
            let silent = state
                .workers
                .iter()
                .filter(|(_, one)| time(one.heartbeat) < before);
            let dead = silent.flat_map(|(id, registered)| {
                WorkerId::new(id).map(|id| {
                    let holds = held(state, &id);
                    DeadWorker::new(id, time(registered.heartbeat), registered.mark(), holds)
                })
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
    let registered = state.workers.get(worker);
    if let (Some(silent_since), Some(registered)) = (&leaving.unless_beaten, registered)
        && registered.mark() != *silent_since
    {
        return Left::Alive;
    }
    if let Some(held) = held(state, &leaving.worker) {
        return Left::Holding(Box::new(held));
    }
    state.workers.remove(worker);
    for stat in ["processed", "failed"] {
        state.stats.remove(&format!("{stat}:{worker}"));
    }
    Left::Gone
}

fn status(state: &State, id: WorkerId, registered: &Registered) -> WorkerStatus {
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
    let mut status = WorkerStatus::new(id);
    status.started = Some(time(registered.started));
    status.heartbeat = Some(time(registered.heartbeat));
    (status.processed, status.failed, status.holds) = (processed, failed, holds);
    status
}
