//! Coming, living and leaving of workers.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use resque_core::wire::time::TimeFormat;
use resque_core::{Heartbeats, Held, Leaving, Left, Result, WorkerId};

use crate::driver::{Batch, Value};
use crate::receipt;
use crate::scripts::{HEARTBEAT, REGISTER, UNREGISTER};
use crate::store::{CHUNK, Store, bytes_of, list_of, number_of};

impl Store {
    /// Puts workers on the registry, and answers what they hold already.
    pub(crate) async fn register_workers(
        &self,
        workers: &[WorkerId],
        now: SystemTime,
    ) -> Result<Vec<Held>> {
        let mut held = Vec::new();
        for part in workers.chunks(CHUNK) {
            let mut call = self.call(&REGISTER, part.len() + 2, 40 * part.len());
            call.arg(TimeFormat::Started.text(now))
                .arg(TimeFormat::HeartbeatMillis.text(now));
            for worker in part {
                call.arg(worker.as_str());
            }
            let mut pairs = list_of(self.script("register workers", &call).await?).into_iter();
            while let (Some(number), Some(note)) = (pairs.next(), pairs.next()) {
                if let Some(worker) = numbered(part, &number) {
                    held.push(receipt::held(worker.clone(), &bytes_of(note)));
                }
            }
        }
        Ok(held)
    }

    /// Notes that workers live.
    pub(crate) async fn beat(&self, workers: &[WorkerId], now: SystemTime) -> Result<Heartbeats> {
        let mut beats = Heartbeats {
            server_time: now,
            gone: Vec::new(),
        };
        // An empty list asks for the time only.
        let mut parts = workers.chunks(CHUNK);
        let mut part = parts.next().unwrap_or_default();
        loop {
            let mut call = self.call(&HEARTBEAT, part.len() + 1, 40 * part.len());
            call.arg(TimeFormat::HeartbeatMillis.text(now));
            for worker in part {
                call.arg(worker.as_str());
            }
            let reply = list_of(self.script("send a heartbeat", &call).await?);
            let Ok([seconds, micros, gone]) = <[Value; 3]>::try_from(reply) else {
                return Err(self.odd_reply("send a heartbeat"));
            };
            beats.server_time = moment(&seconds, &micros);
            let gone = list_of(gone);
            let gone = gone.iter().filter_map(|number| numbered(part, number));
            beats.gone.extend(gone.cloned());
            match parts.next() {
                Some(next) => part = next,
                None => return Ok(beats),
            }
        }
    }

    /// Takes workers off the registry.
    pub(crate) async fn unregister_workers(&self, leaving: &[Leaving]) -> Result<Vec<Left>> {
        let mut left = Vec::with_capacity(leaving.len());
        for part in leaving.chunks(CHUNK) {
            let mut call = self.call(&UNREGISTER, 3 * part.len(), 60 * part.len());
            for Leaving {
                worker,
                unless_beaten,
            } in part
            {
                call.arg(worker.as_str())
                    .arg(if worker.is_ours() { "" } else { "f" })
                    .arg(unless_beaten.as_ref().map_or("", |mark| mark.as_str()));
            }
            let answers = list_of(self.script("unregister workers", &call).await?);
            for (Leaving { worker, .. }, answer) in part.iter().zip(answers) {
                left.push(match answer {
                    Value::Int(0) => Left::Alive,
                    Value::Int(_) => Left::Gone,
                    note => {
                        let note = bytes_of(note);
                        Left::Holding(Box::new(receipt::held(worker.clone(), &note)))
                    }
                });
            }
        }
        Ok(left)
    }

    /// The server's time.
    pub(crate) async fn time(&self) -> Result<SystemTime> {
        let mut batch = Batch::new();
        batch.command("TIME");
        match &list_of(self.one("ask for the time", &batch).await?)[..] {
            [seconds, micros] => Ok(moment(seconds, micros)),
            _ => Err(self.odd_reply("ask for the time")),
        }
    }
}

/// The worker with this number, counted from 1.
fn numbered<'a>(workers: &'a [WorkerId], number: &Value) -> Option<&'a WorkerId> {
    let number = usize::try_from(number_of(number)).ok()?;
    workers.get(number.checked_sub(1)?)
}

fn moment(seconds: &Value, micros: &Value) -> SystemTime {
    let since = Duration::from_secs(number_of(seconds));
    let since = since.saturating_add(Duration::from_micros(number_of(micros)));
    // A time that no clock can show is no time.
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_no_clock_can_show_is_none() {
        let number = |number| Value::Int(number);
        let at = UNIX_EPOCH + Duration::new(7, 5_000);
        assert_eq!(moment(&number(7), &number(5)), at);
        assert_eq!(moment(&number(i64::MAX), &number(i64::MAX)), UNIX_EPOCH);
        assert_eq!(moment(&number(-1), &Value::Nil), UNIX_EPOCH);
    }
}
