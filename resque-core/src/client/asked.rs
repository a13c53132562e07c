//! The enqueue hooks of many jobs: asked before, told afterwards.

use std::fmt;
use std::sync::Arc;

use super::classes::Class;
use super::enqueue::Ready;
use super::{Client, Enqueued};
use crate::{EnqueueContext, Result};

/// The hooks of a job, what they are told, and whether the job waits for its time.
type Asked = (Arc<Class>, EnqueueContext, bool);

/// Who has to be told when the jobs are in the store.
pub(super) struct Told {
    /// How many jobs there were, with those that were refused.
    jobs: usize,
    /// The place of each job that nobody refused, and its hooks if it has any.
    taken: Vec<(usize, Option<Asked>)>,
}

impl Client {
    /// Asks the hooks of each job and answers those jobs that nobody refused.
    pub(super) async fn ask_hooks(&self, jobs: Vec<Ready>) -> Result<(Vec<Ready>, Told)> {
        let mut told = Told {
            jobs: jobs.len(),
            taken: Vec::with_capacity(jobs.len()),
        };
        let mut taken = Vec::with_capacity(jobs.len());
        for (place, job) in jobs.into_iter().enumerate() {
            let mut hooks = None;
            if job.class.has_enqueue_hooks() {
                let context = self.context(&job);
                let waits = job.due.is_some();
                if !job.class.before_enqueue(&context, waits).await? {
                    continue;
                }
                hooks = Some((job.class.clone(), context, waits));
            }
            told.taken.push((place, hooks));
            taken.push(job);
        }
        Ok((taken, told))
    }
}

impl Told {
    /// Tells the hooks, and answers what became of all jobs given what became of those not refused.
    pub(super) async fn tell(self, put: Vec<Enqueued>) -> Result<Vec<Enqueued>> {
        let mut outcomes = vec![Enqueued::Refused; self.jobs];
        for ((place, hooks), outcome) in self.taken.into_iter().zip(put) {
            outcomes[place] = outcome;
            if let Some((class, context, waits)) = hooks {
                class.after_enqueue(&context, waits).await?;
            }
        }
        Ok(outcomes)
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Told")
            .field("jobs", &self.jobs)
            .field("taken", &self.taken.len())
            .finish()
    }
}
