//! The job that confirms an order.

use resque::prelude::*;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

/// Confirms an order by mail.
#[derive(Debug, Serialize, Deserialize)]
pub struct Confirm {
    /// The order. It is in the database: the job would not exist without it.
    pub order: i64,
}

impl Job for Confirm {
    const CLASS: &'static str = "Confirm";
    const QUEUE: &'static str = "mail";

    async fn perform(self, context: &JobContext) -> JobResult {
        let pool = context.state::<PgPool>()?;
        // What stands for sending; a job whose worker was killed may be run again by hand, and an
        // order is confirmed once nevertheless.
        let mail =
            "insert into mails (\"order\", recipient) select id, email from orders where id = $1
            on conflict do nothing";
        sqlx::query(mail).bind(self.order).execute(pool).await?;
        Ok(())
    }
}
