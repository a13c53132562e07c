use std::sync::Arc;

use resque_core::{QueueBackend, QueueList, Ticket};

use super::{Sleeper, waiting};
use crate::testing::{World, list};

/// A worker that draws a ticket, looks, and waits when it has found nothing; one step a call.
struct Worker<'a> {
    world: &'a World,
    from: &'a QueueList,
    doing: Doing<'a>,
    taken: usize,
}

enum Doing<'a> {
    Drawing,
    Looking(Ticket),
    Going(Ticket),
    Sleeping(Sleeper<'a>),
}

impl Worker<'_> {
    async fn step(&mut self) {
        let waiting = waiting(self.world);
        self.doing = match std::mem::replace(&mut self.doing, Doing::Drawing) {
            Doing::Drawing => Doing::Looking(waiting.ticket(self.from).await.unwrap()),
            Doing::Looking(ticket) => {
                let popped = self.world.memory.pop(self.from, 1).await.unwrap();
                self.taken += popped.len();
                match popped.is_empty() {
                    true => Doing::Going(ticket),
                    false => Doing::Drawing,
                }
            }
            Doing::Going(ticket) => self.poll(Sleeper::new(waiting, ticket, self.from)),
            Doing::Sleeping(sleeper) if sleeper.woken() => self.poll(sleeper),
            Doing::Sleeping(sleeper) => Doing::Sleeping(sleeper),
        }
    }
}

impl<'a> Worker<'a> {
    fn new(world: &'a World, from: &'a QueueList) -> Self {
        Self {
            world,
            from,
            doing: Doing::Drawing,
            taken: 0,
        }
    }

    fn poll(&self, mut sleeper: Sleeper<'a>) -> Doing<'a> {
        match sleeper.poll() {
            true => Doing::Drawing,
            false => Doing::Sleeping(sleeper),
        }
    }
}

/// Every operation is one step under one lock, so that these are all schedules there are of two
/// workers and three pushes within the first nine steps.
#[tokio::test]
async fn no_schedule_loses_a_wake_up() {
    const STEPS: u32 = 9;
    const PUSHES: usize = 3;
    let (dynamic, plain) = (list("a*"), list("none,b"));
    for schedule in 0..3_u32.pow(STEPS) {
        let world = World::new();
        let mut workers = [Worker::new(&world, &dynamic), Worker::new(&world, &plain)];
        let mut pushed = 0;
        for turn in 0..STEPS {
            match schedule / 3_u32.pow(turn) % 3 {
                0 => workers[0].step().await,
                1 => workers[1].step().await,
                _ if pushed < PUSHES => {
                    world.push(["a1", "a2", "a3"][pushed], &["x"]).await;
                    world.push("b", &["x"]).await;
                    pushed += 1;
                }
                _ => break,
            }
        }
        // Now only the workers go on: with all wake-ups in place each finds all its jobs.
        for worker in &mut workers {
            for _ in 0..4 * (PUSHES + 1) {
                worker.step().await;
            }
            assert_eq!(
                worker.taken, pushed,
                "{} in schedule {schedule}",
                worker.from
            );
        }
    }
}

/// The same with real threads: it ends only if nobody oversleeps.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_lose_no_wake_up() {
    const JOBS: usize = 2_000;
    const WORKERS: usize = 3;
    let world = Arc::new(World::new());
    let work = |world: Arc<World>| async move {
        let from = list("q");
        let mut taken = 0;
        loop {
            let ticket = waiting(&world).ticket(&from).await.unwrap();
            match world.memory.pop(&from, 1).await.unwrap().pop() {
                Some(job) if job.payload.as_bytes() == b"stop" => return taken,
                Some(_) => taken += 1,
                None => waiting(&world).wait(ticket, &from).await.unwrap(),
            }
        }
    };
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| tokio::spawn(work(world.clone())))
        .collect();
    for _ in 0..JOBS {
        world.push("q", &["a"]).await;
        tokio::task::yield_now().await;
    }
    world.push("q", &["stop"; WORKERS]).await;
    let mut taken = 0;
    for worker in workers {
        taken += worker.await.unwrap();
    }
    assert_eq!(taken, JOBS);
}
