//! Showing schedules.

use std::time::SystemTime;

use resque::{Schedule, ScheduleStatus};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::context::Store;
use crate::failure::{Failure, chain};
use crate::output::{Answer, Table, count};
use crate::times::{shown, stamp};

/// How many runs are shown of one.
const RUNS: usize = 5;

#[derive(Debug, Serialize)]
struct Listing {
    schedules: Vec<View>,
}

/// A schedule; what it does is null if it is declared by a program, or nobody can read it.
#[derive(Debug, Serialize)]
struct View {
    name: String,
    enabled: bool,
    /// When it runs, for people.
    timing: Option<String>,
    cron: Option<String>,
    every_seconds: Option<f64>,
    class: Option<String>,
    args: Option<Box<RawValue>>,
    queue: Option<String>,
    description: Option<String>,
    catch_up: Option<String>,
    jitter_seconds: Option<f64>,
    last_fired: Option<String>,
    next: Option<String>,
    /// Why nobody can read it.
    trouble: Option<String>,
    /// The next runs, for one schedule only.
    #[serde(skip_serializing_if = "Option::is_none")]
    upcoming: Option<Vec<String>>,
    #[serde(skip)]
    next_shown: String,
}

impl View {
    fn of(status: ScheduleStatus) -> Self {
        let schedule = status.schedule.as_ref();
        let timing = schedule.and_then(Schedule::timing);
        let args = schedule.map(|schedule| schedule.args_json().to_owned());
        Self {
            name: status.name.to_string(),
            enabled: status.enabled,
            timing: timing.map(ToString::to_string),
            cron: timing
                .and_then(|timing| timing.cron_line())
                .map(str::to_owned),
            every_seconds: timing
                .and_then(|timing| timing.interval())
                .map(|interval| interval.as_secs_f64()),
            class: schedule.map(|schedule| schedule.class().to_owned()),
            args: args.and_then(|args| RawValue::from_string(args).ok()),
            queue: schedule
                .and_then(Schedule::queue_name)
                .map(ToString::to_string),
            description: schedule
                .and_then(Schedule::description_text)
                .map(str::to_owned),
            catch_up: schedule.map(|schedule| schedule.missed_runs().to_string()),
            jitter_seconds: schedule.map(|schedule| schedule.most_jitter().as_secs_f64()),
            last_fired: status.last_fired.map(stamp),
            next_shown: status.next.map_or_else(String::new, shown),
            next: status.next.map(stamp),
            trouble: status.trouble.as_ref().map(|trouble| chain(trouble)),
            upcoming: None,
        }
    }

    fn state(&self) -> &'static str {
        match (&self.trouble, self.enabled, &self.class) {
            (Some(_), _, _) => "unreadable",
            (None, false, _) => "off",
            (None, true, None) => "declared",
            (None, true, Some(_)) => "",
        }
    }
}

pub(super) async fn list(store: &Store) -> Result<(), Failure> {
    let all = store.client.schedules()?.list().await?;
    store.out.answer(&Listing {
        schedules: all.into_iter().map(View::of).collect(),
    })
}

impl Answer for Listing {
    fn text(&self) -> String {
        let heading = ["name", "when", "class", "queue", "next", "state"];
        let mut table = Table::new(&heading);
        for view in &self.schedules {
            let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
            let (timing, class) = (text(&view.timing), text(&view.class));
            let queue = text(&view.queue);
            table.row([
                &view.name,
                &timing,
                &class,
                &queue,
                &view.next_shown,
                view.state(),
            ]);
        }
        let total = count(self.schedules.len() as u64, "schedule");
        format!("{}{total}\n", table.text())
    }
}

pub(super) async fn show(store: &Store, name: &str) -> Result<(), Failure> {
    let status = store.client.schedules()?.get(name).await?;
    let status = status.ok_or_else(|| no_such(name))?;
    let upcoming = upcoming(&status, store.client.store_time().await?);
    let mut view = View::of(status);
    view.upcoming = Some(upcoming);
    store.out.answer(&view)
}

/// The next runs of one that is switched on.
fn upcoming(status: &ScheduleStatus, now: SystemTime) -> Vec<String> {
    let on = status.schedule.as_ref().filter(|_| status.enabled);
    let runs = on.into_iter().flat_map(|schedule| schedule.upcoming(now));
    runs.take(RUNS).map(stamp).collect()
}

pub(super) fn no_such(name: &str) -> Failure {
    Failure::Undone(format!("there is no schedule {name}"))
}

impl Answer for View {
    fn text(&self) -> String {
        let mut table = Table::new(&["", ""]);
        let mut row = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                table.row([name, value]);
            }
        };
        row("name", Some(&self.name));
        row("description", self.description.as_deref());
        row("when", self.timing.as_deref());
        row("class", self.class.as_deref());
        row("arguments", self.args.as_ref().map(|args| args.get()));
        row("queue", self.queue.as_deref());
        row("missed runs", self.catch_up.as_deref());
        row(
            "state",
            Some(self.state()).filter(|state| !state.is_empty()),
        );
        row("trouble", self.trouble.as_deref());
        row("last fired", self.last_fired.as_deref());
        for run in self.upcoming.iter().flatten() {
            row("next", Some(run));
        }
        table.text().trim_start_matches('\n').to_owned()
    }
}
