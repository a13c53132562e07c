//! `resque flush`: removes a whole namespace.

use clap::Args;

use crate::confirm::Sure;
use crate::context::Store;
use crate::failure::Failure;
use crate::output::Changed;

/// Remove everything in the namespace: queues, jobs, failures, workers, counters
///
/// Nothing outside the namespace is touched, nor is another namespace whose name begins alike. On
/// Redis a namespace may lie within another one, as `shop:eu` within `shop`: then nothing is
/// removed unless `--nested` says that it is meant too.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Flush {
    /// Also namespaces within this one
    #[arg(long)]
    nested: bool,

    #[command(flatten)]
    sure: Sure,
}

impl Flush {
    pub(crate) async fn run(self, store: &Store) -> Result<(), Failure> {
        let (place, namespace) = (store.place.shown(), store.place.namespace());
        if !self.nested {
            refuse_nested(store).await?;
        }
        let what = format!("remove everything in namespace {namespace} on {place}");
        self.sure.about(&what)?;
        let removed = store.client.flush().await?;
        store.out.answer(&Changed::new(removed, "item", "removed"))
    }
}

/// Refuses to remove what belongs to a namespace within this one.
async fn refuse_nested(store: &Store) -> Result<(), Failure> {
    let keys = match store.client.keys().await {
        Ok(keys) => keys,
        // Without keys there is nothing that one name could be the beginning of.
        Err(resque::Error::NotOffered { .. }) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let Some(inner) = keys.iter().find_map(|key| nested(key)) else {
        return Ok(());
    };
    let outer = store.place.namespace();
    Err(Failure::Undone(format!(
        "nothing was removed: namespace {outer}:{inner} lies within {outer}; flush it first, or \
         say --nested"
    )))
}

/// The namespace within this one that a key belongs to, if it looks like one: every namespace in
/// use has the key `queues` or `workers`, and none of ours has a first part that ends so.
fn nested(key: &str) -> Option<&str> {
    /// The first parts of keys with several parts that belong to the namespace itself.
    const OURS: [&str; 8] = [
        "delayed",
        "pause",
        "queue",
        "rs",
        "schedule",
        "stat",
        "timestamps",
        "worker",
    ];
    let (inner, last) = key.rsplit_once(':')?;
    let first = inner.split(':').next()?;
    (matches!(last, "queues" | "workers") && !OURS.contains(&first)).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_another_namespace_are_told_from_ours() {
        assert_eq!(nested("eu:queues"), Some("eu"));
        assert_eq!(nested("eu:west:workers"), Some("eu:west"));
        assert_eq!(nested("resque:queues"), Some("resque"));
        for ours in [
            "queues",
            "workers",
            "queue:queues",
            "queue:a:workers",
            "worker:h:1:queues",
            "stat:processed:h:1:workers",
            "rs:delayed",
            "workers:heartbeat",
            "resque:resque_scheduler_master_lock",
        ] {
            assert_eq!(nested(ours), None, "{ours}");
        }
    }
}
