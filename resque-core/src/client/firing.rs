//! The hooks of jobs that a schedule puts into their queues.

use super::Client;
use super::enqueue::Ready;
use crate::{QueueName, Result, Schedule};

impl Client {
    /// Whether a class has hooks that run when a schedule enqueues one of its jobs.
    pub(crate) fn has_firing_hooks(&self, class: &str) -> bool {
        self.class_named(class).has_enqueue_hooks()
    }

    /// Asks the hooks whether a run of a schedule may go into its queue.
    pub(crate) async fn before_firing(
        &self,
        schedule: &Schedule,
        queue: QueueName,
    ) -> Result<bool> {
        let job = self.ready_run(schedule, &queue)?;
        let context = self.context(&job);
        job.class.before_delayed_enqueue(&context).await?;
        job.class.before_enqueue(&context, false).await
    }

    /// Tells the hooks that a run of a schedule is in its queue.
    pub(crate) async fn after_firing(&self, schedule: &Schedule, queue: QueueName) -> Result<()> {
        let job = self.ready_run(schedule, &queue)?;
        job.class.after_enqueue(&self.context(&job), false).await
    }

    fn ready_run(&self, schedule: &Schedule, queue: &QueueName) -> Result<Ready> {
        schedule.job().to(queue.as_str()).ready(self)
    }
}
