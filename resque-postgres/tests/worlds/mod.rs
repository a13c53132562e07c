//! The worlds of the conformance suite on Postgres.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use resque_conformance::{CaseName, Outage, World};
use resque_core::testing::{Faults, Faulty};
use resque_core::{Backend, Result};
use resque_postgres::{Config, PostgresBackend};

/// The tests of the whole suite, on the worlds that `$factory` makes.
macro_rules! suite {
    ($factory:ident) => {
        resque_conformance::conformance_tests! {
            factory: $factory,
            waiting: yes,
            delayed: yes,
            control: yes,
            schedules: yes,
            limits: yes,
            cancel: yes,
            loans: yes,
            http_workers: yes,
            history: yes,
            keyspace: yes,
            atomic_batch: yes,
            neighbour: yes,
            outage: yes,
            plant: no,
        }
    };
}

/// Schemas that are ready for the next case: making tables takes longer than most cases do.
static READY: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A schema of its own for each case, behind a connection to this server that can be cut.
pub(crate) async fn world(case: CaseName, url: &str) -> Result<World> {
    let (name, inner) = store(url).await?;
    let (neighbours_name, neighbour) = store(url).await?;
    let place = format!("{} in the schema {name:?}", case.slug());
    let (backend, faults) = Faulty::wrap(&inner);
    let cleaned = [(name, inner), (neighbours_name, neighbour.clone())];
    Ok(World::new(backend)
        .named(place)
        .with_neighbour(neighbour)
        .with_outage(Cut(faults))
        .cleaned_by(|| async move {
            for (name, backend) in cleaned {
                // One that cannot be cleaned is not used again, and goes with the server.
                if backend.queues().clear().await.is_ok() {
                    ready().push(name);
                }
            }
        }))
}

/// An empty schema, and the backend on it.
async fn store(url: &str) -> Result<(String, Backend)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let used = ready().pop();
    let name = used.unwrap_or_else(|| {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // A name that needs quoting, in identifiers and in literals.
        format!("suite's \"{number}\" {}", std::process::id())
    });
    let config = Config::parse(url)?.with_namespace(&name)?;
    let backend = PostgresBackend::builder(config)
        .migrate(true)
        .connect()
        .await?;
    Ok((name, backend))
}

fn ready() -> std::sync::MutexGuard<'static, Vec<String>> {
    READY.lock().unwrap_or_else(PoisonError::into_inner)
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
