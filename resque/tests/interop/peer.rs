//! The foreign party: a program that uses node-resque and does what the test says.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use resque_testserver::{Program, RedisServer};
use serde_json::Value;

/// Nothing takes as long as this; what does hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where `cargo xtask interop` has put the program with everything it needs.
const DIRECTORY: &str = "RESQUE_INTEROP_PEER";

/// The program.
pub(crate) struct Peer {
    program: Program,
    /// Events that came before somebody waited for them.
    events: VecDeque<Value>,
}

impl Peer {
    /// Starts it on the keys of a namespace.
    pub(crate) fn start(server: &RedisServer, namespace: &str) -> Self {
        let directory = std::env::var_os(DIRECTORY).map(PathBuf::from);
        let directory = directory.expect("this test is run by `cargo xtask interop`");
        let url = server.url();
        let (host, port) = url
            .strip_prefix("redis://")
            .and_then(|place| place.rsplit_once(':'))
            .expect("a server without a password");
        let mut command = Command::new("node");
        command
            .arg(directory.join("peer.mjs"))
            .args([host, port, namespace]);
        let mut peer = Self {
            program: Program::start(command).unwrap(),
            events: VecDeque::new(),
        };
        peer.event("ready");
        peer
    }

    /// Has it do something and waits for the answer.
    #[track_caller]
    pub(crate) fn ask(&mut self, request: &Value) -> Value {
        self.program.say(&request.to_string()).unwrap();
        loop {
            let mut line = self.line();
            match line.get_mut("answer") {
                Some(answer) => return answer.take(),
                None => assert!(line.get("refused").is_none(), "{request}: {line}"),
            }
            self.events.push_back(line);
        }
    }

    /// Waits for an event of this name; others are passed over.
    #[track_caller]
    pub(crate) fn event(&mut self, name: &str) -> Value {
        loop {
            let event = self.events.pop_front().unwrap_or_else(|| self.line());
            if event["event"] == name {
                return event;
            }
        }
    }

    /// Kills it with SIGKILL.
    pub(crate) fn kill(mut self) {
        self.program.kill().unwrap();
    }

    #[track_caller]
    fn line(&self) -> Value {
        serde_json::from_str(&self.program.line(PATIENCE).unwrap()).unwrap()
    }
}
