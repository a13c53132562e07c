//! Putting failed jobs back and removing their records, by their stable names.

use std::time::SystemTime;

use axum::response::Response;
use resque_core::{Error, FailureId, FailureRetry, QueueName};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Outcome, Sent};
use crate::fault::Fault;
use crate::pages::{Visit, show};
use crate::state::App;

/// How many records go in one call.
pub(super) const CHUNK: usize = 1_000;

/// Which failed jobs.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct WhichFailures {
    /// The names of their records.
    pub(crate) ids: Vec<String>,
    /// The queue they are to go to, if not the one they came from.
    #[serde(default)]
    pub(crate) queue: Option<String>,
    /// Whether the record goes when its job is put back. Otherwise it stays, marked.
    #[serde(default)]
    pub(crate) remove: bool,
}

/// The fields of a form; `id` any number of times.
pub(crate) type Fields = Vec<(String, String)>;

impl WhichFailures {
    fn of(fields: &Fields) -> Self {
        let values = |name: &'static str| {
            let fields = fields.iter().filter(move |field| field.0 == name);
            fields.map(|field| field.1.clone())
        };
        Self {
            ids: values("id").collect(),
            queue: values("queue").find(|queue| !queue.is_empty()),
            remove: values("remove").any(|value| !value.is_empty()),
        }
    }
}

/// Puts failed jobs back into queues.
pub(crate) async fn retry_failures(app: &App, which: &WhichFailures) -> Result<Outcome, Fault> {
    let queue = which.queue.as_deref().map(QueueName::new).transpose()?;
    let retry = |id: &String| {
        let mut retry = FailureRetry::new(FailureId::new(id.as_str()));
        retry.queue.clone_from(&queue);
        retry.keep = !which.remove;
        retry
    };
    let retries: Vec<_> = which.ids.iter().map(retry).collect();
    let mut outcome = Outcome::default();
    for part in retries.chunks(CHUNK) {
        retry_part(app, part, None, &mut outcome).await?;
    }
    app.changed().await;
    Ok(outcome)
}

/// Puts back a part of them. They are marked with a time that is not before `since`, whatever the
/// clocks of several processes say, so that each finds what the others have done.
pub(super) async fn retry_part(
    app: &App,
    part: &[FailureRetry],
    since: Option<SystemTime>,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    if part.is_empty() {
        return Ok(());
    }
    let now = app.client().store_time().await?;
    let now = since.map_or(now, |since| now.max(since));
    outcome.count(store(app)?.failures().retry(part, now).await?)
}

/// Removes records.
pub(crate) async fn remove_failures(app: &App, ids: &[String]) -> Result<Outcome, Fault> {
    let ids: Vec<_> = ids.iter().map(|id| FailureId::new(id.as_str())).collect();
    let mut outcome = Outcome::default();
    for part in ids.chunks(CHUNK) {
        remove_part(app, part, &mut outcome).await?;
    }
    app.changed().await;
    Ok(outcome)
}

pub(super) async fn remove_part(
    app: &App,
    part: &[FailureId],
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    if part.is_empty() {
        return Ok(());
    }
    outcome.count(store(app)?.failures().remove(part).await?)
}

/// Removes all records and answers how many there were.
pub(crate) async fn clear_failures(app: &App) -> Result<u64, Fault> {
    let removed = app.client().failures()?.clear().await?;
    app.changed().await;
    Ok(removed)
}

pub(super) fn store(app: &App) -> Result<&resque_core::Backend, Fault> {
    let store = app.client().backend();
    store.ok_or_else(|| Fault::missing("There is no store."))
}

/// One record that has gone is told as such; of several it is counted.
fn checked(which: &WhichFailures, outcome: &Outcome) -> Result<(), Fault> {
    match (which.ids.as_slice(), outcome.gone) {
        ([], _) => Err(Fault::misused("No failed job was chosen.")),
        ([_], 1) => Err(Fault::from(Error::Conflict {
            what: "the failed job".to_owned(),
        })),
        _ => Ok(()),
    }
}

pub(super) async fn retry(visit: Visit, form: Sent<Fields>) -> Result<Response, Fault> {
    let which = WhichFailures::of(&form.change);
    let outcome = retry_failures(&visit.app, &which).await?;
    checked(&which, &outcome)?;
    let note = outcome.told("job is back in its queue", "jobs are back in their queues");
    Ok(visit.done(note, &form.back))
}

pub(super) async fn remove(visit: Visit, form: Sent<Fields>) -> Result<Response, Fault> {
    let which = WhichFailures::of(&form.change);
    let outcome = remove_failures(&visit.app, &which.ids).await?;
    checked(&which, &outcome)?;
    let note = outcome.told("record is removed", "records are removed");
    // A page of a record that has gone is nothing to go back to.
    let back = match form.back.contains("/failure?") {
        true => visit.link("/failed"),
        false => form.back,
    };
    Ok(visit.done(note, &back))
}

pub(super) async fn clear(visit: Visit, form: Sent<Fields>) -> Result<Response, Fault> {
    drop(form);
    let removed = show::count(clear_failures(&visit.app).await?);
    let note = format!("All {removed} records of failed jobs are removed.");
    Ok(visit.done(note, &visit.link("/failed")))
}
