//! Which queues may hold jobs, as far as the announcements tell.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use resque_core::{QueueList, QueueName};
use tokio::sync::Notify;

/// More marked queues than this are not told apart any more.
const QUEUES_AT_MOST: usize = 1 << 16;

/// More lists than this are not remembered; a process serves a handful.
const LISTS_AT_MOST: usize = 64;

/// The set of marked queues. Every mark has a moment of its own, counted up, so that a look into a
/// queue cannot wipe out a mark that came after the look was drawn.
#[derive(Debug, Default)]
pub(super) struct Marks {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    moment: u64,
    /// Whether announcements come; without them every queue may hold jobs.
    listening: bool,
    /// When every queue was marked.
    everything: u64,
    /// When announcements broke off against our will.
    lost: u64,
    /// When these queues were marked.
    queues: HashMap<QueueName, u64>,
    /// When these lists were last found empty as a whole.
    empty: Vec<(QueueList, u64)>,
    waiters: usize,
}

/// What to look into, drawn before looking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    moment: u64,
    /// `None` stands for all queues of the list, the ones to come included.
    queues: Option<Vec<QueueName>>,
}

impl Look {
    /// The queues to look into, in order; `None` stands for all queues of the list.
    pub(crate) fn queues(&self) -> Option<&[QueueName]> {
        self.queues.as_deref()
    }
}

/// What came of waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// There may be jobs.
    Marked,
    /// Announcements broke off.
    Lost,
}

impl Marks {
    /// The present moment: later marks are later.
    pub(super) fn moment(&self) -> u64 {
        self.state().moment
    }

    pub(super) fn is_listening(&self) -> bool {
        self.state().listening
    }

    /// From now on announcements come; whatever happened before was missed.
    pub(super) fn start(&self) {
        let mut state = self.state();
        state.listening = true;
        state.mark_everything();
    }

    /// From now on no announcements come. Fails while somebody waits for them.
    pub(super) fn stop(&self) -> bool {
        let mut state = self.state();
        let idle = state.waiters == 0;
        if idle {
            state.listening = false;
            state.mark_everything();
        }
        idle
    }

    /// Announcements broke off.
    pub(super) fn lose(&self) {
        {
            let mut state = self.state();
            state.listening = false;
            state.lost = state.mark_everything();
        }
        self.changed.notify_waiters();
    }

    /// A job may have come into `queue`.
    pub(super) fn mark(&self, queue: QueueName) {
        {
            let mut state = self.state();
            state.moment += 1;
            let moment = state.moment;
            state.queues.insert(queue, moment);
            if state.queues.len() > QUEUES_AT_MOST {
                state.mark_everything();
            }
        }
        self.changed.notify_waiters();
    }

    /// Jobs may have come into any queue.
    pub(super) fn mark_everything(&self) {
        self.state().mark_everything();
        self.changed.notify_waiters();
    }

    /// Draws what an exchange for `list` has to look into.
    pub(super) fn look(&self, list: &QueueList) -> Look {
        let state = self.state();
        let moment = state.moment;
        let looked = state.empty.iter().find(|(known, _)| known == list);
        let known = state.listening && looked.is_some_and(|(_, at)| *at >= state.everything);
        let queues = known.then(|| match list.names() {
            Some(names) => {
                let marked = names.iter().filter(|name| state.queues.contains_key(*name));
                marked.cloned().collect()
            }
            None => list.resolve(&state.queues.keys().cloned().collect::<Vec<_>>()),
        });
        Look { moment, queues }
    }

    /// Notes that the queues of `look` were found to have no more jobs.
    pub(super) fn found_empty(&self, list: &QueueList, look: &Look) {
        let mut state = self.state();
        match &look.queues {
            Some(queues) => {
                for queue in queues {
                    if state
                        .queues
                        .get(queue)
                        .is_some_and(|marked| *marked <= look.moment)
                    {
                        state.queues.remove(queue);
                    }
                }
            }
            None => {
                state
                    .queues
                    .retain(|queue, marked| *marked > look.moment || !list.serves(queue));
                state.note_empty(list, look.moment);
            }
        }
    }

    /// Waits for a mark later than `moment` on a queue of `list`.
    pub(super) async fn wait(&self, moment: u64, list: &QueueList) -> Woken {
        let _waiter = Waiter::new(self);
        loop {
            // Registered before the look at the marks: one that comes in between is not missed.
            let changed = self.changed.notified();
            if let Some(woken) = self.state().woken(moment, list) {
                return woken;
            }
            changed.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn mark_everything(&mut self) -> u64 {
        self.moment += 1;
        self.everything = self.moment;
        self.queues.clear();
        self.empty.clear();
        self.moment
    }

    fn note_empty(&mut self, list: &QueueList, moment: u64) {
        if moment < self.everything {
            return;
        }
        if let Some((_, at)) = self.empty.iter_mut().find(|(known, _)| known == list) {
            *at = moment.max(*at);
        } else if self.empty.len() < LISTS_AT_MOST {
            self.empty.push((list.clone(), moment));
        }
    }

    fn woken(&self, moment: u64, list: &QueueList) -> Option<Woken> {
        if self.lost > moment {
            return Some(Woken::Lost);
        }
        let marked = || {
            self.queues
                .iter()
                .any(|(queue, at)| *at > moment && list.serves(queue))
        };
        (self.everything > moment || !self.listening || marked()).then_some(Woken::Marked)
    }
}

/// Somebody waiting, until dropped.
struct Waiter<'a>(&'a Marks);

impl<'a> Waiter<'a> {
    fn new(marks: &'a Marks) -> Self {
        marks.state().waiters += 1;
        Self(marks)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.state().waiters -= 1;
    }
}

#[cfg(test)]
#[path = "marks_tests.rs"]
mod tests;
