//! What commands can be told.

use bytes::Bytes;

use super::Batch;

/// What can be an argument of a command: text, bytes and whole numbers.
pub trait Argument {
    /// Adds itself to the command of `batch` started last.
    fn add_to(self, batch: &mut Batch);
}

macro_rules! copied {
    ($($type:ty),*) => {$(
        impl Argument for $type {
            fn add_to(self, batch: &mut Batch) {
                batch.push_copied(self.as_ref());
            }
        }
    )*};
}
copied!(&str, &String, String, &[u8], &Vec<u8>, Vec<u8>);

impl<const N: usize> Argument for &[u8; N] {
    fn add_to(self, batch: &mut Batch) {
        batch.push_copied(self);
    }
}

impl Argument for Bytes {
    fn add_to(self, batch: &mut Batch) {
        batch.push_shared(&self);
    }
}

impl Argument for &Bytes {
    fn add_to(self, batch: &mut Batch) {
        batch.push_shared(self);
    }
}

macro_rules! number {
    ($($type:ty),*) => {$(
        impl Argument for $type {
            fn add_to(self, batch: &mut Batch) {
                batch.push_number(self);
            }
        }
    )*};
}
number!(u8, u16, u32, u64, u128, usize, i32, i64);
