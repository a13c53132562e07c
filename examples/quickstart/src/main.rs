//! A job, a client and a worker. Run it: `cargo run -p quickstart`.

use std::io::Write;
use std::time::Duration;

use resque::prelude::*;
use resque::worker::{Polling, Worker};
use serde::{Deserialize, Serialize};

/// The fields, in their order, are the arguments: `{"class":"Archive","args":[44,"main"]}`.
#[derive(Serialize, Deserialize)]
struct Archive {
    repo_id: u64,
    #[serde(default = "main_branch")]
    branch: String,
}

fn main_branch() -> String {
    "main".to_owned()
}

impl Job for Archive {
    const CLASS: &'static str = "Archive";
    const QUEUE: &'static str = "file_serve";

    async fn perform(self, _context: &JobContext) -> JobResult {
        let mut out = std::io::stdout();
        writeln!(
            out,
            "archived repository {} at {}",
            self.repo_id, self.branch
        )?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> resque::Result<()> {
    // "redis://localhost" works the same.
    let backend = resque::connect("memory:").await?;

    let client = Client::new(backend.clone());
    client
        .enqueue(&Archive {
            repo_id: 44,
            branch: "masterbrew".into(),
        })
        .await?;
    // A program that knows only the name can enqueue too; the missing branch takes its default.
    client.enqueue_raw("file_serve", "Archive", &(45,)).await?;

    let worker = Worker::builder(backend)
        .queues("file_serve,*")
        .concurrency(2)
        .register::<Archive>()
        // Leave when there is nothing to do; without this line it works until it is told to stop.
        .polling(Polling {
            interval: Duration::ZERO,
            ..Polling::default()
        })
        .build()?;
    let report = worker.run().await?;
    let _ = writeln!(std::io::stdout(), "{report}");
    Ok(())
}
