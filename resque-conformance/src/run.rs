//! Running cases, each in its own world, on its own thread and within a time limit.

use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use futures::FutureExt;
use futures::channel::oneshot;
use resque_core::{Clock, SystemClock};

use crate::report::{Entry, Fate, Report};
use crate::verdict::with_causes;
use crate::{Case, Declared, Factory};

/// Runs every case against a backend and tells what became of each; never panics.
///
/// ```
/// use resque_conformance::{CaseName, Declared, Runner, World};
/// use resque_memory::MemoryBackend;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let factory = async |_: CaseName| Ok(World::new(MemoryBackend::new().backend()));
/// let report = Runner::new(factory, Declared::nothing())
///     .only(|case| case.name().group() == "g2_order")
///     .run()
///     .await;
/// assert!(report.is_kept(), "{report}");
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn run<F>(factory: F, declared: Declared) -> Report
where
    F: Factory,
{
    Runner::new(factory, declared).run().await
}

/// The way to run only some cases, several at once, or with another time limit.
pub struct Runner {
    factory: Arc<dyn Factory>,
    declared: Declared,
    cases: Vec<&'static Case>,
    limits: Limits,
    at_once: usize,
}

/// How much a case may take.
#[derive(Clone, Copy)]
struct Limits {
    time: Duration,
    /// How many random histories a case plays, unless the environment says so.
    histories: Option<u32>,
}

impl Limits {
    const USUAL: Self = Self {
        time: Duration::from_secs(60),
        histories: None,
    };
}

impl Runner {
    /// All cases, one after the other.
    #[must_use]
    pub fn new(factory: impl Factory, declared: Declared) -> Self {
        Self {
            factory: Arc::new(factory),
            declared,
            cases: Case::all().collect(),
            limits: Limits::USUAL,
            at_once: 1,
        }
    }

    /// Leaves out the cases that are not wanted.
    #[must_use]
    pub fn only(mut self, wanted: impl Fn(&Case) -> bool) -> Self {
        self.cases.retain(|case| wanted(case));
        self
    }

    /// Sets how long one case may take in real time; without it that is a minute, which only a
    /// backend that hangs needs.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limits.time = limit;
        self
    }

    /// Sets how many random histories each of the cases plays that play some; without it that is
    /// what `RESQUE_MODEL_CASES` says, or 24.
    #[must_use]
    pub fn histories(mut self, count: u32) -> Self {
        self.limits.histories = Some(count);
        self
    }

    /// Runs so many cases at once.
    #[must_use]
    pub fn at_once(mut self, cases: usize) -> Self {
        self.at_once = cases.max(1);
        self
    }

    /// Runs the cases on threads of their own, under any runtime.
    pub async fn run(self) -> Report {
        let (sender, receiver) = oneshot::channel();
        thread::spawn(move || {
            // Nobody waits for the report any more when the receiver has gone.
            let _ = sender.send(self.run_here());
        });
        receiver.await.unwrap_or_default()
    }

    /// Runs the cases and blocks the calling thread meanwhile.
    #[must_use]
    pub fn run_here(self) -> Report {
        let fates = Mutex::new(vec![None; self.cases.len()]);
        let next = Mutex::new(0..self.cases.len());
        thread::scope(|scope| {
            for _ in 0..self.at_once.min(self.cases.len()) {
                scope.spawn(|| {
                    // A function of its own, so that no thread keeps the lock while it runs a case.
                    let take = || lock(&next).next();
                    while let Some(index) = take() {
                        let entry = self.entry(self.cases[index]);
                        lock(&fates)[index] = Some(entry);
                    }
                });
            }
        });
        let fates = fates.into_inner().unwrap_or_else(PoisonError::into_inner);
        Report::new(fates.into_iter().flatten().collect())
    }

    fn entry(&self, case: &'static Case) -> Entry {
        let clock = SystemClock::new();
        let fate = match case.ignored(&self.declared) {
            Some(reason) => Fate::Ignored(reason),
            None => match run_case(case, &self.factory, &self.declared, self.limits) {
                Ok(()) => Fate::Kept,
                Err(message) => Fate::Broken(message),
            },
        };
        Entry {
            case,
            fate,
            took: clock.monotonic(),
        }
    }
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner")
            .field("declared", &self.declared)
            .field("cases", &self.cases.len())
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The body of every test that [`conformance_tests!`](crate::conformance_tests) gives.
///
/// # Panics
///
/// When the case fails, with everything that is known about it.
#[doc(hidden)]
pub fn run_as_test(name: &str, factory: impl Factory, declared: &Declared) {
    let Some(case) = Case::named(name) else {
        panic!("the suite has no case {name}");
    };
    if let Some(reason) = case.ignored(declared) {
        panic!("{name} cannot run: {reason}");
    }
    let factory: Arc<dyn Factory> = Arc::new(factory);
    if let Err(message) = run_case(case, &factory, declared, Limits::USUAL) {
        panic!("{}\n{}: {message}", case.doc(), case.guarantee());
    }
}

/// The body of the test that writes the table, past the test harness, which swallows what tests
/// print.
///
/// # Panics
///
/// When a promise is broken, with everything that is known about it.
#[doc(hidden)]
pub fn report_as_test(factory: impl Factory, declared: Declared) {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let report = Runner::new(factory, declared).at_once(threads).run_here();
    assert!(report.is_kept(), "{report}");
    let table = format!("\n{}", report.to_markdown());
    if let Err(error) = std::io::stdout().write_all(table.as_bytes()) {
        panic!("cannot write the table: {error}");
    }
}

/// Runs one case on a thread of its own, so that not even a backend that blocks keeps us.
fn run_case(
    case: &'static Case,
    factory: &Arc<dyn Factory>,
    declared: &Declared,
    limits: Limits,
) -> Result<(), String> {
    let (sender, receiver) = mpsc::channel();
    let (factory, declared) = (factory.clone(), declared.clone());
    thread::spawn(move || {
        // Nobody waits any more after the time limit.
        let _ = sender.send(in_runtime(case, &*factory, declared, limits));
    });
    let limit = limits.time;
    // The case notices its limit itself and cleans up; this one is for a thread that is blocked.
    match receiver.recv_timeout(limit.saturating_add(Duration::from_secs(5))) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => Err(format!("blocks its thread for more than {limit:?}")),
        Err(RecvTimeoutError::Disconnected) => Err("panics".to_owned()),
    }
}

fn in_runtime(
    case: &'static Case,
    factory: &dyn Factory,
    declared: Declared,
    limits: Limits,
) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| format!("there is no runtime: {error}"))?;
    let result = runtime.block_on(in_world(case, factory, declared, limits));
    runtime.shutdown_background();
    result
}

async fn in_world(
    case: &'static Case,
    factory: &dyn Factory,
    declared: Declared,
    limits: Limits,
) -> Result<(), String> {
    let limit = limits.time;
    let making = async {
        let mut world = factory.world(case.name()).await?;
        world.prepare(declared, limits.histories).await?;
        Ok::<_, resque_core::Error>(world)
    };
    let world = match tokio::time::timeout(limit, making).await {
        Ok(Ok(world)) => world,
        Ok(Err(error)) => return Err(format!("has no world: {}", with_causes(&error))),
        Err(_) => return Err(format!("has no world after {limit:?}")),
    };
    let check = AssertUnwindSafe(case.check(&world)).catch_unwind();
    let result = match tokio::time::timeout(limit, check).await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(broken))) => Err(broken.to_string()),
        Ok(Err(panic)) => Err(format!("panics: {}", text_of(&*panic))),
        Err(_) => Err(format!("hangs; it was stopped after {limit:?}")),
    };
    let keep = result.is_err() && std::env::var("RESQUE_KEEP_WORLDS").is_ok_and(|keep| keep == "1");
    match world.end(keep).await {
        Some(place) => result.map_err(|message| format!("{message}\nkept for you: {place}")),
        None => result,
    }
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "with something that is no text"
    }
}
