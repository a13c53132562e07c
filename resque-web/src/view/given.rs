//! What templates pass on: a value, a reference to it, or one to that.

/// A value as templates pass it on.
pub(crate) trait Given<T: Copy> {
    /// The value.
    fn value(self) -> T;
}

impl<T: Copy> Given<T> for T {
    fn value(self) -> T {
        self
    }
}

impl<T: Copy> Given<T> for &T {
    fn value(self) -> T {
        *self
    }
}

impl<T: Copy> Given<T> for &&T {
    fn value(self) -> T {
        **self
    }
}
