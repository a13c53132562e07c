//! Other bytes for jobs that are about to be released.

use resque_core::{Outcome, Settlement};

use super::WHAT;
use crate::refusal::Refused;
use crate::store::Store;

/// Workers are locked in the order of their ids, as everywhere.
const TEXT: &str = "with held as materialized (
        select w.id, r.payload
        from unnest($1::text[], $2::bigint[], $3::bytea[]) r (id, number, payload)
        join resque.workers w on w.id = r.id and w.number = r.number
        order by w.id
        for no key update of w
    )
    update resque.workers w set payload = held.payload from held where w.id = held.id";

impl Store {
    /// Notes other bytes for the jobs that are to be released with them, as long as they are held.
    /// It is a step of its own, because only a worker that stops needs it: should it be the last
    /// one, the job is still held, with bytes that tell one release more.
    pub(super) async fn rewrite(&self, done: &[&Settlement]) -> Result<(), Refused> {
        let (mut ids, mut numbers, mut payloads) = (Vec::new(), Vec::new(), Vec::new());
        for settlement in done {
            let number = settlement.receipt.number().map(i64::try_from);
            if let (Outcome::ReleaseAs(payload), Some(Ok(number))) = (&settlement.outcome, number) {
                ids.push(settlement.receipt.worker().as_str());
                numbers.push(number);
                payloads.push(payload.as_bytes());
            }
        }
        if ids.is_empty() {
            return Ok(());
        }
        let statement = self.statement(TEXT);
        let statement = statement.bind(ids).bind(numbers).bind(payloads);
        self.link.connections.ask(WHAT, statement).await.map(drop)
    }
}
