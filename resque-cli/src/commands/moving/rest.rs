//! Moves delayed and failed jobs: each portion is written there before it is removed here.
//!
//! What was written and not yet removed when a move was killed is found again, so that it is not
//! written twice: [`Delayed`] by a lease that the other store takes in the step that writes, and
//! [`Failed`] by what has come to the other store. A portion is known by what it holds and by how many
//! there were in all, which a removal changes; whoever adds some meanwhile, here or as failed jobs
//! there, makes it another portion, which is doubled at the worst, and never lost.

mod delayed;
mod failed;

pub(super) use self::delayed::Delayed;
pub(super) use self::failed::Failed;

use super::{Count, Stores};
use crate::failure::Failure;

/// How many jobs are written in one step.
const PORTION: usize = 100;

impl Stores {
    pub(super) async fn move_delayed(&self, id: i64) -> Result<Count, Failure> {
        let Some(mut moving) = Delayed::begin(self, id).await? else {
            return Ok(Count::default());
        };
        let found = moving.count().await?;
        let progress = self.out.progress(Some(found), "moving delayed jobs");
        let mut moved = 0;
        while let Some(jobs) = moving.portion().await? {
            self.go_on()?;
            moving.write(&jobs).await?;
            moved += moving.remove(&jobs).await?;
            progress.add(jobs.len() as u64);
        }
        let left = moving.count().await?;
        moving.end().await?;
        Ok(Count { found, moved, left })
    }

    pub(super) async fn move_failed(&self) -> Result<Count, Failure> {
        let mut moving = Failed::begin(self).await?;
        let found = moving.count().await?;
        let progress = self.out.progress(Some(found), "moving failed jobs");
        let mut moved = 0;
        while let Some((ids, records)) = moving.portion().await? {
            self.go_on()?;
            moving.write(&records).await?;
            moved += moving.remove(&ids).await?;
            progress.add(ids.len() as u64);
        }
        let left = moving.count().await?;
        moving.end().await?;
        Ok(Count { found, moved, left })
    }
}

/// How many are gone from here: removed now, or by somebody else meanwhile.
fn gone(answers: Vec<resque::Result<()>>) -> Result<u64, Failure> {
    let (mut removed, mut others) = (0, 0);
    for answer in answers {
        match answer {
            Ok(()) => removed += 1,
            Err(resque::Error::Conflict { .. }) => others += 1,
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
