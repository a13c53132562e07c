//! Settling finished jobs and filling free slots: one statement, one transaction, one round trip.

mod leases;
mod reply;
mod request;
mod reserve;
mod rewrite;

use std::time::SystemTime;

use resque_core::{Exchange, QueueList, Result, Settlement, WorkerId};

use crate::stamp::Stamp;
use crate::store::Store;
pub(crate) use leases::{Leases, can_be_held};
use request::Request;

const WHAT: &str = "settle and reserve";
const TEXT: &str = "select * from resque.exchange($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
    $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)";
/// The same when leases change with settlements.
const TEXT_WITH_LEASES: &str = "select e.* from resque.exchange($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, \
    $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24) e \
    cross join lateral resque.change_leases(e.settled, $25, $26, $27, $28) c";

impl Store {
    /// Settles, then fills slots.
    pub(crate) async fn exchange(
        &self,
        done: &[Settlement],
        want: &[WorkerId],
        from: &QueueList,
        now: SystemTime,
    ) -> Result<Exchange> {
        if done.is_empty() && want.is_empty() {
            return Ok(Exchange::default());
        }
        let now = Stamp::of(now)?;
        if done.is_empty()
            && let Some(answer) = self.reserve(want, from, now).await?
        {
            return Ok(answer);
        }
        let mut request = Request::new(done, want)?;
        let mut answer = Exchange::default();
        answer.settled = request.untold();
        self.rewrite(done).await?;
        let mut first = true;
        // A second round trip only when a queue has been made since the names were read.
        loop {
            let asked = self.asked(from).await;
            let asked = match asked {
                Ok(asked) => asked,
                // What was settled is settled, whatever comes then.
                Err(error) if first => return Err(error),
                Err(error) => {
                    answer.troubles.push(error);
                    break;
                }
            };
            let text = if request.changes_leases() {
                TEXT_WITH_LEASES
            } else {
                TEXT
            };
            let query = request.bind(self.statement(text), &asked, now);
            let row = self.row(WHAT, query).await;
            let row = match row {
                Ok(row) => row,
                Err(error) if first => return Err(error),
                Err(error) => {
                    answer.troubles.push(error);
                    break;
                }
            };
            let outdated = self.read(&row, &request, &asked, now, &mut answer)?;
            if !outdated {
                break;
            }
            self.known.forget();
            request.settled();
            answer.reserved.clear();
            first = false;
        }
        Ok(answer)
    }
}
