//! Firing ticks, each at most once.

use std::time::SystemTime;

use resque_core::wire::time::TimeFormat;
use resque_core::{Fired, Firing, Result};

use super::{millis, time_of};
use crate::driver::{Batch, Value};
use crate::scripts::FIRE;
use crate::store::{Store, list_of};

/// Ticks fired in one step of the server at most.
const AT_ONCE: usize = 500;

impl Store {
    /// Fires ticks of schedules.
    pub(super) async fn fire(
        &self,
        holder: &str,
        batch: &[Firing],
        now: SystemTime,
    ) -> Result<Vec<Result<Fired>>> {
        const WHAT: &str = "fire schedules";
        if !batch.is_empty() {
            self.check_permissions().await?;
        }
        let mut answers = Vec::with_capacity(batch.len());
        for part in batch.chunks(AT_ONCE) {
            let call = self.fire_call(holder, part, now);
            let replies = list_of(self.script(WHAT, &call).await?);
            if replies.len() != part.len() {
                return Err(self.odd_reply(WHAT));
            }
            answers.extend(replies.into_iter().map(|reply| self.fired(WHAT, &reply)));
        }
        Ok(answers)
    }

    fn fire_call(&self, holder: &str, part: &[Firing], now: SystemTime) -> Batch {
        let payload = |firing: &Firing| {
            firing
                .job
                .as_ref()
                .map_or(0, |job| job.payload.as_bytes().len())
        };
        let bytes = part.iter().map(|firing| payload(firing) + 160).sum();
        let mut call = self.call(&FIRE, 7 * part.len() + 3, bytes);
        call.arg(holder)
            .arg(TimeFormat::Started.text(now))
            .arg(self.master_lock());
        for firing in part {
            call.arg(firing.name.as_str())
                .arg(&firing.timing)
                .arg(millis(firing.tick))
                .arg(u8::from(firing.stored))
                .arg(u8::from(firing.master));
            match &firing.job {
                Some(job) => call
                    .arg(job.queue.as_str())
                    .arg(job.payload.clone().into_bytes()),
                None => call.arg("").arg(""),
            };
        }
        call
    }

    fn fired(&self, what: &str, reply: &Value) -> Result<Fired> {
        match reply {
            Value::Int(1) => Ok(Fired::Fired),
            Value::Int(-1) => Ok(Fired::Changed),
            Value::Int(-2) => Ok(Fired::Disabled),
            Value::Int(-3) => Ok(Fired::Standby),
            Value::Array(trouble) if trouble.len() == 2 => {
                Err(self.spoiled(&trouble[0], &trouble[1]))
            }
            text => match time_of(text) {
                Some(settled) => Ok(Fired::Already { settled }),
                None => Err(self.odd_reply(what)),
            },
        }
    }
}
