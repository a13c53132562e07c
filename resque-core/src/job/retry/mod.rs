//! What becomes of a job whose attempt failed.

mod verdict;

pub use self::verdict::Verdict;
