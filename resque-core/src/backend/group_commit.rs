//! Calls that come while one is under way go together in the next one.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// How several calls are made at once.
pub trait Commit: Send + Sync + 'static {
    /// One call.
    type Call: Send + 'static;
    /// What it is told.
    type Answer: Send + 'static;

    /// How much of the limit of a group a call takes.
    fn weight(call: &Self::Call) -> usize;

    /// Makes the calls, in their order, and answers each of them in that order.
    fn commit(&self, calls: Vec<Self::Call>) -> impl Future<Output = Vec<Self::Answer>> + Send;
}

/// Makes calls of many callers in few round trips. For backends.
///
/// A call that comes alone is made at once, by its caller. Those that come meanwhile are gathered,
/// and a task makes together what has been gathered whenever it is free. So nobody waits for
/// company, and a busy client needs a round trip for each group instead of one for each call. No
/// caller depends on another: one that gives up, or that begins its call and does not go on with
/// it, holds up nobody else. A call that has been given up is not made unless it has been sent
/// already.
///
/// ```
/// use resque_core::{Commit, GroupCommit};
///
/// struct Doubles;
///
/// impl Commit for Doubles {
///     type Call = u32;
///     type Answer = u32;
///
///     fn weight(_: &u32) -> usize {
///         1
///     }
///
///     async fn commit(&self, calls: Vec<u32>) -> Vec<u32> {
///         calls.into_iter().map(|call| 2 * call).collect()
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let doubles = GroupCommit::new(Doubles, 1_000);
/// assert_eq!(doubles.call(21).await, Some(42));
/// # }
/// ```
pub struct GroupCommit<C: Commit> {
    shared: Arc<Shared<C>>,
}

struct Shared<C: Commit> {
    commit: C,
    /// What a group weighs at most, unless a single call weighs more.
    limit: usize,
    state: Mutex<State<C>>,
}

struct State<C: Commit> {
    /// Whether a caller makes its own call.
    alone: bool,
    /// Whether a task makes what is gathered.
    task: bool,
    gathered: Vec<Gathered<C>>,
}

/// A call that the task will make.
struct Gathered<C: Commit> {
    call: C::Call,
    answer: oneshot::Sender<C::Answer>,
}

impl<C: Commit> GroupCommit<C> {
    /// Makes calls by `commit`, groups of at most `limit` together.
    pub fn new(commit: C, limit: usize) -> Self {
        let state = State {
            alone: false,
            task: false,
            gathered: Vec::new(),
        };
        Self {
            shared: Arc::new(Shared {
                commit,
                limit,
                state: Mutex::new(state),
            }),
        }
    }

    /// Makes a call, alone or together with others. The answer is `None` if the runtime ended that
    /// was making it: then nobody knows what became of it.
    pub async fn call(&self, call: C::Call) -> Option<C::Answer> {
        match self.enter(call) {
            Entered::Alone(call, _alone) => self.shared.commit.commit(vec![call]).await.pop(),
            Entered::Gathered(answer) => answer.await.ok(),
        }
    }

    fn enter(&self, call: C::Call) -> Entered<C> {
        let mut state = self.shared.state();
        if !state.alone && !state.task {
            state.alone = true;
            return Entered::Alone(call, Alone(self.shared.clone()));
        }
        if !state.task {
            let Ok(runtime) = Handle::try_current() else {
                // Nobody could make it together with others.
                return Entered::Alone(call, Alone(self.shared.clone()));
            };
            state.task = true;
            runtime.spawn(Task::new(self.shared.clone()).run());
        }
        let (answer, answered) = oneshot::channel();
        state.gathered.push(Gathered { call, answer });
        Entered::Gathered(answered)
    }
}

enum Entered<C: Commit> {
    Alone(C::Call, Alone<C>),
    Gathered(oneshot::Receiver<C::Answer>),
}

impl<C: Commit> Shared<C> {
    /// The lock is never held while waiting.
    fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what goes together, in the order of coming; nothing when there is nothing left, and
    /// then the next one needs a new task.
    fn take(&self) -> Vec<(C::Call, oneshot::Sender<C::Answer>)> {
        let mut state = self.state();
        state.gathered.retain(|one| !one.answer.is_closed());
        state.task = !state.gathered.is_empty();
        let mut weight = 0;
        let fitting = state.gathered.iter().take_while(|one| {
            weight += C::weight(&one.call);
            weight <= self.limit
        });
        let count = fitting.count().max(1).min(state.gathered.len());
        let taken = state.gathered.drain(..count);
        taken.map(|one| (one.call, one.answer)).collect()
    }
}

/// A call that its caller makes, until it is through or given up.
struct Alone<C: Commit>(Arc<Shared<C>>);

impl<C: Commit> Drop for Alone<C> {
    fn drop(&mut self) {
        self.0.state().alone = false;
    }
}

/// What makes the gathered calls.
struct Task<C: Commit> {
    shared: Arc<Shared<C>>,
    /// Whether it has left, and another one may be at work.
    left: bool,
}

impl<C: Commit> Task<C> {
    fn new(shared: Arc<Shared<C>>) -> Self {
        Self {
            shared,
            left: false,
        }
    }

    async fn run(mut self) {
        loop {
            // Callers that are ready to call, or to call again, come along.
            tokio::task::yield_now().await;
            let (calls, answers): (Vec<_>, Vec<_>) = self.shared.take().into_iter().unzip();
            if calls.is_empty() {
                self.left = true;
                return;
            }
            let answered = self.shared.commit.commit(calls).await;
            for (sender, answer) in answers.into_iter().zip(answered) {
                // Who does not wait any more need not know.
                let _ = sender.send(answer);
            }
        }
    }
}

impl<C: Commit> Drop for Task<C> {
    /// The runtime is gone, and with it the connections, or the commit panicked: who waits is told
    /// so.
    fn drop(&mut self) {
        if self.left {
            return;
        }
        let mut state = self.shared.state();
        state.task = false;
        let untold = std::mem::take(&mut state.gathered);
        drop(state);
        drop(untold);
    }
}

impl<C: Commit> fmt::Debug for GroupCommit<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupCommit").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "group_commit_tests.rs"]
mod tests;
