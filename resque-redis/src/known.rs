//! The queue names that exist, as they were seen last.
//!
//! A pattern is resolved with them here, and the script that asks the queues checks in the same
//! step that they are still right: a new queue is never missed, and the order is never wrong.

use std::sync::Arc;

use bytes::Bytes;
use resque_core::wire::sha1_hex;
use resque_core::{QueueList, QueueName};

/// Up to so many names are compared exactly at each call; a larger set by its size, and exactly only
/// when no job was found.
const COMPARED_EXACTLY: usize = 256;

/// Queues asked in one call at most.
const ASKED_AT_ONCE: usize = 1000;

/// Resolved lists remembered: a process serves few.
const REMEMBERED: usize = 16;

/// The queue names, and what the lists in use mean with them.
#[derive(Debug, Default)]
pub(crate) struct KnownQueues {
    names: Vec<QueueName>,
    /// How many there are and their digest, as the server tells them; empty before the first look.
    count: String,
    digest: String,
    resolved: Vec<(QueueList, Arc<[QueueName]>)>,
}

/// The queues to ask, and how a script finds out that they are not the right ones any more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// The queues, in order.
    pub(crate) queues: Arc<[QueueName]>,
    /// How the names are checked.
    pub(crate) check: Check,
    /// How many names there are.
    pub(crate) count: String,
    /// The digest of the names.
    pub(crate) digest: String,
}

impl Asked {
    /// Just these queues, whatever others exist.
    pub(crate) fn exactly(queues: &[QueueName]) -> Self {
        Self {
            queues: queues.into(),
            ..Self::default()
        }
    }

    /// The queues part by part, at least one part; the last one tells what was missed.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&[QueueName], Check)> {
        let mut rest = Some(&self.queues[..]);
        std::iter::from_fn(move || {
            let queues = rest?;
            let (part, more) = queues.split_at(queues.len().min(ASKED_AT_ONCE));
            rest = (!more.is_empty()).then_some(more);
            let check = match self.check {
                Check::Unfilled if rest.is_some() => Check::Count,
                check => check,
            };
            Some((part, check))
        })
    }
}

/// How a script checks the known names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Check {
    /// Not at all: the list names its queues.
    #[default]
    Nothing,
    /// By their number.
    Count,
    /// By their digest.
    Exact,
    /// By their number, and by their digest when jobs are still wanted in the end.
    Unfilled,
}

impl Check {
    /// The word the scripts know.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Count => "count",
            Self::Exact => "exact",
            Self::Unfilled => "unfilled",
        }
    }
}

impl KnownQueues {
    /// Takes the names as the server told them. Those that are no queue names are left alone.
    pub(crate) fn replace(&mut self, members: &[Bytes]) {
        let parts: Vec<&[u8]> = members.iter().map(|name| &name[..]).collect();
        self.digest = sha1_hex(&[&parts.join(&b'\n')]);
        self.count = members.len().to_string();
        let names = members
            .iter()
            .filter_map(|name| QueueName::from_bytes(name).ok());
        self.names = names.collect();
        self.resolved.retain(|(list, _)| !list.is_dynamic());
    }

    /// The queues that `list` means.
    pub(crate) fn resolve(&mut self, list: &QueueList) -> Asked {
        let check = match self.names.len() {
            _ if !list.is_dynamic() => Check::Nothing,
            ..=COMPARED_EXACTLY => Check::Exact,
            _ => Check::Unfilled,
        };
        Asked {
            queues: self.queues(list),
            check,
            count: self.count.clone(),
            digest: self.digest.clone(),
        }
    }

    fn queues(&mut self, list: &QueueList) -> Arc<[QueueName]> {
        if let Some((_, queues)) = self.resolved.iter().find(|(known, _)| known == list) {
            return Arc::clone(queues);
        }
        if self.resolved.len() >= REMEMBERED {
            self.resolved.remove(0);
        }
        let queues: Arc<[QueueName]> = list.resolve(&self.names).into();
        self.resolved.push((list.clone(), Arc::clone(&queues)));
        queues
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(asked: &Asked) -> Vec<&str> {
        asked.queues.iter().map(QueueName::as_str).collect()
    }

    #[test]
    fn patterns_follow_the_names_and_plain_lists_do_not() {
        let mut known = KnownQueues::default();
        let (pattern, plain) = ("*".parse().unwrap(), "b,a".parse().unwrap());
        assert!(known.resolve(&pattern).queues.is_empty());
        known.replace(&["b", "a,b", "a"].map(Bytes::from));
        let asked = known.resolve(&pattern);
        assert_eq!((names(&asked), asked.check), (vec!["a", "b"], Check::Exact));
        assert_eq!(
            asked.count, "3",
            "names that are none count, as the server counts them"
        );
        let asked = known.resolve(&plain);
        assert_eq!(
            (names(&asked), asked.check),
            (vec!["b", "a"], Check::Nothing)
        );
    }

    #[test]
    fn many_names_are_not_compared_exactly_each_time() {
        let mut known = KnownQueues::default();
        let many: Vec<Bytes> = (0..1000).map(|n| format!("q{n}").into()).collect();
        known.replace(&many);
        assert_eq!(known.resolve(&"*".parse().unwrap()).check, Check::Unfilled);
    }
}
