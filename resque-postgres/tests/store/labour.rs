//! A worker that notes how often it performed each job, and what it met.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use resque_core::worker::{Event, StopReport, WorkerHandle};
use resque_core::{Backend, Result, SharedClock, SystemClock, Worker};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::job;

/// Nothing takes as long as this; what does hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a worker has done so far.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// How often each job was performed.
    pub(crate) performed: HashMap<u64, u32>,
    /// How often the store could not be reached, or refused for a while.
    pub(crate) outages: u32,
    /// How often something was amiss that waiting does not mend.
    pub(crate) troubles: Vec<String>,
}

/// A worker at work.
pub(crate) struct Labour {
    done: watch::Receiver<Done>,
    /// Jobs from this number on are begun, and end when it has grown.
    open: watch::Sender<u64>,
    handle: WorkerHandle,
    running: JoinHandle<Result<StopReport>>,
}

impl Labour {
    /// Starts one that performs the jobs of [`jobs`].
    pub(crate) fn start(backend: &Backend, slots: usize) -> Self {
        Self::start_by(backend, slots, Arc::new(SystemClock::new()))
    }

    /// Starts one that lives by this clock.
    pub(crate) fn start_by(backend: &Backend, slots: usize, clock: SharedClock) -> Self {
        Self::start_holding(backend, slots, clock, u64::MAX)
    }

    /// Starts one whose jobs do not end from this number on, so that it is certain what it does.
    pub(crate) fn start_holding(
        backend: &Backend,
        slots: usize,
        clock: SharedClock,
        from: u64,
    ) -> Self {
        let (open, opened) = watch::channel(from);
        let (sender, done) = watch::channel(Done::default());
        let sender = Arc::new(sender);
        let noted = Arc::clone(&sender);
        let worker = Worker::builder(backend.clone())
            .queues("q")
            .concurrency(slots)
            .clock(clock)
            .on_event(move |event: &Event| match event {
                Event::Outage { .. } => noted.send_modify(|done| done.outages += 1),
                Event::Trouble { error, .. } => {
                    noted.send_modify(|done| done.troubles.push(error.to_string()));
                }
                _ => {}
            })
            .register_fn("Count", move |(number,): (u64,), _| {
                sender.send_modify(|done| *done.performed.entry(number).or_default() += 1);
                let mut opened = opened.clone();
                async move {
                    // Without anybody who could hold it, it ends.
                    let _ = opened.wait_for(|open| number < *open).await;
                    Ok(())
                }
            });
        let worker = worker.build().expect("a worker");
        let handle = worker.handle();
        Self {
            done,
            open,
            handle,
            running: tokio::spawn(worker.run()),
        }
    }

    /// Waits for something.
    pub(crate) async fn until(&mut self, what: &str, is_so: impl FnMut(&Done) -> bool) {
        let seen = tokio::time::timeout(PATIENCE, self.done.wait_for(is_so)).await;
        let seen = seen.map(|seen| seen.map(drop));
        let Ok(Ok(())) = seen else {
            panic!("in vain: {what}; {:?}", self.done.borrow());
        };
    }

    /// Lets jobs end up to this number.
    pub(crate) fn hold_from(&self, number: u64) {
        self.open.send_replace(number);
    }

    /// Lets all jobs end.
    pub(crate) fn let_go(&self) {
        self.hold_from(u64::MAX);
    }

    /// Waits until it has begun so many jobs.
    pub(crate) async fn performs(&mut self, jobs: usize) {
        let what = format!("{jobs} jobs");
        self.until(&what, |done| done.performed.len() >= jobs).await;
    }

    /// Lets it end, and checks that it performed each of so many jobs, each once.
    pub(crate) async fn ends_with(self, jobs: u64) -> Done {
        self.handle.quit();
        let ended = self.running.await.expect("not to panic");
        let report = ended.expect("a report");
        let done = self.done.borrow();
        let twice = done.performed.iter().find(|(_, count)| **count != 1);
        assert_eq!(twice, None, "a job was performed more than once");
        let missing = (0..jobs).find(|number| !done.performed.contains_key(number));
        assert_eq!(missing, None, "a job was not performed");
        assert_eq!((report.processed, report.failed), (jobs, 0));
        Done {
            performed: done.performed.clone(),
            outages: done.outages,
            troubles: done.troubles.clone(),
        }
    }
}

/// Jobs of these numbers for the queue `q`.
pub(crate) fn jobs(numbers: std::ops::Range<u64>) -> Vec<resque_core::Enqueue> {
    let payload = |number| format!(r#"{{"class":"Count","args":[{number}]}}"#);
    numbers.map(|number| job("q", &payload(number))).collect()
}
