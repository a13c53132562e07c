//! Taking waiting jobs out of a queue by what they are.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use super::classes::{Class, check_class, queue_named};
use super::encode::Encoded;
use super::limits::free_locks;
use super::{CHUNK, Client};
use crate::wire::payload::matches;
use crate::{Backend, Edit, EditTo, EnqueueContext, Job, Page, Payload, QueueName, Result};

/// Which jobs are meant.
pub(super) struct Wanted {
    class_name: String,
    class: Arc<Class>,
    queue: QueueName,
    /// All of the class if there are none.
    args: Option<Bytes>,
}

impl Client {
    /// Takes all jobs with the class and the arguments of this one out of the queue of the class,
    /// and answers how many there were; `None` when a `before_dequeue` hook said no.
    ///
    /// Arguments are compared by their content, numbers by their exact text, so that a job which
    /// another client wrote with other spacing or key order is found too.
    ///
    /// # Errors
    ///
    /// As for [`Client::enqueue`].
    pub fn dequeue<'a, J: Job>(
        &'a self,
        job: &J,
    ) -> impl Future<Output = Result<Option<u64>>> + Send + use<'a, J> {
        self.dequeue_wanted(self.wanted_like(job))
    }

    /// Takes all jobs of a class out of its queue; else as [`dequeue`](Client::dequeue).
    ///
    /// # Errors
    ///
    /// As for [`dequeue`](Client::dequeue).
    pub fn dequeue_class<J: Job>(
        &self,
    ) -> impl Future<Output = Result<Option<u64>>> + Send + use<'_, J> {
        self.dequeue_wanted(self.wanted::<J>(None))
    }

    /// Takes jobs out of a queue that are known by their class name only, those with these
    /// arguments or all; else as [`dequeue`](Client::dequeue).
    ///
    /// # Errors
    ///
    /// As for [`dequeue`](Client::dequeue).
    pub fn dequeue_raw<'a, A: Serialize + ?Sized>(
        &'a self,
        queue: &str,
        class: &str,
        args: Option<&A>,
    ) -> impl Future<Output = Result<Option<u64>>> + Send + use<'a, A> {
        self.dequeue_wanted(self.wanted_raw(queue, class, args))
    }

    /// Takes jobs out of a queue without running hooks, as Ruby's `Job.destroy` does; else as
    /// [`dequeue_raw`](Client::dequeue_raw).
    ///
    /// # Errors
    ///
    /// As for [`dequeue`](Client::dequeue).
    pub fn destroy<'a, A: Serialize + ?Sized>(
        &'a self,
        queue: &str,
        class: &str,
        args: Option<&A>,
    ) -> impl Future<Output = Result<u64>> + Send + use<'a, A> {
        let wanted = self.wanted_raw(queue, class, args);
        async move { self.remove_wanted(&wanted?).await }
    }

    pub(super) fn wanted_like<J: Job>(&self, job: &J) -> Result<Wanted> {
        let encoded = Encoded::new(J::CLASS, job)?;
        self.wanted::<J>(Some(encoded.args()))
    }

    fn wanted<J: Job>(&self, args: Option<Bytes>) -> Result<Wanted> {
        let class = self.class_of::<J>();
        let queue = class.queue_of::<J>()?;
        check_class(J::CLASS)?;
        Ok(Wanted {
            class_name: J::CLASS.to_owned(),
            class,
            queue,
            args,
        })
    }

    fn wanted_raw<A: Serialize + ?Sized>(
        &self,
        queue: &str,
        class: &str,
        args: Option<&A>,
    ) -> Result<Wanted> {
        let queue = queue_named(queue, class)?;
        check_class(class)?;
        let encoded = args.map(|args| Encoded::new(class, args)).transpose()?;
        Ok(Wanted {
            class_name: class.to_owned(),
            class: self.class_named(class),
            queue,
            args: encoded.map(|encoded| encoded.args()),
        })
    }

    pub(super) async fn dequeue_wanted(&self, wanted: Result<Wanted>) -> Result<Option<u64>> {
        let wanted = wanted?;
        let Wanted {
            class_name,
            class,
            queue,
            args,
        } = &wanted;
        let context = EnqueueContext::new(class_name, queue.clone(), args.clone(), self.clone());
        if !class.before_dequeue(&context).await? {
            return Ok(None);
        }
        let removed = self.remove_wanted(&wanted).await?;
        class.after_dequeue(&context).await?;
        Ok(Some(removed))
    }

    async fn remove_wanted(&self, wanted: &Wanted) -> Result<u64> {
        let store = self.store("dequeueing")?;
        let found = find(store, wanted).await?;
        let edits: Vec<Edit> = found
            .into_iter()
            .map(|payload| Edit {
                queue: wanted.queue.clone(),
                payload,
                at_most: u64::MAX,
                to: EditTo::Nowhere,
            })
            .collect();
        let mut removed = 0;
        for chunk in edits.chunks(CHUNK) {
            let counts = store.queues().edit(chunk).await?;
            removed += counts.iter().sum::<u64>();
            let gone = chunk.iter().zip(counts).filter(|(_, count)| *count > 0);
            let gone = gone.map(|(edit, _)| &edit.payload);
            free_locks(store, wanted.class.limits.as_deref(), gone).await?;
        }
        Ok(removed)
    }
}

/// The different payloads in the queue that are meant.
///
/// The queue is read from its end: while it is read, jobs leave at the front and come at the end,
/// so that seen from the end nothing moves out of the part that is still to be read.
async fn find(store: &Backend, wanted: &Wanted) -> Result<HashSet<Payload>> {
    let step = CHUNK as i64;
    let mut found = HashSet::new();
    let mut from_end = 0;
    loop {
        from_end += step;
        let page = Page::ruby(-from_end, step);
        let payloads = store.queues().peek(&wanted.queue, page).await?;
        let last = payloads.len() < CHUNK;
        found.extend(payloads.into_iter().filter(|payload| {
            matches(
                payload.as_bytes(),
                &wanted.class_name,
                wanted.args.as_deref(),
            )
        }));
        if last {
            return Ok(found);
        }
    }
}
