//! A store for one test, and the program on it.

use std::io::{ErrorKind, Write};
use std::process::{Command, Output, Stdio};

use resque::{Backend, Client};
use serde_json::Value;

/// A namespace of its own on a server that all tests share.
pub(crate) struct Place {
    pub(crate) url: String,
}

/// What a call of the program left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// One test on each kind of store.
macro_rules! on_each_store {
    ($($name:ident)*) => {$(
        mod $name {
            #[test]
            fn on_redis() {
                super::$name(&crate::support::Place::redis(stringify!($name)));
            }

            #[test]
            fn on_postgres() {
                super::$name(&crate::support::Place::postgres(stringify!($name)));
            }
        }
    )*};
}

impl Place {
    pub(crate) fn redis(test: &str) -> Self {
        let server = resque_testserver::shared_redis().expect("a Redis server");
        let run = resque_testserver::this_run();
        Self {
            url: format!("{}?namespace=cli:{run}:{test}", server.url()),
        }
    }

    pub(crate) fn postgres(test: &str) -> Self {
        let server = resque_testserver::shared_postgres().expect("a Postgres server");
        let run = resque_testserver::this_run();
        let place = Self {
            url: format!("{}?namespace=cli_{run}_{test}", server.url()),
        };
        place.run(&["migrate"]).good();
        place
    }

    /// Calls the program on this store.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Run::of(program(args).env("RESQUE_URL", &self.url).output())
    }

    /// Calls it with something on its standard input.
    #[track_caller]
    pub(crate) fn pipe(&self, args: &[&str], input: &[u8]) -> Run {
        let mut child = program(args)
            .env("RESQUE_URL", &self.url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("stdin is a pipe");
        // One that has ended already reads nothing; its output tells why.
        if let Err(error) = stdin.write_all(input) {
            assert_eq!(error.kind(), ErrorKind::BrokenPipe, "{error}");
        }
        drop(stdin);
        Run::of(child.wait_with_output())
    }

    /// What it says, when all went well.
    #[track_caller]
    pub(crate) fn told(&self, args: &[&str]) -> String {
        self.run(args).good()
    }

    /// What it says as JSON, when all went well.
    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let told = self.run(&[args, &["--json"]].concat()).good();
        assert_eq!(told.lines().count(), 1, "{told}");
        serde_json::from_str(&told).expect("JSON")
    }

    /// Does something with the store past the program.
    pub(crate) fn with<T>(
        &self,
        work: impl AsyncFnOnce(Client, Backend) -> resque::Result<T>,
    ) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime
            .block_on(async {
                let backend = resque::connect(&self.url).await?;
                work(Client::new(backend.clone()), backend).await
            })
            .expect("the store works")
    }
}

impl Run {
    #[track_caller]
    pub(crate) fn of(output: std::io::Result<Output>) -> Self {
        let output = output.expect("the program runs");
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// What it said, when all went well.
    #[track_caller]
    pub(crate) fn good(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    /// What it complained of, with this exit code.
    #[track_caller]
    pub(crate) fn bad(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self.err
    }
}

/// The program with these arguments, untouched by the environment of the tests.
pub(crate) fn program(args: &[&str]) -> Command {
    let mut command = resque_testserver::command(env!("CARGO_BIN_EXE_resque"));
    command.args(args).stdin(Stdio::null());
    command
}

/// Whether the text has all parts.
#[track_caller]
pub(crate) fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}
