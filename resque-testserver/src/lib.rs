//! Real servers for tests: Redis and Postgres, found or started the same way by every crate of the project.
//!
//! The page below says where servers come from. Most tests share one server per test process, see
//! [`shared_redis`] and [`shared_postgres`]. A test that needs settings of its own or takes a server down
//! starts a private one:
//!
//! ```no_run
//! use resque_testserver::Redis;
//!
//! let mut server = Redis::new().password("secret").append_only().start()?;
//! println!("reachable at {}", server.url());
//! server.kill()?; // clients see an outage …
//! server.restart()?; // … and the same server again, on the same port
//! # Ok::<(), resque_testserver::Error>(())
//! ```
//!
//! All calls block. They may be made from async tests: what they wait for never depends on the caller.
//!
#![doc = include_str!("../../docs/testing.md")]

mod certificates;
mod chromium;
mod container;
mod detour;
mod docker;
mod encoded;
mod error;
mod guard;
mod host;
mod local;
mod poll;
mod postgres;
mod program;
mod programs;
mod redis;
mod relay;
mod scratch;
mod source;
mod untouched;

pub use chromium::{ChromeDriver, shared_chromedriver};
pub use detour::Detour;
pub use docker::docker_answers;
pub use error::{Error, Result};
pub use local::signal;
pub use poll::poll_until;
pub use postgres::{PgBouncer, Postgres, PostgresServer, TinyDisk, shared_postgres};
pub use program::Program;
pub use programs::{find_postgres, find_program};
pub use redis::{Redis, RedisServer, shared_redis};
pub use scratch::{temporary, this_run};
pub use source::Source;
pub use untouched::command;
