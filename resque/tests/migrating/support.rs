//! The page, and what its rows use.

use std::cell::RefCell;
use std::collections::BTreeSet;

pub(crate) use std::time::Duration;

pub(crate) use resque::testing::{Drained, drain};
pub(crate) use resque::worker::{Phase, Polling, WorkerEnv};
pub(crate) use resque::{
    Backend, Client, Enqueued, FailureFilter, FailureQuery, FailureRecord, FailureRetry, Handlers,
    Hooks, Job, JobContext, JobError, JobFailure, JobResult, MassRemove, NewJob, Page, Payload,
    Performed, Performer, QueueList, QueueName, QueuedJob, Worker, WorkerContext, WorkerHooks,
    WorkerId, args, connect,
};
use serde::{Deserialize, Serialize};

pub(crate) type TestResult = Result<(), Box<dyn std::error::Error>>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Archive {
    repo_id: u64,
    branch: String,
}

impl Job for Archive {
    const CLASS: &'static str = "Archive";
    const QUEUE: &'static str = "file_serve";

    async fn perform(self, _ctx: &JobContext) -> JobResult {
        Ok(())
    }
}

pub(crate) fn job() -> Archive {
    Archive {
        repo_id: 44,
        branch: "masterbrew".to_owned(),
    }
}

pub(crate) fn handlers() -> Handlers {
    Handlers::new().register::<Archive>()
}

/// Enqueues a job and performs it.
pub(crate) async fn run(
    client: &Client,
    handlers: Handlers,
    job: &Archive,
) -> resque::Result<Drained> {
    client.enqueue(job).await?;
    drain(client, handlers).await
}

/// Makes two tests of each function, one in memory and one on Redis.
macro_rules! on_each_store {
    ($($rows:ident),+) => {
        mod in_memory {
            use crate::support::{TestResult, connect};
            $(#[tokio::test]
            async fn $rows() -> TestResult {
                super::$rows(connect("memory:").await?).await
            })+
        }

        #[cfg(feature = "redis")]
        mod on_redis {
            use crate::support::{TestResult, connect, redis_url};
            $(#[tokio::test]
            async fn $rows() -> TestResult {
                let client = crate::support::Client::new(connect(&redis_url(stringify!($rows))?).await?);
                client.flush().await?;
                let store = client.backend().cloned().ok_or("no store")?;
                let result = super::$rows(store).await;
                client.flush().await?;
                result
            })+
        }
    };
}
pub(crate) use on_each_store;

/// A namespace of this test alone on the server that all tests share.
#[cfg(feature = "redis")]
pub(crate) fn redis_url(name: &str) -> Result<String, Box<dyn std::error::Error>> {
    let server = resque_testserver::shared_redis()?;
    let run = resque_testserver::this_run();
    Ok(format!("{}?namespace=migrating-{run}-{name}", server.url()))
}

/// Runs the code of a row, and notes that it ran.
macro_rules! row {
    ($page:ident: $($code:tt)+) => {{
        $page.ran(stringify!($($code)+));
        $($code)+
    }};
}
pub(crate) use row;

/// One row of the page.
pub(crate) struct Row {
    pub(crate) section: String,
    pub(crate) theirs: String,
    ours: String,
}

/// All rows that show code of ours.
pub(crate) fn rows() -> Vec<Row> {
    let page = include_str!("../../../docs/migrating.md");
    let mut section = String::new();
    let mut rows = Vec::new();
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title.to_owned();
        }
        // Pipes inside code are escaped.
        let cells: Vec<String> = line
            .replace("\\|", "\0")
            .split('|')
            .map(|cell| cell.replace('\0', "|"))
            .collect();
        if let [_, theirs, ours, ..] = &cells[..]
            && let Some(code) = ours
                .trim()
                .strip_prefix('`')
                .and_then(|c| c.strip_suffix('`'))
        {
            let (theirs, ours) = (theirs.trim().to_owned(), bare(code));
            let section = section.clone();
            rows.push(Row {
                section,
                theirs,
                ours,
            });
        }
    }
    rows
}

/// Code without white space, which the compiler does not keep.
fn bare(code: &str) -> String {
    code.split_whitespace().collect()
}

/// One section of the page while a test runs its rows.
pub(crate) struct Section {
    title: &'static str,
    shown: Vec<String>,
    ran: RefCell<BTreeSet<String>>,
}

impl Section {
    pub(crate) fn of(title: &'static str) -> Self {
        let of_section = rows().into_iter().filter(|row| row.section == title);
        Self {
            title,
            shown: of_section.map(|row| row.ours).collect(),
            ran: RefCell::default(),
        }
    }

    pub(crate) fn ran(&self, code: &str) {
        let code = bare(code);
        assert!(
            self.shown.contains(&code),
            "{:?} does not show this row, which ran: {code}",
            self.title
        );
        self.ran.borrow_mut().insert(code);
    }

    /// Every row must have run.
    pub(crate) fn finish(self) {
        let ran = self.ran.into_inner();
        let idle: Vec<&String> = self
            .shown
            .iter()
            .filter(|code| !ran.contains(*code))
            .collect();
        assert!(
            idle.is_empty(),
            "{:?} shows rows that did not run: {idle:#?}",
            self.title
        );
        assert!(!ran.is_empty(), "{:?} has no rows", self.title);
    }
}
