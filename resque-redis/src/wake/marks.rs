//! Which queues may hold jobs, as far as the announcements tell.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use resque_core::{QueueList, QueueName};
use tokio::sync::Notify;

/// More marked queues than this are not told apart any more.
const QUEUES_AT_MOST: usize = 1 << 16;

/// More lists than this are not remembered; a process serves a handful.
const LISTS_AT_MOST: usize = 64;

/// The set of marked queues. Every mark has a moment of its own, counted up, so that a look into a queue cannot wipe out
/// a mark that came after the look was drawn.
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
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn list(text: &str) -> QueueList {
        text.parse().unwrap()
    }

    fn queue(name: &str) -> QueueName {
        name.parse().unwrap()
    }

    fn listening() -> Marks {
        let marks = Marks::default();
        marks.start();
        marks
    }

    /// Marks that know the queues of `list` to be empty.
    fn drained(text: &str) -> Marks {
        let marks = listening();
        marks.found_empty(&list(text), &marks.look(&list(text)));
        marks
    }

    fn names(marks: &Marks, text: &str) -> Option<Vec<String>> {
        let look = marks.look(&list(text));
        look.queues()
            .map(|queues| queues.iter().map(ToString::to_string).collect())
    }

    fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn everything_is_looked_into_until_announcements_come_and_once_after() {
        let marks = Marks::default();
        assert_eq!(names(&marks, "a,b"), None);
        marks.found_empty(&list("a,b"), &marks.look(&list("a,b")));
        marks.start();
        assert_eq!(
            names(&marks, "a,b"),
            None,
            "what came before the start was missed"
        );
        marks.found_empty(&list("a,b"), &marks.look(&list("a,b")));
        assert_eq!(names(&marks, "a,b"), Some(vec![]));
    }

    #[test]
    fn only_marked_queues_are_looked_into_in_the_order_of_the_list() {
        let marks = drained("c,b,a");
        marks.mark(queue("a"));
        marks.mark(queue("c"));
        marks.mark(queue("other"));
        assert_eq!(names(&marks, "c,b,a"), Some(vec!["c".into(), "a".into()]));
        let marks = drained("high,*,!slow");
        for name in ["slow", "new", "high", "a"] {
            marks.mark(queue(name));
        }
        assert_eq!(
            names(&marks, "high,*,!slow"),
            Some(vec!["high".into(), "a".into(), "new".into()])
        );
    }

    #[test]
    fn a_mark_survives_a_look_that_was_drawn_before_it() {
        let marks = drained("*");
        marks.mark(queue("a"));
        let look = marks.look(&list("*"));
        marks.mark(queue("a"));
        marks.found_empty(&list("*"), &look);
        assert_eq!(names(&marks, "*"), Some(vec!["a".into()]));
        marks.found_empty(&list("*"), &marks.look(&list("*")));
        assert_eq!(names(&marks, "*"), Some(vec![]));
    }

    #[test]
    fn a_mark_survives_a_look_at_everything_that_was_drawn_before_it() {
        let marks = listening();
        let look = marks.look(&list("*"));
        marks.mark(queue("a"));
        marks.found_empty(&list("*"), &look);
        assert_eq!(names(&marks, "*"), Some(vec!["a".into()]));
    }

    #[test]
    fn a_look_of_before_a_loss_says_nothing_about_after() {
        let marks = listening();
        let look = marks.look(&list("*"));
        marks.lose();
        marks.start();
        marks.found_empty(&list("*"), &look);
        assert_eq!(names(&marks, "*"), None);
    }

    #[test]
    fn an_empty_list_says_nothing_about_another_list() {
        let marks = drained("a,b");
        assert_eq!(names(&marks, "b,c"), None);
        marks.mark(queue("c"));
        marks.found_empty(&list("a,b"), &marks.look(&list("a,b")));
        marks.found_empty(&list("b,c"), &marks.look(&list("b,c")));
        marks.mark(queue("b"));
        assert_eq!(names(&marks, "a,b"), Some(vec!["b".into()]));
        assert_eq!(names(&marks, "b,c"), Some(vec!["b".into()]));
    }

    #[test]
    fn a_mark_after_the_ticket_wakes_even_if_it_came_before_the_wait() {
        let marks = drained("a");
        let ticket = marks.moment();
        assert_eq!(poll(marks.wait(ticket, &list("a"))), Poll::Pending);
        marks.mark(queue("b"));
        assert_eq!(poll(marks.wait(ticket, &list("a"))), Poll::Pending);
        marks.mark(queue("a"));
        assert_eq!(
            poll(marks.wait(ticket, &list("a"))),
            Poll::Ready(Woken::Marked)
        );
        assert_eq!(poll(marks.wait(marks.moment(), &list("a"))), Poll::Pending);
        marks.mark_everything();
        assert_eq!(
            poll(marks.wait(ticket, &list("x"))),
            Poll::Ready(Woken::Marked)
        );
    }

    #[test]
    fn a_waiter_hears_of_a_mark_and_of_a_loss() {
        let marks = listening();
        let all = list("*");
        for (event, woken) in [(true, Woken::Marked), (false, Woken::Lost)] {
            let mut waiting = pin!(marks.wait(marks.moment(), &all));
            let mut context = Context::from_waker(Waker::noop());
            assert_eq!(waiting.as_mut().poll(&mut context), Poll::Pending);
            if event {
                marks.mark(queue("new"))
            } else {
                marks.lose()
            }
            assert_eq!(waiting.as_mut().poll(&mut context), Poll::Ready(woken));
        }
    }

    #[test]
    fn announcements_are_not_stopped_while_somebody_waits() {
        let marks = listening();
        let all = list("*");
        {
            let mut waiting = pin!(marks.wait(marks.moment(), &all));
            let mut context = Context::from_waker(Waker::noop());
            assert_eq!(waiting.as_mut().poll(&mut context), Poll::Pending);
            assert!(!marks.stop());
        }
        let ticket = marks.moment();
        assert!(marks.stop());
        assert_eq!(
            poll(marks.wait(ticket, &all)),
            Poll::Ready(Woken::Marked),
            "and nobody sleeps without them"
        );
    }

    #[test]
    fn a_flood_of_names_is_not_remembered() {
        let marks = drained("*");
        for number in 0..=QUEUES_AT_MOST {
            marks.mark(queue(&number.to_string()));
        }
        assert_eq!(names(&marks, "*"), None);
        assert!(marks.state().queues.is_empty());
    }
}
