//! Receipts: what tells one reservation from all others, and where its payload stands in the note.
//!
//! A note of ours ends with its receipt, so that a script checks it by comparing the end of a text.
//! The note of a foreign worker is told by its SHA-1.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use resque_core::wire::json;
use resque_core::wire::note::{self, Note};
use resque_core::wire::sha1_hex;
use resque_core::{Held, Payload, Receipt, WorkerId};

/// Numbers the calls of this process, so that no receipt is ever given out twice.
static CALLS: AtomicU64 = AtomicU64::new(0);

/// Tells this process from others.
static PROCESS: LazyLock<String> =
    LazyLock::new(|| twelve_digits(RandomState::new().build_hasher().finish()));

/// The upper bits of a number, in a text that is no shorter by chance.
fn twelve_digits(random: u64) -> String {
    format!("{:012x}", random >> 16)
}

/// What stands between the other members of a note of ours and its payload. It cannot occur before:
/// in the queue name before it every quotation mark has a backslash.
const BEFORE_PAYLOAD: &[u8] = br#","payload":"#;

/// The first part of the receipts of one call; a script adds the number of the slot.
pub(crate) fn call_token() -> String {
    format!("{}-{:x}", *PROCESS, CALLS.fetch_add(1, Ordering::Relaxed))
}

/// A name that nothing else has.
pub(crate) fn fresh_name() -> String {
    call_token()
}

/// The token of a [`Receipt`], taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    /// How the note is known.
    pub(crate) known: Known<'a>,
    /// The first byte of the payload in the note, counted from 1.
    pub(crate) first: i64,
    /// Its last byte, counted from 1 or, if negative, from the end.
    pub(crate) last: i64,
    /// The queue the job came from.
    pub(crate) queue: &'a str,
}

/// How a note is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Known<'a> {
    /// By the receipt at its end.
    Receipt(&'a str),
    /// By its SHA-1.
    Digest(&'a str),
}

impl<'a> Token<'a> {
    /// Reads the token of a receipt; `None` for one that another backend made.
    pub(crate) fn of(receipt: &'a Receipt) -> Option<Self> {
        let mut parts = receipt.token().splitn(4, ' ');
        let known = match parts.next()?.split_at_checked(1)? {
            ("=", receipt) => Known::Receipt(receipt),
            ("#", digest) => Known::Digest(digest),
            _ => return None,
        };
        Some(Self {
            known,
            first: parts.next()?.parse().ok()?,
            last: parts.next()?.parse().ok()?,
            queue: parts.next()?,
        })
    }

    /// The receipt of `worker` with this token.
    pub(crate) fn receipt(&self, worker: WorkerId) -> Receipt {
        let Self {
            known,
            first,
            last,
            queue,
        } = self;
        let (mark, known) = match known {
            Known::Receipt(receipt) => ('=', receipt),
            Known::Digest(digest) => ('#', digest),
        };
        Receipt::new(worker, format!("{mark}{known} {first} {last} {queue}"))
    }
}

/// The end of the note with this receipt.
pub(crate) fn suffix(receipt: &str) -> Vec<u8> {
    let mut suffix = Vec::with_capacity(receipt.len() + 24);
    note::write_suffix(&mut suffix, receipt);
    suffix
}

/// What a worker holds, according to its note.
pub(crate) fn held(worker: WorkerId, note: &Bytes) -> Held {
    let Some(read) = note::decode(note) else {
        let digest = sha1_hex(&[note]);
        let known = Known::Digest(&digest);
        let token = Token {
            known,
            first: 1,
            last: -1,
            queue: "",
        };
        return Held::new("", Payload::new(note.clone()), token.receipt(worker));
    };
    let (first, last) = place_of_payload(note, &read);
    let digest;
    let known = match &read.receipt {
        Some(receipt) => Known::Receipt(receipt),
        None => {
            digest = sha1_hex(&[note]);
            Known::Digest(&digest)
        }
    };
    let token = Token {
        known,
        first,
        last,
        queue: &read.queue,
    };
    let payload = Payload::new(Bytes::copy_from_slice(&read.payload));
    Held::new(&*read.queue, payload, token.receipt(worker)).since(read.run_at)
}

fn place_of_payload(note: &[u8], read: &Note<'_>) -> (i64, i64) {
    let place = |at: usize| i64::try_from(at).unwrap_or(i64::MAX);
    if let Some(receipt) = &read.receipt {
        let mut windows = note.windows(BEFORE_PAYLOAD.len());
        let at = windows
            .position(|window| window == BEFORE_PAYLOAD)
            .unwrap_or(0);
        let behind = suffix(receipt).len();
        return (place(at + BEFORE_PAYLOAD.len() + 1), -place(behind + 1));
    }
    let members = json::members(note).into_iter().flatten().flatten();
    let payload = members.filter(|member| member.is("payload")).last();
    let range = payload.map_or(0..note.len(), |member| member.value_range());
    (place(range.start + 1), place(range.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker() -> WorkerId {
        WorkerId::new("h:1:q").unwrap()
    }

    fn cut<'a>(note: &'a [u8], held: &Held) -> &'a [u8] {
        let token = Token::of(&held.receipt).unwrap();
        let first = usize::try_from(token.first).unwrap() - 1;
        let length = i64::try_from(note.len()).unwrap();
        let last = if token.last < 0 {
            length + token.last + 1
        } else {
            token.last
        };
        &note[first..usize::try_from(last).unwrap()]
    }

    #[test]
    fn no_name_is_shorter_by_chance() {
        assert_eq!(twelve_digits(u64::MAX), "ffffffffffff");
        assert_eq!(twelve_digits(0x10_0000), "000000000010");
    }

    #[test]
    fn tokens_come_back_with_any_queue_name() {
        let digest = Token {
            known: Known::Digest("ab"),
            first: 3,
            last: -4,
            queue: "a b  c",
        };
        assert_eq!(Token::of(&digest.receipt(worker())), Some(digest));
        assert_eq!(Token::of(&Receipt::new(worker(), "made elsewhere")), None);
    }

    #[test]
    fn the_payload_is_found_in_our_notes() {
        let payload = br#"{"class":"A","args":[],"payload":1}"#;
        let queue = r#"a\",\"payload\":"#;
        let note = note::encode(queue, std::time::SystemTime::UNIX_EPOCH, payload, "r-1");
        let held = held(worker(), &note.clone().into());
        assert_eq!(
            (held.queue.as_str(), held.payload.as_bytes()),
            (queue, &payload[..])
        );
        assert_eq!(cut(&note, &held), payload);
        assert_eq!(
            Token::of(&held.receipt).unwrap().known,
            Known::Receipt("r-1")
        );
    }

    #[test]
    fn the_payload_is_found_in_foreign_notes() {
        let note = br#"{"run_at":"x","payload": {"class":"A"} ,"queue":"q","worker":"h:1"}"#;
        let held = held(worker(), &note[..].into());
        assert_eq!(cut(note, &held), br#"{"class":"A"}"#);
        assert_eq!(held.payload.as_bytes(), br#"{"class":"A"}"#);
    }

    #[test]
    fn a_note_that_nobody_can_read_is_held_as_it_is() {
        let held = held(worker(), &Bytes::from_static(b"{oops"));
        assert_eq!(
            (held.queue.as_str(), held.payload.as_bytes()),
            ("", &b"{oops"[..])
        );
    }
}
