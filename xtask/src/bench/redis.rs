//! What a Redis server does alone, by `redis-benchmark`.

use std::process::Command;

use super::Options;
use super::text::{middle, rounded};
use crate::workspace::Workspace;
use crate::{Result, shell};

/// A value as long as that of a job.
pub(super) const JOB: &str = "a value as long as that of a job";

/// Loads the script of a push, and gives its name.
pub(super) fn script(port: u16) -> Result<String> {
    let root = Workspace::read()?.root;
    let text = std::fs::read_to_string(root.join("resque-redis/src/scripts/push_queue.lua"))?;
    let mut command = Command::new("redis-cli");
    command.args(["-p", &port.to_string(), "SCRIPT", "LOAD", &text]);
    Ok(shell::read(&mut command)?.trim().to_owned())
}

/// How often a second `redis-benchmark` gets an answer to a command over one connection.
pub(super) fn rate(
    options: &Options,
    port: u16,
    pipelined: usize,
    words: &[&str],
) -> Result<String> {
    let requests = 40_000 * pipelined.min(50) / if options.smoke { 20 } else { 1 };
    let mut rates = Vec::new();
    for _ in 0..options.runs {
        let [port, pipelined, requests] =
            [port.into(), pipelined, requests].map(|n: usize| n.to_string());
        let mut command = Command::new("redis-benchmark");
        command.args(["-p", &port, "-c", "1", "-P", &pipelined, "-n", &requests]);
        command.arg("--csv").args(words);
        let rate = rate_of(&shell::read(&mut command)?);
        rates.push(rate.ok_or("redis-benchmark told no rate")?);
    }
    Ok(rounded(middle(rates)))
}

/// The requests a second in the last line of `redis-benchmark --csv`.
fn rate_of(output: &str) -> Option<f64> {
    let rate = output.lines().last()?.split(',').nth(1)?;
    rate.trim_matches('"').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read() {
        let output =
            "\"test\",\"rps\",\"avg_latency_ms\"\n\"RPUSH limit x\",\"26723.68\",\"0.036\"\n";
        assert_eq!(rate_of(output), Some(26_723.68));
        assert_eq!(rate_of(""), None);
    }
}
