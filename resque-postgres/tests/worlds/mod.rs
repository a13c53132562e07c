//! The worlds of the conformance suite on Postgres.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use resque_conformance::{CaseName, Outage, World};
use resque_core::testing::{Faults, Faulty};
use resque_core::{Backend, Result};
use resque_postgres::{Config, PostgresBackend};

use crate::own_schema::OwnSchema;

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
static READY: Mutex<Vec<OwnSchema>> = Mutex::new(Vec::new());

/// A schema of its own for each case, behind a connection to this server that can be cut.
pub(crate) async fn world(case: CaseName, url: &str) -> Result<World> {
    let (own, inner) = store(url).await?;
    let (neighbours, neighbour) = store(url).await?;
    let place = format!("{} in the schema {:?}", case.slug(), own.namespace());
    let (backend, faults) = Faulty::wrap(&inner);
    let cleaned = [(own, inner), (neighbours, neighbour.clone())];
    Ok(World::new(backend)
        .named(place)
        .with_neighbour(neighbour)
        .with_outage(Cut(faults))
        .cleaned_by(|| async move {
            for (schema, backend) in cleaned {
                // One that cannot be cleaned is not used again. Nobody would drop the last ones, so
                // that a server that stays is given new ones each time.
                if !schema.stays() && backend.queues().clear().await.is_ok() {
                    ready().push(schema);
                }
            }
        }))
}

/// An empty schema, and the backend on it.
async fn store(url: &str) -> Result<(OwnSchema, Backend)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let used = ready().pop();
    let schema = match used {
        Some(used) => used,
        None => {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            // A name that needs quoting, in identifiers and in literals.
            let name = format!("suite's \"{number}\" {}", resque_testserver::this_run());
            OwnSchema::of(Config::parse(url)?.with_namespace(&name)?, url)
        }
    };
    let builder = PostgresBackend::builder(schema.clone()).migrate(true);
    Ok((schema, builder.connect().await?))
}

fn ready() -> std::sync::MutexGuard<'static, Vec<OwnSchema>> {
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
