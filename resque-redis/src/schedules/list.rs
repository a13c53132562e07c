//! All schedules.

use std::collections::BTreeMap;

use bytes::Bytes;
use resque_core::wire::text_of;
use resque_core::wire::time::parse_with_any_zone;
use resque_core::{Result, ScheduleEntry, ScheduleListing, ScheduleName};

use super::time_of;
use crate::driver::Value;
use crate::scripts::LIST_SCHEDULES;
use crate::store::{Store, bytes_of, list_of};

/// The schedules found so far, and the names that are none.
#[derive(Default)]
struct Found {
    entries: BTreeMap<ScheduleName, ScheduleEntry>,
    unreadable: Vec<Bytes>,
}

impl Found {
    /// The entry of each name of a hash, with the name's value.
    fn take(&mut self, hash: Value, mut note: impl FnMut(&mut ScheduleEntry, Bytes)) {
        let mut values = list_of(hash).into_iter().map(bytes_of);
        while let (Some(name), Some(value)) = (values.next(), values.next()) {
            match ScheduleName::from_bytes(&name) {
                Ok(name) => {
                    let entry = self.entries.entry(name.clone());
                    note(entry.or_insert_with(|| ScheduleEntry::new(name)), value);
                }
                Err(_) => self.unreadable.push(name),
            }
        }
    }
}

impl Store {
    /// All that is known about schedules.
    pub(super) async fn list_schedules(&self) -> Result<ScheduleListing> {
        const WHAT: &str = "list the schedules";
        let reply = self.script(WHAT, &self.call(&LIST_SCHEDULES, 0, 0)).await?;
        let Ok([definitions, off, clocks, last, noted]) = <[Value; 5]>::try_from(list_of(reply))
        else {
            return Err(self.odd_reply(WHAT));
        };
        let mut found = Found::default();
        found.take(definitions, |entry, text| entry.definition = Some(text));
        found.take(off, |entry, text| {
            entry.enabled = false;
            entry.definition = Some(text).filter(|text| !text.is_empty());
        });
        found.take(clocks, |entry, clock| {
            let settled = clock.split(|byte| *byte == b' ').next();
            let settled = settled.map(|digits| Value::Bulk(Bytes::copy_from_slice(digits)));
            entry.settled = settled.as_ref().and_then(time_of);
        });
        found.take(last, |entry, time| {
            entry.last_fired = parse_with_any_zone(&text_of(&time));
            entry.fired_elsewhere = entry.last_fired;
        });
        found.take(noted, |entry, time| {
            if parse_with_any_zone(&text_of(&time)) == entry.last_fired {
                entry.fired_elsewhere = None;
            }
        });
        found.unreadable.sort_unstable();
        found.unreadable.dedup();
        let entries = found.entries.into_values().collect();
        Ok(ScheduleListing::new(entries, found.unreadable))
    }
}
