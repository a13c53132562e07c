//! Jobs that are performed elsewhere, as the worker sees it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use resque_core::worker::{ChildExit, ExitCause, Isolated, Isolation, Leash, Manner};
use resque_core::{Clock, JobContext, ManualClock, Result};

use crate::world::{World, start};

const TIMEOUT: Duration = Duration::from_secs(5);
const LONGER: Duration = Duration::from_secs(6);

/// What a job elsewhere saw of its time.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Whether anybody asked it to stop before it began.
    too_early: bool,
    begun: bool,
    /// How long it ran until it was asked to stop.
    ran: Duration,
}

/// Takes long to begin, and once is wrong about having begun.
#[derive(Debug)]
struct Late {
    clock: ManualClock,
    seen: Arc<Mutex<Seen>>,
}

#[async_trait]
impl Isolation for Late {
    async fn open(&self, _slots: usize, _manner: Manner) -> Result<()> {
        Ok(())
    }

    async fn perform(&self, _job: &JobContext, leash: &Leash) -> Isolated {
        self.passes(LONGER).await;
        leash.begins();
        self.passes(TIMEOUT - Duration::from_secs(1)).await;
        leash.has_not_begun();
        self.passes(LONGER).await;
        self.seen.lock().unwrap().too_early = leash.is_pulled();
        leash.begins();
        let began = self.clock.monotonic();
        self.seen.lock().unwrap().begun = true;
        leash.term().cancelled().await;
        self.seen.lock().unwrap().ran = self.clock.monotonic() - began;
        Isolated::Died(ChildExit::new(7, ExitCause::Exited(0)))
    }

    async fn close(&self) {}
}

impl Late {
    /// Lets time pass, and everybody who waits for it notice.
    async fn passes(&self, time: Duration) {
        tokio::task::yield_now().await;
        self.clock.advance(time);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_time_of_a_job_begins_with_the_job() {
    let world = World::new();
    world.push("Ok", 0..1).await;
    let seen = Arc::new(Mutex::new(Seen::default()));
    let late = Late {
        clock: world.clock.clone(),
        seen: seen.clone(),
    };
    let mut worker = start(world.worker().isolation(late).job_timeout(TIMEOUT));
    while !seen.lock().unwrap().begun {
        tokio::task::yield_now().await;
    }
    let flow = world.flow();
    worker.settled(1).await;
    drop(flow);
    let seen = *seen.lock().unwrap();
    assert!(!seen.too_early && seen.ran >= TIMEOUT, "{seen:?}");
    assert_eq!(world.failures().await[0].exception, "Resque::JobTimeout");
    worker.quit().await;
}

/// Never gets anything to begin.
#[derive(Debug)]
struct Never;

#[async_trait]
impl Isolation for Never {
    async fn open(&self, _slots: usize, _manner: Manner) -> Result<()> {
        Ok(())
    }

    async fn perform(&self, _job: &JobContext, leash: &Leash) -> Isolated {
        leash.kill().cancelled().await;
        Isolated::NotStarted
    }

    async fn close(&self) {}
}

#[tokio::test]
async fn a_job_that_never_began_comes_back_as_it_was() {
    let world = World::new();
    let job = r#"{"class":"Ok","args":[],"rs":{"releases":2}}"#;
    world.push_raw("q", [job]).await;
    let mut worker = start(world.worker().isolation(Never).job_timeout(TIMEOUT));
    worker.started().await;
    world.clock.advance(LONGER);
    worker.handle.stop_now();
    let report = worker.end().await;
    assert_eq!((report.failed, report.released), (0, 1));
    assert_eq!(world.queue().await, [job]);
}
