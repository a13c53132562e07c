//! Pages of long lists: a cursor is where the last page ended.

use serde::Deserialize;
use utoipa::IntoParams;

/// How many rows a page has unless it is said.
pub(crate) const USUAL: usize = 50;
/// How many rows a page has at most.
const MOST: usize = 500;

/// Where a page of jobs begins, for lists that are read by position.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct From {
    /// How many rows to pass over: `next` of the page before.
    #[serde(default)]
    pub(crate) from: u32,
    /// How many rows, at most 500.
    pub(crate) limit: Option<usize>,
}

impl From {
    /// How many rows.
    pub(crate) fn limit(self) -> usize {
        limit(self.limit)
    }

    /// Where the next page begins, if this one was full and there is more.
    pub(crate) fn next(self, shown: usize, total: u64) -> Option<u32> {
        let next = self
            .from
            .saturating_add(u32::try_from(shown).unwrap_or(u32::MAX));
        (shown > 0 && u64::from(next) < total).then_some(next)
    }

    /// Where the page before begins, if this is not the first.
    pub(crate) fn before(self) -> Option<u32> {
        let limit = u32::try_from(self.limit()).unwrap_or(u32::MAX);
        (self.from > 0).then(|| self.from.saturating_sub(limit))
    }
}

/// How many rows, within reason.
pub(crate) fn limit(asked: Option<usize>) -> usize {
    asked.unwrap_or(USUAL).clamp(1, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_gaps() {
        let first = From::default();
        assert_eq!((first.before(), first.next(50, 120)), (None, Some(50)));
        let last = From {
            from: 100,
            limit: None,
        };
        assert_eq!((last.before(), last.next(20, 120)), (Some(50), None));
        let beyond = From {
            from: u32::MAX,
            limit: Some(0),
        };
        assert_eq!((beyond.limit(), beyond.next(0, 120)), (1, None));
    }
}
