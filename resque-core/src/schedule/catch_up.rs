//! What becomes of runs that were missed.

use std::fmt;

/// What becomes of ticks that passed while no process could fire them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CatchUp {
    /// They are left out, as by resque-scheduler. A tick counts as missed when it is more than a
    /// minute late.
    Skip,
    /// The last one fires, late.
    #[default]
    Last,
    /// The last so many fire, late, in their order.
    UpTo(u32),
}

impl CatchUp {
    /// Ticks that fire late at most; more would be a flood that nobody wants.
    const MOST: u32 = 10_000;

    /// How many ticks fire late at most.
    #[cfg(feature = "worker")]
    pub(crate) fn at_most(self) -> usize {
        match self {
            Self::Skip | Self::Last => 1,
            Self::UpTo(count) => count.min(Self::MOST) as usize,
        }
    }

    /// Reads `skip`, `last`, or a number.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.trim() {
            "skip" => Ok(Self::Skip),
            "last" => Ok(Self::Last),
            number => match number.parse() {
                Ok(0) => Ok(Self::Skip),
                Ok(count) if count <= Self::MOST => Ok(Self::UpTo(count)),
                _ => Err(format!(
                    "{text:?} says nothing about missed runs; write skip, last, or how many of \
                     them run late, at most {}",
                    Self::MOST
                )),
            },
        }
    }
}

impl fmt::Display for CatchUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skip => f.write_str("skip"),
            Self::Last => f.write_str("last"),
            Self::UpTo(count) => write!(f, "{count}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        for catch_up in [CatchUp::Skip, CatchUp::Last, CatchUp::UpTo(20)] {
            assert_eq!(CatchUp::parse(&catch_up.to_string()), Ok(catch_up));
        }
        for text in ["", "all", "-1", "10001", "1.5"] {
            let error = CatchUp::parse(text).unwrap_err();
            assert!(error.contains("skip, last"), "{error}");
        }
    }
}
