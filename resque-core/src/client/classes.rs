//! What a client knows about classes of jobs.

use std::any::TypeId;
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

use super::Client;
use crate::hooks::Hooks;
use crate::limits::Limiting;
use crate::{Error, Job, QueueName, Result};

/// What is needed to enqueue a job of a class, worked out once.
pub(super) struct Class {
    /// The queue of the class, if it has one with a valid name.
    queue: Option<QueueName>,
    pub(super) hooks: Hooks,
    pub(super) limits: Option<Arc<dyn Limiting>>,
}

/// The classes that were met so far, by type and by registered name.
#[derive(Default)]
pub(super) struct Classes {
    by_type: RwLock<HashMap<TypeId, Arc<Class>>>,
    by_name: RwLock<HashMap<Arc<str>, Arc<Class>>>,
}

impl Client {
    /// What is known about a [`Job`].
    pub(super) fn class_of<J: Job>(&self) -> Arc<Class> {
        let id = TypeId::of::<J>();
        let class = || Class {
            queue: QueueName::new(J::QUEUE).ok(),
            hooks: self.inner.hooks.merged(&J::hooks()),
            limits: J::limits().erased(),
        };
        known(&self.inner.classes.by_type, &id)
            .unwrap_or_else(|| remember(&self.inner.classes.by_type, id, class()))
    }

    /// What is known about a class by its name only: its hooks, if its handler is registered.
    pub(super) fn class_named(&self, name: &str) -> Arc<Class> {
        if let Some(class) = known(&self.inner.classes.by_name, name) {
            return class;
        }
        let common = &self.inner.hooks;
        let handlers = self.inner.settings.handlers.as_deref();
        let limits = handlers.and_then(|known| known.limit_table().of_class(name).cloned());
        let Some(registered) = handlers.and_then(|known| known.find(name)) else {
            // Not remembered: names come from outside and may be any number.
            let hooks = common.clone();
            return Arc::new(Class {
                queue: None,
                hooks,
                limits,
            });
        };
        let class = Class {
            queue: None,
            hooks: common.merged(&registered.hooks),
            limits,
        };
        remember(&self.inner.classes.by_name, name.into(), class)
    }
}

fn known<K, Q>(classes: &RwLock<HashMap<K, Arc<Class>>>, key: &Q) -> Option<Arc<Class>>
where
    K: Eq + Hash + Borrow<Q>,
    Q: Eq + Hash + ?Sized,
{
    let classes = classes.read().unwrap_or_else(PoisonError::into_inner);
    classes.get(key).cloned()
}

fn remember<K>(classes: &RwLock<HashMap<K, Arc<Class>>>, key: K, class: Class) -> Arc<Class>
where
    K: Eq + Hash,
{
    let mut classes = classes.write().unwrap_or_else(PoisonError::into_inner);
    classes
        .entry(key)
        .or_insert_with(|| Arc::new(class))
        .clone()
}

impl Class {
    /// The queue of a [`Job`].
    pub(super) fn queue_of<J: Job>(&self) -> Result<QueueName> {
        match &self.queue {
            Some(queue) => Ok(queue.clone()),
            None => queue_named(J::QUEUE, J::CLASS),
        }
    }
}

/// The queue of this name, for a job of this class.
///
/// # Errors
///
/// [`Error::NoQueue`] for an empty name, before anything else is checked, as in Resque.
pub(super) fn queue_named(name: &str, class: &str) -> Result<QueueName> {
    if name.is_empty() {
        return Err(Error::no_queue(class));
    }
    QueueName::new(name)
}

/// Checks the name of a class.
pub(super) fn check_class(class: &str) -> Result<()> {
    if class.is_empty() {
        return Err(Error::NoClass);
    }
    Ok(())
}
