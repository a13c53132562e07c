//! The names of a process's slots.

use std::fmt;
use std::hash::{BuildHasher, RandomState};

use crate::{Result, WorkerId};

const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// Five random letters and digits that tell the lives of a process apart, so that no restarted or
/// cloned container, which has the same host name and pid, ever reuses a worker id.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token([u8; 5]);

impl Token {
    pub(crate) fn random() -> Self {
        // The standard library seeds this from the operating system, which two clones of one
        // machine do not share; clock and pid, which they may share, stay out of it.
        let mut number = RandomState::new().hash_one("token");
        Self(std::array::from_fn(|_| {
            let letter = LETTERS[(number % 36) as usize];
            number /= 36;
            letter
        }))
    }

    /// A random token that is not this one.
    pub(crate) fn renewed(self) -> Self {
        loop {
            let token = Self::random();
            if token != self {
                return token;
            }
        }
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the ids of a process have in common.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    host: String,
    pid: u32,
    token: Token,
}

impl Identity {
    /// This process, with a random token.
    pub(crate) fn of_this_process() -> Self {
        Self::new(
            &gethostname::gethostname().to_string_lossy(),
            std::process::id(),
        )
    }

    fn new(host: &str, pid: u32) -> Self {
        // A colon ends the host part of an id, and `~` begins the token.
        let plain = |c: char| {
            if c == ':' || c == '~' || c.is_control() {
                '-'
            } else {
                c
            }
        };
        let host: String = host.chars().map(plain).collect();
        Self {
            host: if host.is_empty() {
                "localhost".to_owned()
            } else {
                host
            },
            pid,
            token: Token::random(),
        }
    }

    /// The same process under a new token.
    pub(crate) fn renewed(&self) -> Self {
        Self {
            token: self.token.renewed(),
            ..self.clone()
        }
    }

    /// The id of one slot.
    pub(crate) fn worker_id(&self, slot: usize, queues: &str) -> Result<WorkerId> {
        WorkerId::compose(&self.host, self.token.as_str(), self.pid, slot, queues)
    }

    /// `<host>:<pid>`, the name under which the process promotes delayed jobs.
    pub(crate) fn holder(&self) -> String {
        format!("{}:{}", self.host, self.pid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_five_letters_or_digits_and_differ() {
        let token = Token::random();
        assert_eq!(token.as_str().len(), 5);
        let mut renewed: Vec<_> = (0..100).map(|_| token.renewed()).collect();
        assert!(renewed.iter().all(|other| *other != token));
        renewed.sort_by_key(|token| token.0);
        renewed.dedup();
        assert!(renewed.len() > 90, "{renewed:?}");
    }

    #[test]
    fn ids_carry_host_token_pid_slot_and_queues() {
        let identity = Identity::new("web1", 4711);
        let id = identity.worker_id(3, "high,low").unwrap();
        assert_eq!(
            (id.host(), id.pid(), id.queues()),
            ("web1", "4711-3", "high,low")
        );
        assert_eq!(id.token(), Some(identity.token.as_str()));
        assert_ne!(identity.renewed().worker_id(3, "high,low").unwrap(), id);
        assert_eq!(identity.holder(), "web1:4711");
    }

    #[test]
    fn a_strange_host_name_makes_no_strange_id() {
        let id = Identity::new("fe80::1~x", 1).worker_id(0, "*").unwrap();
        assert_eq!((id.host(), id.pid()), ("fe80--1-x", "1-0"));
        assert!(Identity::new("", 1).worker_id(0, "*").is_ok());
    }
}
