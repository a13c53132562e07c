//! The suite that defines a backend, on a live store.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use resque::postgres::Migrator;
use resque::{Backend, Error, redis};
use resque_conformance::{Case, CaseName, Declared, Factory, Fate, Report, Runner, World};
use serde::Serialize;

use crate::context::Store;
use crate::failure::Failure;
use crate::output::count;
use crate::place::Place;

/// How many cases run at the same time: a server in use is not to notice much.
const AT_ONCE: usize = 2;

/// What became of the cases.
#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    kept: u64,
    broken: Vec<Broken>,
    /// Not offered by the store, or not to be tried on a live one.
    ignored: u64,
}

#[derive(Debug, Serialize)]
struct Broken {
    case: String,
    message: String,
}

impl Verdict {
    fn of(report: &Report) -> Self {
        let kept = report
            .entries()
            .iter()
            .filter(|entry| entry.fate == Fate::Kept);
        let broken = report.broken().map(|(case, message)| Broken {
            case: case.name().to_string(),
            message: message.to_owned(),
        });
        Self {
            kept: kept.count() as u64,
            broken: broken.collect(),
            ignored: report.ignored().count() as u64,
        }
    }

    /// How many promises are broken.
    pub(super) fn broken(&self) -> u64 {
        self.broken.len() as u64
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "conformance: {} kept, {} broken, {} not offered or not to be tried here\n",
            count(self.kept, "promise"),
            self.broken.len(),
            self.ignored
        );
        for broken in &self.broken {
            text.push_str(&format!("\n{}\n{}\n", broken.case, broken.message));
        }
        text
    }
}

/// Runs the cases whose name has a text, or all.
pub(super) async fn run(
    name: &str,
    store: &Store,
    wanted: Option<String>,
) -> Result<Verdict, Failure> {
    let kind = match name {
        "redis" => Kind::Redis,
        "postgres" => Kind::Postgres,
        _ => {
            return Err(Failure::setting(
                "--conformance",
                "there is no scratch space in this store",
            ));
        }
    };
    let scratch = Scratch {
        kind,
        place: store.place.clone(),
        start: std::process::id(),
        next: Arc::default(),
        free: Arc::default(),
    };
    let probe = scratch.world(first_case()?).await?;
    let declared = Declared::of(&probe);
    drop(probe);
    let is_wanted = |case: &Case| {
        let wanted = wanted.as_deref().unwrap_or_default();
        case.name().to_string().contains(wanted)
    };
    let runner = Runner::new(scratch.clone(), declared).only(is_wanted);
    let report = runner.at_once(AT_ONCE).run().await;
    scratch.remove().await?;
    Ok(Verdict::of(&report))
}

fn first_case() -> Result<CaseName, Failure> {
    let first = Case::all().next().map(Case::name);
    first.ok_or(Failure::Crashed("the suite"))
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Redis,
    Postgres,
}

/// Namespaces, or schemas, beside that of the store. Making tables takes longer than most cases,
/// so each is used again.
#[derive(Clone, Debug)]
struct Scratch {
    kind: Kind,
    place: Place,
    start: u32,
    next: Arc<AtomicU32>,
    free: Arc<Mutex<Vec<String>>>,
}

impl Scratch {
    /// An empty namespace.
    async fn store(&self) -> Result<(String, Backend), Error> {
        let used = self.lock().pop();
        let name = used.unwrap_or_else(|| {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            format!("resque_doctor_{}_{number}", self.start)
        });
        let url = Place::new(self.place.url(), Some(&name), None);
        let backend = match self.kind {
            Kind::Redis => redis::RedisBackend::connect(url.url()).await?,
            Kind::Postgres => {
                let config = resque::postgres::Config::parse(url.url())?;
                let builder = resque::postgres::PostgresBackend::builder(config);
                builder.migrate(true).connect().await?
            }
        };
        Ok((name, backend))
    }

    /// Leaves nothing behind.
    async fn remove(&self) -> Result<(), Failure> {
        for number in 0..self.next.load(Ordering::Relaxed) {
            let name = format!("resque_doctor_{}_{number}", self.start);
            let place = Place::new(self.place.url(), Some(&name), None);
            match self.kind {
                Kind::Redis => {
                    let backend = redis::RedisBackend::connect(place.url()).await?;
                    backend.queues().clear().await?;
                }
                Kind::Postgres => {
                    let config = resque::postgres::Config::parse(place.url())?;
                    Migrator::new(config).down_to(0).await?;
                }
            }
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Factory for Scratch {
    async fn world(&self, _case: CaseName) -> Result<World, Error> {
        let (name, backend) = self.store().await?;
        let (beside, neighbour) = self.store().await?;
        let scratch = self.clone();
        let used = [(name.clone(), backend.clone()), (beside, neighbour.clone())];
        Ok(World::new(backend)
            .named(format!("namespace {name}"))
            .with_neighbour(neighbour)
            .cleaned_by(|| async move {
                for (name, backend) in used {
                    // One that cannot be cleaned is not used again, and removed at the end.
                    if backend.queues().clear().await.is_ok() {
                        scratch.lock().push(name);
                    }
                }
            }))
    }
}
