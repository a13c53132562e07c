//! A Rust worker in an old Resque fleet: it takes jobs that Ruby, Perl or Node programs put into
//! the same Redis, stands on Ruby's web page beside the others, and obeys the same signals and
//! environment variables.
//!
//! ```sh
//! # In Ruby:  Resque.enqueue_to(:file_serve, "Archive", 44, "masterbrew")
//! # In Node:  await queue.enqueue("file_serve", "Archive", [44, "masterbrew"])
//! # By hand:  redis-cli SADD resque:queues file_serve
//! #           redis-cli RPUSH resque:queue:file_serve '{"class":"Archive","args":[44,"masterbrew"]}'
//!
//! RESQUE_URL=localhost:6379 QUEUES='file_serve,*' VERBOSE=1 cargo run -p mixed-fleet
//! ```
//!
//! Stop it with QUIT (finish the jobs first) or TERM (now); pause it with USR2, resume it with CONT.

use std::env;

use resque::prelude::*;
use resque::worker::{Worker, WorkerBuilder, WorkerEnv};
use resque::{Backend, Result};
use serde::{Deserialize, Serialize};

/// The job that the fleet's Ruby programs call `Archive`.
#[derive(Serialize, Deserialize)]
struct Archive {
    repo_id: u64,
    #[serde(default = "master")]
    branch: String,
}

fn master() -> String {
    "master".to_owned()
}

impl Job for Archive {
    const CLASS: &'static str = "Archive";
    const QUEUE: &'static str = "file_serve";

    async fn perform(self, _context: &JobContext) -> JobResult {
        if self.branch.is_empty() {
            // Recorded as Ruby records it, so that Ruby's web page shows it and retries it.
            return Err(JobError::new("ArgumentError", "a branch needs a name"));
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let env = WorkerEnv::read()?;
    log(&env);
    let url = env::var("RESQUE_URL").unwrap_or_else(|_| "localhost:6379/resque".to_owned());
    let worker = worker(resque::connect_with(&url, &env).await?)
        .env(&env)
        .handle_signals()
        .build()?;
    let report = worker.run().await?;
    say(&report.to_string());
    Ok(())
}

fn worker(backend: Backend) -> WorkerBuilder {
    Worker::builder(backend)
        .concurrency(5)
        .register::<Archive>()
}

/// Shows as much as `VERBOSE` and `VVERBOSE` ask for, and warnings in any case.
fn log(env: &WorkerEnv) {
    tracing_subscriber::fmt()
        .with_max_level(env.verbosity.level_filter())
        .init();
}

fn say(report: &str) {
    use std::io::Write;
    // A closed pipe at the end of the program is nobody's problem.
    let _ = writeln!(std::io::stdout(), "{report}");
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use resque::worker::Polling;

    use super::*;

    /// The bytes as Ruby, Node and Perl write them.
    const RUBY: &str = r#"{"class":"Archive","args":[44,"masterbrew"]}"#;
    const NODE: &str = r#"{"class":"Archive","queue":"file_serve","args":[45]}"#;
    const PERL: &str = r#"{"args":[46,""],"class":"Archive"}"#;

    #[tokio::test]
    async fn jobs_of_the_whole_fleet_are_performed() {
        let server = resque_testserver::shared_redis().unwrap();
        let url = format!("{}?namespace=mixed-fleet", server.url());
        let backend = resque::connect(&url).await.unwrap();
        let client = Client::new(backend.clone());
        for payload in [RUBY, NODE, PERL] {
            client.push("file_serve", payload).await.unwrap();
        }

        let at_once = Polling {
            interval: Duration::ZERO,
            ..Polling::default()
        };
        let worker = worker(backend)
            .queues("file_serve,*")
            .polling(at_once)
            .build()
            .unwrap();
        let report = worker.run().await.unwrap();

        assert_eq!((report.processed, report.failed), (3, 1));
        let failure = client
            .failures()
            .unwrap()
            .all(0, 1)
            .await
            .unwrap()
            .remove(0);
        let record = failure.content.record().unwrap().clone();
        assert_eq!(
            (&*record.exception, record.payload.as_bytes()),
            ("ArgumentError", PERL.as_bytes())
        );
        client.flush().await.unwrap();
    }
}
