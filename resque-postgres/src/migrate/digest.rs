//! Noticing that a migration is not what it was.

/// FNV-1a, which is worked out while compiling; it has to notice an accident and no more.
pub(super) const fn digest(text: &str) -> i64 {
    let (bytes, mut hash, mut at) = (text.as_bytes(), 0xcbf2_9ce4_8422_2325_u64, 0);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_function_that_it_is_called() {
        assert_eq!(digest("").cast_unsigned(), 0xcbf2_9ce4_8422_2325);
        assert_eq!(digest("a").cast_unsigned(), 0xaf63_dc4c_8601_ec8c);
        assert_ne!(digest("create table a"), digest("create table b"));
    }
}
