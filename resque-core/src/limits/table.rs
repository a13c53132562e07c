//! The limits that a process knows, by class and by queue.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Rate;
use super::of_job::{Limiting, Wanted, identity, name};
use crate::Payload;
use crate::wire::payload::decode;

/// The limits that a process knows.
#[derive(Clone, Default)]
pub(crate) struct LimitTable {
    classes: HashMap<Arc<str>, Arc<dyn Limiting>>,
    queues: HashMap<String, OfQueue>,
}

/// The limits of a queue, whatever jobs it has.
#[derive(Clone, Default)]
struct OfQueue {
    places: Option<u32>,
    rate: Option<Rate>,
}

impl LimitTable {
    #[cfg(feature = "worker")]
    pub(crate) fn is_empty(&self) -> bool {
        self.classes.is_empty() && self.queues.is_empty()
    }

    pub(crate) fn set_class(&mut self, class: &str, limits: Option<Arc<dyn Limiting>>) {
        match limits {
            Some(limits) => self.classes.insert(class.into(), limits),
            None => self.classes.remove(class),
        };
    }

    pub(crate) fn set_places_of_queue(&mut self, queue: &str, places: u32) {
        self.queues.entry(queue.to_owned()).or_default().places = Some(places);
    }

    pub(crate) fn set_rate_of_queue(&mut self, queue: &str, rate: Rate) {
        self.queues.entry(queue.to_owned()).or_default().rate = Some(rate);
    }

    /// The limits of a class of this name.
    pub(crate) fn of_class(&self, class: &str) -> Option<&Arc<dyn Limiting>> {
        self.classes.get(class)
    }

    /// What a job from a queue is to get, if it has any limits.
    pub(crate) fn of(&self, queue: &str, payload: &Payload) -> Option<Wanted> {
        let of_queue = self.queues.get(queue);
        if of_queue.is_none() && self.classes.is_empty() {
            return None;
        }
        let job = decode(payload.as_bytes()).ok()?;
        let class = self.classes.get(&*job.class);
        let of_class = class.and_then(|limits| ask(&**limits, &job.class, &job.args));
        let Some(of_queue) = of_queue else {
            return of_class;
        };
        let mut wanted = of_class.unwrap_or_else(|| Wanted {
            job: identity(&job.class, &job.args),
            unique: None,
            places: Vec::new(),
            tokens: Vec::new(),
        });
        if let Some(places) = of_queue.places {
            wanted.places.push((name("queue_at_most", queue), places));
        }
        if let Some(rate) = of_queue.rate {
            wanted.tokens.push((name("queue_rate", queue), rate));
        }
        Some(wanted)
    }
}

/// Asks a class for the limits of a job. One whose key cannot be told has none, like one whose
/// arguments do not fit.
fn ask(limits: &dyn Limiting, class: &str, args: &str) -> Option<Wanted> {
    // It is asked where the upkeep of the worker is done, which a panic must not end: the job would
    // come to the next worker and end that too.
    catch_unwind(AssertUnwindSafe(|| limits.of(class, args))).unwrap_or_else(|_| {
        tracing::error!(class, "the key of a limit panicked; the job is not limited");
        None
    })
}

impl fmt::Debug for LimitTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitTable")
            .field("classes", &self.classes.keys())
            .field("queues", &self.queues.keys())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::{JobLimits, Lease, Outcome, Unique, WorkerId};

    fn table(limits: JobLimits<(u64, String)>) -> LimitTable {
        let mut table = LimitTable::default();
        table.set_class("Archive", Some(Arc::new(limits)));
        table
    }

    fn of(table: &LimitTable, queue: &str, payload: &str) -> Option<Wanted> {
        table.of(queue, &Payload::from(payload.to_owned()))
    }

    const JOB: &str = r#"{"class":"Archive","args":[44,"main"]}"#;

    #[test]
    fn names_come_from_class_arguments_and_keys() {
        let limits = JobLimits::new()
            .unique(Unique::until_done())
            .at_most(3)
            .at_most_by(2, |(id, _): &(u64, String)| format!("repository {id}"))
            .rate_by(Rate::per_second(5), |_: &(u64, String)| "github");
        let table = table(limits);
        let wanted = of(&table, "q", JOB).unwrap();
        let (_, unique) = wanted.unique.clone().unwrap();
        assert_eq!(*unique, format!("unique:Archive:{}", wanted.job));
        let places: Vec<_> = wanted
            .places
            .iter()
            .map(|(name, of)| (&**name, *of))
            .collect();
        assert_eq!(
            places,
            [("at_most:Archive", 3), ("at_most:repository 44", 2)]
        );
        assert_eq!(&*wanted.tokens[0].0, "rate:github");
        assert_eq!(of(&table, "q", r#"{"class":"Other","args":[]}"#), None);
        assert_eq!(of(&table, "q", r#"{"class":"Archive","args":["x"]}"#), None);
        assert_eq!(of(&table, "q", "no job"), None);
    }

    #[test]
    fn a_job_is_known_again_whatever_was_added_to_it() {
        let table = table(JobLimits::new().unique(Unique::while_queued()));
        let retried = r#"{"class":"Archive","args":[44,"main"],"rs":{"attempt":2}}"#;
        assert_eq!(of(&table, "q", JOB), of(&table, "other", retried));
        let another = r#"{"class":"Archive","args":[45,"main"]}"#;
        assert_ne!(of(&table, "q", JOB), of(&table, "q", another));
    }

    #[test]
    fn a_queue_has_limits_of_its_own() {
        let mut table = table(JobLimits::new().at_most(1));
        table.set_places_of_queue("mail", 4);
        table.set_rate_of_queue("mail", Rate::per_minute(6));
        let wanted = of(&table, "mail", JOB).unwrap();
        assert_eq!(wanted.places.len(), 2);
        assert_eq!(&*wanted.tokens[0].0, "queue_rate:mail");
        let other = of(&table, "mail", r#"{"class":"Other","args":[]}"#).unwrap();
        assert_eq!(other.places.len(), 1);
        assert_eq!(of(&table, "else", JOB).unwrap().places.len(), 1);
    }

    #[test]
    fn keys_that_not_every_store_can_keep_become_digests() {
        assert_eq!(&*name("at_most", "a b:c"), "at_most:a b:c");
        for key in ["a\nb", "\0", &*"ä".repeat(101)] {
            let name = name("at_most", key);
            assert!(name.len() == "at_most:#".len() + 40, "{name}");
        }
    }

    #[test]
    fn a_lock_ends_as_it_was_said() {
        let second = |n| UNIX_EPOCH + Duration::from_secs(n);
        let life = Duration::from_secs(100);
        let kinds = [
            (Unique::while_queued().life(life), 150, true, true),
            (Unique::until_done().life(life), 150, false, true),
            (Unique::for_time(life), 110, false, false),
        ];
        for (unique, until, at_start, by_removal) in kinds {
            let table = table(JobLimits::new().unique(unique));
            let wanted = of(&table, "q", JOB).unwrap();
            let lock = wanted.lock(second(10), Some(second(50))).unwrap();
            assert_eq!(lock.until, second(until), "{unique:?}");
            assert_eq!(wanted.freed_at_start().is_some(), at_start, "{unique:?}");
            assert_eq!(wanted.claims(), at_start, "{unique:?}");
            assert_eq!(
                wanted.freed_by_removal().is_some(),
                by_removal,
                "{unique:?}"
            );
        }
    }

    #[test]
    fn a_settlement_frees_places_and_keeps_the_lock_of_what_comes_again() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        let life = Duration::from_secs(100);
        let limits = JobLimits::new()
            .unique(Unique::until_done().life(life))
            .at_most(1);
        let wanted = of(&table(limits), "q", JOB).unwrap();
        let worker = WorkerId::compose("h", "abcde", 1, 0, "q").unwrap();
        let leases = wanted.leases(&worker);
        let place = Lease::new("at_most:Archive", worker.as_str());
        let lock = leases.lock.clone().unwrap().0;

        let done = leases.changes(&Outcome::Done, now).unwrap();
        assert_eq!(
            (done.free, done.keep),
            (vec![place.clone(), lock.clone()], vec![])
        );
        let later = now + Duration::from_secs(50);
        for (outcome, until) in [
            (Outcome::Release, now + life),
            (Outcome::ReleaseAs(Payload::default()), now + life),
            (Outcome::Defer(later), later + life),
        ] {
            let changes = leases.changes(&outcome, now).unwrap();
            assert_eq!(changes.free, std::slice::from_ref(&place), "{outcome:?}");
            assert_eq!(changes.keep, [lock.until(until)], "{outcome:?}");
        }
        assert_eq!(
            super::super::of_job::Leases::default().changes(&Outcome::Done, now),
            None
        );
    }
}
