//! Hooks of one kind, in their order.

use std::borrow::Cow;
use std::fmt;

/// Hooks of one kind in byte order of their names; equal names stay in the order they came.
#[derive(Clone)]
pub(crate) struct HookList<H> {
    hooks: Vec<(Cow<'static, str>, H)>,
}

impl<H> HookList<H> {
    pub(super) fn insert(&mut self, name: Cow<'static, str>, hook: H) {
        let place = self.hooks.partition_point(|(other, _)| *other <= name);
        self.hooks.insert(place, (name, hook));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.hooks.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &H> {
        self.hooks.iter().map(|(_, hook)| hook)
    }

    pub(crate) fn named(&self) -> impl Iterator<Item = (&str, &H)> {
        self.hooks.iter().map(|(name, hook)| (&**name, hook))
    }

    pub(super) fn get(&self, index: usize) -> Option<&H> {
        self.hooks.get(index).map(|(_, hook)| hook)
    }
}

impl<H: Clone> HookList<H> {
    pub(super) fn extend(&mut self, other: &Self) {
        for (name, hook) in &other.hooks {
            self.insert(name.clone(), hook.clone());
        }
    }
}

impl<H> Default for HookList<H> {
    fn default() -> Self {
        Self { hooks: Vec::new() }
    }
}

impl<H> fmt::Debug for HookList<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.hooks.iter().map(|(name, _)| name))
            .finish()
    }
}
