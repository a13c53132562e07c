//! Removing and moving waiting jobs by their exact bytes.

use resque_core::{Edit, EditTo, Result};

use crate::store::{Store, bounded, counted, unknown};

impl Store {
    /// Makes one edit and answers how many jobs it found.
    pub(crate) async fn edit_one(&self, edit: &Edit) -> Result<u64> {
        const TEXT: &str = "select resque.edit($1, $2, $3, $4, $5)";
        let (how, other) = match &edit.to {
            EditTo::Nowhere => (0, None),
            EditTo::Front => (1, None),
            EditTo::Queue(other) => (2, Some(other.as_str())),
            other => return Err(unknown("edit a queue", other)),
        };
        let query = self
            .statement(TEXT)
            .bind(edit.queue.as_str())
            .bind(edit.payload.as_bytes())
            .bind(bounded(edit.at_most))
            .bind(how)
            .bind(other);
        let row = self.row("edit a queue", query).await?;
        Ok(counted(self.get(&row, 0)?))
    }
}
