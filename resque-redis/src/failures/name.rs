//! The ids of failure records.

use resque_core::wire::failure;
use resque_core::{FailureId, FailureLayout};

use super::FAILED;

/// What an id says: which list the entry is in, and its name there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name {
    pub(super) list: String,
    /// The entry's own id or its digest, [`failure::id`].
    pub(super) entry: String,
}

impl Name {
    /// The name of `entry`, found in `list`.
    pub(super) fn of(list: &str, entry: &[u8]) -> Self {
        Self {
            list: list.to_owned(),
            entry: failure::id(entry),
        }
    }

    /// Takes an id apart. An id of another layout names nothing here.
    pub(super) fn read(layout: FailureLayout, id: &FailureId) -> Option<Self> {
        let (list, entry) = match layout {
            FailureLayout::Single => (FAILED, id.as_str()),
            FailureLayout::PerQueue => {
                let (length, rest) = id.as_str().split_once(':')?;
                let (list, entry) = rest.split_at_checked(length.parse().ok()?)?;
                (list, entry.strip_prefix(':')?)
            }
        };
        Some(Self {
            list: list.to_owned(),
            entry: entry.to_owned(),
        })
    }

    /// The id that says this.
    pub(super) fn id(&self, layout: FailureLayout) -> FailureId {
        match layout {
            FailureLayout::Single => FailureId::new(self.entry.as_str()),
            FailureLayout::PerQueue => {
                let Self { list, entry } = self;
                FailureId::new(format!("{}:{list}:{entry}", list.len()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_in_both_layouts() {
        for (layout, list) in [
            (FailureLayout::Single, FAILED),
            (FailureLayout::PerQueue, "a:b_failed"),
        ] {
            let name = Name {
                list: list.to_owned(),
                entry: "own:id".to_owned(),
            };
            assert_eq!(Name::read(layout, &name.id(layout)), Some(name));
        }
    }

    #[test]
    fn texts_that_are_no_ids_name_nothing() {
        for text in ["", "abc", "9:short", "3:abcd", "x:abc:d"] {
            let id = FailureId::new(text);
            assert_eq!(Name::read(FailureLayout::PerQueue, &id), None, "{text:?}");
        }
    }
}
