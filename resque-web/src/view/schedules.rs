//! The recurring jobs.

use futures::try_join;
use resque_core::ScheduleStatus;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{Moment, Redaction, clip};
use crate::fault::Fault;
use crate::state::App;

/// How many of its next runs are told.
const UPCOMING: usize = 5;
/// How much of the arguments is shown.
const MOST_ARGS: usize = 4 * 1024;

/// The recurring jobs that the store knows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Schedules {
    /// When it was read.
    pub(crate) now: Moment,
    /// The process that fires them, if one does: `<host>:<pid>`.
    pub(crate) leader: Option<String>,
    /// The schedules by name.
    pub(crate) schedules: Vec<ScheduleRow>,
}

/// A recurring job.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ScheduleRow {
    /// Its name.
    pub(crate) name: String,
    /// What it is for, if somebody said so.
    pub(crate) description: Option<String>,
    /// Whether it fires.
    pub(crate) enabled: bool,
    /// Whether its definition is in the store; otherwise a program declares it, and only that
    /// knows when it runs.
    pub(crate) stored: bool,
    /// When it runs: `cron 0 3 * * *`, `every 1h`.
    pub(crate) timing: Option<String>,
    /// The class of its job.
    pub(crate) class: Option<String>,
    /// The arguments of its job, with hidden values.
    #[schema(value_type = Option<Vec<serde_json::Value>>)]
    pub(crate) args: Option<Box<RawValue>>,
    /// The queue its job goes to.
    pub(crate) queue: Option<String>,
    /// When it put a job into a queue last.
    pub(crate) last_fired: Option<Moment>,
    /// When it runs next, if that is known.
    pub(crate) next: Option<Moment>,
    /// The next times after that.
    pub(crate) upcoming: Vec<Moment>,
    /// Why its definition cannot be read.
    pub(crate) trouble: Option<String>,
}

impl ScheduleRow {
    fn new(status: &ScheduleStatus, redaction: &Redaction) -> Self {
        let schedule = status.schedule.as_ref();
        let args = schedule.map(|schedule| redaction.apply(schedule.args_json()).into_owned());
        let upcoming = schedule.zip(status.next).map(|(schedule, next)| {
            let ticks = schedule.upcoming(next).take(UPCOMING - 1);
            ticks.map(|tick| schedule.fires_at(tick).into()).collect()
        });
        Self {
            name: status.name.as_str().to_owned(),
            description: schedule.and_then(|one| Some(one.description_text()?.to_owned())),
            enabled: status.enabled,
            stored: schedule.is_some() || status.trouble.is_some(),
            timing: schedule.and_then(|one| Some(one.timing()?.to_string())),
            class: schedule.map(|one| one.class().to_owned()),
            args: args.and_then(|args| RawValue::from_string(args).ok()),
            queue: schedule.and_then(|one| Some(one.queue_name()?.as_str().to_owned())),
            last_fired: status.last_fired.map(Moment::new),
            next: status.next.map(Moment::new),
            upcoming: upcoming.unwrap_or_default(),
            trouble: status.trouble.as_ref().map(ToString::to_string),
        }
    }

    /// The arguments as text.
    pub(crate) fn args_text(&self) -> &str {
        let args = self.args.as_ref().map_or("[]", |args| args.get());
        clip(args, MOST_ARGS).0
    }
}

impl Schedules {
    pub(crate) async fn ask(app: &App) -> Result<Self, Fault> {
        let schedules = app.client().schedules()?;
        let (known, leading) = try_join!(schedules.list(), schedules.leading())?;
        let row = |status| ScheduleRow::new(status, app.redaction());
        Ok(Self {
            now: app.now(),
            leader: leading.leader,
            schedules: known.iter().map(row).collect(),
        })
    }
}
