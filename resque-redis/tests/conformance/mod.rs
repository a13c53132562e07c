//! Worlds of the conformance suite on the shared server.

use std::sync::Arc;

use async_trait::async_trait;
use resque_conformance::{CaseName, Outage, Plant, Planted, World};
use resque_core::testing::{Faults, Faulty};
use resque_core::{Result, SystemClock};
use resque_redis::driver::Batch;
use resque_redis::{Config, Connection, DriverKind, RedisBackend};

/// A namespace of its own for each case and driver, behind a connection that can be cut.
pub(crate) async fn world(case: CaseName, driver: DriverKind) -> Result<World> {
    let server = resque_testserver::shared_redis().expect("a Redis server");
    let namespace = format!(
        "suite:{driver:?}:{}:{}",
        resque_testserver::this_run(),
        case.slug()
    );
    let config = Config::parse(&server.url())?
        .with_driver(driver)
        .with_namespace(&namespace);
    let connection = Connection::open(&config, Arc::new(SystemClock::new())).await?;
    let inner = RedisBackend::builder(config).connect().await?;
    let over = RedisBackend::over(connection.clone());
    let neighbour = over
        .namespace(format!("{namespace}-neighbour"))
        .connect()
        .await?;
    let (cleaned, also_cleaned) = (inner.clone(), neighbour.clone());
    let (backend, faults) = Faulty::wrap(&inner);
    let plant = Raw {
        connection,
        namespace: namespace.clone(),
    };
    Ok(World::new(backend)
        .named(format!("namespace {namespace} on {}", server.url()))
        .with_neighbour(neighbour)
        .with_outage(Cut(faults))
        .with_plant(plant)
        .cleaned_by(|| async move {
            // What is left over goes with the server.
            let _ = cleaned.queues().clear().await;
            let _ = also_cleaned.queues().clear().await;
        }))
}

#[derive(Debug)]
struct Cut(Faults);

#[async_trait]
impl Outage for Cut {
    async fn begin(&self) {
        self.0.set_down(true);
    }

    async fn end(&self) {
        self.0.set_down(false);
    }
}

/// Writes past the backend.
#[derive(Debug)]
struct Raw {
    connection: Connection,
    namespace: String,
}

#[async_trait]
impl Plant for Raw {
    async fn plant(&self, what: Planted) -> Result<()> {
        let (command, key, args): (&str, String, Vec<Vec<u8>>) = match what {
            Planted::QueueName(name) => ("SADD", "queues".to_owned(), vec![name]),
            Planted::WorkerId(id) => ("SADD", "workers".to_owned(), vec![id]),
            Planted::Note(id, note) => ("SET", format!("worker:{id}"), vec![note]),
            Planted::Heartbeat(id, text) => {
                let id = id.as_str().as_bytes().to_vec();
                ("HSET", "workers:heartbeat".to_owned(), vec![id, text])
            }
            Planted::Failure(entry) => ("RPUSH", "failed".to_owned(), vec![entry]),
            Planted::SpoiltQueue(queue) => {
                ("SET", format!("queue:{queue}"), vec![b"no list".to_vec()])
            }
        };
        let mut batch = Batch::new();
        batch
            .command(command)
            .arg(format!("{}:{key}", self.namespace));
        for arg in args {
            batch.arg(arg);
        }
        let replies = self.connection.run(&batch).await;
        replies.map(drop).map_err(|error| error.during("plant"))
    }
}
