//! What signs tokens and marks, and compares in constant time.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How many bytes a mark has; nobody finds another text with the same mark.
const MARK: usize = 16;

/// A key for signatures. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Secret(Arc<[u8]>);

impl Secret {
    /// A key that nobody knows.
    pub(crate) fn random() -> Self {
        Self(random::<32>().as_slice().into())
    }

    /// A key made of what somebody else knows too.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The signature of these parts for one purpose. Where one part ends and the next begins is
    /// signed too.
    pub(crate) fn sign(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0)
            .expect("this kind of signature takes keys of every length");
        for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// A short text that stands for these parts and tells nothing about them.
    pub(crate) fn mark(&self, purpose: &str, parts: &[&[u8]]) -> String {
        URL_SAFE_NO_PAD.encode(&self.sign(purpose, parts)[..MARK])
    }

    /// Whether `text` is that mark. Takes as long for a wrong one as for the right one.
    pub(crate) fn is_mark(&self, text: &str, purpose: &str, parts: &[&[u8]]) -> bool {
        let mark = self.mark(purpose, parts);
        mark.as_bytes().ct_eq(text.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Bytes that nobody can guess.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("every system that runs this has a source of randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_depends_on_key_purpose_and_the_cut_between_parts() {
        let secret = Secret::of(b"key");
        let mark = secret.mark("form", &[b"ab", b"c"]);
        assert!(secret.is_mark(&mark, "form", &[b"ab", b"c"]));
        assert!(!secret.is_mark(&mark, "form", &[b"a", b"bc"]));
        assert!(!secret.is_mark(&mark, "job", &[b"ab", b"c"]));
        assert!(!Secret::random().is_mark(&mark, "form", &[b"ab", b"c"]));
        assert!(!secret.is_mark("", "form", &[b"ab", b"c"]));
    }

    #[test]
    fn it_does_not_show_itself() {
        assert_eq!(format!("{:?}", Secret::of(b"key")), "Secret");
    }
}
