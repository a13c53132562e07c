//! Does what was typed, one line after another, without keeping the display waiting.

use std::time::Duration;

use resque::worker::WorkerHandle;
use resque::{Client, Error, NewJob, QueueList, QueueName};
use tokio::sync::mpsc;

use super::input::{self, Order, Wish};
use super::jobs;
use super::update::{Update, What};
use crate::failure::chain;

/// How often is looked whether all work is done, once there is no more input.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Lines that wait to be done; whoever brings more waits too.
const LINES: usize = 64;

/// Something for the operator to do.
#[derive(Debug)]
pub(super) enum Task {
    /// A line that was typed.
    Line(String),
    /// Something that could not be read as a line, and why.
    Unreadable(String),
    /// There will be no more lines: end when everything is done.
    EndWhenDone,
}

/// The answer to something typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// A job waits in its queue.
    Enqueued {
        /// Its class and arguments.
        job: String,
        /// Its queue.
        queue: String,
        /// The length of the queue with this job.
        length: u64,
        /// Whether nobody here serves that queue.
        unserved: bool,
    },
    /// A job waits for its time.
    Delayed {
        /// Its class and arguments.
        job: String,
        /// Its queue, once its time has come.
        queue: String,
        /// How long from now.
        after: Duration,
    },
    /// So many failed jobs were put back.
    Retried(u64),
    /// What can be typed was asked for.
    Help,
    /// The line could not be done.
    Refused {
        /// The line as it was typed.
        line: String,
        /// Why.
        why: String,
    },
}

/// Does what was typed.
#[derive(Debug)]
pub(super) struct Operator {
    pub(super) client: Client,
    pub(super) worker: WorkerHandle,
    pub(super) queues: QueueList,
    pub(super) updates: mpsc::UnboundedSender<Update>,
}

impl Operator {
    /// Begins to work in the background.
    pub(super) fn start(self) -> mpsc::Sender<Task> {
        let (tasks, mut inbox) = mpsc::channel(LINES);
        tokio::spawn(async move {
            while let Some(task) = inbox.recv().await {
                match task {
                    Task::Line(line) => self.line(line).await,
                    Task::Unreadable(why) => self.answer(Answer::Refused {
                        line: String::new(),
                        why,
                    }),
                    Task::EndWhenDone => self.end_when_done().await,
                }
            }
        });
        tasks
    }

    async fn line(&self, line: String) {
        let answer = match input::parse(&line) {
            Ok(None) => return,
            Ok(Some(wish)) => self.grant(wish).await,
            Err(why) => Err(why),
        };
        match answer {
            Ok(None) => {}
            Ok(Some(answer)) => self.answer(answer),
            Err(why) => self.answer(Answer::Refused { line, why }),
        }
    }

    async fn grant(&self, wish: Wish) -> Result<Option<Answer>, String> {
        match wish {
            Wish::Enqueue(order) => self.enqueue(order).await.map(Some),
            Wish::Help => Ok(Some(Answer::Help)),
            Wish::Pause => {
                self.worker.pause();
                Ok(None)
            }
            Wish::Resume => {
                self.worker.resume();
                Ok(None)
            }
            Wish::Retry => {
                let retried = self.retry().await.map_err(|error| chain(&error))?;
                Ok(Some(Answer::Retried(retried)))
            }
            Wish::Quit => {
                self.worker.quit();
                Ok(None)
            }
        }
    }

    async fn enqueue(&self, order: Order) -> Result<Answer, String> {
        let queue = match order.queue {
            Some(queue) => queue,
            None => self.queue_of(&order.class),
        };
        let job = format!("{} {}", order.class, order.args.get());
        let new = NewJob::raw(order.class, &order.args).to(&queue);
        let new = match order.delay {
            Some(delay) => new.after(delay),
            None => new,
        };
        let enqueued = self.client.submit(new).await;
        Ok(match enqueued.map_err(|error| chain(&error))? {
            resque::Enqueued::Queued { length } => Answer::Enqueued {
                job,
                unserved: !self.serves(&queue),
                queue,
                length,
            },
            _ => Answer::Delayed {
                job,
                queue,
                after: order.delay.unwrap_or_default(),
            },
        })
    }

    /// The queue of a class if this worker serves it, else the first one it serves for certain.
    fn queue_of(&self, class: &str) -> String {
        let usual = jobs::queue_of(class);
        let first = self.queues.names().and_then(<[QueueName]>::first);
        match first {
            Some(first) if !self.serves(usual) => first.to_string(),
            _ => usual.to_owned(),
        }
    }

    fn serves(&self, queue: &str) -> bool {
        QueueName::new(queue).is_ok_and(|queue| self.queues.serves(&queue))
    }

    /// Puts back what failed and was not put back before.
    async fn retry(&self) -> Result<u64, Error> {
        let not_yet = resque::FailureFilter::default().retried(false);
        self.client.failures()?.retry_where(&not_yet).await
    }

    /// Works off what is there, then lets the worker end.
    async fn end_when_done(&self) {
        self.worker.resume();
        while !self.is_done().await.unwrap_or(false) {
            self.client.clock().sleep(LOOK_EVERY).await;
        }
        self.worker.quit();
    }

    /// Whether no job waits here and none is held by this worker. A job goes from its queue to
    /// its holder and never back by itself, so the queues are looked at first.
    async fn is_done(&self) -> Result<bool, Error> {
        let listing = self.client.queue_listing().await?;
        let mut queues = listing.queues.iter();
        if queues.any(|queue| queue.length > 0 && !queue.stopped && self.queues.serves(&queue.name))
        {
            return Ok(false);
        }
        let ours = self.worker.snapshot();
        let workers = self.client.working().await?;
        Ok(!workers
            .iter()
            .any(|worker| ours.slots.iter().any(|slot| slot.worker == worker.id)))
    }

    fn answer(&self, answer: Answer) {
        let at = self.client.clock().monotonic();
        // Nobody listens any more once the worker has gone.
        let _ = self.updates.send(Update {
            at,
            what: What::Answer(answer),
        });
    }
}
