//! Mutants whose queues, edits and pushes are wrong.

use std::slice::from_ref;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use resque_core::{
    Backend, DelayedEdit, DelayedTo, Edit, EditTo, Enqueue, Error, Page, Payload, Pushed,
    QueueListing, QueueName, Result,
};

use super::harness::Surroundings;
use super::twist::{Twist, ability, locked};

/// A queue without jobs is not listed.
#[derive(Debug)]
pub(crate) struct ForgetsEmptyQueues;

#[async_trait]
impl Twist for ForgetsEmptyQueues {
    async fn queues(&self, inner: &Backend) -> Result<QueueListing> {
        let mut listing = inner.queues().queues().await?;
        listing.queues.retain(|status| status.length > 0);
        Ok(listing)
    }
}

/// A deleted queue is emptied and stays.
#[derive(Debug)]
pub(crate) struct DeletingLeavesTheName;

#[async_trait]
impl Twist for DeletingLeavesTheName {
    async fn delete_queue(&self, inner: &Backend, queue: &QueueName) -> Result<u64> {
        let deleted = inner.queues().delete_queue(queue).await?;
        inner.queues().create_queue(queue).await?;
        Ok(deleted)
    }
}

/// Deleting a queue starts it.
#[derive(Debug)]
pub(crate) struct DeletingStarts;

#[async_trait]
impl Twist for DeletingStarts {
    async fn delete_queue(&self, inner: &Backend, queue: &QueueName) -> Result<u64> {
        ability!(inner, control).set_stopped(queue, false).await?;
        inner.queues().delete_queue(queue).await
    }
}

/// The length of a queue is that of all of them.
#[derive(Debug)]
pub(crate) struct MeasuresAllQueues;

#[async_trait]
impl Twist for MeasuresAllQueues {
    async fn length(&self, inner: &Backend, _: &QueueName) -> Result<u64> {
        let listing = inner.queues().queues().await?;
        Ok(listing.queues.iter().map(|status| status.length).sum())
    }
}

/// Deleting a queue deletes those whose names begin alike.
#[derive(Debug)]
pub(crate) struct DeletesByPrefix;

#[async_trait]
impl Twist for DeletesByPrefix {
    async fn delete_queue(&self, inner: &Backend, queue: &QueueName) -> Result<u64> {
        for name in inner.queues().queues().await?.names() {
            if name != queue && name.as_str().starts_with(queue.as_str()) {
                inner.queues().delete_queue(name).await?;
            }
        }
        inner.queues().delete_queue(queue).await
    }
}

/// Every queue that is made is said to be new.
#[derive(Debug)]
pub(crate) struct EveryQueueIsNew;

#[async_trait]
impl Twist for EveryQueueIsNew {
    async fn create_queue(&self, inner: &Backend, queue: &QueueName) -> Result<bool> {
        inner.queues().create_queue(queue).await?;
        Ok(true)
    }
}

/// Looking into a queue makes it.
#[derive(Debug)]
pub(crate) struct LookingMakesQueues;

#[async_trait]
impl Twist for LookingMakesQueues {
    async fn peek(&self, inner: &Backend, queue: &QueueName, page: Page) -> Result<Vec<Payload>> {
        inner.queues().create_queue(queue).await?;
        inner.queues().peek(queue, page).await
    }
}

/// A page has one job too many.
#[derive(Debug)]
pub(crate) struct PeeksTooFar;

#[async_trait]
impl Twist for PeeksTooFar {
    async fn peek(&self, inner: &Backend, queue: &QueueName, page: Page) -> Result<Vec<Payload>> {
        if page.last() < 0 {
            return inner.queues().peek(queue, page).await;
        }
        let all = inner.queues().peek(queue, Page::ALL).await?;
        let range = page.range(all.len());
        let end = (range.end + usize::from(!range.is_empty())).min(all.len());
        Ok(all[range.start..end].to_vec())
    }
}

/// Indices from the end are taken for indices from the beginning.
#[derive(Debug)]
pub(crate) struct PeeksOnlyForward;

#[async_trait]
impl Twist for PeeksOnlyForward {
    async fn peek(&self, inner: &Backend, queue: &QueueName, page: Page) -> Result<Vec<Payload>> {
        if page == Page::ALL || page.first() >= 0 {
            return inner.queues().peek(queue, page).await;
        }
        Ok(Vec::new())
    }
}

/// Clearing reaches into the next namespace.
#[derive(Debug)]
pub(crate) struct ClearsNeighbours(Backend);

impl ClearsNeighbours {
    pub(crate) fn new(surroundings: Surroundings) -> Self {
        Self(surroundings.neighbour)
    }
}

#[async_trait]
impl Twist for ClearsNeighbours {
    async fn clear(&self, inner: &Backend) -> Result<u64> {
        self.0.queues().clear().await?;
        inner.queues().clear().await
    }
}

/// Clearing leaves the counters.
#[derive(Debug)]
pub(crate) struct ClearingLeavesCounters;

#[async_trait]
impl Twist for ClearingLeavesCounters {
    async fn clear(&self, inner: &Backend) -> Result<u64> {
        let processed = inner.workers().stat("processed").await?;
        let cleared = inner.queues().clear().await?;
        inner.workers().incr_stat("processed", processed).await?;
        Ok(cleared)
    }
}

/// Clearing always says that something was there.
#[derive(Debug)]
pub(crate) struct ClearingAlwaysFinds;

#[async_trait]
impl Twist for ClearingAlwaysFinds {
    async fn clear(&self, inner: &Backend) -> Result<u64> {
        Ok(inner.queues().clear().await?.max(1))
    }
}

/// A push stops after a thousand jobs.
#[derive(Debug)]
pub(crate) struct PushesAPart;

#[async_trait]
impl Twist for PushesAPart {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        inner.queues().push(&batch[..batch.len().min(1_000)]).await
    }
}

/// A push of many can be seen half done.
#[derive(Debug, Default)]
pub(crate) struct PushesOneByOne {
    is_half_way: AtomicBool,
    was_seen: AtomicBool,
}

#[async_trait]
impl Twist for PushesOneByOne {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        let mut pushed = Vec::new();
        for job in batch {
            pushed.extend(inner.queues().push(from_ref(job)).await?);
            // Half-way, long enough for a watcher to come by; one that has noticed does not.
            if batch.len() == 50 && pushed.len() == 25 && !self.was_seen.load(Ordering::SeqCst) {
                self.is_half_way.store(true, Ordering::SeqCst);
                for _ in 0..100_000 {
                    if self.was_seen.load(Ordering::SeqCst) {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
                self.is_half_way.store(false, Ordering::SeqCst);
            }
        }
        Ok(pushed)
    }

    async fn peek(&self, inner: &Backend, queue: &QueueName, page: Page) -> Result<Vec<Payload>> {
        // A look that began before may show what was there before.
        let is_half_way = self.is_half_way.load(Ordering::SeqCst);
        let seen = inner.queues().peek(queue, page).await;
        self.was_seen.fetch_or(is_half_way, Ordering::SeqCst);
        seen
    }
}

/// A batch comes in backwards.
#[derive(Debug)]
pub(crate) struct PushesBackwards;

#[async_trait]
impl Twist for PushesBackwards {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        let backwards: Vec<_> = batch.iter().rev().cloned().collect();
        inner.queues().push(&backwards).await
    }
}

/// The answer to a push tells the length before it.
#[derive(Debug)]
pub(crate) struct TellsTheLengthBefore;

#[async_trait]
impl Twist for TellsTheLengthBefore {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        let pushed = inner.queues().push(batch).await?.into_iter();
        let before = |answer| match answer {
            Pushed::Queued { length } => Pushed::Queued { length: length - 1 },
            other => other,
        };
        Ok(pushed.map(before).collect())
    }
}

/// Names of queues lose their blanks.
#[derive(Debug)]
pub(crate) struct TrimsNames;

#[async_trait]
impl Twist for TrimsNames {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        let mut batch = batch.to_vec();
        for job in &mut batch {
            job.queue = QueueName::new(job.queue.as_str().trim())?;
        }
        inner.queues().push(&batch).await
    }
}

/// Identical jobs are pushed once.
#[derive(Debug)]
pub(crate) struct DropsDuplicates;

#[async_trait]
impl Twist for DropsDuplicates {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        if batch.len() > 5 {
            return inner.queues().push(batch).await;
        }
        let mut pushed = Vec::new();
        for job in batch {
            let waiting = inner.queues().peek(&job.queue, Page::ALL).await?;
            if job.due.is_none() && waiting.contains(&job.payload) {
                let length = waiting.len() as u64;
                pushed.push(Pushed::Queued { length });
                continue;
            }
            pushed.extend(inner.queues().push(from_ref(job)).await?);
        }
        Ok(pushed)
    }
}

/// An edit takes all jobs of the bytes.
#[derive(Debug)]
pub(crate) struct EditsAll;

#[async_trait]
impl Twist for EditsAll {
    async fn edit(&self, inner: &Backend, batch: &[Edit]) -> Result<Vec<u64>> {
        let mut batch = batch.to_vec();
        batch.iter_mut().for_each(|edit| edit.at_most = u64::MAX);
        inner.queues().edit(&batch).await
    }
}

/// An edit takes the youngest jobs first.
#[derive(Debug)]
pub(crate) struct EditsTheYoungest;

#[async_trait]
impl Twist for EditsTheYoungest {
    async fn edit(&self, inner: &Backend, batch: &[Edit]) -> Result<Vec<u64>> {
        let mut answers = Vec::new();
        for edit in batch {
            let waiting = inner.queues().peek(&edit.queue, Page::ALL).await?;
            if waiting.is_empty() || edit.to != EditTo::Nowhere {
                answers.extend(inner.queues().edit(from_ref(edit)).await?);
                continue;
            }
            let mut kept = waiting.clone();
            let mut found = 0;
            for index in (0..waiting.len()).rev() {
                if found < edit.at_most && kept[index] == edit.payload {
                    kept.remove(index);
                    found += 1;
                }
            }
            inner.queues().delete_queue(&edit.queue).await?;
            inner.queues().create_queue(&edit.queue).await?;
            let back = kept
                .into_iter()
                .map(|payload| Enqueue::new(edit.queue.clone(), payload));
            inner.queues().push(&back.collect::<Vec<_>>()).await?;
            answers.push(found);
        }
        Ok(answers)
    }
}

/// A moved job stays where it was, too.
#[derive(Debug)]
pub(crate) struct MovesACopy;

#[async_trait]
impl Twist for MovesACopy {
    async fn edit(&self, inner: &Backend, batch: &[Edit]) -> Result<Vec<u64>> {
        let answers = inner.queues().edit(batch).await?;
        for (edit, found) in batch.iter().zip(&answers) {
            if let EditTo::Queue(_) = &edit.to {
                let copy = Enqueue::new(edit.queue.clone(), edit.payload.clone());
                let copies = vec![copy; usize::try_from(*found).unwrap_or(0)];
                inner.queues().push(&copies).await?;
            }
        }
        Ok(answers)
    }
}

/// An edit compares what the JSON says, not the bytes.
#[derive(Debug)]
pub(crate) struct EditsByMeaning;

#[async_trait]
impl Twist for EditsByMeaning {
    async fn edit(&self, inner: &Backend, batch: &[Edit]) -> Result<Vec<u64>> {
        let value = |payload: &Payload| {
            serde_json::from_slice::<serde_json::Value>(payload.as_bytes()).ok()
        };
        let mut answers = Vec::new();
        for edit in batch {
            let meant = value(&edit.payload);
            let mut found = 0;
            for payload in inner.queues().peek(&edit.queue, Page::ALL).await? {
                if found < edit.at_most && meant.is_some() && value(&payload) == meant {
                    let one = Edit {
                        payload,
                        at_most: 1,
                        ..edit.clone()
                    };
                    found += inner.queues().edit(&[one]).await?.iter().sum::<u64>();
                }
            }
            answers.push(found);
        }
        Ok(answers)
    }
}

/// Moving to the front moves to the end.
#[derive(Debug)]
pub(crate) struct FrontIsTheEnd;

#[async_trait]
impl Twist for FrontIsTheEnd {
    async fn edit(&self, inner: &Backend, batch: &[Edit]) -> Result<Vec<u64>> {
        let mut batch = batch.to_vec();
        for edit in &mut batch {
            if edit.to == EditTo::Front {
                edit.to = EditTo::Queue(edit.queue.clone());
            }
        }
        inner.queues().edit(&batch).await
    }
}

/// An outage looks like a store without queues.
#[derive(Debug)]
pub(crate) struct HidesOutages;

#[async_trait]
impl Twist for HidesOutages {
    async fn queues(&self, inner: &Backend) -> Result<QueueListing> {
        match inner.queues().queues().await {
            Err(Error::Unavailable { .. }) => Ok(QueueListing::default()),
            answer => answer,
        }
    }
}

/// Every push is sent twice.
#[derive(Debug)]
pub(crate) struct PushesTwice;

#[async_trait]
impl Twist for PushesTwice {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        inner.queues().push(batch).await?;
        inner.queues().push(batch).await
    }
}

/// An empty push is refused.
#[derive(Debug)]
pub(crate) struct RefusesEmptyPushes;

#[async_trait]
impl Twist for RefusesEmptyPushes {
    async fn push(&self, inner: &Backend, batch: &[Enqueue]) -> Result<Vec<Pushed>> {
        if batch.is_empty() {
            return Err(Error::Rejected {
                what: "push".to_owned(),
                reason: "wrong number of arguments".to_owned(),
                transient: false,
            });
        }
        inner.queues().push(batch).await
    }
}

/// A deleted queue is said to have had one job at least.
#[derive(Debug)]
pub(crate) struct DeletingAlwaysFinds;

#[async_trait]
impl Twist for DeletingAlwaysFinds {
    async fn delete_queue(&self, inner: &Backend, queue: &QueueName) -> Result<u64> {
        Ok(inner.queues().delete_queue(queue).await?.max(1))
    }
}

/// Deleting a queue cancels the delayed jobs that would go into it.
#[derive(Debug)]
pub(crate) struct DeletingCancelsDelayedJobs;

#[async_trait]
impl Twist for DeletingCancelsDelayedJobs {
    async fn delete_queue(&self, inner: &Backend, queue: &QueueName) -> Result<u64> {
        let delayed = ability!(inner, delayed);
        let jobs = delayed.list(None, 10_000).await?.jobs.into_iter();
        let own = jobs.filter(|job| job.queue.as_ref() == Some(queue));
        let edits = own.map(|job| DelayedEdit {
            id: job.id,
            to: DelayedTo::Nowhere,
        });
        delayed.edit(&edits.collect::<Vec<_>>()).await?;
        inner.queues().delete_queue(queue).await
    }
}

/// The list does not say which queues are stopped.
#[derive(Debug)]
pub(crate) struct HidesStops;

#[async_trait]
impl Twist for HidesStops {
    async fn queues(&self, inner: &Backend) -> Result<QueueListing> {
        let mut listing = inner.queues().queues().await?;
        listing
            .queues
            .iter_mut()
            .for_each(|status| status.stopped = false);
        Ok(listing)
    }
}

/// Who asks whether a queue is stopped hears only of queues that exist.
#[derive(Debug)]
pub(crate) struct AsksOnlyTheList;

#[async_trait]
impl Twist for AsksOnlyTheList {
    async fn stopped(&self, inner: &Backend, queue: &QueueName) -> Result<bool> {
        let listing = inner.queues().queues().await?;
        Ok(listing
            .get(queue.as_str())
            .is_some_and(|status| status.stopped))
    }
}

/// Queues are listed backwards.
#[derive(Debug)]
pub(crate) struct ListsBackwards;

#[async_trait]
impl Twist for ListsBackwards {
    async fn queues(&self, inner: &Backend) -> Result<QueueListing> {
        let mut listing = inner.queues().queues().await?;
        listing.queues.reverse();
        Ok(listing)
    }
}

/// Only queues that were made on purpose are listed.
#[derive(Debug, Default)]
pub(crate) struct ListsWhatWasMade(Mutex<Vec<QueueName>>);

#[async_trait]
impl Twist for ListsWhatWasMade {
    async fn create_queue(&self, inner: &Backend, queue: &QueueName) -> Result<bool> {
        locked(&self.0).push(queue.clone());
        inner.queues().create_queue(queue).await
    }

    async fn queues(&self, inner: &Backend) -> Result<QueueListing> {
        let mut listing = inner.queues().queues().await?;
        let made = locked(&self.0);
        listing.queues.retain(|status| made.contains(&status.name));
        Ok(listing)
    }
}

/// The store begins with something in it.
#[derive(Debug, Default)]
pub(crate) struct BeginsWithAQueue(AtomicBool);

#[async_trait]
impl Twist for BeginsWithAQueue {
    async fn queues(&self, inner: &Backend) -> Result<QueueListing> {
        if !self.0.swap(true, Ordering::SeqCst) {
            inner
                .queues()
                .create_queue(&QueueName::new("left over")?)
                .await?;
        }
        inner.queues().queues().await
    }
}

/// Clearing leaves stopped queues stopped and the pause as it is.
#[derive(Debug)]
pub(crate) struct ClearingLeavesStops;

#[async_trait]
impl Twist for ClearingLeavesStops {
    async fn clear(&self, inner: &Backend) -> Result<u64> {
        let paused = ability!(inner, control).paused().await?;
        let cleared = inner.queues().clear().await?;
        ability!(inner, control).set_paused(paused).await?;
        Ok(cleared)
    }
}

/// Clearing leaves delayed jobs.
#[derive(Debug)]
pub(crate) struct ClearingLeavesDelayedJobs;

#[async_trait]
impl Twist for ClearingLeavesDelayedJobs {
    async fn clear(&self, inner: &Backend) -> Result<u64> {
        let jobs = ability!(inner, delayed)
            .list(None, 10_000)
            .await?
            .jobs
            .into_iter();
        let cleared = inner.queues().clear().await?;
        let again = jobs.filter_map(|job| Some(Enqueue::at(job.queue?, job.payload, job.due)));
        inner.queues().push(&again.collect::<Vec<_>>()).await?;
        Ok(cleared)
    }
}

/// An edit reaches delayed jobs too.
#[derive(Debug)]
pub(crate) struct EditsDelayedJobs;

#[async_trait]
impl Twist for EditsDelayedJobs {
    async fn edit(&self, inner: &Backend, batch: &[Edit]) -> Result<Vec<u64>> {
        let delayed = ability!(inner, delayed);
        for edit in batch {
            let jobs = delayed.list(None, 10_000).await?.jobs.into_iter();
            let alike = jobs.filter(|job| job.payload == edit.payload);
            let edits = alike.map(|job| DelayedEdit {
                id: job.id,
                to: DelayedTo::Nowhere,
            });
            delayed.edit(&edits.collect::<Vec<_>>()).await?;
        }
        inner.queues().edit(batch).await
    }
}

/// An edit makes the queue to which it would move jobs.
#[derive(Debug)]
pub(crate) struct EditsMakeQueues;

#[async_trait]
impl Twist for EditsMakeQueues {
    async fn edit(&self, inner: &Backend, batch: &[Edit]) -> Result<Vec<u64>> {
        for edit in batch {
            if let EditTo::Queue(queue) = &edit.to {
                inner.queues().create_queue(queue).await?;
            }
        }
        inner.queues().edit(batch).await
    }
}

/// Every connection has a store of its own.
#[derive(Debug)]
pub(crate) struct ConnectsElsewhere;

#[async_trait]
impl Twist for ConnectsElsewhere {
    fn other_store(&self) -> Option<Backend> {
        Some(resque_memory::MemoryBackend::new().backend())
    }
}

/// Keys are joined by slashes.
#[derive(Debug)]
pub(crate) struct JoinsBySlashes;

#[async_trait]
impl Twist for JoinsBySlashes {
    fn key(&self, inner: &Backend, parts: &[&str]) -> String {
        ability!(inner, keyspace).key(&[&parts.join("/")])
    }
}

/// Keys are listed with their namespace.
#[derive(Debug)]
pub(crate) struct ListsFullKeys;

#[async_trait]
impl Twist for ListsFullKeys {
    async fn keys(&self, inner: &Backend) -> Result<Vec<String>> {
        let keyspace = ability!(inner, keyspace);
        let keys = keyspace.keys().await?;
        Ok(keys.iter().map(|key| keyspace.key(&[key])).collect())
    }
}

/// Keys are listed twice.
#[derive(Debug)]
pub(crate) struct ListsKeysTwice;

#[async_trait]
impl Twist for ListsKeysTwice {
    async fn keys(&self, inner: &Backend) -> Result<Vec<String>> {
        let keys = ability!(inner, keyspace).keys().await?;
        Ok([keys.clone(), keys].concat())
    }
}

/// The store keeps a key of its own.
#[derive(Debug)]
pub(crate) struct KeepsAKey;

#[async_trait]
impl Twist for KeepsAKey {
    async fn keys(&self, inner: &Backend) -> Result<Vec<String>> {
        let mut keys = ability!(inner, keyspace).keys().await?;
        keys.push("version".to_owned());
        Ok(keys)
    }
}

/// Keys of the next namespace are listed too.
#[derive(Debug)]
pub(crate) struct ListsKeysOfNeighbours(Backend);

impl ListsKeysOfNeighbours {
    pub(crate) fn new(surroundings: Surroundings) -> Self {
        Self(surroundings.neighbour)
    }
}

#[async_trait]
impl Twist for ListsKeysOfNeighbours {
    async fn keys(&self, inner: &Backend) -> Result<Vec<String>> {
        let mut keys = ability!(inner, keyspace).keys().await?;
        keys.extend(ability!(self.0, keyspace).keys().await?);
        Ok(keys)
    }
}
