//! Clients whose clock is wrong. What is due, and who lives, is a matter of the server's time.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use resque_core::{Clock, Enqueue, SystemClock};
use resque_postgres::PostgresBackend;

use crate::labour::{Labour, jobs};
use crate::support::World;

const HOURS: Duration = Duration::from_secs(2 * 3_600);

/// The system's clock, set wrong.
#[derive(Debug)]
struct Wrong {
    clock: SystemClock,
    is_ahead: bool,
}

impl Clock for Wrong {
    fn now(&self) -> SystemTime {
        match self.is_ahead {
            true => self.clock.now() + HOURS,
            false => self.clock.now() - HOURS,
        }
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep_until(deadline)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_a_wrong_clock_is_neither_early_nor_late_nor_dead() {
    for is_ahead in [true, false] {
        let world = World::new().await;
        let clock = Arc::new(Wrong {
            clock: SystemClock::new(),
            is_ahead,
        });
        let builder = PostgresBackend::builder(world.config.clone()).clock(clock.clone());
        let backend = builder.connect().await.unwrap();
        let due = |number, due| {
            let job = jobs(number..number + 1).remove(0);
            Enqueue::at(job.queue, job.payload, due)
        };
        let hour = HOURS / 2;
        let later = [due(0, world.now - hour), due(9, world.now + hour)];
        world.backend.queues().push(&later).await.unwrap();
        let mut labour = Labour::start_by(&backend, 1, clock);
        labour.performs(1).await;

        let listing = world.backend.workers().workers().await.unwrap();
        let beat = listing.workers[0].heartbeat.unwrap();
        let now = world.backend.workers().server_time().await.unwrap();
        let age = now.duration_since(beat).unwrap_or_default();
        assert!(
            age < HOURS / 4 && beat < now + HOURS / 4,
            "{beat:?} at {now:?}"
        );
        let silent = world.backend.workers().dead(now - HOURS / 4).await.unwrap();
        assert!(silent.is_empty(), "{silent:?}");
        labour.ends_with(1).await;
        let delayed = world.backend.queues().delayed().unwrap();
        assert_eq!(delayed.count().await.unwrap(), 1, "ahead: {is_ahead}");
    }
}
