//! Leases, buckets and lines.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use resque_core::{
    Claim, Claimed, Enqueue, Error, LONGEST_TURN, Lease, Limits, Lock, Need, Pushed, Renewal,
    Result, TURN_KEPT, TURN_LATE,
};

use crate::driver::{Batch, Value};
use crate::scripts::{CLAIM, RENEW_LEASES};
use crate::store::{CHUNK, Store, bytes_of, list_of, number_of};

#[async_trait]
impl Limits for Store {
    async fn claim(&self, claims: &[Claim], now: SystemTime) -> Result<Vec<Claimed>> {
        const WHAT: &str = "claim what jobs need";
        if claims.is_empty() {
            return Ok(Vec::new());
        }
        let mut call = self.call(&CLAIM, 16 * claims.len() + 4, 160 * claims.len());
        call.arg(micros(now));
        for span in [LONGEST_TURN, TURN_KEPT, TURN_LATE] {
            call.arg(span_of(span));
        }
        for claim in claims {
            add_claim(&mut call, claim)?;
        }
        let answers = list_of(self.script(WHAT, &call).await?);
        if answers.len() != claims.len() {
            return Err(self.odd_reply(WHAT));
        }
        Ok(answers.into_iter().map(claimed).collect())
    }

    async fn push_once(&self, lock: &Lock, batch: &[Enqueue]) -> Result<Option<Vec<Pushed>>> {
        if batch.is_empty() {
            return Ok(Some(Vec::new()));
        }
        self.push_locked(Some(lock), batch).await
    }

    async fn renew(&self, leases: &[Renewal], now: SystemTime) -> Result<Vec<bool>> {
        let mut held = Vec::with_capacity(leases.len());
        for part in leases.chunks(CHUNK) {
            let mut call = self.call(&RENEW_LEASES, 3 * part.len() + 1, 120 * part.len());
            call.arg(micros(now));
            for Renewal { lease, until } in part {
                call.arg(&*lease.name)
                    .arg(&*lease.holder)
                    .arg(micros(*until));
            }
            let answers = list_of(self.script("renew leases", &call).await?);
            held.extend(answers.iter().map(|answer| number_of(answer) == 1));
        }
        Ok(held)
    }

    async fn free(&self, leases: &[Lease]) -> Result<u64> {
        const WHAT: &str = "free leases";
        let mut freed = 0;
        for part in leases.chunks(CHUNK) {
            let mut batch = Batch::with_capacity(3 * part.len(), 120 * part.len());
            for lease in part {
                let key = self.keys.lease(&lease.name);
                batch.command("ZREM").arg(key).arg(&*lease.holder);
            }
            for (reply, lease) in self.run(WHAT, &batch).await?.into_iter().zip(part) {
                let key = self.keys.lease(&lease.name);
                let reply = reply.ok();
                freed += number_of(&reply.map_err(|error| self.key_refused(WHAT, &key, &error))?);
            }
        }
        Ok(freed)
    }

    async fn leases(&self, name: &str, now: SystemTime) -> Result<Vec<Renewal>> {
        let key = self.keys.lease(name);
        let mut batch = Batch::new();
        batch.command("ZRANGEBYSCORE").arg(&key);
        batch
            .arg(format!("({}", micros(now)))
            .arg("+inf")
            .arg("WITHSCORES");
        let reply = self.on_key("list leases", &key, &batch).await?;
        let mut leases = Vec::new();
        let mut values = list_of(reply).into_iter();
        while let (Some(holder), Some(until)) = (values.next(), values.next()) {
            let holder = String::from_utf8_lossy(&bytes_of(holder)).into_owned();
            leases.push(Lease::new(name, holder).until(time_of(until)));
        }
        leases.sort_unstable_by(|a, b| a.lease.holder.cmp(&b.lease.holder));
        Ok(leases)
    }
}

fn add_claim(call: &mut Batch, claim: &Claim) -> Result<()> {
    let frees = claim.frees.as_ref();
    call.arg(&*claim.job)
        .arg(frees.map_or("", |lease| &*lease.name))
        .arg(frees.map_or("", |lease| &*lease.holder))
        .arg(claim.needs.len());
    for need in &claim.needs {
        match need {
            Need::Place { lease, of, apart } => {
                let Renewal { lease, until } = lease;
                call.arg("p").arg(&*lease.name).arg(micros(*until));
                call.arg(*of).arg(span_of(*apart)).arg(&*lease.holder);
            }
            Need::Token { name, rate } => {
                call.arg("t").arg(&**name);
                call.arg(span_of(rate.every())).arg(rate.at_once());
            }
            other => {
                return Err(Error::Rejected {
                    what: "claim what a job needs".to_owned(),
                    reason: format!("the Redis backend does not know {other:?}"),
                    transient: false,
                });
            }
        }
    }
    Ok(())
}

fn claimed(answer: Value) -> Claimed {
    match bytes_of(answer) {
        nothing if nothing.is_empty() => Claimed::Granted,
        time => Claimed::Wait(time_of(Value::Bulk(time))),
    }
}

/// The time of a number of microseconds in a reply.
pub(crate) fn time_of(value: Value) -> SystemTime {
    let text = bytes_of(value);
    // Scores are written as floats, though they are whole.
    let micros: Option<f64> = std::str::from_utf8(&text)
        .ok()
        .and_then(|text| text.parse().ok());
    let seconds = micros.unwrap_or_default() / 1e6;
    let since = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let since = Duration::from_micros((since.as_nanos().div_ceil(1_000)).try_into().unwrap_or(0));
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}

/// Microseconds since 1970.
pub(crate) fn micros(time: SystemTime) -> u64 {
    span_of(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// A span in microseconds, as far as scripts can tell it from its neighbours.
fn span_of(span: Duration) -> u64 {
    const LAST: u64 = (1 << 53) - 1;
    u64::try_from(span.as_micros()).map_or(LAST, |micros| micros.min(LAST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_to_the_microsecond() {
        for number in [0_u64, 1, 1_795_215_600_123_457, 1_795_215_600_000_000] {
            let time = UNIX_EPOCH + Duration::from_micros(number);
            assert_eq!(micros(time), number);
            let reply = Value::Bulk(number.to_string().into());
            assert_eq!(time_of(reply), time, "{number}");
        }
        assert_eq!(time_of(Value::Nil), UNIX_EPOCH);
        assert_eq!(span_of(Duration::MAX), (1 << 53) - 1);
    }
}
