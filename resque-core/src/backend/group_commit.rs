//! Calls that come while one is under way go together in the next one.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
/// A call that comes alone is made at once; those that come meanwhile are gathered and made
/// together as soon as it is through. So nobody ever waits for company, and a busy client needs a
/// round trip for each group instead of one for each call. A caller that gives up takes nobody else
/// with it, and its call is not made unless it has been sent already.
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
    /// Whether a commit is under way.
    busy: bool,
    gathered: Vec<Gathered<C>>,
}

/// A call that waits for the one under way.
struct Gathered<C: Commit> {
    call: C::Call,
    answer: oneshot::Sender<C::Answer>,
}

impl<C: Commit> GroupCommit<C> {
    /// Makes calls by `commit`, groups of at most `limit` together.
    pub fn new(commit: C, limit: usize) -> Self {
        let state = State {
            busy: false,
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
            Entered::Alone(call, _turn) => self.shared.commit.commit(vec![call]).await.pop(),
            Entered::Gathered(answer) => answer.await.ok(),
        }
    }

    fn enter(&self, call: C::Call) -> Entered<C> {
        let mut state = self.shared.state();
        if !state.busy {
            state.busy = true;
            return Entered::Alone(call, Turn(self.shared.clone()));
        }
        let (answer, answered) = oneshot::channel();
        state.gathered.push(Gathered { call, answer });
        Entered::Gathered(answered)
    }
}

enum Entered<C: Commit> {
    Alone(C::Call, Turn<C>),
    Gathered(oneshot::Receiver<C::Answer>),
}

impl<C: Commit> Shared<C> {
    /// The lock is never held while waiting.
    fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the calls that have been gathered, as far as they go together.
    async fn commit_gathered(&self) {
        let (calls, answers): (Vec<_>, Vec<_>) = self.take().into_iter().unzip();
        let answered = self.commit.commit(calls).await;
        for (sender, answer) in answers.into_iter().zip(answered) {
            // Who does not wait any more need not know.
            let _ = sender.send(answer);
        }
    }

    /// Takes what goes together, in the order of coming.
    fn take(&self) -> Vec<(C::Call, oneshot::Sender<C::Answer>)> {
        let mut state = self.state();
        state.gathered.retain(|one| !one.answer.is_closed());
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

/// The right to commit. When it ends, even by being dropped half-way, whoever has gathered goes
/// next, on a task of its own, so that no caller depends on the patience of another.
struct Turn<C: Commit>(Arc<Shared<C>>);

impl<C: Commit> Drop for Turn<C> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if state.gathered.is_empty() {
            state.busy = false;
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            // The runtime is gone, and with it the connections: who waits is told so.
            state.busy = false;
            state.gathered.clear();
            return;
        };
        drop(state);
        let turn = Self(self.0.clone());
        runtime.spawn(async move { turn.0.commit_gathered().await });
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
