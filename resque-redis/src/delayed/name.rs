//! The ids of delayed jobs.

use bytes::Bytes;
use resque_core::DelayedId;
use resque_core::wire::sha1_hex;

/// What an id says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// One of our own jobs, by its number.
    Own(String),
    /// An item of resque-scheduler, by its second and its digest. Items that say the same are the
    /// same to everybody.
    Item { second: String, digest: String },
}

impl Name {
    /// The name of an item.
    pub(super) fn of_item(second: &str, item: &Bytes) -> Self {
        Self::Item {
            second: second.to_owned(),
            digest: sha1_hex(&[item]),
        }
    }

    /// Takes an id apart; `None` for one that another backend made.
    pub(super) fn read(id: &DelayedId) -> Option<Self> {
        let (kind, rest) = id.as_str().split_at_checked(1)?;
        match kind {
            "o" => Some(Self::Own(rest.to_owned())),
            "i" => {
                let (second, digest) = rest.rsplit_once(':')?;
                Some(Self::Item {
                    second: second.to_owned(),
                    digest: digest.to_owned(),
                })
            }
            _ => None,
        }
    }

    /// The id that says this.
    pub(super) fn id(&self) -> DelayedId {
        match self {
            Self::Own(number) => DelayedId::new(format!("o{number}")),
            Self::Item { second, digest } => DelayedId::new(format!("i{second}:{digest}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back() {
        let item = Name::of_item("1795215625", &Bytes::from_static(b"{}"));
        for name in [Name::Own("0000000000000007".to_owned()), item] {
            assert_eq!(Name::read(&name.id()), Some(name));
        }
        assert_eq!(Name::read(&DelayedId::new("7")), None);
        assert_eq!(Name::read(&DelayedId::new("")), None);
    }
}
