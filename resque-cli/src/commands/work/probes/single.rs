//! The worker of this process.

use std::sync::{Arc, OnceLock};

use resque::worker::metrics::StoreGauges;
use resque::worker::{WorkerBuilder, WorkerHandle};
use resque::{Backend, SharedClock};

use super::condition::{Condition, Source};
use super::numbers::Numbers;
use super::{Probes, keep_tidy, on_a_thread};
use crate::commands::work::supervised;
use crate::failure::Failure;

/// The worker of this process, as soon as there is one.
#[derive(Debug)]
pub(in crate::commands::work) struct Single {
    worker: OnceLock<WorkerHandle>,
    numbers: Option<Numbers>,
}

impl Single {
    /// Begins to answer, before there is anything to tell.
    pub(in crate::commands::work) fn begin(
        probes: &Probes,
        clock: SharedClock,
    ) -> Result<Arc<Self>, Failure> {
        let process = supervised::number();
        let numbers = probes.counts().then(|| Numbers::new(process.as_deref()));
        let single = Arc::new(Self {
            worker: OnceLock::new(),
            numbers: numbers.transpose()?,
        });
        // One of several is asked by the process that started it.
        if process.is_none() {
            on_a_thread(probes.bind()?, single.clone(), clock)?;
        } else if probes.counts() {
            keep_tidy(single.clone(), clock)?;
        }
        Ok(single)
    }

    /// Lets a worker count, if anybody reads it.
    pub(in crate::commands::work) fn count(&self, builder: WorkerBuilder) -> WorkerBuilder {
        match &self.numbers {
            Some(numbers) => numbers.count(builder),
            None => builder,
        }
    }

    /// From now on this worker answers.
    pub(in crate::commands::work) fn is_about(&self, worker: WorkerHandle) {
        // There is one worker in this process.
        let _ = self.worker.set(worker);
    }

    /// Looks at the store from time to time, if that is wanted.
    pub(in crate::commands::work) fn watch_store(
        &self,
        probes: &Probes,
        backend: Backend,
        clock: SharedClock,
    ) {
        let (Some(numbers), Some(every)) = (&self.numbers, probes.store_every()) else {
            return;
        };
        // One of several is enough.
        if supervised::number().is_some_and(|number| number != "1") {
            return;
        }
        let mut gauges = StoreGauges::recorded_by(backend, clock.clone(), numbers.recorder());
        tokio::spawn(async move {
            loop {
                if let Err(error) = gauges.look().await {
                    tracing::debug!(%error, "the numbers of the store are not fresh");
                }
                clock.sleep(every).await;
            }
        });
    }

    /// The worker has ended, and this program ends soon.
    pub(in crate::commands::work) fn ended(&self) {
        #[cfg(unix)]
        if supervised::number().is_none() {
            super::notify::stopping();
        }
    }

    pub(super) fn now(&self) -> Condition {
        match self.worker.get() {
            Some(worker) => (&worker.health()).into(),
            None => Condition::starting(),
        }
    }

    pub(super) fn rendered(&self) -> Option<String> {
        self.numbers.as_ref().map(Numbers::render)
    }
}

impl Source for Single {
    async fn condition(&self) -> Condition {
        self.now()
    }

    async fn metrics(&self) -> Option<String> {
        self.rendered()
    }

    fn tidy(&self) {
        if let Some(numbers) = &self.numbers {
            numbers.tidy();
        }
    }
}
