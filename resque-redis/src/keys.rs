//! The names of the keys of one namespace.

use std::sync::Arc;

/// Names keys. Cloning is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    namespace: Arc<str>,
    prefix: Arc<str>,
}

impl Keys {
    /// The keys of `namespace`, which may itself contain colons.
    pub(crate) fn new(namespace: &str) -> Self {
        Self {
            namespace: namespace.into(),
            prefix: format!("{namespace}:").into(),
        }
    }

    /// The namespace.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What every key begins with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The key `rest`.
    pub(crate) fn key(&self, rest: &str) -> String {
        format!("{}{rest}", self.prefix)
    }

    /// The set of queue names.
    pub(crate) fn queues(&self) -> String {
        self.key("queues")
    }

    /// The jobs of a queue.
    pub(crate) fn queue(&self, name: &str) -> String {
        format!("{}queue:{name}", self.prefix)
    }

    /// What says `true` while a queue is stopped.
    pub(crate) fn stopped(&self, name: &str) -> String {
        format!("{}pause:queue:{name}", self.prefix)
    }

    /// What a worker holds.
    pub(crate) fn worker(&self, id: &str) -> String {
        format!("{}worker:{id}", self.prefix)
    }

    /// Who holds leases of a name.
    pub(crate) fn lease(&self, name: &str) -> String {
        format!("{}rs:lease:{name}", self.prefix)
    }

    /// Which job of a worker is to be ended.
    pub(crate) fn cancel(&self, id: &str) -> String {
        format!("{}rs:cancel:{id}", self.prefix)
    }

    /// What the store looked like, minute by minute.
    pub(crate) fn history(&self) -> String {
        self.key("rs:history")
    }

    /// What was counted over HTTP for a queue.
    pub(crate) fn http_queue(&self, name: &str) -> String {
        format!("{}rs:http:queue:{name}", self.prefix)
    }

    /// A counter.
    pub(crate) fn stat(&self, name: &str) -> String {
        format!("{}stat:{name}", self.prefix)
    }

    /// What a key has to hold, for messages.
    pub(crate) fn kind_of(&self, key: &str) -> &'static str {
        const KINDS: &[(&str, &str)] = &[
            ("queues", "a set of queue names"),
            ("queue:", "a list of jobs"),
            ("workers:heartbeat", "a hash of heartbeats"),
            ("workers", "a set of worker ids"),
            ("worker:", "text"),
            ("stat:", "a number"),
            ("pause", "text"),
            ("failed_queues", "a set of names of lists"),
            ("failed", "a list of failures"),
            ("delayed_queue_schedule", "a sorted set of times"),
            ("delayed:last_enqueued_at", "a hash of times"),
            ("delayed:", "a list of jobs"),
            ("timestamps:", "a set of times"),
            (
                "rs:delayed:jobs",
                "a hash of jobs, its field `seq` a number",
            ),
            ("rs:delayed", "a sorted set of times"),
            ("persistent_schedules", "a hash of schedules"),
            ("schedules_changed", "a set of names of schedules"),
            ("rs:schedules:disabled", "a hash of schedules"),
            ("rs:schedules:lead", "text"),
            ("rs:schedules:noted", "a hash of times"),
            ("rs:schedules:version", "a number"),
            ("rs:schedules", "a hash of times"),
            ("rs:lease:", "a sorted set of holders"),
            ("rs:line:", "a hash of times"),
            ("rs:turns:", "a sorted set of jobs"),
            ("rs:cancel:", "text"),
            ("rs:history", "a sorted set of samples"),
            ("rs:loans:jobs", "a hash of loans, its field `seq` a number"),
            ("rs:loans:losses", "a hash of numbers"),
            ("rs:loans", "a sorted set of times"),
            ("rs:http:workers", "a sorted set of times"),
            ("rs:http:on:", "a set of workers"),
            ("rs:http:", "a hash of numbers"),
        ];
        let rest = key.strip_prefix(&*self.prefix).unwrap_or(key);
        let known = KINDS.iter().find(|(start, _)| rest.starts_with(start));
        match known {
            Some((_, kind)) => kind,
            None if rest.ends_with("_failed") => "a list of failures",
            None => "something else",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_behind_the_namespace() {
        let keys = Keys::new("my:ns");
        assert_eq!(keys.queue("a:b"), "my:ns:queue:a:b");
        assert_eq!(keys.worker("h:1:q"), "my:ns:worker:h:1:q");
    }

    #[test]
    fn every_key_has_a_kind() {
        let keys = Keys::new("resque");
        for (key, kind) in [
            ("resque:queues", "a set of queue names"),
            ("resque:workers:heartbeat", "a hash of heartbeats"),
            ("resque:mail_failed", "a list of failures"),
            ("resque:failed_queues", "a set of names of lists"),
            ("resque:delayed:1795215625", "a list of jobs"),
        ] {
            assert_eq!(keys.kind_of(key), kind, "{key}");
        }
    }
}
