//! `resque dequeue`: takes waiting jobs out of a queue.

use clap::Args;
use resque::QueueName;

use super::enqueue::arguments;
use crate::confirm::Sure;
use crate::context::Store;
use crate::failure::Failure;
use crate::output::Changed;

/// Take jobs of a class out of a queue: those with these arguments, or all
#[derive(Debug, Args)]
pub(crate) struct Dequeue {
    /// The class of the jobs
    #[arg(value_name = "CLASS")]
    class: String,

    /// Their arguments, each JSON or text as for `enqueue`; without any, all jobs of the class
    #[arg(value_name = "ARGS", allow_negative_numbers = true)]
    args: Vec<String>,

    /// The queue
    #[arg(long, short, value_name = "QUEUE")]
    queue: QueueName,

    /// Take all arguments as text
    #[arg(long)]
    strings: bool,

    /// Only jobs without arguments
    #[arg(long, conflicts_with = "args")]
    no_args: bool,

    #[command(flatten)]
    sure: Sure,
}

impl Dequeue {
    pub(crate) async fn run(self, store: &Store) -> Result<(), Failure> {
        let args = arguments(&self.args, self.strings)?;
        let args = (self.no_args || !args.is_empty()).then_some(args);
        let queue = self.queue.as_str();
        if args.is_none() {
            let what = format!("take all jobs of class {} out of {queue}", self.class);
            self.sure.about(&what)?;
        }
        let removed = store
            .client
            .dequeue_raw(queue, &self.class, args.as_ref())
            .await?;
        let Some(removed) = removed else {
            return Err(Failure::Undone("a before_dequeue hook said no".to_owned()));
        };
        store.out.answer(&Changed::new(removed, "job", "removed"))
    }
}
