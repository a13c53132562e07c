//! Running the suite on a mutant and comparing what it notices.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use resque_conformance::{Ability, CaseName, Declared, Factory, Outage, Report, Runner, World};
use resque_core::testing::{Faults, Faulty};
use resque_core::{Backend, Clock, ManualClock, QueueList, Result, SystemClock, Ticket};
use resque_memory::MemoryBackend;

use super::twist::{Twist, Twisted};

/// How long a case may take; none comes near it, however busy the machine is.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// Waiting for ever is how some mutants fail; it is called that after so many turns of this length,
/// which is how long their tests take.
const TURNS: u32 = 60;
const TURN: Duration = Duration::from_millis(50);

/// Ends when there was time for everybody. Each turn takes a new thread besides its time: on a
/// machine that is so busy that whoever is to wake somebody has to wait, this waits just as long.
async fn time_for_everybody() {
    let clock = SystemClock::new();
    for _ in 0..TURNS {
        clock.sleep(TURN).await;
        let turn = tokio::task::spawn_blocking(|| thread::spawn(|| ()).join());
        turn.await.expect("a turn").expect("a thread");
    }
}

/// What a mutant is made of, besides the backend that it twists.
pub(crate) struct Surroundings {
    /// The neighbouring namespace, for a mutant that reaches over there.
    pub(crate) neighbour: Backend,
}

type MakeTwist = fn(Surroundings) -> Arc<dyn Twist>;

/// Makes worlds with a mutant in them.
struct Worlds(MakeTwist);

#[async_trait]
impl Factory for Worlds {
    async fn world(&self, _: CaseName) -> Result<World> {
        let memory = MemoryBackend::with_clock(Arc::new(ManualClock::new()));
        let neighbour = memory.clone().with_namespace("neighbour").backend();
        // The fault is inside the mutant, so that a mutant may handle an outage wrongly.
        let (inner, faults) = Faulty::wrap(&memory.backend());
        let surroundings = Surroundings {
            neighbour: neighbour.clone(),
        };
        let mutant = Twisted::wrap(inner, (self.0)(surroundings));
        let mutant = Twisted::wrap(mutant, Arc::new(Impatient));
        Ok(World::new(mutant)
            .with_neighbour(neighbour)
            .with_outage(Cut(faults)))
    }
}

/// Ends a wait that nobody will ever end, so that the whole time limit need not pass.
#[derive(Debug)]
struct Impatient;

#[async_trait]
impl Twist for Impatient {
    async fn wait(&self, inner: &Backend, ticket: Ticket, from: &QueueList) -> Result<()> {
        let waiting = inner
            .queues()
            .waiting()
            .expect("who draws tickets also waits");
        tokio::select! {
            biased;
            answer = waiting.wait(ticket, from) => answer,
            () = time_for_everybody() => panic!("nobody was woken in {TURNS} turns of {TURN:?}"),
        }
    }
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

/// What the worlds and the backend under the mutants offer.
pub(crate) fn declared() -> Declared {
    let all = Ability::ALL.iter();
    let all = all.fold(Declared::nothing(), |all, one| all.with(*one, true));
    all.with(Ability::Plant, false)
}

/// Runs the whole suite on a mutant.
pub(crate) fn run(twist: MakeTwist) -> Report {
    Runner::new(Worlds(twist), declared())
        .time_limit(TIME_LIMIT)
        .at_once(24)
        .histories(6)
        .run_here()
}

/// Runs one group on the backend without a twist.
pub(crate) fn run_only(declared: Declared, group: &str) -> Report {
    #[derive(Debug)]
    struct Straight;
    impl Twist for Straight {}
    Runner::new(Worlds(|_| Arc::new(Straight)), declared)
        .only(|case| case.name().group() == group)
        .run_here()
}

/// The suite must notice the mutant of this name: exactly the cases of the file break, `because`
/// among them.
pub(crate) fn notices(mutant: &str, because: &str, twist: MakeTwist) {
    let report = run(twist);
    let found: BTreeSet<String> = report
        .broken()
        .map(|(case, _)| case.name().to_string())
        .collect();
    assert!(
        found.contains(because),
        "{because} does not notice {mutant}; these do: {found:#?}"
    );
    let blessed = std::env::var("RESQUE_BLESS").is_ok_and(|bless| bless == "1");
    if blessed {
        bless(mutant, &found);
        return;
    }
    let expected = noticed().remove(mutant).unwrap_or_default();
    let missing: Vec<_> = expected.difference(&found).collect();
    let new: Vec<_> = found.difference(&expected).collect();
    assert!(
        missing.is_empty() && new.is_empty(),
        "{mutant}: no longer noticed by {missing:#?}, newly noticed by {new:#?}\n{report}"
    );
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mutants/noticed.txt")
}

/// Which cases notice which mutant, as the file says: a line with a mutant's name, then an indented
/// line for each case.
pub(crate) fn noticed() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(file()).unwrap_or_default();
    let mut all = BTreeMap::new();
    let mut mutant = String::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if line.starts_with(' ') {
            let cases: &mut BTreeSet<String> = all.entry(mutant.clone()).or_default();
            cases.insert(line.trim().to_owned());
        } else {
            mutant = line.trim().to_owned();
        }
    }
    all
}

fn bless(mutant: &str, found: &BTreeSet<String>) {
    static WRITING: Mutex<()> = Mutex::new(());
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut all = noticed();
    all.insert(mutant.to_owned(), found.clone());
    let mut text = String::new();
    for (mutant, cases) in all {
        text.push_str(&format!("{mutant}\n"));
        cases
            .iter()
            .for_each(|case| text.push_str(&format!("    {case}\n")));
    }
    std::fs::write(file(), text).expect("the list can be written where it was read");
}
