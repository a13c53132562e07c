//! Switching recurring jobs, and enqueueing their jobs at once.

use axum::response::Response;
use resque_core::{Enqueued, Error, NewJob, ScheduleStatus};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::Sent;
use crate::fault::Fault;
use crate::pages::Visit;
use crate::state::App;

/// Which schedule.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct WhichSchedule {
    /// Its name.
    pub(crate) name: String,
}

/// Which schedule's job is to be enqueued at once.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct EnqueueSchedule {
    /// Its name.
    pub(crate) name: String,
    /// Other arguments than its own, as a text that is a JSON array.
    #[serde(default)]
    pub(crate) args: String,
}

/// Whether a job came into a queue.
fn told(enqueued: &Enqueued) -> bool {
    matches!(enqueued, Enqueued::Queued { .. })
}

async fn known(app: &App, name: &str) -> Result<ScheduleStatus, Fault> {
    let known = app.client().schedules()?.get(name).await?;
    known.ok_or_else(|| Fault::missing(format!("There is no schedule {name:?}.")))
}

/// Puts the job of a schedule into its queue; its times stay as they are. Answers whether it was put
/// in: a hook or a lock may keep it out.
pub(crate) async fn enqueue_schedule(app: &App, which: &EnqueueSchedule) -> Result<bool, Fault> {
    let status = known(app, &which.name).await?;
    let schedule = match (status.schedule, status.trouble) {
        (_, Some(trouble)) => return Err(trouble.into()),
        (None, None) => {
            let message = "This schedule is declared by a program; the store knows no job of it.";
            return Err(Fault::missing(message));
        }
        (Some(schedule), None) => schedule,
    };
    let args = which.args.trim();
    let job = if args.is_empty() {
        schedule.job()
    } else {
        let args: Vec<Box<RawValue>> = serde_json::from_str(args).map_err(|error| {
            Fault::misused(format!("The arguments are no JSON array: {error}."))
        })?;
        let job = NewJob::raw(schedule.class().to_owned(), &args);
        match schedule.queue_name() {
            Some(queue) => job.to(queue.as_str()),
            None => job,
        }
    };
    let enqueued = app.client().submit(job).await?;
    app.changed().await;
    Ok(told(&enqueued))
}

/// Switches a schedule on or off.
pub(crate) async fn switch_schedule(app: &App, name: &str, enabled: bool) -> Result<(), Fault> {
    known(app, name).await?;
    let schedules = app.client().schedules()?;
    match enabled {
        true => schedules.enable(name).await?,
        false => schedules.disable(name).await?,
    }
    Ok(())
}

/// Forgets a schedule.
pub(crate) async fn remove_schedule(app: &App, name: &str) -> Result<(), Fault> {
    if app.client().schedules()?.remove(name).await? {
        return Ok(());
    }
    Err(Fault::from(Error::Conflict {
        what: format!("the schedule {name:?}"),
    }))
}

pub(super) async fn enqueue(visit: Visit, form: Sent<EnqueueSchedule>) -> Result<Response, Fault> {
    let name = &form.change.name;
    let note = match enqueue_schedule(&visit.app, &form.change).await? {
        true => format!("The job of {name} is in its queue."),
        false => format!("The job of {name} was not put in: a hook or a lock kept it out."),
    };
    Ok(visit.done(note, &form.back))
}

pub(super) async fn enable(visit: Visit, form: Sent<WhichSchedule>) -> Result<Response, Fault> {
    let name = &form.change.name;
    switch_schedule(&visit.app, name, true).await?;
    let note = format!("{name} is switched on; what it missed is not made up for.");
    Ok(visit.done(note, &form.back))
}

pub(super) async fn disable(visit: Visit, form: Sent<WhichSchedule>) -> Result<Response, Fault> {
    let name = &form.change.name;
    switch_schedule(&visit.app, name, false).await?;
    Ok(visit.done(format!("{name} is switched off."), &form.back))
}

pub(super) async fn remove(visit: Visit, form: Sent<WhichSchedule>) -> Result<Response, Fault> {
    let name = &form.change.name;
    remove_schedule(&visit.app, name).await?;
    Ok(visit.done(format!("{name} is removed."), &form.back))
}
