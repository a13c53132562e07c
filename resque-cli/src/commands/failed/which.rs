//! Which failed jobs are meant.

use std::time::SystemTime;

use clap::Args;
use resque::{FailureEntry, FailureFilter, FailureId};

use crate::context::Store;
use crate::failure::Failure;
use crate::times::{self, Typed};

/// What records have to say to be meant.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Filter {
    /// Only jobs of this class
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,

    /// Only jobs that came from this queue
    #[arg(long, short, value_name = "QUEUE")]
    queue: Option<String>,

    /// Only this kind of error, such as Resque::DirtyExit
    #[arg(long, value_name = "NAME")]
    error: Option<String>,

    /// Only where message, class, worker or payload contain this text
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,

    /// Only what failed at or after this time, or not longer ago: 2026-11-20T23:00:25Z, 90m, 7d
    #[arg(long, value_name = "TIME", value_parser = times::time_or_ago)]
    since: Option<Typed>,

    /// Only what failed before this time, or longer ago
    #[arg(long, value_name = "TIME", value_parser = times::time_or_ago)]
    until: Option<Typed>,

    /// Only those that were put back before
    #[arg(long)]
    retried: bool,

    /// Only those that were not put back yet
    #[arg(long, conflicts_with = "retried")]
    not_retried: bool,
}

/// Which records are meant: some by id, those of a filter, or all.
#[derive(Clone, Debug, Args)]
pub(super) struct Which {
    /// Their ids
    #[arg(value_name = "ID")]
    ids: Vec<String>,

    #[command(flatten)]
    filter: Filter,

    /// All
    #[arg(long)]
    all: bool,
}

impl Filter {
    pub(super) fn seen_from(&self, now: SystemTime) -> FailureFilter {
        let mut filter = FailureFilter::default();
        filter.class = self.class.clone();
        filter.queue = self.queue.clone();
        filter.exception = self.error.clone();
        filter.text = self.text.clone();
        filter.since = self.since.map(|since| since.from(now));
        filter.until = self.until.map(|until| until.from(now));
        filter.retried = match (self.retried, self.not_retried) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
        filter
    }
}

impl Which {
    /// The ids of the records that are meant. With a filter the whole list is read once, in pages.
    ///
    /// They are found before anything is changed, so that a job that fails again at once is not
    /// put back again.
    pub(super) async fn find(
        &self,
        store: &Store,
        readable_only: bool,
    ) -> Result<Vec<FailureId>, Failure> {
        let filter = self.filter.seen_from(store.client.store_time().await?);
        let given = [!self.ids.is_empty(), !filter.is_empty(), self.all];
        if given.iter().filter(|&&given| given).count() != 1 {
            let reason = "name ids, or say which by --class, --queue, --error, --text, --since, \
                          --until, --retried or --not-retried, or say --all";
            return Err(Failure::setting("which failed jobs", reason));
        }
        if !self.ids.is_empty() {
            return Ok(self.ids.iter().map(|id| FailureId::new(&**id)).collect());
        }
        let failures = store.client.failures()?;
        let progress = store.out.progress(None, "looking");
        let mut ids = Vec::new();
        let visit = |entry: FailureEntry| {
            if !readable_only || entry.content.record().is_some() {
                ids.push(entry.id);
                progress.add(1);
            }
            true
        };
        failures.each(&filter, visit).await?;
        Ok(ids)
    }

    /// Whether records are named one by one.
    pub(super) fn is_by_id(&self) -> bool {
        !self.ids.is_empty()
    }
}
