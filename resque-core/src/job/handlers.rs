//! Who performs which class.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::function::Function;
use super::handler::Typed;
use super::state::State;
use super::{Handler, Job, JobContext, JobResult, RetryPolicy};
use crate::hooks::Hooks;
use crate::limits::LimitTable;
use crate::{JobLimits, Rate};

/// Everything a process needs to know to perform jobs: a handler for each class, the hooks of all
/// classes, and the application's own state.
///
/// ```
/// use resque_core::Handlers;
///
/// struct Greeting(&'static str);
///
/// let handlers = Handlers::new()
///     .state(Greeting("hello"))
///     .register_fn("Greet", |(name, times): (String, u32), ctx| async move {
///         let Greeting(text) = ctx.state()?;
///         for _ in 0..times {
///             tracing::info!("{text}, {name}");
///         }
///         Ok(())
///     });
/// assert!(handlers.knows("Greet"));
/// ```
#[derive(Clone, Default)]
pub struct Handlers {
    classes: HashMap<Arc<str>, Arc<Registration>>,
    fallback: Option<Arc<dyn Handler>>,
    hooks: Hooks,
    state: State,
    limits: LimitTable,
    /// The policies of single classes, which come before what their jobs say.
    policies: HashMap<Arc<str>, Arc<RetryPolicy>>,
    /// The policy of all other classes.
    policy: Option<Arc<RetryPolicy>>,
}

/// One class that can be performed.
pub(crate) struct Registration {
    pub(crate) class: Arc<str>,
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) hooks: Hooks,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Option<Arc<RetryPolicy>>,
}

impl Handlers {
    /// Knows no class yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Performs the jobs of a class as its [`Job`] says.
    #[must_use]
    pub fn register<J: Job>(mut self) -> Self {
        self.limits.set_class(J::CLASS, J::limits().erased());
        self.insert(Registration {
            class: J::CLASS.into(),
            handler: Arc::new(Typed::<J>::new()),
            hooks: J::hooks(),
            timeout: J::timeout(),
            retry: J::retry().map(Arc::new),
        })
    }

    /// Performs the jobs of a class with a closure over the decoded arguments: a tuple, a struct,
    /// or a `Vec<serde_json::Value>` for whatever comes.
    #[must_use]
    pub fn register_fn<A, F, Fut>(self, class: &str, function: F) -> Self
    where
        A: DeserializeOwned + Send + 'static,
        F: Fn(A, JobContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = JobResult> + Send + 'static,
    {
        self.register_handler(class, Function::<A, F>::new(function))
    }

    /// Performs the jobs of a class with a handler of the application's own.
    #[must_use]
    pub fn register_handler(self, class: &str, handler: impl Handler) -> Self {
        self.insert(Registration {
            class: class.into(),
            handler: Arc::new(handler),
            hooks: Hooks::new(),
            timeout: None,
            retry: None,
        })
    }

    /// Performs the jobs of all classes that nobody else performs; without it they fail with a
    /// `NameError`, as in Resque.
    #[must_use]
    pub fn fallback(mut self, handler: impl Handler) -> Self {
        self.fallback = Some(Arc::new(handler));
        self
    }

    /// Adds hooks that run for every class.
    #[must_use]
    pub fn hooks(mut self, hooks: Hooks) -> Self {
        self.hooks = self.hooks.merged(&hooks);
        self
    }

    /// Tries jobs again that fail, of all classes that have no policy of their own.
    ///
    /// A class that nobody performs here is among them: another worker may know it by then.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.policy = Some(Arc::new(policy));
        self
    }

    /// Tries jobs of this class again that fail, whatever else is said of it.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use resque_core::{Handlers, RetryPolicy};
    ///
    /// let handlers = Handlers::new()
    ///     .register_fn("Ping", |(): (), _| async { Ok(()) })
    ///     .retry_class("Ping", RetryPolicy::fixed(Duration::from_secs(5)).max_attempts(3))
    ///     .retry(RetryPolicy::default());
    /// # drop(handlers);
    /// ```
    #[must_use]
    pub fn retry_class(mut self, class: &str, policy: RetryPolicy) -> Self {
        self.policies.insert(class.into(), Arc::new(policy));
        self
    }

    /// Gives every job a value of the application's, found again by its type with
    /// [`JobContext::state`].
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.state.insert(value);
        self
    }

    /// Sets the limits of a class whose arguments are a tuple or a struct, registered before or
    /// afterwards.
    ///
    /// ```
    /// use resque_core::{Handlers, JobLimits};
    ///
    /// let handlers = Handlers::new()
    ///     .register_fn("Archive", |(_id, _branch): (u64, String), _ctx| async { Ok(()) })
    ///     .limits("Archive", JobLimits::new().at_most_by(2, |(id, _): &(u64, String)| id.to_string()));
    /// assert!(handlers.knows("Archive"));
    /// ```
    #[must_use]
    pub fn limits<A>(mut self, class: &str, limits: JobLimits<A>) -> Self
    where
        A: DeserializeOwned + 'static,
    {
        self.limits.set_class(class, limits.erased());
        self
    }

    /// Runs at most so many jobs from a queue at once, whatever their class.
    #[must_use]
    pub fn queue_at_most(mut self, queue: &str, jobs: u32) -> Self {
        self.limits.set_places_of_queue(queue, jobs);
        self
    }

    /// Starts jobs from a queue only so often, whatever their class.
    #[must_use]
    pub fn queue_rate(mut self, queue: &str, rate: Rate) -> Self {
        self.limits.set_rate_of_queue(queue, rate);
        self
    }

    /// All limits.
    pub(crate) fn limit_table(&self) -> &LimitTable {
        &self.limits
    }

    /// Whether a class is performed here, by a handler of its own.
    #[must_use]
    pub fn knows(&self, class: &str) -> bool {
        self.find(class).is_some()
    }

    /// Whether no job is performed here, neither by a handler of its own nor by the
    /// [`fallback`](Self::fallback).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty() && self.fallback.is_none()
    }

    /// The registered classes in byte order.
    #[must_use]
    pub fn classes(&self) -> Vec<&str> {
        let mut classes: Vec<&str> = self.classes.keys().map(|class| &**class).collect();
        classes.sort_unstable();
        classes
    }

    fn insert(mut self, registration: Registration) -> Self {
        let class = registration.class.clone();
        self.classes.insert(class, Arc::new(registration));
        self
    }

    pub(crate) fn find(&self, class: &str) -> Option<&Arc<Registration>> {
        self.classes
            .get(class)
            .or_else(|| self.classes.get(&*ruby_name(class)?))
    }

    pub(super) fn fallback_for(&self, class: &str) -> Option<Arc<Registration>> {
        let handler = self.fallback.clone()?;
        Some(Arc::new(Registration {
            class: class.into(),
            handler,
            hooks: self.hooks.clone(),
            timeout: None,
            retry: self.policy_of(class),
        }))
    }

    /// The part of an unknown class that Ruby names: up to the first segment nobody knows.
    pub(super) fn first_missing<'a>(&self, class: &'a str) -> &'a str {
        let class = class.strip_prefix("::").unwrap_or(class);
        let ends = class.match_indices("::").map(|(at, _)| at);
        let missing = ends.map(|end| &class[..end]).find(|module| {
            let inside = |known: &str| {
                known
                    .strip_prefix(module)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            };
            !self.classes.keys().any(|known| inside(known))
        });
        missing.unwrap_or(class)
    }

    pub(crate) fn common_hooks(&self) -> &Hooks {
        &self.hooks
    }

    /// The policy of jobs that say nothing themselves.
    pub(super) fn policy_of(&self, class: &str) -> Option<Arc<RetryPolicy>> {
        self.policies.get(class).or(self.policy.as_ref()).cloned()
    }

    pub(super) fn shared_state(&self) -> &State {
        &self.state
    }

    /// The same handlers, with the common hooks mixed into those of each class, and the policy of
    /// all for those without one.
    pub(super) fn completed(mut self) -> Self {
        if self.hooks.is_empty() && self.policies.is_empty() && self.policy.is_none() {
            return self;
        }
        for registration in self.classes.values_mut() {
            let named = self.policies.get(&registration.class);
            let policy = named
                .or(registration.retry.as_ref())
                .or(self.policy.as_ref());
            *registration = Arc::new(Registration {
                class: registration.class.clone(),
                handler: registration.handler.clone(),
                hooks: self.hooks.merged(&registration.hooks),
                timeout: registration.timeout,
                retry: policy.cloned(),
            });
        }
        self
    }
}

/// The name that Ruby makes of other spellings: `job-name` is `JobName`, `::Name` is `Name`.
fn ruby_name(class: &str) -> Option<String> {
    if !class.contains('-') {
        return class.strip_prefix("::").map(str::to_owned);
    }
    let capitalised = class.split('-').map(|part| {
        let mut letters = part.chars();
        let first = letters.next().map(char::to_uppercase);
        first
            .into_iter()
            .flatten()
            .chain(letters.flat_map(char::to_lowercase))
            .collect::<String>()
    });
    let joined: String = capitalised.collect();
    Some(
        joined
            .strip_prefix("::")
            .map_or_else(|| joined.clone(), str::to_owned),
    )
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers")
            .field("classes", &self.classes())
            .field("fallback", &self.fallback.is_some())
            .field("hooks", &self.hooks)
            .finish_non_exhaustive()
    }
}
