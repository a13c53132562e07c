//! What the ledger of all workers says.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use crash_proof::{Entry, Step};

/// The ledger as far as it was read.
#[derive(Debug)]
pub(crate) struct Books {
    path: PathBuf,
    read: u64,
    /// Every job that started, with the process that started it, in order.
    pub(crate) started: Vec<(u64, u32)>,
    /// Every job that came to its end.
    pub(crate) ended: HashSet<u64>,
}

impl Books {
    pub(crate) fn of(path: PathBuf) -> Self {
        let mut books = Self {
            path,
            read: 0,
            started: Vec::new(),
            ended: HashSet::new(),
        };
        books.read_on();
        books
    }

    /// Reads what was written since.
    pub(crate) fn read_on(&mut self) -> &mut Self {
        // Before the first job there is no ledger.
        let Ok(mut file) = File::open(&self.path) else {
            return self;
        };
        let mut text = String::new();
        file.seek(SeekFrom::Start(self.read)).unwrap();
        file.read_to_string(&mut text).unwrap();
        // The last line may be under way.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        self.read += u64::try_from(whole).unwrap();
        for line in text[..whole].lines() {
            let entry = Entry::parse(line).unwrap_or_else(|| panic!("no entry: {line:?}"));
            match entry.step {
                Step::Started => self.started.push((entry.number, entry.process)),
                Step::Ended => assert!(self.ended.insert(entry.number), "twice at its end: {line}"),
            }
        }
        self
    }

    /// How many jobs each process has begun and not brought to an end.
    pub(crate) fn in_hand(&self) -> HashMap<u32, usize> {
        let mut in_hand = HashMap::new();
        for (number, process) in &self.started {
            if !self.ended.contains(number) {
                *in_hand.entry(*process).or_default() += 1;
            }
        }
        in_hand
    }

    /// Fails if any job started more than once.
    #[track_caller]
    pub(crate) fn assert_none_started_twice(&self) {
        let mut seen = HashMap::new();
        for (number, process) in &self.started {
            if let Some(before) = seen.insert(*number, *process) {
                panic!("job {number} started twice: in process {before} and in {process}");
            }
        }
    }
}
