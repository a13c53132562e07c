//! Removing and moving waiting jobs by their exact bytes.

use resque_core::{Edit, EditTo, Result};

use crate::scripts::EDIT;
use crate::store::{Store, list_of, number_of};

impl Store {
    /// Makes edits, and answers how many jobs each one found.
    pub(crate) async fn edit_jobs(&self, batch: &[Edit]) -> Result<Vec<u64>> {
        let mut found = vec![0; batch.len()];
        let wanted: Vec<usize> = (0..batch.len())
            .filter(|at| batch[*at].at_most > 0)
            .collect();
        for part in wanted.chunks(100) {
            let mut call = self.call(&EDIT, 4 * part.len(), 200 * part.len());
            for &at in part {
                let edit = &batch[at];
                // Redis counts with signed numbers; 0 is all.
                let at_most = i64::try_from(edit.at_most).unwrap_or(0);
                call.arg(edit.queue.as_str())
                    .arg(edit.payload.clone().into_bytes())
                    .arg(at_most);
                match &edit.to {
                    EditTo::Front => call.arg("<"),
                    EditTo::Queue(queue) => call.arg(format!(">{queue}")),
                    _ => call.arg(""),
                };
            }
            let counts = list_of(self.script("edit jobs", &call).await?);
            for (&at, count) in part.iter().zip(&counts) {
                found[at] = number_of(count);
            }
        }
        Ok(found)
    }
}
