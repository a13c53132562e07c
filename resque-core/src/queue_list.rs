//! The list of queues that a worker serves, with patterns.

use std::fmt;

use crate::glob::Glob;
use crate::{Error, QueueName, Result};

/// The queues to serve, most important first: names, globs (`*`, `mail_?`, `[a-c]*`) and `!`
/// negations.
///
/// A list of plain names is served strictly in its order, whether the queues exist or not. As soon
/// as one entry is a glob or a negation, the list is *dynamic*: each entry stands for the known
/// queues it matches, in byte order, each queue once, none that a negation matches.
///
/// ```
/// use resque_core::{QueueList, QueueName};
///
/// let list: QueueList = "high,*,!slow".parse()?;
/// let known: Vec<QueueName> = ["slow", "high", "b", "a"].into_iter().map(QueueName::new).collect::<Result<_, _>>()?;
/// let order: Vec<_> = list.resolve(&known).iter().map(ToString::to_string).collect();
/// assert_eq!(order, ["high", "a", "b"]);
/// # Ok::<(), resque_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueList {
    entries: Vec<Entry>,
    negations: Vec<Glob>,
    /// The plain names in order when the list is not dynamic, so that the hot path borrows them.
    names: Option<Vec<QueueName>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    text: String,
    glob: Glob,
}

impl QueueList {
    /// Builds a list from its entries, each trimmed, `!` marking a negation.
    ///
    /// # Errors
    ///
    /// [`Error::NoWorkerQueues`] when no entry is left that could match a queue,
    /// [`Error::InvalidQueueName`] and [`Error::InvalidQueuePattern`] for an entry that cannot work.
    pub fn new<I>(entries: I) -> Result<Self>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut list = Self {
            entries: Vec::new(),
            negations: Vec::new(),
            names: None,
        };
        let mut dynamic = false;
        for entry in entries {
            let text = entry.as_ref().trim();
            if let Some(negated) = text.strip_prefix('!') {
                list.negations.push(Glob::new(pattern(negated)?));
                dynamic = true;
            } else if !text.is_empty() {
                dynamic |= Glob::is_pattern(text);
                list.entries.push(Entry {
                    text: text.to_owned(),
                    glob: Glob::new(pattern(text)?),
                });
            }
        }
        if list.entries.is_empty() {
            return Err(Error::NoWorkerQueues);
        }
        if !dynamic {
            let mut names: Vec<QueueName> = Vec::with_capacity(list.entries.len());
            for entry in &list.entries {
                let name = QueueName::new(&entry.text)?;
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            list.names = Some(names);
        }
        Ok(list)
    }

    /// The list `*`: all queues that exist, in byte order.
    #[must_use]
    pub fn all() -> Self {
        let entry = Entry {
            text: "*".to_owned(),
            glob: Glob::new("*"),
        };
        Self {
            entries: vec![entry],
            negations: Vec::new(),
            names: None,
        }
    }

    /// The list of exactly one queue.
    #[must_use]
    pub fn one(queue: QueueName) -> Self {
        let text = queue.as_str().to_owned();
        let entry = Entry {
            glob: Glob::literal(&text),
            text,
        };
        Self {
            entries: vec![entry],
            negations: Vec::new(),
            names: Some(vec![queue]),
        }
    }

    /// Whether the queues depend on which ones exist.
    #[must_use]
    pub fn is_dynamic(&self) -> bool {
        self.names.is_none()
    }

    /// The plain names in order; `None` for a dynamic list.
    #[must_use]
    pub fn names(&self) -> Option<&[QueueName]> {
        self.names.as_deref()
    }

    /// The queues to ask, in order, given the ones that exist (in any order).
    #[must_use]
    pub fn resolve(&self, known: &[QueueName]) -> Vec<QueueName> {
        if let Some(names) = &self.names {
            return names.clone();
        }
        let mut sorted: Vec<&QueueName> = known
            .iter()
            .filter(|queue| {
                !self
                    .negations
                    .iter()
                    .any(|glob| glob.matches(queue.as_str()))
            })
            .collect();
        sorted.sort_unstable();
        let mut taken = vec![false; sorted.len()];
        let mut order = Vec::with_capacity(sorted.len());
        for entry in &self.entries {
            for (queue, taken) in sorted.iter().zip(&mut taken) {
                if !*taken && entry.glob.matches(queue.as_str()) {
                    *taken = true;
                    order.push((*queue).clone());
                }
            }
        }
        order
    }

    /// Whether the list serves this queue, given that it exists.
    #[must_use]
    pub fn serves(&self, queue: &QueueName) -> bool {
        match &self.names {
            Some(names) => names.contains(queue),
            None => {
                !self
                    .negations
                    .iter()
                    .any(|glob| glob.matches(queue.as_str()))
                    && self
                        .entries
                        .iter()
                        .any(|entry| entry.glob.matches(queue.as_str()))
            }
        }
    }

    /// The third part of a worker id: the entries joined by commas, negations left out.
    #[must_use]
    pub fn id_part(&self) -> String {
        let texts: Vec<&str> = self
            .entries
            .iter()
            .map(|entry| entry.text.as_str())
            .collect();
        texts.join(",")
    }
}

fn pattern(text: &str) -> Result<&str> {
    let invalid = |reason| Error::InvalidQueuePattern {
        pattern: text.to_owned(),
        reason,
    };
    if text.is_empty() {
        Err(invalid("there is nothing behind the `!`"))
    } else if text.contains(',') {
        Err(invalid(
            "it contains a comma, at which queue lists are split",
        ))
    } else if text.chars().any(char::is_control) {
        Err(invalid("it contains a control character"))
    } else {
        Ok(text)
    }
}

impl std::str::FromStr for QueueList {
    type Err = Error;

    fn from_str(list: &str) -> Result<Self> {
        Self::new(list.split(','))
    }
}

impl fmt::Display for QueueList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id_part())?;
        for negation in &self.negations {
            write!(f, ",!{negation}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(list: &str, known: &[&str]) -> Vec<String> {
        let known: Vec<QueueName> = known
            .iter()
            .map(|name| QueueName::new(name).unwrap())
            .collect();
        let list: QueueList = list.parse().unwrap();
        list.resolve(&known)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn plain_lists_keep_their_order_and_need_no_known_queues() {
        assert_eq!(resolve("high, low ,high", &["low"]), ["high", "low"]);
    }

    #[test]
    fn dynamic_lists_know_only_what_exists() {
        let known = ["critical", "high", "low", "a2", "a1", ".hidden"];
        assert_eq!(
            resolve("high,*", &known),
            ["high", "a1", "a2", "critical", "low"]
        );
        assert_eq!(resolve("high,!low", &["low"]), Vec::<String>::new());
        assert_eq!(resolve("!low,*", &known), ["a1", "a2", "critical", "high"]);
        assert_eq!(resolve("a?,h*", &known), ["a1", "a2", "high"]);
    }

    #[test]
    fn the_id_part_leaves_negations_out() {
        let list: QueueList = "!low,*".parse().unwrap();
        assert_eq!(
            (list.id_part().as_str(), list.to_string().as_str()),
            ("*", "*,!low")
        );
    }

    #[test]
    fn lists_that_can_match_nothing_are_refused() {
        for list in ["", " , ", "!low"] {
            assert!(
                matches!(list.parse::<QueueList>(), Err(Error::NoWorkerQueues)),
                "{list:?}"
            );
        }
        assert!("a,!".parse::<QueueList>().is_err());
    }
}
