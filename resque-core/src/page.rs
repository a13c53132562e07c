//! Which part of a list to look at.

use std::ops::Range;

/// A part of a list, by first and last index, both included; negative ones count from the end.
///
/// Ruby and Perl clients page by start and count and differ in the corners; [`Page::ruby`] and
/// [`Page::perl`] give each its own rules.
///
/// ```
/// use resque_core::Page;
///
/// assert_eq!(Page::new(1, 3).range(10), 1..4);
/// assert_eq!(Page::ALL.range(10), 0..10);
/// assert_eq!(Page::ruby(-1, 1).range(10), 9..10); // the last one
/// assert_eq!(Page::perl(0, -2).range(10), 0..9); // all but the last
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    first: i64,
    last: i64,
}

impl Page {
    /// Everything.
    pub const ALL: Self = Self { first: 0, last: -1 };

    /// `count` elements from `start`.
    #[must_use]
    pub const fn new(start: u32, count: u32) -> Self {
        if count == 0 {
            // An empty part: the last element lies before the first one.
            return Self { first: 1, last: 0 };
        }
        Self {
            first: start as i64,
            last: start as i64 + count as i64 - 1,
        }
    }

    /// The part that Ruby's `Resque.peek(queue, start, count)` shows.
    ///
    /// `count` 0 from 0 is everything, a negative `count` leaves elements off the end.
    #[must_use]
    pub const fn ruby(start: i64, count: i64) -> Self {
        if count == 1 {
            return Self {
                first: start,
                last: start,
            };
        }
        Self {
            first: start,
            last: start.saturating_add(count).saturating_sub(1),
        }
    }

    /// The part that Perl's `$resque->peek($queue, $start, $count)` shows.
    ///
    /// `count` 0 is one element, a negative `count` is the last index.
    #[must_use]
    pub const fn perl(start: i64, count: i64) -> Self {
        let count = if count == 0 { 1 } else { count };
        if count < 0 {
            return Self {
                first: start,
                last: count,
            };
        }
        if start < 0 && start.saturating_add(count) > 0 {
            return Self {
                first: start,
                last: -1,
            };
        }
        Self {
            first: start,
            last: start.saturating_add(count).saturating_sub(1),
        }
    }

    /// The first index, as it was given.
    #[must_use]
    pub const fn first(self) -> i64 {
        self.first
    }

    /// The last index, included, as it was given.
    #[must_use]
    pub const fn last(self) -> i64 {
        self.last
    }

    /// The indices of a list of this length that the part covers.
    #[must_use]
    pub fn range(self, length: usize) -> Range<usize> {
        let length_signed = i64::try_from(length).unwrap_or(i64::MAX);
        let from_start = |index: i64| {
            if index < 0 {
                index.saturating_add(length_signed)
            } else {
                index
            }
        };
        let first = from_start(self.first).max(0);
        let end = from_start(self.last).saturating_add(1).min(length_signed);
        if first >= end {
            return 0..0;
        }
        usize::try_from(first).unwrap_or(length)..usize::try_from(end).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ruby_edges() {
        assert_eq!(Page::ruby(0, 1).range(5), 0..1);
        assert_eq!(Page::ruby(0, 0).range(5), 0..5);
        assert_eq!(Page::ruby(0, -1).range(5), 0..4);
        assert_eq!(Page::ruby(3, 10).range(5), 3..5);
        assert_eq!(Page::ruby(9, 2).range(5), 0..0);
    }

    #[test]
    fn perl_edges() {
        let table = [
            ((0, 1), 0..1),
            ((0, 2), 0..2),
            ((1, 3), 1..4),
            ((0, -1), 0..5),
            ((0, -2), 0..4),
            ((1, -1), 1..5),
            ((-1, 1), 4..5),
            ((-2, -1), 3..5),
            ((0, 0), 0..1),
            ((3, 10), 3..5),
        ];
        for ((start, count), range) in table {
            assert_eq!(
                Page::perl(start, count).range(5),
                range,
                "({start},{count})"
            );
        }
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(Page::new(0, 0).range(5), 0..0);
        assert_eq!(Page::ALL.range(0), 0..0);
        assert_eq!(Page::ruby(i64::MIN, i64::MIN).range(5), 0..0);
    }
}
