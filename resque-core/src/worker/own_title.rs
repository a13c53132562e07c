//! What the title of the worker's process says about it.

use super::core::Core;
use super::settings::Settings;
use super::{Phase, ProcessTitle};

/// The title of a worker, if it shows one. It changes when the worker as a whole does something
/// else, not with every job.
#[derive(Debug)]
pub(crate) struct Title {
    shown: Option<ProcessTitle>,
    queues: String,
}

impl Title {
    pub(crate) fn new(settings: &Settings) -> Self {
        let queues: Vec<_> = settings
            .pools
            .iter()
            .map(|pool| pool.queues.id_part())
            .collect();
        Self {
            shown: settings.titles.as_deref().map(ProcessTitle::new),
            queues: queues.join(","),
        }
    }

    /// The worker has nothing to do, or does something else as a whole.
    pub(crate) fn phase(&self, phase: Phase) {
        let Some(title) = &self.shown else {
            return;
        };
        match phase {
            Phase::Starting | Phase::StartingPaused => title.show("Starting"),
            Phase::Working => title.show(&format!("Waiting for {}", self.queues)),
            Phase::Paused => title.show("Paused"),
            Phase::Finishing | Phase::Stopping | Phase::Cancelling | Phase::Abandoning => {
                title.show("Stopping");
            }
            Phase::Stopped => {}
        }
    }

    /// Jobs run. Whoever performs them in other processes tells more about them.
    pub(crate) fn busy(&self, core: &Core) {
        if let (Some(title), None) = (&self.shown, &core.settings.isolation) {
            title.show_processing(&self.queues, core.clock.now(), None);
        }
    }
}
