//! Finding failure entries by their ids.

use std::collections::HashMap;

use bytes::Bytes;
use resque_core::Result;
use resque_core::wire::failure;

use super::name::Name;
use crate::driver::Batch;
use crate::store::{CHUNK, Store, bytes_of, number_of};

/// Ids whose places are remembered.
const REMEMBERED: usize = 10_000;

/// Entries read at once when a whole list has to be searched.
const STEP: usize = 500;

/// Where entries stood when they were listed last, so that whoever lists and then acts need not
/// search. Only a guess: what stands there is looked at before anything is done.
#[derive(Debug, Default)]
pub(crate) struct Hints(HashMap<Name, usize>);

impl Hints {
    /// Remembers where an entry stands.
    pub(super) fn note(&mut self, name: Name, index: usize) {
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        self.0.insert(name, index);
    }
}

/// An entry that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Its index from the oldest entry.
    pub(super) index: usize,
    /// What it says.
    pub(super) entry: Bytes,
}

impl Store {
    /// Finds the entries with these names in one list; the same name twice means two entries that
    /// say the same.
    pub(super) async fn find_failures(
        &self,
        list: &str,
        names: &[&Name],
    ) -> Result<Vec<Option<Found>>> {
        let key = self.keys.key(list);
        let mut found = self.find_at_hints(&key, names).await?;
        if found.iter().any(Option::is_none) {
            self.search(&key, names, &mut found).await?;
        }
        Ok(found)
    }

    /// Looks where the entries stood last.
    async fn find_at_hints(&self, key: &str, names: &[&Name]) -> Result<Vec<Option<Found>>> {
        const WHAT: &str = "find failures";
        let mut found: Vec<Option<Found>> = vec![None; names.len()];
        let mut guesses: Vec<(usize, usize)> = Vec::new();
        {
            let hints = self.hints();
            let mut taken = std::collections::HashSet::new();
            for (at, name) in names.iter().enumerate() {
                if let Some(&index) = hints.0.get(*name)
                    && taken.insert(index)
                {
                    guesses.push((at, index));
                }
            }
        }
        for part in guesses.chunks(CHUNK) {
            let mut batch = Batch::with_capacity(3 * part.len(), 40 * part.len());
            for (_, index) in part {
                batch.command("LINDEX").arg(key).arg(*index);
            }
            for ((at, index), reply) in part.iter().zip(self.run(WHAT, &batch).await?) {
                let entry = reply
                    .ok()
                    .map_err(|error| self.key_refused(WHAT, key, &error))?;
                let entry = bytes_of(entry);
                if failure::id(&entry) == names[*at].entry {
                    found[*at] = Some(Found {
                        index: *index,
                        entry,
                    });
                }
            }
        }
        Ok(found)
    }

    /// Reads the list from its end, where the newest entries are, until all are found. Entries that
    /// go meanwhile move others towards the beginning, where they are still to be read.
    async fn search(&self, key: &str, names: &[&Name], found: &mut [Option<Found>]) -> Result<()> {
        let mut missing: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, name) in names.iter().enumerate().rev() {
            if found[at].is_none() {
                missing.entry(&name.entry).or_default().push(at);
            }
        }
        let taken: Vec<usize> = found.iter().flatten().map(|found| found.index).collect();
        let mut batch = Batch::new();
        batch.command("LLEN").arg(key);
        let length = number_of(&self.on_key("find failures", key, &batch).await?);
        let mut end = usize::try_from(length).unwrap_or(usize::MAX);
        while end > 0 && !missing.is_empty() {
            let start = end.saturating_sub(STEP);
            let entries = self.entries(key, start..end).await?;
            for (index, entry) in (start..).zip(entries).collect::<Vec<_>>().into_iter().rev() {
                let id = failure::id(&entry);
                if taken.contains(&index) {
                    continue;
                }
                if let Some(places) = missing.get_mut(id.as_str()) {
                    if let Some(at) = places.pop() {
                        found[at] = Some(Found { index, entry });
                    }
                    if places.is_empty() {
                        missing.remove(id.as_str());
                    }
                }
            }
            end = start;
        }
        Ok(())
    }
}
