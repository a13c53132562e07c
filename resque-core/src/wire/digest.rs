//! The digest by which stored texts are told apart.

/// The SHA-1 of the parts one after another, in hexadecimal: what Redis scripts call `sha1hex`.
///
/// It names texts that others have written and guards against mistakes, not against attackers:
/// whoever can write into the store needs no collision.
///
/// ```
/// # use resque_core::wire::sha1_hex;
/// assert_eq!(sha1_hex(&[b"a", b"bc"]), "a9993e364706816aba3e25717850c26c9cd0d89d");
/// ```
#[must_use]
pub fn sha1_hex(parts: &[&[u8]]) -> String {
    let mut digest = sha1_smol::Sha1::new();
    for part in parts {
        digest.update(part);
    }
    digest.hexdigest()
}
