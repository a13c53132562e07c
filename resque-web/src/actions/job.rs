//! Removing a waiting job, and moving it to the front.

use axum::response::Response;
use resque_core::{Edit, EditTo, Error, Page, Payload, QueueName};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Sent;
use crate::fault::Fault;
use crate::pages::Visit;
use crate::state::App;
use crate::view::mark;

/// How many jobs are looked at in one call.
const CHUNK: u32 = 500;
/// How far before its place a job is looked for: so many jobs may have been taken meanwhile.
const BEFORE: u32 = 5_000;
/// How far behind its place: so many may have been put before it.
const BEHIND: u32 = 1_000;

/// Which waiting job.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct WhichJob {
    /// The queue it waits in.
    pub(crate) queue: String,
    /// What stands for its exact bytes: `mark` of the job.
    pub(crate) mark: String,
    /// Its place when it was read: `at` of the job.
    #[serde(default)]
    pub(crate) at: u32,
}

/// Removes one job with these bytes.
pub(crate) async fn remove_job(app: &App, which: &WhichJob) -> Result<(), Fault> {
    edit(app, which, EditTo::Nowhere).await
}

/// Lets one job with these bytes be taken next.
pub(crate) async fn move_to_front(app: &App, which: &WhichJob) -> Result<(), Fault> {
    edit(app, which, EditTo::Front).await
}

async fn edit(app: &App, which: &WhichJob, to: EditTo) -> Result<(), Fault> {
    let queue = QueueName::new(&which.queue)?;
    let gone = || Error::Conflict {
        what: "the job in the queue".to_owned(),
    };
    let payload = find(app, &queue, which).await?.ok_or_else(gone)?;
    let edit = Edit {
        queue,
        payload,
        at_most: 1,
        to,
    };
    let store = app.client().backend();
    let store = store.ok_or_else(|| Fault::missing("There is no store."))?;
    let found = store.queues().edit(&[edit]).await?;
    app.changed().await;
    if found.first().is_some_and(|found| *found > 0) {
        Ok(())
    } else {
        Err(gone().into())
    }
}

/// Looks for the bytes that a mark stands for, near the place where they were; those nearest to
/// the place first, because that is where they mostly are.
async fn find(app: &App, queue: &QueueName, which: &WhichJob) -> Result<Option<Payload>, Fault> {
    let here = which.at.saturating_sub(CHUNK / 2);
    let lowest = which.at.saturating_sub(BEFORE);
    let before = (0..BEFORE / CHUNK).map(|back| here.saturating_sub((back + 1) * CHUNK));
    let behind = (0..BEHIND / CHUNK).map(|on| here.saturating_add((on + 1) * CHUNK));
    let mut last = None;
    for from in std::iter::once(here).chain(before).chain(behind) {
        if from < lowest || last == Some(from) {
            continue;
        }
        last = Some(from);
        let page = Page::new(from, CHUNK);
        for job in app.client().peek(queue.as_str(), page).await? {
            if mark(app, queue, job.payload()) == which.mark {
                return Ok(Some(job.payload().clone()));
            }
        }
    }
    Ok(None)
}

pub(super) async fn remove(visit: Visit, form: Sent<WhichJob>) -> Result<Response, Fault> {
    remove_job(&visit.app, &form.change).await?;
    Ok(visit.done("The job is removed.", &form.back))
}

pub(super) async fn front(visit: Visit, form: Sent<WhichJob>) -> Result<Response, Fault> {
    move_to_front(&visit.app, &form.change).await?;
    Ok(visit.done("The job is the next one of its queue.", &form.back))
}
