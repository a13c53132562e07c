//! Moves delayed and failed jobs: each portion is written there before it is removed here.

use resque::{
    Cursor, DelayedEdit, DelayedJob, DelayedTo, Enqueue, Error, FailureEntry, FailureFilter,
    FailureId, FailureOrder, FailureQuery, FailureRecord,
};

use super::marks::is_mark;
use super::{Count, Stores};
use crate::failure::Failure;

/// How many jobs may be doubled when a move is killed.
const PORTION: usize = 100;

impl Stores {
    pub(super) async fn move_delayed(&self) -> Result<Count, Failure> {
        let source = self.source.queues();
        let Some(delayed) = source.delayed() else {
            return Ok(Count::default());
        };
        let found = delayed.count().await?;
        let progress = self.out.progress(Some(found), "moving delayed jobs");
        let mut cursor: Option<Cursor> = None;
        let mut moved = 0;
        loop {
            self.go_on()?;
            let page = delayed.list(cursor.as_ref(), PORTION).await?;
            let jobs: Vec<DelayedJob> = page.jobs.into_iter().filter(is_movable).collect();
            if jobs.is_empty() {
                match page.next {
                    Some(next) => cursor = Some(next),
                    None => break,
                }
                continue;
            }
            let items: Vec<Enqueue> = jobs.iter().filter_map(item).collect();
            self.target.queues().push(&items).await?;
            let edits: Vec<DelayedEdit> = jobs.into_iter().map(removal).collect();
            moved += gone(delayed.edit(&edits).await?)?;
            progress.add(edits.len() as u64);
        }
        Ok(Count {
            found,
            moved,
            left: delayed.count().await?,
        })
    }

    pub(super) async fn move_failed(&self) -> Result<Count, Failure> {
        let (source, target) = (self.source.failures(), self.target.failures());
        let found = source.count(None).await?;
        let progress = self.out.progress(Some(found), "moving failed jobs");
        let mut query = FailureQuery::new(FailureFilter::default())
            .order(FailureOrder::OldestFirst)
            .limit(PORTION);
        let mut moved = 0;
        loop {
            self.go_on()?;
            let page = source.list(&query).await?;
            let (ids, records) = readable(page.entries);
            if ids.is_empty() {
                match page.next {
                    Some(next) => query = query.from(Some(next)),
                    None => break,
                }
                continue;
            }
            target.record(&records).await?;
            moved += gone(source.remove(&ids).await?)?;
            progress.add(ids.len() as u64);
        }
        Ok(Count {
            found,
            moved,
            left: source.count(None).await?,
        })
    }
}

/// What names a queue can wait elsewhere too; the marks of another move belong where they are.
fn is_movable(job: &DelayedJob) -> bool {
    job.queue.is_some() && !is_mark(job)
}

fn item(job: &DelayedJob) -> Option<Enqueue> {
    let queue = job.queue.clone()?;
    Some(Enqueue::at(queue, job.payload.clone(), job.due))
}

fn removal(job: DelayedJob) -> DelayedEdit {
    DelayedEdit {
        id: job.id,
        to: DelayedTo::Nowhere,
    }
}

/// Records that can be read, with their ids; the others stay.
fn readable(entries: Vec<FailureEntry>) -> (Vec<FailureId>, Vec<FailureRecord>) {
    let record = |entry: FailureEntry| {
        let record = entry.content.record()?.clone();
        Some((entry.id, record))
    };
    entries.into_iter().filter_map(record).unzip()
}

/// How many are gone from here: removed now, or by somebody else meanwhile.
fn gone(answers: Vec<resque::Result<()>>) -> Result<u64, Failure> {
    let (mut removed, mut others) = (0, 0);
    for answer in answers {
        match answer {
            Ok(()) => removed += 1,
            Err(Error::Conflict { .. }) => others += 1,
            Err(error) => return Err(error.into()),
        }
    }
    if removed == 0 {
        // Written there and not removable here: to go on would double them without end.
        let reason = "somebody else changes the first store at the same time; try again later";
        return Err(Failure::Undone(reason.to_owned()));
    }
    Ok(removed + others)
}
