//! The queues that were there when somebody last looked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use resque_core::{QueueList, QueueName, Result};

use crate::store::Store;

/// Every so many looks, queues are searched from their very beginning.
const THOROUGH: u32 = 64;

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
    /// Where the first job of a queue was.
    starts: HashMap<i32, i64>,
    looks: u32,
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
    pub(crate) fn taken(&self, ids: &[i32], places: &[i64]) {
        let mut state = self.state();
        for (id, place) in ids.iter().zip(places).filter(|(_, place)| **place > 0) {
            let start = state.starts.entry(*id).or_default();
            *start = (*start).max(*place);
        }
    }

    /// The queues have changed: they have to be read again.
    pub(crate) fn forget(&self) {
        let mut state = self.state();
        state.queues = None;
        state.resolved.clear();
    }

    fn asked(&self, list: &QueueList) -> Option<Asked> {
        let mut state = self.state();
        let queues = Arc::clone(state.queues.as_ref()?);
        let known = state.resolved.iter().find(|(other, _)| other == list);
        let ids = match known {
            Some((_, ids)) => Arc::clone(ids),
            None => {
                let ids = queues.resolve(list);
                if state.resolved.len() == LISTS {
                    state.resolved.remove(0);
                }
                state.resolved.push((list.clone(), Arc::clone(&ids)));
                ids
            }
        };
        state.looks = state.looks.wrapping_add(1);
        let thorough = state.looks.is_multiple_of(THOROUGH);
        let start = |id: &i32| match thorough {
            true => 0,
            false => state.starts.get(id).copied().unwrap_or(0),
        };
        let from = ids.iter().map(start).collect();
        Some(Asked { queues, ids, from })
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

impl Store {
    /// The queues to ask for a list, as far as it is known which there are.
    pub(crate) async fn asked(&self, list: &QueueList) -> Result<Asked> {
        loop {
            match self.known.asked(list) {
                Some(asked) => return Ok(asked),
                None => self.known.learn(self.read_queues().await?),
            }
        }
    }

    async fn read_queues(&self) -> Result<Queues> {
        const TEXT: &str = "select pg_current_snapshot()::text,
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
