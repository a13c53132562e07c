//! Reading jobs for a search, until enough were found or read.

use resque_core::{Cursor, FailureQuery, Held, Page, Payload, QueueName, Result, WorkerStatus};

use super::{BUDGET, Found, LIMIT, Place, Position, filter};
use crate::state::App;
use crate::view::{FailureRow, JobView, Moment, is_seen, keep_seen};

/// How many jobs are read in one call.
const CHUNK: u32 = 500;
/// Into how many queues one page looks at most.
const MOST_QUEUES: usize = 200;

/// A search under way. Each method reads one place, and answers where to go on in it.
pub(super) struct Scan<'a> {
    app: &'a App,
    /// What is looked for, in lower case.
    text: String,
    queue: Option<QueueName>,
    pub(super) found: Vec<Found>,
    pub(super) read: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn new(app: &'a App, text: &str, queue: Option<QueueName>) -> Self {
        Self {
            app,
            text: text.to_lowercase(),
            queue,
            found: Vec::new(),
            read: 0,
        }
    }

    /// Whether the page is.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= LIMIT || self.read >= BUDGET
    }

    fn is_of(&self, queue: &str) -> bool {
        let wanted = self.queue.as_ref().map(QueueName::as_str);
        wanted.is_none_or(|wanted| wanted == queue)
    }

    fn is_wanted(&self, payload: &Payload) -> bool {
        is_seen(payload, &self.text, self.app.redaction())
    }

    /// Looks at what workers hold, which is read as a whole.
    pub(super) async fn working(&mut self) -> Result<Option<Position>> {
        let working = self.app.client().working().await?;
        for worker in &working {
            let Some(held) = &worker.holds else { continue };
            self.read += 1;
            if self.is_of(&held.queue) && self.is_wanted(&held.payload) {
                self.found.push(self.held(worker, held));
            }
        }
        // More than fit on a page are shown on one: they change while they are read.
        Ok(None)
    }

    fn held(&self, worker: &WorkerStatus, held: &Held) -> Found {
        Found {
            place: Place::Working,
            queue: held.queue.clone(),
            at: None,
            worker: Some(worker.id.as_str().to_owned()),
            id: None,
            time: held.since.map(Moment::new),
            job: JobView::new(&held.payload, self.app.redaction()),
        }
    }

    /// Looks into queues, in the order of their names.
    pub(super) async fn queued(&mut self, from: &str, behind: u32) -> Result<Option<Position>> {
        let listing = self.app.client().queue_listing().await?;
        let filled = listing.queues.iter().filter(|queue| queue.length > 0);
        let names = filled.map(|queue| &queue.name);
        let wanted = names.filter(|name| self.is_of(name.as_str()) && name.as_str() >= from);
        let wanted: Vec<QueueName> = wanted.cloned().collect();
        for (looked, name) in wanted.iter().enumerate() {
            if looked >= MOST_QUEUES || self.is_full() {
                return Ok(Some(Position::Queued(name.as_str().to_owned(), 0)));
            }
            let behind = if name.as_str() == from { behind } else { 0 };
            if let Some(rest) = self.queue(name, behind).await? {
                return Ok(Some(rest));
            }
        }
        Ok(None)
    }

    async fn queue(&mut self, name: &QueueName, mut behind: u32) -> Result<Option<Position>> {
        loop {
            let page = Page::new(behind, CHUNK);
            let jobs = self.app.client().peek(name.as_str(), page).await?;
            let is_last = jobs.len() < CHUNK as usize;
            for job in jobs {
                if self.is_full() {
                    return Ok(Some(Position::Queued(name.as_str().to_owned(), behind)));
                }
                self.read += 1;
                if self.is_wanted(job.payload()) {
                    self.found.push(Found {
                        place: Place::Queued,
                        queue: name.as_str().to_owned(),
                        at: Some(behind),
                        worker: None,
                        id: None,
                        time: None,
                        job: JobView::new(job.payload(), self.app.redaction()),
                    });
                }
                behind = behind.saturating_add(1);
            }
            if is_last {
                return Ok(None);
            }
        }
    }

    /// Looks at jobs that wait for their time, where there can be any. A page is read to its end,
    /// so that none of it is passed over.
    pub(super) async fn delayed(&mut self, cursor: Option<Cursor>) -> Result<Option<Position>> {
        let Ok(delayed) = self.app.client().delayed() else {
            return Ok(None);
        };
        let mut cursor = cursor;
        loop {
            if self.is_full() {
                return Ok(Some(Position::Delayed(cursor)));
            }
            let page = delayed.page(cursor.as_ref(), CHUNK as usize / 2).await?;
            for job in &page.jobs {
                self.read += 1;
                let queue = job.queue.as_ref().map_or("", QueueName::as_str);
                if self.is_of(queue) && self.is_wanted(&job.payload) {
                    self.found.push(Found {
                        place: Place::Delayed,
                        queue: queue.to_owned(),
                        at: None,
                        worker: None,
                        id: Some(job.id.as_str().to_owned()),
                        time: Some(job.due.into()),
                        job: JobView::new(&job.payload, self.app.redaction()),
                    });
                }
            }
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(None),
            }
        }
    }

    /// Looks at failed jobs, the newest first.
    pub(super) async fn failed(&mut self, cursor: Option<Cursor>) -> Result<Option<Position>> {
        let failures = self.app.client().failures()?;
        let mut query = FailureQuery::new(filter(&self.text, self.queue.as_ref())).from(cursor);
        loop {
            if self.is_full() {
                return Ok(Some(Position::Failed(query.cursor)));
            }
            query.limit = LIMIT - self.found.len();
            query.scan_budget = BUDGET - self.read;
            let mut page = failures.page(&query).await?;
            self.read += page.scanned;
            keep_seen(&mut page.entries, &self.text, self.app.redaction());
            for entry in &page.entries {
                let row = FailureRow::new(entry, self.app.redaction());
                self.found.push(Found {
                    place: Place::Failed,
                    queue: row.queue,
                    at: None,
                    worker: None,
                    id: Some(row.id),
                    time: row.failed_at,
                    job: row.job,
                });
            }
            match page.next {
                Some(next) if page.scanned > 0 => query.cursor = Some(next),
                _ => return Ok(None),
            }
        }
    }
}
