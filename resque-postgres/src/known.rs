//! The queues that were there when somebody last looked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use resque_core::{QueueList, QueueName, Result};

use crate::store::Store;

/// How long a queue is not searched from its very beginning again, at least.
const PAUSE: Duration = Duration::from_millis(50);

/// How many times as long as such a search took it is not repeated: where an old snapshot keeps the dead
/// rows of hundreds of thousands of jobs, it is them that are walked over.
const SPARING: u32 = 32;

/// How far the database looks back by itself when the rest of a queue is not enough.
const NEAR: i64 = 1_000;

/// How many resolved lists are kept.
const LISTS: usize = 32;

/// The names and numbers of queues, and where their first jobs were.
#[derive(Default)]
pub(crate) struct Known {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    queues: Option<Arc<Queues>>,
    /// The lists resolved with these queues.
    resolved: Vec<(QueueList, Arc<[i32]>)>,
    /// The queues out of which jobs were taken.
    starts: HashMap<i32, Start>,
}

/// Where the first job of a queue was, and when somebody last looked before it.
#[derive(Default)]
struct Start {
    place: i64,
    /// When it is to be searched from its very beginning.
    due: Duration,
    /// Whether the last search left out what lies far before that place.
    cut: bool,
}

/// The queues of one moment.
pub(crate) struct Queues {
    by_id: HashMap<i32, QueueName>,
    by_name: HashMap<QueueName, i32>,
    names: Vec<QueueName>,
    /// The snapshot they were read in.
    seen: String,
}

/// What to ask for a list of queues.
pub(crate) struct Asked {
    pub(crate) queues: Arc<Queues>,
    pub(crate) ids: Arc<[i32]>,
    /// Where to begin in each queue.
    pub(crate) from: Vec<i64>,
    /// When it was asked.
    at: Duration,
}

impl Queues {
    /// The name of a queue.
    pub(crate) fn name(&self, id: i32) -> Option<&QueueName> {
        self.by_id.get(&id)
    }

    /// The snapshot they were read in.
    pub(crate) fn seen(&self) -> &str {
        &self.seen
    }

    /// The numbers of a list, out of those that are resolved already if it is among them.
    fn resolved(&self, list: &QueueList, all: &mut Vec<(QueueList, Arc<[i32]>)>) -> Arc<[i32]> {
        if let Some((_, ids)) = all.iter().find(|(other, _)| other == list) {
            return Arc::clone(ids);
        }
        let ids = self.resolve(list);
        if all.len() == LISTS {
            all.remove(0);
        }
        all.push((list.clone(), Arc::clone(&ids)));
        ids
    }

    fn resolve(&self, list: &QueueList) -> Arc<[i32]> {
        let id = |name: &QueueName| self.by_name.get(name).copied();
        match list.names() {
            Some(names) => names.iter().filter_map(id).collect(),
            None => list.resolve(&self.names).iter().filter_map(id).collect(),
        }
    }
}

impl Known {
    /// Notes up to where jobs were taken.
    fn taken(&self, ids: &[i32], places: &[i64]) {
        let mut state = self.state();
        for (id, place) in ids.iter().zip(places).filter(|(_, place)| **place > 0) {
            // The last one counts, even if it lies before others: its transaction ended late, and more
            // may be behind it.
            state.starts.entry(*id).or_default().place = *place;
        }
    }

    /// Notes how long the search took that was answered just now.
    fn searched(&self, asked: &Asked, now: Duration) {
        let mut state = self.state();
        let rest = (now.saturating_sub(asked.at) * SPARING).max(PAUSE);
        for (id, _) in asked
            .ids
            .iter()
            .zip(&asked.from)
            .filter(|(_, from)| **from == 0)
        {
            if let Some(start) = state.starts.get_mut(id) {
                start.due = now + rest;
            }
        }
    }

    /// How long to wait at most before these queues are searched again, if the last search left anything
    /// out.
    fn owed(&self, list: &QueueList, now: Duration) -> Option<Duration> {
        let mut guard = self.state();
        let state = &mut *guard;
        let Some(queues) = &state.queues else {
            // Which ones they are has to be read again.
            return state
                .starts
                .values()
                .any(|start| start.cut)
                .then_some(PAUSE);
        };
        let ids = queues.resolved(list, &mut state.resolved);
        let starts = ids.iter().filter_map(|id| state.starts.get(id));
        let due = starts.filter(|start| start.cut).map(|start| start.due);
        Some(due.min()?.saturating_sub(now))
    }

    /// The queues have changed: they have to be read again.
    pub(crate) fn forget(&self) {
        let mut state = self.state();
        state.queues = None;
        state.resolved.clear();
    }

    fn asked(&self, list: &QueueList, now: Duration) -> Option<Asked> {
        let mut guard = self.state();
        let state = &mut *guard;
        let queues = Arc::clone(state.queues.as_ref()?);
        let ids = queues.resolved(list, &mut state.resolved);
        let mut from = |id| state.starts.get_mut(id).map_or(0, |start| start.begin(now));
        let from = ids.iter().map(&mut from).collect();
        let at = now;
        Some(Asked {
            queues,
            ids,
            from,
            at,
        })
    }

    fn learn(&self, queues: Queues) {
        let mut state = self.state();
        state.starts.retain(|id, _| queues.by_id.contains_key(id));
        state.resolved.clear();
        state.queues = Some(Arc::new(queues));
    }

    /// The lock is never held while waiting.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Start {
    /// Where to begin now: nobody else begins at the very beginning until this search has been answered,
    /// or a while has passed.
    fn begin(&mut self, now: Duration) -> i64 {
        let is_due = now >= self.due;
        self.cut = !is_due && self.place > NEAR;
        if is_due {
            self.due = now + PAUSE;
            0
        } else {
            self.place
        }
    }
}

impl Store {
    /// The queues to ask for a list, as far as it is known which there are.
    pub(crate) async fn asked(&self, list: &QueueList) -> Result<Asked> {
        loop {
            match self.known.asked(list, self.now()) {
                Some(asked) => return Ok(asked),
                None => self.known.learn(self.read_queues().await?),
            }
        }
    }

    /// How long to wait for jobs at most, although nothing is announced, because the last search left out
    /// what an old snapshot makes it slow to look at.
    pub(crate) fn owed(&self, list: &QueueList) -> Option<Duration> {
        self.known.owed(list, self.now())
    }

    fn now(&self) -> Duration {
        self.link.connections.settings.clock.monotonic()
    }

    /// Notes what was answered: how long it took, and up to where jobs were taken.
    pub(crate) fn searched(&self, asked: &Asked, ids: &[i32], places: &[i64]) {
        self.known.taken(ids, places);
        self.known.searched(asked, self.now());
    }

    async fn read_queues(&self) -> Result<Queues> {
        const TEXT: &str = "select resque.sight(),
            array(select q.id from resque.queues q order by q.id),
            array(select q.name from resque.queues q order by q.id)";
        let row = self.row("read the queues", self.statement(TEXT)).await?;
        let ids: Vec<i32> = self.get(&row, 1)?;
        let texts: Vec<String> = self.get(&row, 2)?;
        let mut queues = Queues {
            by_id: HashMap::with_capacity(ids.len()),
            by_name: HashMap::with_capacity(ids.len()),
            names: Vec::with_capacity(ids.len()),
            seen: self.get(&row, 0)?,
        };
        for (id, text) in ids.into_iter().zip(texts) {
            // A name that is none can only be there where the table was changed by hand.
            if let Ok(name) = QueueName::new(text) {
                queues.by_id.insert(id, name.clone());
                queues.by_name.insert(name.clone(), id);
                queues.names.push(name);
            }
        }
        Ok(queues)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: Duration = Duration::from_secs(1);

    fn known() -> Known {
        let name = QueueName::new("q").unwrap();
        let known = Known::default();
        known.learn(Queues {
            by_id: HashMap::from([(1, name.clone())]),
            by_name: HashMap::from([(name.clone(), 1)]),
            names: vec![name],
            seen: String::new(),
        });
        known
    }

    fn list() -> QueueList {
        "q".parse().unwrap()
    }

    /// Searches at `now` for so long; answers where it began.
    fn search(known: &Known, now: Duration, took: Duration, places: &[i64]) -> i64 {
        let asked = known.asked(&list(), now).unwrap();
        known.taken(&vec![1; places.len()], places);
        known.searched(&asked, now + took);
        asked.from[0]
    }

    #[test]
    fn the_longer_a_search_from_the_very_beginning_takes_the_rarer_it_is() {
        let known = known();
        let (short, long) = (Duration::from_millis(1), Duration::from_millis(100));
        assert_eq!(search(&known, LATER, short, &[4_000, 5_000]), 0);
        assert_eq!(search(&known, LATER + short, long, &[6_000]), 5_000);
        assert_eq!(search(&known, LATER + short + PAUSE, long, &[]), 0);
        let rest = short + PAUSE + long + long * SPARING;
        let almost = LATER + rest - Duration::from_millis(1);
        assert_eq!(search(&known, almost, short, &[]), 6_000);
        assert_eq!(search(&known, LATER + rest, short, &[]), 0);
    }

    #[test]
    fn where_a_search_goes_back_the_next_one_begins() {
        let known = known();
        search(&known, LATER, PAUSE, &[5_000]);
        search(&known, LATER + PAUSE, PAUSE, &[5_001, 300, 301]);
        assert_eq!(search(&known, LATER + PAUSE, PAUSE, &[]), 301);
    }

    #[test]
    fn places_at_the_front_are_always_looked_at() {
        let known = known();
        search(&known, LATER, PAUSE, &[-2, -1]);
        assert_eq!(search(&known, LATER, PAUSE, &[]), 0);
        assert_eq!(known.owed(&list(), LATER), None);
    }

    #[test]
    fn what_a_search_left_out_is_owed_until_it_is_due() {
        let known = known();
        let none = Duration::ZERO;
        search(&known, LATER, none, &[NEAR]);
        search(&known, LATER, none, &[]);
        assert_eq!(known.owed(&list(), LATER), None, "all of it is near");
        search(&known, LATER, none, &[NEAR + 1]);
        search(&known, LATER, none, &[]);
        assert_eq!(known.owed(&list(), LATER), Some(PAUSE));
        assert_eq!(known.owed(&list(), LATER + PAUSE * 2), Some(none));
        assert_eq!(search(&known, LATER + PAUSE, none, &[]), 0);
        assert_eq!(known.owed(&list(), LATER + PAUSE), None);
        search(&known, LATER + PAUSE, none, &[]);
        known.forget();
        assert_eq!(known.owed(&list(), LATER), Some(PAUSE), "it may be");
    }
}
