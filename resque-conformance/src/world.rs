//! The world of one case: a store of its own, and what belongs to it.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use futures::future::BoxFuture;
use resque_core::{Backend, Connect, QueueName, Result, WorkerId};

use crate::store::Store;
use crate::verdict::Broken;
use crate::{CaseName, Declared, Verdict};

/// Makes one world for each case.
///
/// A closure from the case's name to a future of a world is a factory. Several worlds may be used
/// at once, so they must not disturb each other: give each a database, a directory or a namespace
/// of its own, named after [`CaseName::slug`].
#[async_trait]
pub trait Factory: Send + Sync + 'static {
    /// Makes the world of one case; its store is empty.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from being made; the case then fails with it.
    async fn world(&self, case: CaseName) -> Result<World>;
}

#[async_trait]
impl<F, W> Factory for F
where
    F: Fn(CaseName) -> W + Send + Sync + 'static,
    W: Future<Output = Result<World>> + Send,
{
    async fn world(&self, case: CaseName) -> Result<World> {
        self(case).await
    }
}

/// Makes a store unreachable for a while, as a broken network does. Nothing in the store is lost.
#[async_trait]
pub trait Outage: fmt::Debug + Send + Sync + 'static {
    /// Cuts all connections of the world's backend and lets no new one come about.
    async fn begin(&self);

    /// Lets connections come about again.
    async fn end(&self);
}

/// Puts bytes into a store that no writer of ours puts there, as another program might.
#[async_trait]
pub trait Plant: fmt::Debug + Send + Sync + 'static {
    /// Plants one thing.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being planted; the case then fails with it.
    async fn plant(&self, what: Planted) -> Result<()>;
}

/// Something that only another program leaves in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planted {
    /// A name among the queues' names that is no queue name.
    QueueName(Vec<u8>),
    /// An id among the workers' ids that is no worker id.
    WorkerId(Vec<u8>),
    /// What a worker holds, as bytes that nobody can read.
    Note(WorkerId, Vec<u8>),
    /// A heartbeat that is no time.
    Heartbeat(WorkerId, Vec<u8>),
    /// A failure record that nobody can read, newer than all others.
    Failure(Vec<u8>),
    /// A queue whose jobs cannot be reached, because something else stands in their place.
    SpoiltQueue(QueueName),
}

type AtTheEnd = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// The world of one case.
///
/// ```
/// use resque_conformance::World;
/// use resque_memory::MemoryBackend;
///
/// let world = World::new(MemoryBackend::new().backend()).named("a store in memory");
/// assert!(world.neighbour().is_none());
/// ```
pub struct World {
    backend: Backend,
    name: String,
    start: Option<SystemTime>,
    twins: Option<Arc<dyn Connect>>,
    neighbour: Option<Backend>,
    outage: Option<Arc<dyn Outage>>,
    plant: Option<Arc<dyn Plant>>,
    declared: Declared,
    histories: Option<u32>,
    /// Kept for their `Drop`, which removes what the world is made of.
    guards: Mutex<Vec<Box<dyn Any + Send>>>,
    at_the_end: Mutex<Vec<AtTheEnd>>,
}

impl World {
    /// A world around a backend whose store is empty.
    #[must_use]
    pub fn new(backend: Backend) -> Self {
        Self {
            backend,
            name: "a world without a name".to_owned(),
            start: None,
            twins: None,
            neighbour: None,
            outage: None,
            plant: None,
            declared: Declared::nothing(),
            histories: None,
            guards: Mutex::default(),
            at_the_end: Mutex::default(),
        }
    }

    /// Says where the world is (a database, a directory, a namespace), so that a person can look
    /// into it after a failure.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Says at which time the cases begin to count; without it they begin at the store's own time.
    #[must_use]
    pub fn starting_at(mut self, start: SystemTime) -> Self {
        self.start = Some(start);
        self
    }

    /// Says how a second connection comes about; without it the backend is asked for one
    /// ([`Backend::connect_again`]).
    #[must_use]
    pub fn with_twins(mut self, twins: impl Connect) -> Self {
        self.twins = Some(Arc::new(twins));
        self
    }

    /// Gives another namespace of the same store, empty too.
    #[must_use]
    pub fn with_neighbour(mut self, neighbour: Backend) -> Self {
        self.neighbour = Some(neighbour);
        self
    }

    /// Gives the way to make the store unreachable.
    #[must_use]
    pub fn with_outage(mut self, outage: impl Outage) -> Self {
        self.outage = Some(Arc::new(outage));
        self
    }

    /// Gives the way to put foreign bytes into the store.
    #[must_use]
    pub fn with_plant(mut self, plant: impl Plant) -> Self {
        self.plant = Some(Arc::new(plant));
        self
    }

    /// Keeps a value until the case is over, then drops it, which cleans up. It stays when the case
    /// failed and the environment says `RESQUE_KEEP_WORLDS=1`.
    #[must_use]
    pub fn guarded_by(self, guard: impl Any + Send) -> Self {
        lock(&self.guards).push(Box::new(guard));
        self
    }

    /// Cleans up by an asynchronous call when the case is over, before the guards are dropped and
    /// under the same condition.
    #[must_use]
    pub fn cleaned_by<F, C>(self, cleaning: F) -> Self
    where
        F: FnOnce() -> C + Send + 'static,
        C: Future<Output = ()> + Send + 'static,
    {
        lock(&self.at_the_end).push(Box::new(move || Box::pin(cleaning())));
        self
    }

    /// The backend under test.
    #[must_use]
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// The other namespace.
    #[must_use]
    pub fn neighbour(&self) -> Option<&Backend> {
        self.neighbour.as_ref()
    }

    /// The way to make the store unreachable.
    #[must_use]
    pub fn outage(&self) -> Option<&dyn Outage> {
        self.outage.as_deref()
    }

    /// The way to put foreign bytes into the store.
    #[must_use]
    pub fn plant(&self) -> Option<&dyn Plant> {
        self.plant.as_deref()
    }

    /// Opens a second connection to the same store.
    ///
    /// # Errors
    ///
    /// Whatever connecting can end with.
    pub async fn connect_again(&self) -> Result<Backend> {
        match &self.twins {
            Some(twins) => twins.connect().await,
            None => self.backend.connect_again().await,
        }
    }

    pub(crate) fn declared(&self) -> &Declared {
        &self.declared
    }

    /// How many random histories to play, if that was said.
    pub(crate) fn histories(&self) -> Option<u32> {
        self.histories
    }

    /// What every case begins with: the declaration and a time in full seconds.
    pub(crate) async fn prepare(
        &mut self,
        declared: Declared,
        histories: Option<u32>,
    ) -> Result<()> {
        self.declared = declared;
        self.histories = histories;
        if self.start.is_none() {
            self.start = Some(self.backend.workers().server_time().await?);
        }
        Ok(())
    }

    fn start(&self) -> SystemTime {
        let since_1970 = self
            .start
            .and_then(|start| start.duration_since(UNIX_EPOCH).ok())
            .unwrap_or_default();
        UNIX_EPOCH + Duration::from_secs(since_1970.as_secs())
    }

    /// The backend with the short verbs of the cases.
    pub(crate) fn store(&self) -> Store {
        Store::new(self.backend.clone(), self.start())
    }

    /// A second connection with the same verbs.
    pub(crate) async fn twin(&self) -> Verdict<Store> {
        Ok(Store::new(self.connect_again().await?, self.start()))
    }

    /// The other namespace with the same verbs.
    pub(crate) fn next_door(&self) -> Verdict<Store> {
        let neighbour = self.neighbour.clone();
        let neighbour = neighbour.ok_or_else(|| Broken::new("the world has no `neighbour`"))?;
        Ok(Store::new(neighbour, self.start()))
    }

    /// Cleans up, or leaves everything and says where it is.
    pub(crate) async fn end(self, keep: bool) -> Option<String> {
        let guards = self
            .guards
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if keep {
            std::mem::forget(guards);
            return Some(self.name);
        }
        let cleanings = self
            .at_the_end
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        for cleaning in cleanings {
            cleaning().await;
        }
        None
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("name", &self.name)
            .field("backend", &self.backend)
            .finish_non_exhaustive()
    }
}
