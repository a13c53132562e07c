//! A worker that is a real process.

use std::process::Command;

use resque_testserver::Program;
use serde_json::Value;

use super::{PATIENCE, World};

/// A worker process.
pub(crate) struct Process {
    program: Program,
}

impl Process {
    /// Starts one that serves these queues, and waits until it is on the registry.
    pub(crate) fn start(world: &World, queues: &str, slots: usize) -> Self {
        let process = Self::launch(world, queues, slots);
        process.event("registered");
        process
    }

    /// Starts one without waiting for anything.
    pub(crate) fn launch(world: &World, queues: &str, slots: usize) -> Self {
        let program = Program::start(command(world, queues, slots)).unwrap();
        Self { program }
    }

    /// Starts one that nobody listens to, so that it halts when it has said enough.
    pub(crate) fn launch_unread(world: &World, queues: &str, slots: usize) -> Self {
        let program = Program::start_unread(command(world, queues, slots)).unwrap();
        Self { program }
    }

    pub(crate) fn id(&self) -> u32 {
        self.program.id()
    }

    /// Waits for an event of this name; others are passed over.
    #[track_caller]
    pub(crate) fn event(&self, name: &str) -> Value {
        let mut passed = Vec::new();
        loop {
            let line = self.program.line(PATIENCE);
            let line = line.unwrap_or_else(|error| panic!("no {name:?}: {error}: {passed:#?}"));
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["event"] == name {
                return event;
            }
            passed.push(line);
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        self.program.signal(name).unwrap();
    }

    /// Kills it with SIGKILL.
    pub(crate) fn kill(mut self) {
        self.program.kill().unwrap();
    }

    /// Waits until it has ended by itself, and not well.
    pub(crate) fn dies(mut self) {
        assert!(!self.program.end(PATIENCE).unwrap());
    }

    /// Lets it finish its jobs and waits until it has left, and well.
    pub(crate) fn quit(mut self) {
        self.signal("QUIT");
        assert!(self.program.end(PATIENCE).unwrap());
    }
}

fn command(world: &World, queues: &str, slots: usize) -> Command {
    let mut command = resque_testserver::command(env!("CARGO_BIN_EXE_crash-proof"));
    command
        .args(["--url", world.url()])
        .args(["--queues", queues])
        .args(["--slots", &slots.to_string()])
        .args(["--prune-after", &world.prune_after.as_millis().to_string()])
        .args(["--janitor-every", "200"])
        .args(["--attempts", &world.attempts.to_string()])
        .arg("--ledger")
        .arg(world.ledger());
    command
}
