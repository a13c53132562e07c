//! What became of each case.

use std::fmt;
use std::time::Duration;

use crate::{Case, Guarantee};

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The promise is kept.
    Kept,
    /// It is broken, and how.
    Broken(String),
    /// It was not asked for, and why.
    Ignored(&'static str),
}

/// One case and what became of it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The case.
    pub case: &'static Case,
    /// What became of it.
    pub fate: Fate,
    /// How long that took.
    pub took: Duration,
}

/// What became of each case of a run, in the order of the list.
///
/// Shown, it is a table by guarantee with every broken promise below it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    entries: Vec<Entry>,
}

impl Report {
    pub(crate) fn new(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    /// Every case of the run.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The cases whose promise is broken.
    pub fn broken(&self) -> impl Iterator<Item = (&'static Case, &str)> {
        self.entries.iter().filter_map(|entry| match &entry.fate {
            Fate::Broken(message) => Some((entry.case, message.as_str())),
            Fate::Kept | Fate::Ignored(_) => None,
        })
    }

    /// The cases that were not asked for, with the reason.
    pub fn ignored(&self) -> impl Iterator<Item = (&'static Case, &'static str)> {
        self.entries.iter().filter_map(|entry| match entry.fate {
            Fate::Ignored(reason) => Some((entry.case, reason)),
            Fate::Kept | Fate::Broken(_) => None,
        })
    }

    /// Whether something was run and no promise is broken.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.entries.iter().any(|entry| entry.fate == Fate::Kept) && self.broken().next().is_none()
    }

    /// The table by guarantee in Markdown.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut table = String::from("| | guarantee | cases | result |\n|---|---|---:|---|\n");
        for (guarantee, count) in self.by_guarantee() {
            table.push_str(&format!(
                "| {} | **{}**: {} | {} | {} |\n",
                guarantee.number(),
                guarantee.title(),
                guarantee.promise(),
                count.all(),
                count,
            ));
        }
        table
    }

    /// How the cases of each guarantee ended; guarantees without cases are left out.
    fn by_guarantee(&self) -> impl Iterator<Item = (Guarantee, Count)> {
        Guarantee::ALL.iter().filter_map(|guarantee| {
            let mut count = Count::default();
            let own = |entry: &&Entry| entry.case.guarantee() == *guarantee;
            for entry in self.entries.iter().filter(own) {
                match entry.fate {
                    Fate::Kept => count.kept += 1,
                    Fate::Broken(_) => count.broken += 1,
                    Fate::Ignored(_) => count.ignored += 1,
                }
            }
            (count.all() > 0).then_some((*guarantee, count))
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (guarantee, count) in self.by_guarantee() {
            writeln!(
                f,
                "{:<16} {:>3} cases  {count}",
                guarantee.to_string(),
                count.all()
            )?;
        }
        let took: Duration = self.entries.iter().map(|entry| entry.took).sum();
        writeln!(f, "{} cases in {took:.1?}", self.entries.len())?;
        for (case, reason) in self.ignored() {
            writeln!(f, "ignored  {}: {reason}", case.name())?;
        }
        for (case, message) in self.broken() {
            writeln!(f, "BROKEN   {}: {}", case.name(), case.doc())?;
            for line in message.lines() {
                writeln!(f, "         {line}")?;
            }
        }
        Ok(())
    }
}

/// How the cases of one guarantee ended.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    kept: usize,
    broken: usize,
    ignored: usize,
}

impl Count {
    fn all(self) -> usize {
        self.kept + self.broken + self.ignored
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (number, word) in [
            (self.kept, "kept"),
            (self.broken, "BROKEN"),
            (self.ignored, "not offered"),
        ] {
            if number > 0 {
                parts.push(format!("{number} {word}"));
            }
        }
        f.write_str(&parts.join(", "))
    }
}
