//! What a store is told about schedules, and what it tells.

use std::time::SystemTime;

use bytes::Bytes;

use super::ScheduleName;
use crate::Enqueue;

/// A schedule to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSchedule {
    /// Its name; a stored schedule of the same name is replaced.
    pub name: ScheduleName,
    /// Its definition, which comes back byte for byte.
    pub definition: Bytes,
    /// When it runs, in one line. A schedule whose timing changes begins anew.
    pub timing: String,
    /// Whether it fires.
    pub enabled: bool,
}

/// All that a store knows about schedules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduleListing {
    /// The schedules in byte order of their names.
    pub entries: Vec<ScheduleEntry>,
    /// Names that are no names of schedules, left there by someone else.
    pub unreadable: Vec<Bytes>,
}

impl ScheduleListing {
    /// Made by backends; sorts the schedules.
    #[must_use]
    pub fn new(mut entries: Vec<ScheduleEntry>, unreadable: Vec<Bytes>) -> Self {
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Self {
            entries,
            unreadable,
        }
    }

    /// What is known about one schedule, if anything is.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&ScheduleEntry> {
        self.entries
            .binary_search_by(|entry| entry.name.as_str().cmp(name))
            .ok()
            .map(|index| &self.entries[index])
    }
}

/// What a store knows about one schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduleEntry {
    /// Its name.
    pub name: ScheduleName,
    /// Its definition if it is stored. A schedule that a program declares is known only by its
    /// name and by what became of it.
    pub definition: Option<Bytes>,
    /// Whether it fires.
    pub enabled: bool,
    /// Up to which time its ticks are settled: they have fired or will not. `None` before it
    /// began.
    pub settled: Option<SystemTime>,
    /// When it put a job into a queue last, by this library or another scheduler.
    pub last_fired: Option<SystemTime>,
    /// The same, if it was another program's scheduler and not this library.
    pub fired_elsewhere: Option<SystemTime>,
}

impl ScheduleEntry {
    /// Made by backends: a schedule of which nothing else is known.
    #[must_use]
    pub fn new(name: ScheduleName) -> Self {
        Self {
            name,
            definition: None,
            enabled: true,
            settled: None,
            last_fired: None,
            fired_elsewhere: None,
        }
    }
}

/// A process that wants to lead: to be the one that fires.
///
/// Leading only saves the others work and keeps other programs' schedulers out. That a tick fires
/// once does not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeadClaim<'a> {
    /// The process, `<host>:<pid>`.
    pub holder: &'a str,
    /// Whether it has schedules that another program's scheduler may fire too, so that it needs the
    /// lock that the two have in common.
    pub master: bool,
    /// The time.
    pub now: SystemTime,
    /// Until when it leads unless it says so again.
    pub until: SystemTime,
}

/// The answer to a [`LeadClaim`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lead {
    /// Whether the process leads.
    pub leads: bool,
    /// Whether it holds the lock that is shared with other programs' schedulers; where there are
    /// none, the same as `leads`.
    pub master: bool,
    /// Who leads now.
    pub leader: String,
    /// Changes whenever a schedule is stored, removed, switched on or off, by whomever.
    pub version: String,
}

impl Lead {
    /// Made by backends.
    #[must_use]
    pub fn new(leads: bool, leader: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            leads,
            master: leads,
            leader: leader.into(),
            version: version.into(),
        }
    }

    /// The same, about the lock that is shared with other programs.
    #[must_use]
    pub fn master(mut self, master: bool) -> Self {
        self.master = master;
        self
    }
}

/// Who leads, as somebody sees it who does not claim to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leading {
    /// Who leads, unless nobody does or their time has run out.
    pub leader: Option<String>,
    /// The same as [`Lead::version`].
    pub version: String,
}

impl Leading {
    /// Made by backends.
    #[must_use]
    pub fn new(leader: Option<String>, version: impl Into<String>) -> Self {
        Self {
            leader,
            version: version.into(),
        }
    }
}

/// A schedule that is about to be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begin {
    /// Its name.
    pub name: ScheduleName,
    /// When it runs, in one line.
    pub timing: String,
}

/// One run of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firing {
    /// The schedule.
    pub name: ScheduleName,
    /// When the schedule runs, in one line: what the tick was worked out from.
    pub timing: String,
    /// The time that the run stands for.
    pub tick: SystemTime,
    /// What is pushed; `None` settles the tick and pushes nothing. A due time counts for nothing.
    pub job: Option<Enqueue>,
    /// Whether its definition has to be stored still.
    pub stored: bool,
    /// Whether another program's scheduler may fire it too, so that it fires only for the holder
    /// of the lock that the two have in common.
    pub master: bool,
}

/// What became of a [`Firing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fired {
    /// The tick is settled now, and its job, if there is one, is in its queue.
    Fired,
    /// The tick was settled already: nothing happened.
    Already {
        /// Up to which time ticks are settled.
        settled: SystemTime,
    },
    /// The schedule has not begun, runs at other times by now, or has gone: nothing happened.
    Changed,
    /// The schedule is switched off: nothing happened.
    Disabled,
    /// Another program's scheduler holds the lock: nothing happened.
    Standby,
}
