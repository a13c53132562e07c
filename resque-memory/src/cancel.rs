//! Marks on jobs that are to be ended.

use async_trait::async_trait;
use resque_core::{CancelJobs, Receipt, Result};

use crate::store::Store;
use crate::workers::{Note, Workers};

#[async_trait]
impl CancelJobs for Store {
    async fn mark(&self, jobs: &[Receipt]) -> Result<Vec<bool>> {
        Ok(self.step(|state| {
            let mut mark = |receipt| match state.workers.note_of(receipt) {
                Some(note) => {
                    note.cancelled = true;
                    true
                }
                None => false,
            };
            jobs.iter().map(&mut mark).collect()
        }))
    }

    async fn marked(&self, jobs: &[Receipt]) -> Result<Vec<bool>> {
        Ok(self.step(|state| {
            let mut marked = |receipt| {
                let note = state.workers.note_of(receipt);
                note.is_some_and(|note| note.cancelled)
            };
            jobs.iter().map(&mut marked).collect()
        }))
    }
}

impl Workers {
    /// The note of the reservation that a receipt names, whatever the worker's heartbeat is.
    fn note_of(&mut self, receipt: &Receipt) -> Option<&mut Note> {
        let note = self.get_mut(receipt.worker())?.note.as_mut()?;
        (Some(note.number) == receipt.number()).then_some(note)
    }
}
