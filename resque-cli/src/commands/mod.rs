//! The commands, one module each.

mod cancel;
mod completions;
mod delayed;
mod dequeue;
mod dev;
mod doctor;
mod enqueue;
mod failed;
mod flush;
mod http;
mod migrate;
mod moving;
mod named;
mod pause;
mod prune;
mod queues;
mod schedule;
mod serving;
mod stats;
mod top;
mod web;
mod work;
mod workers;

use clap::Subcommand;

pub(crate) use self::work::isolated;
use crate::context::Context;
use crate::failure::Failure;

/// What `resque` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Work(Box<work::Work>),
    Dev(dev::Dev),
    Enqueue(enqueue::EnqueueJobs),
    Queues(queues::Queues),
    Peek(queues::Peek),
    Dequeue(dequeue::Dequeue),
    RemoveQueue(queues::RemoveQueue),
    Pause(pause::Pause),
    Resume(pause::Resume),
    Workers(workers::Workers),
    Cancel(cancel::Cancel),
    Failed(failed::Failed),
    Delayed(delayed::Delayed),
    Schedule(schedule::Schedules),
    Stats(stats::Stats),
    Top(top::Top),
    Web(web::Web),
    Flush(flush::Flush),
    Move(moving::Move),
    Http(Box<http::Http>),
    Doctor(doctor::Doctor),
    Migrate(migrate::Migrate),
    Completions(completions::Completions),
}

impl Command {
    /// Does it.
    pub(crate) fn run(self, context: Context) -> Result<(), Failure> {
        match self {
            Self::Work(work) => work.run(context),
            Self::Dev(dev) => dev.run(context),
            Self::Enqueue(it) => context.with_store(async |store| it.run(store).await),
            Self::Queues(it) => context.with_store(async |store| it.run(store).await),
            Self::Peek(it) => context.with_store(async |store| it.run(store).await),
            Self::Dequeue(it) => context.with_store(async |store| it.run(store).await),
            Self::RemoveQueue(it) => context.with_store(async |store| it.run(store).await),
            Self::Pause(it) => context.with_store(async |store| it.run(store).await),
            Self::Resume(it) => context.with_store(async |store| it.run(store).await),
            Self::Workers(it) => context.with_store(async |store| it.run(store).await),
            Self::Cancel(it) => context.with_store(async |store| it.run(store).await),
            Self::Failed(it) => context.with_store(async |store| it.run(store).await),
            Self::Delayed(it) => context.with_store(async |store| it.run(store).await),
            Self::Schedule(it) => context.with_store(async |store| it.run(store).await),
            Self::Stats(it) => context.with_store(async |store| it.run(store).await),
            Self::Top(it) => context.with_store(async |store| it.run(store).await),
            Self::Web(it) => it.run(context),
            Self::Flush(it) => context.with_store(async |store| it.run(store).await),
            Self::Move(it) => it.run(context),
            Self::Http(http) => http.run(context),
            Self::Doctor(it) => it.run(context),
            Self::Migrate(migrate) => migrate.run(context),
            Self::Completions(it) => it.run(context),
        }
    }

    /// Whether it draws pictures on the terminal, into which no log may write.
    pub(crate) fn draws(&self) -> bool {
        matches!(self, Self::Dev(_) | Self::Top(_))
    }
}
