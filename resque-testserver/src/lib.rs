//! Real servers for tests: Redis and Postgres, found or started the same way by every crate of the project.
//!
//! A server comes from the first of these that is there:
//!
//! 1. a URL in the environment: `RESQUE_TEST_REDIS_URL`, `RESQUE_TEST_POSTGRES_URL` (shared servers only);
//! 2. a container, where a Docker daemon answers and the feature `containers` is on. The images are the
//!    official `redis:7-alpine` and `postgres:15-alpine`; `RESQUE_TEST_REDIS_TAG` and
//!    `RESQUE_TEST_POSTGRES_TAG` name another tag;
//! 3. a local `redis-server` or `postgres` binary, started on a free loopback port in a temporary directory.
//!
//! `RESQUE_TEST_SERVERS=env`, `=containers` or `=local` leaves only that way (`env` concerns the shared
//! servers; private ones are still started). If nothing is found the caller
//! gets an [`Error`] that says what to install: a test never skips in silence.
//!
//! Most tests share one server per test process and keep apart by namespace or schema; see
//! [`shared_redis`] and
//! [`shared_postgres`]. A test that needs settings of its own or takes a server down
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
//! No server outlives its test process, not even one that is killed: a small shell reads a pipe that only
//! this process holds open, and cleans up when the pipe closes.
//!
//! All calls block. They may be made from async tests: what they wait for never depends on the caller.

mod certificates;
mod container;
mod docker;
mod encoded;
mod error;
mod guard;
mod host;
mod local;
mod poll;
mod postgres;
mod programs;
mod redis;
mod scratch;
mod source;

pub use docker::docker_answers;
pub use error::{Error, Result};
pub use poll::poll_until;
pub use postgres::{Postgres, PostgresServer, shared_postgres};
pub use programs::{find_postgres, find_program};
pub use redis::{Redis, RedisServer, shared_redis};
pub use source::Source;
