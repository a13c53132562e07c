//! The connection that announcements come by.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use resque_core::{QueueName, Result, SharedClock};

use super::marks::Marks;
use crate::connect::{Endpoint, Link, Listener, Outage};
use crate::driver::Batch;

/// The connection that announcements come by, if there is one.
#[derive(Debug)]
pub(super) struct Channel {
    marks: Arc<Marks>,
    keys: Keys,
    current: Option<Current>,
    outage: Outage,
}

#[derive(Debug)]
struct Current {
    link: Arc<Link>,
    /// Whether what becomes of it concerns nobody any more.
    retired: Arc<AtomicBool>,
}

impl Channel {
    pub(super) fn new(marks: Arc<Marks>, namespace: &str) -> Self {
        Self {
            marks,
            keys: Keys::new(namespace),
            current: None,
            outage: Outage::default(),
        }
    }

    /// The connection, unless it is lost.
    pub(super) fn live(&self) -> Option<Arc<Link>> {
        let current = self.current.as_ref()?;
        (!current.link.is_closed()).then(|| Arc::clone(&current.link))
    }

    /// The connection, or a new one.
    pub(super) async fn open(
        &mut self,
        endpoint: &Endpoint,
        clock: &SharedClock,
    ) -> Result<Arc<Link>> {
        const WHAT: &str = "hear of new jobs";
        if let Some(link) = self.live() {
            return Ok(link);
        }
        self.outage
            .admit(clock.monotonic())
            .map_err(|error| error.during(WHAT))?;
        let retired = Arc::<AtomicBool>::default();
        let ears = Ears {
            marks: Arc::clone(&self.marks),
            keys: self.keys.clone(),
            retired: Arc::clone(&retired),
        };
        match endpoint.dial(Some(Arc::new(ears))).await {
            Ok(link) => {
                let link = Arc::new(link);
                self.outage = Outage::default();
                self.current = Some(Current {
                    link: Arc::clone(&link),
                    retired,
                });
                Ok(link)
            }
            Err(error) => {
                self.outage.note(clock.monotonic(), &error);
                Err(error.during(WHAT))
            }
        }
    }

    /// Takes `link` out of use: announcements have broken off. Its own end, which may come when
    /// another connection has taken its place, says no more.
    pub(super) fn retire(&mut self, link: &Arc<Link>) {
        let is_it = |current: &mut Current| Arc::ptr_eq(&current.link, link);
        if let Some(current) = self.current.take_if(is_it) {
            current.retired.store(true, Ordering::Relaxed);
            self.marks.lose();
        }
    }
}

/// The keys whose changes matter, by how they begin.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    queue: String,
    stopped: String,
    paused: String,
}

impl Keys {
    pub(super) fn new(namespace: &str) -> Self {
        Self {
            queue: format!("{namespace}:queue:"),
            stopped: format!("{namespace}:pause:queue:"),
            paused: format!("{namespace}:pause-all-workers"),
        }
    }

    pub(super) fn switch_on(&self) -> Batch {
        let mut batch = Batch::new();
        batch
            .command("CLIENT")
            .arg("TRACKING")
            .arg("ON")
            .arg("BCAST");
        for prefix in [&self.queue, &self.stopped, &self.paused] {
            batch.arg("PREFIX").arg(prefix);
        }
        batch
    }
}

/// Turns announced keys into marks.
struct Ears {
    marks: Arc<Marks>,
    keys: Keys,
    retired: Arc<AtomicBool>,
}

impl Listener for Ears {
    fn changed(&self, key: &[u8]) {
        let queue = [&self.keys.queue, &self.keys.stopped].into_iter();
        match queue
            .into_iter()
            .find_map(|prefix| key.strip_prefix(prefix.as_bytes()))
        {
            // A name that is none cannot be served either.
            Some(name) => QueueName::from_bytes(name)
                .into_iter()
                .for_each(|name| self.marks.mark(name)),
            None => self.marks.mark_everything(),
        }
    }

    fn changed_all(&self) {
        self.marks.mark_everything();
    }

    fn lost(&self) {
        if !self.retired.load(Ordering::Relaxed) {
            self.marks.lose();
        }
    }
}

#[cfg(test)]
mod tests {
    use resque_core::QueueList;

    use super::*;

    #[test]
    fn announced_keys_mark_what_they_concern() {
        let marks = Arc::new(Marks::default());
        marks.start();
        let all: QueueList = "*".parse().unwrap();
        let ears = Ears {
            marks: Arc::clone(&marks),
            keys: Keys::new("ns"),
            retired: Arc::default(),
        };
        marks.found_empty(&all, &marks.look(&all));
        ears.changed(b"ns:queue:a:b");
        ears.changed(b"ns:pause:queue:stopped");
        ears.changed(b"ns:queue:\xff");
        ears.changed(b"ns:queue:");
        let look = marks.look(&all);
        let names: Vec<_> = look
            .queues()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(names, ["a:b", "stopped"]);
        ears.changed(b"ns:pause-all-workers");
        assert_eq!(marks.look(&all).queues(), None);
    }
}
