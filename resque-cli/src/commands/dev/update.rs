//! What happens while it runs, as both displays need it: the worker's events, and the answers
//! to what was typed.

use std::time::Duration;

use resque::worker::{Ending, Event, JobInfo, Phase};
use resque::{JobContext, WorkerId};

use super::operator::Answer;
use crate::failure::chain;

/// Something that happened, and when.
#[derive(Clone, Debug)]
pub(super) struct Update {
    /// The clock's monotonic time.
    pub(super) at: Duration,
    /// What happened.
    pub(super) what: What,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    /// The worker is on the registry with so many slots.
    Registered(usize),
    /// The worker as a whole does something else.
    Phase(Phase),
    /// A job begins.
    Started(Slot, String),
    /// A job reports.
    Progress(Slot, Steps),
    /// A job ended.
    Ended(Slot, End, Duration),
    /// A job's time is up and it does not yield.
    Stuck(Slot),
    /// A slot had lost its job to somebody who took the worker for dead.
    Lost(usize),
    /// A dead worker's job was recorded as failed.
    Recovered(String),
    /// Delayed jobs were put into their queues.
    Promoted(usize),
    /// The store cannot be reached.
    Outage(String),
    /// The store can be reached again, after so long.
    OutageOver(Duration),
    /// Something in the store is not as it has to be.
    Trouble(String),
    /// The answer to something typed.
    Answer(Answer),
}

/// A slot and the job it performs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Slot {
    /// The slot's number, from 1.
    pub(super) number: usize,
    /// The job's class; empty when the payload is no job.
    pub(super) class: String,
    /// The queue it came from.
    pub(super) queue: String,
}

/// How far a job has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) done: u64,
    pub(super) total: u64,
    pub(super) text: String,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was performed, or a hook skipped it.
    Done,
    /// It failed.
    Failed {
        /// The kind of error.
        exception: String,
        /// The error's message.
        error: String,
    },
    /// It was dropped and goes back to its queue.
    GivenBack,
}

impl Slot {
    fn of(job: &JobInfo) -> Self {
        Self {
            number: job.worker.as_ref().map_or(0, number),
            class: job.class.clone(),
            queue: job.queue.clone(),
        }
    }

    /// The slot that performs the job of this context.
    pub(super) fn of_context(ctx: &JobContext) -> Self {
        Self {
            number: ctx.worker().map_or(0, number),
            class: ctx.class().to_owned(),
            queue: ctx.queue().to_owned(),
        }
    }
}

/// The number of a slot, for people from 1; its id counts from 0.
fn number(worker: &WorkerId) -> usize {
    let slot = worker.pid().rsplit('-').next().unwrap_or_default();
    slot.parse().map_or(0, |slot: usize| slot.saturating_add(1))
}

impl What {
    /// What an event of the worker means here; `None` if nothing.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let trouble = |doing: &str, error: &dyn std::error::Error| {
            format!("cannot {doing}: {}", chain(error))
        };
        Some(match event {
            Event::Registered { workers } => Self::Registered(workers.len()),
            Event::Phase(phase) => Self::Phase(*phase),
            Event::Progress { job, progress } => {
                let steps = Steps {
                    done: progress.done,
                    total: progress.total,
                    text: progress.text.clone(),
                };
                Self::Progress(Slot::of(job), steps)
            }
            Event::JobFinished {
                job,
                ending,
                elapsed,
            } => Self::Ended(Slot::of(job), End::of(ending), *elapsed),
            Event::Stuck { job, .. } => Self::Stuck(Slot::of(job)),
            Event::Lost { worker, .. } => Self::Lost(number(worker)),
            Event::Recovered { worker, class, .. } => {
                let class = class.as_deref().unwrap_or("a job");
                Self::Recovered(format!("{class} of the dead worker {worker}"))
            }
            Event::Promoted { count } => Self::Promoted(*count),
            Event::Outage { doing, error } => Self::Outage(trouble(doing, error)),
            Event::OutageOver { lasted } => Self::OutageOver(*lasted),
            Event::Trouble { doing, error } => Self::Trouble(trouble(doing, error)),
            Event::HookFailed { hook, error } => {
                Self::Trouble(format!("the hook {hook} failed: {error}"))
            }
            _ => return None,
        })
    }
}

impl End {
    fn of(ending: &Ending) -> Self {
        match ending {
            Ending::Failed(failure)
            | Ending::Retried { failure, .. }
            | Ending::Snoozed { failure, .. }
            | Ending::Discarded(failure) => Self::Failed {
                exception: failure.exception.clone(),
                error: failure.error.clone(),
            },
            Ending::Abandoned => Self::GivenBack,
            _ => Self::Done,
        }
    }
}
