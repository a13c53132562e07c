//! Showing failed jobs.

use clap::Args;
use resque::wire::extra::Extras;
use resque::{
    Cursor, FailureContent, FailureEntry, FailureFilter, FailureId, FailureOrder, FailureQuery,
};
use serde::Serialize;

use super::which::Filter;
use crate::context::Store;
use crate::failure::Failure;
use crate::output::{Answer, JobView, Table, count};
use crate::text::{cut, one_line};
use crate::times::{shown, stamp};

/// How many columns of an error a list shows.
const ERROR: usize = 60;
/// How many records are read for one page at most, so that a page of a list of millions is quick.
const BUDGET: usize = 20_000;

/// Which part of the list.
#[derive(Clone, Debug, Args)]
pub(super) struct Paging {
    /// How many to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,

    /// Go on where the page before ended
    #[arg(long, value_name = "CURSOR")]
    from: Option<String>,

    /// The oldest first
    #[arg(long)]
    oldest_first: bool,
}

impl Default for Paging {
    fn default() -> Self {
        Self {
            limit: 20,
            from: None,
            oldest_first: false,
        }
    }
}

#[derive(Debug, Serialize)]
struct Listing {
    /// How many there are in all, whatever the filter.
    count: u64,
    failures: Vec<View>,
    /// What `--from` takes for the next page, if there may be one.
    next: Option<String>,
}

/// A record: everything but `id` and `payload` is null if nobody can read it.
#[derive(Debug, Serialize)]
struct View {
    id: String,
    failed_at: Option<String>,
    retried_at: Option<String>,
    queue: Option<String>,
    worker: Option<String>,
    #[serde(flatten)]
    job: JobView,
    exception: Option<String>,
    error: Option<String>,
    backtrace: Option<Vec<String>>,
    /// How many attempts have come to an end.
    attempts: Option<u32>,
    #[serde(skip)]
    when: String,
}

impl View {
    fn of(entry: FailureEntry) -> Self {
        let id = entry.id.as_str().to_owned();
        match entry.content {
            FailureContent::Record(record) => Self {
                id,
                when: shown(record.failed_at),
                failed_at: Some(stamp(record.failed_at)),
                retried_at: record.retried_at.map(stamp),
                attempts: Some(Extras::read(record.payload.as_bytes()).attempts.max(1)),
                job: JobView::of(&record.payload),
                queue: Some(record.queue),
                worker: Some(record.worker),
                exception: Some(record.exception),
                error: Some(record.error),
                backtrace: Some(record.backtrace),
            },
            FailureContent::Unreadable(bytes) => Self {
                id,
                failed_at: None,
                retried_at: None,
                queue: None,
                worker: None,
                job: JobView {
                    class: None,
                    args: None,
                    payload: bytes.to_text_lossy().into_owned(),
                },
                exception: None,
                error: None,
                backtrace: None,
                attempts: None,
                when: String::new(),
            },
        }
    }

    fn what(&self) -> String {
        match (&self.exception, &self.error) {
            (Some(exception), Some(error)) => format!("{exception}: {error}"),
            _ => "(a record that nobody can read)".to_owned(),
        }
    }
}

pub(super) async fn list(store: &Store, filter: Filter, page: Paging) -> Result<(), Failure> {
    let failures = store.client.failures()?;
    let filter = filter.seen_from(store.client.store_time().await?);
    let order = if page.oldest_first {
        FailureOrder::OldestFirst
    } else {
        FailureOrder::NewestFirst
    };
    let query = FailureQuery::new(filter)
        .order(order)
        .from(page.from.map(Cursor::new))
        .limit(page.limit as usize)
        .scan_budget(BUDGET);
    let found = failures.page(&query).await?;
    store.out.answer(&Listing {
        count: failures.count().await?,
        failures: found.entries.into_iter().map(View::of).collect(),
        next: found.next.map(|next| next.as_str().to_owned()),
    })
}

impl Answer for Listing {
    fn text(&self) -> String {
        let mut table = Table::new(&["id", "failed at", "queue", "class", "error", ""]);
        for view in &self.failures {
            let queue = view.queue.as_deref().unwrap_or_default();
            let retried = if view.retried_at.is_some() {
                "retried"
            } else {
                ""
            };
            let what = view.what();
            let what = one_line(&what);
            let what = cut(&what, ERROR);
            table.row([&view.id, &view.when, queue, view.job.name(), &what, retried]);
        }
        let mut text = table.text();
        text.push_str(&format!("{} in all\n", count(self.count, "failed job")));
        if let Some(next) = &self.next {
            text.push_str(&format!("more: --from '{next}'\n"));
        }
        text
    }
}

#[derive(Debug, Serialize)]
struct Shown {
    failures: Vec<View>,
}

pub(super) async fn show(store: &Store, ids: Vec<String>) -> Result<(), Failure> {
    let mut wanted: Vec<FailureId> = ids.into_iter().map(FailureId::new).collect();
    let mut found = Vec::new();
    let visit = |entry: FailureEntry| {
        if let Some(at) = wanted.iter().position(|id| *id == entry.id) {
            wanted.swap_remove(at);
            found.push(View::of(entry));
        }
        !wanted.is_empty()
    };
    let all = FailureFilter::default();
    store.client.failures()?.each(&all, visit).await?;
    store.out.answer(&Shown { failures: found })?;
    match wanted.first() {
        None => Ok(()),
        Some(id) => Err(Failure::Undone(format!("there is no failed job {id}"))),
    }
}

impl Answer for Shown {
    fn text(&self) -> String {
        let records: Vec<String> = self.failures.iter().map(record).collect();
        records.join("\n")
    }
}

fn record(view: &View) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        text.push_str(format!("{name:<11}{}", one_line(value)).trim_end());
        text.push('\n');
    };
    row("id", &view.id);
    row("class", view.job.name());
    let args = view.job.args.as_ref();
    row("arguments", args.map_or("", |args| args.get()));
    row("queue", view.queue.as_deref().unwrap_or_default());
    row("failed at", &view.when);
    row("retried at", view.retried_at.as_deref().unwrap_or("–"));
    row("worker", view.worker.as_deref().unwrap_or_default());
    row("attempts", &view.attempts.unwrap_or(1).to_string());
    row("error", &view.what());
    row("payload", &view.job.payload);
    for frame in view.backtrace.iter().flatten() {
        row("", frame);
    }
    text
}
