//! Where the next page of failures begins.

use resque_core::wire::sha1_hex;
use resque_core::{Cursor, Error, Result};

/// The entry that was read last, by its place and what it said, so that it is found again after
/// entries before it have gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The list it is in.
    pub(super) list: String,
    /// Its index from the oldest entry.
    pub(super) index: usize,
    /// The lowest index that its page read: where to go on if the entry itself has gone.
    pub(super) page_start: usize,
    /// Its digest.
    pub(super) digest: String,
}

impl Mark {
    /// The cursor that says this.
    pub(super) fn cursor(&self) -> Cursor {
        let Self {
            list,
            index,
            page_start,
            digest,
        } = self;
        Cursor::new(format!("{index}:{page_start}:{digest}:{list}"))
    }

    /// Takes a cursor apart.
    pub(super) fn read(cursor: &Cursor) -> Result<Self> {
        let mut parts = cursor.as_str().splitn(4, ':');
        let mut read = || {
            Some(Self {
                index: parts.next()?.parse().ok()?,
                page_start: parts.next()?.parse().ok()?,
                digest: parts.next()?.to_owned(),
                list: parts.next()?.to_owned(),
            })
        };
        read().ok_or_else(|| Error::Conflict {
            what: format!("the cursor {:?}", cursor.as_str()),
        })
    }
}

/// What a mark remembers of an entry: its name, so that a retry does not change it.
pub(super) fn digest(entry: &[u8]) -> String {
    sha1_hex(&[resque_core::wire::failure::id(entry).as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back() {
        let mark = Mark {
            list: "a:b_failed".to_owned(),
            index: 7,
            page_start: 5,
            digest: digest(b"{}"),
        };
        assert_eq!(Mark::read(&mark.cursor()).unwrap(), mark);
        assert!(Mark::read(&Cursor::new("elsewhere")).is_err());
    }
}
