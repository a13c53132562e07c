//! Asking for failure records, piece by piece.

use std::time::SystemTime;

use crate::{Cursor, FailureFilter, FailureOrder, FailureQuery};

/// Each of these adds a condition.
///
/// ```
/// use resque_core::FailureFilter;
///
/// let filter = FailureFilter::default().class("Archive").text("timeout").retried(false);
/// assert!(!filter.is_empty());
/// ```
impl FailureFilter {
    /// Only jobs of this class.
    #[must_use]
    pub fn class(mut self, class: impl Into<String>) -> Self {
        self.class = Some(class.into());
        self
    }

    /// Only this kind of error.
    #[must_use]
    pub fn exception(mut self, exception: impl Into<String>) -> Self {
        self.exception = Some(exception.into());
        self
    }

    /// Only jobs that came from this queue.
    #[must_use]
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.queue = Some(queue.into());
        self
    }

    /// Only records whose message, class, worker or payload contain this text.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Only jobs that were put back into a queue, or only those that were not.
    #[must_use]
    pub fn retried(mut self, retried: bool) -> Self {
        self.retried = Some(retried);
        self
    }

    /// Only what failed at or after this time.
    #[must_use]
    pub fn since(mut self, since: SystemTime) -> Self {
        self.since = Some(since);
        self
    }

    /// Only what failed before this time.
    #[must_use]
    pub fn until(mut self, until: SystemTime) -> Self {
        self.until = Some(until);
        self
    }
}

/// Each of these changes one part of the question.
impl FailureQuery {
    /// The newest 20 of these records.
    #[must_use]
    pub fn new(filter: FailureFilter) -> Self {
        Self {
            filter,
            ..Self::default()
        }
    }

    /// In this order.
    #[must_use]
    pub fn order(mut self, order: FailureOrder) -> Self {
        self.order = order;
        self
    }

    /// From where the page before ended.
    #[must_use]
    pub fn from(mut self, cursor: Option<Cursor>) -> Self {
        self.cursor = cursor;
        self
    }

    /// At most this many records.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Reading at most this many records to find them.
    #[must_use]
    pub fn scan_budget(mut self, records: usize) -> Self {
        self.scan_budget = records;
        self
    }
}
