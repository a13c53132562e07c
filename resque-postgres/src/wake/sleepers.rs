//! Who sleeps for which queues, and who was woken.

use std::sync::{Mutex, MutexGuard, PoisonError};

use resque_core::QueueList;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// How many lists of queues are remembered for which nobody waits.
const LISTS: usize = 64;

/// The notes of one client.
///
/// A moment passes with every announcement. A ticket is the moment at which it was drawn.
#[derive(Default)]
pub(super) struct Sleepers {
    state: Mutex<State>,
    rung: Notify,
}

#[derive(Default)]
struct State {
    moment: u64,
    listening: bool,
    /// When the connection that listens was lost last.
    lost: u64,
    notes: Vec<Note>,
    /// The lists that somebody waits for, and how many do.
    awaited: Vec<(QueueList, usize)>,
}

/// Somebody who waits for a list of queues, until it is dropped.
pub(super) struct Waiter<'a> {
    sleepers: &'a Sleepers,
    from: &'a QueueList,
}

struct Note {
    from: QueueList,
    /// The number of the note in the database, if it is there as far as anybody knows.
    id: Option<i64>,
    /// The number of the note that is being left.
    coming: Option<i64>,
    /// When it was last announced that something has come.
    rung: u64,
    /// All transactions before this number have to end before the note is certain to be seen.
    settles: Option<i64>,
    /// How many of them were under way when somebody last looked.
    running: i64,
}

/// What a waiter sees.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Something has come.
    Rung,
    /// Nobody listens any more.
    Lost,
    /// Nothing has come.
    Quiet,
    /// Nothing has come, but a transaction before this number may not have seen the note.
    Unsettled(i64, i64),
}

impl Sleepers {
    pub(super) fn moment(&self) -> u64 {
        self.state().moment
    }

    pub(super) fn is_listening(&self) -> bool {
        self.state().listening
    }

    pub(super) fn start(&self) {
        self.state().listening = true;
    }

    /// The connection that listens is gone, and with it everything it would have told.
    pub(super) fn lose(&self) {
        let mut state = self.state();
        state.listening = false;
        state.moment += 1;
        state.lost = state.moment;
        state.notes.clear();
        drop(state);
        self.rung.notify_waiters();
    }

    /// Keeps the note for these queues as long as the waiter lives.
    pub(super) fn enter<'a>(&'a self, from: &'a QueueList) -> Waiter<'a> {
        let mut state = self.state();
        match state.awaited.iter_mut().find(|(list, _)| list == from) {
            Some((_, count)) => *count += 1,
            None => state.awaited.push((from.clone(), 1)),
        }
        Waiter {
            sleepers: self,
            from,
        }
    }

    /// The number of a note that has to be left for these queues, unless there is one.
    pub(super) fn new_note(&self, from: &QueueList) -> Option<i64> {
        let mut state = self.state();
        let id = fastrand::i64(..);
        if let Some(note) = state.notes.iter_mut().find(|note| note.from == *from) {
            if note.id.is_some() {
                return None;
            }
            note.coming = Some(id);
            return Some(id);
        }
        state.forget_one();
        let rung = state.moment;
        state.notes.push(Note {
            from: from.clone(),
            id: None,
            coming: Some(id),
            rung,
            settles: None,
            running: i64::MAX,
        });
        Some(id)
    }

    /// The note was left, with the number before which transactions may not have seen it if there are
    /// any; or, without an answer, it may not be there. What came between a ticket and the note was
    /// announced to nobody: who drew one before looks again.
    pub(super) fn left(&self, id: i64, left: Option<Option<i64>>) {
        let mut state = self.state();
        let moment = state.moment + 1;
        // It may have been taken away already.
        if let Some(note) = state.notes.iter_mut().find(|note| note.coming == Some(id)) {
            note.coming = None;
            note.id = left.map(|_| id);
            note.settles = left.flatten();
            note.running = i64::MAX;
            note.rung = moment;
            state.moment = moment;
        }
        drop(state);
        self.rung.notify_waiters();
    }

    /// So many of the transactions that may not have seen the note are still under way. When they are
    /// fewer than before, one has ended, with a job perhaps: who waits has to look again.
    pub(super) fn settled(&self, id: i64, running: i64) {
        let mut state = self.state();
        let moment = state.moment + 1;
        let is_meant = |note: &&mut Note| note.id == Some(id) && running < note.running;
        if let Some(note) = state.notes.iter_mut().find(is_meant) {
            note.running = running;
            if running == 0 {
                note.settles = None;
            }
            note.rung = moment;
            state.moment = moment;
        }
        drop(state);
        self.rung.notify_waiters();
    }

    /// Takes an announcement: the notes that were taken away, or nothing for all.
    pub(super) fn hear(&self, announced: &str) {
        let mut state = self.state();
        state.moment += 1;
        let moment = state.moment;
        if announced.is_empty() {
            // The notes themselves are still there.
            state.notes.iter_mut().for_each(|note| note.rung = moment);
        }
        for id in announced.split(',').filter_map(|id| id.parse::<i64>().ok()) {
            let is_meant = |note: &&mut Note| note.id == Some(id) || note.coming == Some(id);
            if let Some(note) = state.notes.iter_mut().find(is_meant) {
                note.id = None;
                note.coming = None;
                note.settles = None;
                note.rung = moment;
            }
        }
        drop(state);
        self.rung.notify_waiters();
    }

    /// The next announcement.
    pub(super) fn rung(&self) -> Notified<'_> {
        self.rung.notified()
    }

    /// What has come since a ticket was drawn.
    pub(super) fn look(&self, ticket: u64, from: &QueueList) -> Look {
        let state = self.state();
        if state.lost > ticket || !state.listening {
            return Look::Lost;
        }
        match state.notes.iter().find(|note| note.from == *from) {
            // Forgotten with a connection.
            None => Look::Rung,
            Some(note) if note.rung > ticket => Look::Rung,
            Some(note) => match (note.id, note.settles) {
                (Some(id), Some(end)) => Look::Unsettled(id, end),
                _ => Look::Quiet,
            },
        }
    }

    /// The lock is never held while waiting.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Makes room for a note where there are many: the oldest one goes that nobody waits for.
    fn forget_one(&mut self) {
        let awaited = &self.awaited;
        let is_idle = |note: &Note| awaited.iter().all(|(list, _)| *list != note.from);
        if self.notes.len() >= LISTS
            && let Some(place) = self.notes.iter().position(is_idle)
        {
            self.notes.remove(place);
        }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut state = self.sleepers.state();
        let awaited = &mut state.awaited;
        if let Some(place) = awaited.iter().position(|(list, _)| list == self.from) {
            let (_, count) = &mut awaited[place];
            *count -= 1;
            if *count == 0 {
                awaited.swap_remove(place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(count: usize) -> Vec<QueueList> {
        let list = |number| format!("q{number}").parse().unwrap();
        (0..count).map(list).collect()
    }

    /// Leaves the notes that are still to be left; answers how many.
    fn leave(sleepers: &Sleepers, lists: &[QueueList]) -> usize {
        let new = lists.iter().filter_map(|list| sleepers.new_note(list));
        new.map(|id| sleepers.left(id, Some(None))).count()
    }

    #[test]
    fn any_number_of_lists_that_are_waited_for_keep_their_notes() {
        let sleepers = Sleepers::default();
        sleepers.start();
        let lists = lists(LISTS * 2);
        let waiters: Vec<_> = lists.iter().map(|list| sleepers.enter(list)).collect();
        assert_eq!(leave(&sleepers, &lists), lists.len());
        let ticket = sleepers.moment();
        for list in &lists {
            assert_eq!(sleepers.look(ticket, list), Look::Quiet, "{list:?}");
        }
        assert_eq!(leave(&sleepers, &lists), 0);
        drop(waiters);
        assert!(sleepers.state().awaited.is_empty());
    }

    #[test]
    fn of_lists_that_nobody_waits_for_the_oldest_ones_are_forgotten() {
        let sleepers = Sleepers::default();
        sleepers.start();
        let lists = lists(LISTS + 2);
        let (kept, others) = lists.split_first().unwrap();
        let (first, second) = (sleepers.enter(kept), sleepers.enter(kept));
        leave(&sleepers, &lists);
        drop(first);
        assert_eq!(sleepers.state().notes.len(), LISTS);
        let ticket = sleepers.moment();
        assert_eq!(sleepers.look(ticket, kept), Look::Quiet);
        assert_eq!(sleepers.look(ticket, &others[0]), Look::Rung);
        assert_eq!(sleepers.look(ticket, &others[LISTS]), Look::Quiet);
        drop(second);
        leave(&sleepers, &others[..1]);
        assert_eq!(sleepers.look(ticket, kept), Look::Rung);
    }
}
