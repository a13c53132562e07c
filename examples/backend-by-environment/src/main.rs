//! The backend is a matter of the environment: memory on a developer's machine, Redis or Postgres in
//! production, and no line of the program differs.
//!
//! ```sh
//! cargo run -p backend-by-environment
//! RESQUE_URL=redis://localhost:6379/0?namespace=shop cargo run -p backend-by-environment
//! # Once: resque migrate --url postgres://localhost/shop
//! RESQUE_URL=postgres://localhost/shop cargo run -p backend-by-environment
//! ```

use std::env;
use std::io::Write;
use std::time::Duration;

use resque::prelude::*;
use resque::worker::{Polling, Worker};
use resque::{Backend, Result};
use serde::{Deserialize, Serialize};

/// One argument without a name, as a tuple struct.
#[derive(Serialize, Deserialize)]
struct SendInvoice(u64);

impl Job for SendInvoice {
    const CLASS: &'static str = "SendInvoice";
    const QUEUE: &'static str = "mail";

    async fn perform(self, context: &JobContext) -> JobResult {
        context
            .state::<Outbox>()?
            .send(&format!("invoice {}", self.0))
    }
}

/// Something of the application's own that jobs use.
struct Outbox;

impl Outbox {
    fn send(&self, what: &str) -> JobResult {
        writeln!(std::io::stdout(), "sent {what}")?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let url = env::var("RESQUE_URL").unwrap_or_else(|_| "memory:".to_owned());
    let backend = resque::connect(&url).await?;
    let name = backend.queues().info().name;
    let sent = send_invoices(backend, 3).await?;
    let _ = writeln!(std::io::stdout(), "{sent} invoices went through {name}");
    Ok(())
}

/// Everything that the program does; it does not know which backend it has.
async fn send_invoices(backend: Backend, count: u64) -> Result<u64> {
    let client = Client::new(backend.clone());
    let invoices: Vec<SendInvoice> = (1..=count).map(SendInvoice).collect();
    client.enqueue_all(&invoices).await?;

    let worker = Worker::builder(backend)
        .queues("mail")
        .register::<SendInvoice>()
        .state(Outbox)
        .polling(Polling {
            interval: Duration::ZERO,
            ..Polling::default()
        })
        .build()?;
    Ok(worker.run().await?.processed)
}
