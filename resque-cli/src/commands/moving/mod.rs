//! `resque move`: from one store to another, whatever they are.
//!
//! Waiting jobs are taken as a worker takes them, by slots of a fixed name, so that each is noted as
//! held until it is in the other store; then they are discarded, which counts nothing. What was
//! under way when a move was killed is found again under that name, and [`marks`] tell whether it
//! had reached the other store: so each job is moved exactly once. Delayed and failed jobs cannot be
//! held: they are written before they are removed, in small portions, and [`rest`] tells how the last
//! portion of a killed move is known again.

mod held;
mod marks;
mod queues;
mod rest;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use resque::{Backend, Client, QueueName, SharedClock};
use serde::Serialize;
use tokio::sync::Notify;

use self::queues::Mover;
use crate::confirm::Sure;
use crate::context::{Context, connect, runtime};
use crate::failure::Failure;
use crate::output::{Answer, Out, Table, count};
use crate::place::Place;

/// Move queues, delayed and failed jobs to another store, of any kind
///
/// Stop the workers of the first store before. Ctrl-C ends this after the portion under way, a second
/// one at once. Nothing is lost when it is interrupted or killed: the same command goes on. Each job is
/// moved once; only if somebody adds delayed or failed jobs between a kill and the next start, or jobs
/// fail in the second store then, up to a hundred may be doubled. Jobs that wait in queues keep
/// their order. Counters and workers stay; a queue that is stopped stays too, with its jobs.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Move {
    /// The store to empty
    #[arg(long, value_name = "URL")]
    from: String,

    /// The store to fill
    #[arg(long, value_name = "URL")]
    to: String,

    #[command(flatten)]
    sure: Sure,
}

/// Both stores.
struct Stores {
    from: Client,
    to: Client,
    source: Backend,
    target: Backend,
    out: Out,
    clock: SharedClock,
    /// Set when somebody wants it to end.
    interrupted: Arc<AtomicBool>,
}

/// What was there, what is now in the other store, and what is left.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Count {
    found: u64,
    moved: u64,
    left: u64,
}

#[derive(Debug, Serialize)]
struct Queue {
    name: String,
    #[serde(flatten)]
    count: Count,
    /// Why it was left alone: it is stopped.
    stopped: bool,
}

#[derive(Debug, Default, Serialize)]
struct Done {
    queues: Vec<Queue>,
    delayed: Count,
    failed: Count,
    /// Jobs that workers of the first store held at the end; they stay there.
    held: u64,
    /// Whether nothing is left in the first store.
    complete: bool,
}

impl Move {
    pub(crate) fn run(self, context: Context) -> Result<(), Failure> {
        let namespace = context.global.namespace.as_deref();
        let from = Place::new(&self.from, namespace, None);
        let to = Place::new(&self.to, namespace, None);
        let out = context.out();
        let clock = context.clock;
        runtime()?.block_on(async {
            let source = connect(&from).await?;
            let target = connect(&to).await?;
            let interrupts = Interrupts::listen();
            let client = |backend: &Backend| Client::new(backend.clone()).with_clock(clock.clone());
            let stores = Stores {
                from: client(&source),
                to: client(&target),
                source,
                target,
                out,
                clock: clock.clone(),
                interrupted: interrupts.first.clone(),
            };
            let there =
                |place: &Place| format!("{}, namespace {}", place.shown(), place.namespace());
            self.sure.about(&format!(
                "move everything from {} to {}",
                there(&from),
                there(&to)
            ))?;
            interrupts.allow(stores.run()).await
        })
    }
}

/// How often somebody wanted it to end.
#[derive(Debug, Default)]
struct Interrupts {
    /// Set with the first time: it ends after the portion under way, in good order.
    first: Arc<AtomicBool>,
    /// The second time: it ends at once, as if it was killed.
    second: Arc<Notify>,
}

impl Interrupts {
    /// Listens to Ctrl-C from now on.
    fn listen() -> Self {
        let noticed = Self::default();
        let (first, second) = (noticed.first.clone(), noticed.second.clone());
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_err() {
                return;
            }
            first.store(true, Ordering::Relaxed);
            tracing::warn!(
                "this ends after the portion under way; interrupt it again to end it now"
            );
            if tokio::signal::ctrl_c().await.is_ok() {
                second.notify_one();
            }
        });
        noticed
    }

    /// Does something unless somebody wants it to end at once.
    async fn allow(&self, work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
        tokio::select! {
            biased;
            done = work => done,
            () = self.second.notified() => Err(interruption()),
        }
    }
}

fn interruption() -> Failure {
    let reason = "interrupted; nothing is lost, and the same command goes on";
    Failure::Undone(reason.to_owned())
}

impl Stores {
    async fn run(self) -> Result<(), Failure> {
        self.refuse_the_same().await?;
        if self.from.is_paused().await? {
            let reason = "all workers of the first store are paused, and a move takes jobs as a \
                          worker does: stop the workers, then `resque resume --all`";
            return Err(Failure::Undone(reason.to_owned()));
        }
        let mut done = Done::default();
        let listing = self.from.queue_listing().await?;
        let mut mover = Mover::begin(&self).await?;
        for status in listing.queues {
            let moved = if status.stopped {
                0
            } else {
                mover.move_queue(&status.name).await?
            };
            done.queues.push(Queue {
                name: status.name.to_string(),
                count: Count {
                    found: status.length,
                    moved,
                    left: self.from.size(status.name.as_str()).await?,
                },
                stopped: status.stopped,
            });
        }
        let id = mover.end().await?;
        done.delayed = self.move_delayed(id).await?;
        done.failed = self.move_failed().await?;
        self.forget().await?;
        done.held = self.from.working().await?.len() as u64;
        let left: u64 = done.queues.iter().map(|queue| queue.count.left).sum();
        let left = left + done.delayed.left + done.failed.left;
        done.complete = left + done.held == 0;
        self.out.answer(&done)?;
        if done.complete {
            return Ok(());
        }
        let held = done.held;
        Err(Failure::Undone(format!(
            "{left} left, and {} in the hands of workers; the same command goes on",
            count(held, "job")
        )))
    }

    /// Refuses to move a store into itself, whatever its two names.
    async fn refuse_the_same(&self) -> Result<(), Failure> {
        const PROBE: &str = "move:probe";
        let before = self.from.stats()?.get(PROBE).await?;
        self.to.stats()?.incr(PROBE, 1).await?;
        let after = self.from.stats()?.get(PROBE).await?;
        self.to.stats()?.clear(PROBE).await?;
        if before == after {
            return Ok(());
        }
        Err(Failure::setting(
            "--to",
            "this is the store that --from names",
        ))
    }

    /// Ends here if somebody wants that.
    fn go_on(&self) -> Result<(), Failure> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(interruption());
        }
        Ok(())
    }

    /// Makes a queue exist in the other store, if it is an empty one.
    async fn create(&self, queue: &QueueName) -> Result<(), Failure> {
        self.to.create_queue(queue.as_str()).await?;
        Ok(())
    }
}

impl Answer for Done {
    fn text(&self) -> String {
        let mut table = Table::new(&["", ">found", ">moved", ">left", ""]);
        let mut row = |name: &str, count: Count, note: &str| {
            let numbers = [count.found, count.moved, count.left].map(|number| number.to_string());
            table.row([name, &numbers[0], &numbers[1], &numbers[2], note]);
        };
        for queue in &self.queues {
            let note = if queue.stopped { "stopped" } else { "" };
            row(&format!("queue {}", queue.name), queue.count, note);
        }
        row("delayed jobs", self.delayed, "");
        row("failed jobs", self.failed, "");
        table.text()
    }
}

#[cfg(test)]
mod tests;
