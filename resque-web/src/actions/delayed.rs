//! Changing jobs that wait for their time.

use std::time::SystemTime;

use axum::response::Response;
use resque_core::{DelayedEdit, DelayedId, DelayedJobs, DelayedTo, Error};
use serde::Deserialize;
use utoipa::ToSchema;

use super::failures::{CHUNK, Fields, store};
use super::{Outcome, Sent};
use crate::fault::Fault;
use crate::pages::{Visit, show};
use crate::state::App;
use crate::view::time;

/// How many jobs one request cancels at most when all are meant.
const MOST_CLEARED: u64 = 20_000;

/// Which waiting jobs.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct WhichDelayed {
    /// Their names.
    pub(crate) ids: Vec<String>,
}

/// Which waiting jobs are to wait for which time.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct MoveDelayed {
    /// Their names.
    pub(crate) ids: Vec<String>,
    /// The time: RFC 3339, or without a zone in UTC.
    pub(crate) to: String,
}

impl MoveDelayed {
    /// The time.
    pub(crate) fn time(&self) -> Result<SystemTime, Fault> {
        let missing = || Fault::misused("to is missing; say until when the jobs are to wait.");
        time("to", &self.to)?.ok_or_else(missing)
    }
}

fn delayed(app: &App) -> Result<&dyn DelayedJobs, Fault> {
    // The client says what is missing.
    app.client().delayed()?;
    let delayed = store(app)?.queues().delayed();
    delayed.ok_or_else(|| Fault::missing("There are no delayed jobs."))
}

/// Lets waiting jobs go elsewhere before their time.
pub(crate) async fn edit_delayed(
    app: &App,
    ids: &[String],
    to: DelayedTo,
) -> Result<Outcome, Fault> {
    let delayed = delayed(app)?;
    let edit = |id: &String| DelayedEdit {
        id: DelayedId::new(id.as_str()),
        to,
    };
    let edits: Vec<_> = ids.iter().map(edit).collect();
    let mut outcome = Outcome::default();
    for part in edits.chunks(CHUNK) {
        outcome.count(delayed.edit(part).await?)?;
    }
    app.changed().await;
    Ok(outcome)
}

/// Cancels all waiting jobs, or as many as one request can; tells how many, and how many are left.
pub(crate) async fn clear_delayed(app: &App) -> Result<(Outcome, u64), Fault> {
    let delayed = delayed(app)?;
    let mut outcome = Outcome::default();
    while outcome.changed < MOST_CLEARED {
        let page = delayed.list(None, CHUNK).await?;
        let edit = |job: &resque_core::DelayedJob| DelayedEdit {
            id: job.id.clone(),
            to: DelayedTo::Nowhere,
        };
        let edits: Vec<_> = page.jobs.iter().map(edit).collect();
        let before = outcome.changed;
        if !edits.is_empty() {
            outcome.count(delayed.edit(&edits).await?)?;
        }
        if outcome.changed == before {
            break;
        }
    }
    app.changed().await;
    Ok((outcome, delayed.count().await?))
}

fn ids(fields: &Fields) -> Vec<String> {
    let fields = fields.iter().filter(|field| field.0 == "id");
    fields.map(|field| field.1.clone()).collect()
}

/// One job that has gone is told as such; of several it is counted.
fn checked(ids: &[String], outcome: &Outcome) -> Result<(), Fault> {
    match (ids, outcome.gone) {
        ([], _) => Err(Fault::misused("No delayed job was chosen.")),
        ([_], 1) => Err(Fault::from(Error::Conflict {
            what: "the delayed job".to_owned(),
        })),
        _ => Ok(()),
    }
}

async fn edited(
    visit: Visit,
    form: Sent<Fields>,
    to: DelayedTo,
    one: &str,
    many: &str,
) -> Result<Response, Fault> {
    let ids = ids(&form.change);
    let outcome = edit_delayed(&visit.app, &ids, to).await?;
    checked(&ids, &outcome)?;
    Ok(visit.done(outcome.told(one, many), &form.back))
}

pub(super) async fn enqueue(visit: Visit, form: Sent<Fields>) -> Result<Response, Fault> {
    let (one, many) = ("job is in its queue", "jobs are in their queues");
    edited(visit, form, DelayedTo::Queue, one, many).await
}

pub(super) async fn cancel(visit: Visit, form: Sent<Fields>) -> Result<Response, Fault> {
    let (one, many) = ("job is cancelled", "jobs are cancelled");
    edited(visit, form, DelayedTo::Nowhere, one, many).await
}

pub(super) async fn postpone(visit: Visit, form: Sent<Fields>) -> Result<Response, Fault> {
    let to = form.change.iter().find(|field| field.0 == "to");
    let to = MoveDelayed {
        ids: Vec::new(),
        to: to.map_or(String::new(), |field| field.1.clone()),
    };
    let to = DelayedTo::At(to.time()?);
    let (one, many) = ("job waits for another time", "jobs wait for another time");
    edited(visit, form, to, one, many).await
}

pub(super) async fn clear(visit: Visit, form: Sent<Fields>) -> Result<Response, Fault> {
    let (outcome, left) = clear_delayed(&visit.app).await?;
    let mut note = outcome.told("delayed job is cancelled", "delayed jobs are cancelled");
    if left > 0 {
        note += &format!(" {} are left.", show::count(left));
    }
    Ok(visit.done(note, &form.back))
}
