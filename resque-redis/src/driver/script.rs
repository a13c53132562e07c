//! Lua scripts, named by their digest.

use std::fmt;
use std::sync::OnceLock;

use super::{Batch, Driver, DriverError, Value};

/// A Lua script, called by its digest and loaded where the server does not know it.
///
/// Scripts are statics; see [`Batch::script`] for an example.
pub struct Script {
    body: &'static str,
    sha1: OnceLock<String>,
}

impl Script {
    /// Creates a script from its source text.
    #[must_use]
    pub const fn new(body: &'static str) -> Self {
        Self {
            body,
            sha1: OnceLock::new(),
        }
    }

    /// Returns the source text.
    #[must_use]
    pub fn body(&self) -> &'static str {
        self.body
    }

    /// Returns the digest by which the server knows the script.
    #[must_use]
    pub fn sha1(&self) -> &str {
        self.sha1
            .get_or_init(|| sha1_smol::Sha1::from(self.body).hexdigest())
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Script").field(&self.sha1()).finish()
    }
}

/// Runs `batch`; calls of scripts that the server did not know are made again after loading those
/// scripts.
///
/// That repeats nothing: `NOSCRIPT` means that the call did not run. The other commands of the
/// batch have run by then, so commands that must follow a script's effect belong into that script.
///
/// # Errors
///
/// As [`Driver::run`]; when the second round trip fails, what happened in the first is reported as
/// [`DriverError::OutcomeUnknown`].
pub(crate) async fn run_scripts(
    driver: &dyn Driver,
    batch: &Batch,
) -> Result<Vec<Value>, DriverError> {
    let mut replies = driver.run(batch).await?;
    if replies.iter().any(is_unknown_script) {
        load_and_repeat(driver, batch, &mut replies).await?;
    }
    Ok(replies)
}

fn is_unknown_script(reply: &Value) -> bool {
    matches!(reply, Value::Error(error) if error.code() == "NOSCRIPT")
}

/// Loads the scripts whose calls failed and makes these calls again, in their order, in one more
/// round trip.
async fn load_and_repeat(
    driver: &dyn Driver,
    batch: &Batch,
    replies: &mut [Value],
) -> Result<(), DriverError> {
    let failed: Vec<_> = batch
        .commands()
        .enumerate()
        .filter(|(index, _)| replies.get(*index).is_some_and(is_unknown_script))
        .filter_map(|(index, command)| Some((index, command, command.script()?)))
        .collect();
    let mut scripts: Vec<&Script> = failed.iter().map(|(_, _, script)| *script).collect();
    scripts.sort_unstable_by_key(|script| script.sha1());
    scripts.dedup_by_key(|script| script.sha1());

    let mut again = Batch::new();
    for script in &scripts {
        again.command("SCRIPT").arg("LOAD").arg(script.body());
    }
    for (_, command, _) in &failed {
        again.copy(*command);
    }
    let all_failed = failed.len() == batch.len();
    let answers = driver.run(&again).await.map_err(|error| {
        if all_failed {
            error
        } else {
            error.after_partial_execution()
        }
    })?;
    for ((index, ..), answer) in failed.iter().zip(answers.into_iter().skip(scripts.len())) {
        replies[*index] = answer;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::driver::ServerError;

    static ONE: Script = Script::new("return 1");
    static TWO: Script = Script::new("return 2");

    /// Answers every call with its last argument, and script calls only after a load of that
    /// script.
    #[derive(Debug, Default)]
    struct Fake {
        known: Mutex<HashSet<String>>,
        trips: Mutex<Vec<Vec<String>>>,
    }

    #[async_trait]
    impl Driver for Fake {
        async fn run(&self, batch: &Batch) -> Result<Vec<Value>, DriverError> {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let mut known = self.known.lock().unwrap();
            let mut trip = Vec::new();
            let replies = batch.commands().map(|command| {
                let args: Vec<String> = command.args().map(text).collect();
                trip.push(args[0].clone());
                if args[0] == "SCRIPT" {
                    known.insert(sha1_smol::Sha1::from(&args[2]).hexdigest());
                }
                if args[0] == "EVALSHA" && !known.contains(&args[1]) {
                    return Value::Error(ServerError::from_line("NOSCRIPT No matching script."));
                }
                Value::Bulk(args.last().unwrap().clone().into())
            });
            let replies = replies.collect();
            self.trips.lock().unwrap().push(trip);
            Ok(replies)
        }
    }

    #[test]
    fn the_digest_is_what_redis_computes() {
        assert_eq!(ONE.sha1(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    }

    #[tokio::test]
    async fn unknown_scripts_are_loaded_once_and_called_again() {
        let fake = Fake::default();
        let mut batch = Batch::new();
        batch.script(&ONE, 0).arg("a");
        batch.command("ECHO").arg("b");
        batch.script(&TWO, 0).arg("c");
        batch.script(&ONE, 0).arg("d");
        let replies = run_scripts(&fake, &batch).await.unwrap();
        assert_eq!(
            replies,
            ["a", "b", "c", "d"].map(|text| Value::Bulk(text.into()))
        );
        let trips = fake.trips.lock().unwrap().clone();
        assert_eq!(
            trips[1],
            ["SCRIPT", "SCRIPT", "EVALSHA", "EVALSHA", "EVALSHA"]
        );
        run_scripts(&fake, &batch).await.unwrap();
        assert_eq!(
            fake.trips.lock().unwrap().len(),
            3,
            "known scripts take one round trip"
        );
    }
}
