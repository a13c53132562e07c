//! What is to go wrong with which call.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The store never sees the request: [`crate::Error::Unavailable`].
    NotExecuted,
    /// The store executes the request and its reply is lost: [`crate::Error::OutcomeUnknown`].
    ReplyLost,
    /// The call never ends.
    NeverEnds,
    /// The store executes the request when [`Faults::let_go`] is called.
    Late,
}

macro_rules! operations {
    ($($variant:ident: $text:literal),+ $(,)?) => {
        /// A call that can go wrong; one for every method that talks to the store.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "each is named after its method")]
        pub enum Operation { $($variant),+ }

        impl Operation {
            /// Every operation there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The operation in words.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

operations! {
    Push: "push",
    Exchange: "exchange",
    Pop: "pop",
    Peek: "peek",
    Edit: "edit",
    Queues: "list the queues",
    QueueLength: "measure a queue",
    CreateQueue: "create a queue",
    DeleteQueue: "delete a queue",
    Clear: "clear",
    Ticket: "draw a ticket",
    Wait: "wait",
    Claim: "claim what jobs need",
    PushOnce: "push once",
    Renew: "renew leases",
    Free: "free leases",
    Leases: "list leases",
    Mark: "mark a job",
    Marked: "look for marks",
    Backlog: "measure what waits",
    RecordSample: "record a sample",
    SampleRange: "read the history",
    Lend: "lend jobs",
    SettleLoans: "settle loans",
    ExtendLoans: "extend loans",
    FindLoans: "find loans",
    PutBack: "put back loans",
    CountLoans: "count the loans",
    ListLoans: "list the loans",
    RegisterHttp: "register a worker over HTTP",
    UnregisterHttp: "unregister a worker over HTTP",
    CountHttp: "count for workers over HTTP",
    HttpCounts: "read what was counted over HTTP",
    ForgetHttpCounts: "forget what was counted over HTTP",
    HttpWorkers: "list the workers over HTTP",
    HttpWorker: "look for a worker over HTTP",
    PruneHttp: "prune the workers over HTTP",
    Promote: "promote",
    Resign: "resign",
    DelayedCount: "count the delayed jobs",
    DelayedList: "list the delayed jobs",
    DelayedEdit: "edit delayed jobs",
    SetStopped: "stop or start a queue",
    Stopped: "ask whether a queue is stopped",
    SetPaused: "pause or resume",
    Paused: "ask for the pause",
    ScheduleList: "list the schedules",
    PutSchedules: "store schedules",
    RemoveSchedules: "remove schedules",
    EnableSchedules: "switch schedules on or off",
    Lead: "claim to lead",
    Leading: "ask who leads",
    StepDown: "step down",
    BeginSchedules: "begin schedules",
    Fire: "fire",
    Keys: "list the keys",
    ServerFacts: "ask the server about itself",
    Register: "register",
    Heartbeat: "heartbeat",
    Unregister: "unregister",
    Workers: "list the workers",
    Dead: "list the dead",
    ServerTime: "ask for the time",
    Stat: "read a counter",
    SetStat: "set a counter",
    IncrStat: "add to a counter",
    ClearStat: "remove a counter",
    Record: "record failures",
    FailureCount: "count the failures",
    FailureList: "list the failures",
    FailureGet: "read a failure",
    Retry: "retry failures",
    RemoveFailures: "remove failures",
    ClearFailures: "clear the failures",
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

type Plan = Box<dyn FnMut(Operation) -> Option<Fault> + Send>;

/// The control over a [`super::Faulty`] backend. Clones control the same one.
#[derive(Clone)]
pub struct Faults {
    state: Arc<Mutex<State>>,
    down: watch::Sender<bool>,
    let_go: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    once: HashMap<Operation, VecDeque<Fault>>,
    plan: Option<Plan>,
    calls: HashMap<Operation, usize>,
}

impl Faults {
    /// No faults yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: Arc::default(),
            down: watch::Sender::new(false),
            let_go: watch::Sender::new(0),
        }
    }

    /// Lets the next call of `operation` go wrong; said twice, the next two.
    pub fn next(&self, operation: Operation, fault: Fault) {
        let mut state = self.state();
        state.once.entry(operation).or_default().push_back(fault);
    }

    /// Decides for each call that [`next`](Self::next) says nothing about.
    pub fn plan<F>(&self, plan: F)
    where
        F: FnMut(Operation) -> Option<Fault> + Send + 'static,
    {
        self.state().plan = Some(Box::new(plan));
    }

    /// Forgets everything that was to go wrong.
    pub fn none(&self) {
        let mut state = self.state();
        state.once.clear();
        state.plan = None;
    }

    /// Makes the store unreachable, which also breaks off every wait, or reachable again.
    pub fn set_down(&self, down: bool) {
        self.down.send_replace(down);
    }

    /// Lets all calls go on that are [`Late`](Fault::Late) now.
    pub fn let_go(&self) {
        self.let_go.send_modify(|times| *times += 1);
    }

    /// Ends when what is late may go on.
    pub(super) async fn late(&self) {
        let mut let_go = self.let_go.subscribe();
        // The sender lives as long as this does.
        let _ = let_go.changed().await;
    }

    /// How often `operation` was asked for.
    #[must_use]
    pub fn calls(&self, operation: Operation) -> usize {
        self.state().calls.get(&operation).copied().unwrap_or(0)
    }

    pub(super) fn is_down(&self) -> bool {
        *self.down.borrow()
    }

    pub(super) fn watch_down(&self) -> watch::Receiver<bool> {
        self.down.subscribe()
    }

    pub(super) fn decide(&self, operation: Operation) -> Option<Fault> {
        let mut state = self.state();
        *state.calls.entry(operation).or_default() += 1;
        if self.is_down() {
            return Some(Fault::NotExecuted);
        }
        let next = state.once.get_mut(&operation).and_then(VecDeque::pop_front);
        next.or_else(|| state.plan.as_mut().and_then(|plan| plan(operation)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults")
            .field("down", &*self.down.borrow())
            .finish_non_exhaustive()
    }
}
