//! Finding out which schedules there are.

use std::collections::BTreeMap;

use super::plan::Followed;
use super::{Plan, ScheduleSettings, Scheduler};
use crate::worker::operation::Operation;
use crate::{Begin, Error, Result, Schedule, ScheduleEntry, ScheduleName, ScheduleStore};

impl Scheduler {
    /// Reads which schedules there are, and begins to follow them.
    pub(super) async fn load(
        &self,
        store: &dyn ScheduleStore,
        settings: &ScheduleSettings,
        plan: &mut Plan,
    ) -> Result<()> {
        let listing = store.list().await?;
        let mut chosen = self.choose(settings, &listing.entries);
        chosen.retain(|name, _| listing.get(name.as_str()).is_none_or(|entry| entry.enabled));
        let begins: Vec<Begin> = chosen
            .iter()
            .map(|(name, (schedule, _))| Begin {
                name: name.clone(),
                timing: schedule.timing_line(),
            })
            .collect();
        let begun = store.begin(&begins, self.core.store_clock.now()).await?;
        plan.followed.clear();
        for ((name, (schedule, stored)), settled) in chosen.into_iter().zip(begun) {
            let mut settled = match settled {
                Ok(settled) => settled,
                Err(error) => {
                    self.link.failed(Operation::BEGIN_A_SCHEDULE, error);
                    continue;
                }
            };
            if let Some(entry) = listing.get(name.as_str())
                && let Some(elsewhere) = entry.fired_elsewhere
                && schedule.is_shared_with_ruby()
            {
                settled = settled.max(elsewhere);
            }
            let Some(queue) = schedule.queue_name().cloned() else {
                let why = "it is missing; write the name of a queue";
                self.link.failed(
                    Operation::READ_A_SCHEDULE,
                    Error::schedule(name.as_str(), "queue", why),
                );
                continue;
            };
            plan.followed
                .push(Followed::new(schedule, queue, stored, settled));
        }
        Ok(())
    }

    /// The schedules to follow, each with whether it is stored; what is stored counts more than
    /// what is declared.
    fn choose(
        &self,
        settings: &ScheduleSettings,
        entries: &[ScheduleEntry],
    ) -> BTreeMap<ScheduleName, (Schedule, bool)> {
        let declared = settings.declared.iter().cloned();
        let mut chosen: BTreeMap<_, _> = declared
            .map(|schedule| (schedule.name().clone(), (schedule, false)))
            .collect();
        let stored = entries.iter().filter(|_| settings.stored);
        for entry in stored {
            let Some(definition) = &entry.definition else {
                continue;
            };
            match Schedule::from_definition(&entry.name, definition) {
                Ok(schedule) => {
                    chosen.insert(entry.name.clone(), (schedule, true));
                }
                Err(error) => self.link.failed(Operation::READ_A_SCHEDULE, error),
            }
        }
        let environment = settings.environment.as_deref();
        chosen.retain(|_, (schedule, _)| {
            schedule.is_enabled() && schedule.timing().is_some() && schedule.runs_in(environment)
        });
        chosen
    }
}
