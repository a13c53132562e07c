//! Which workers there are, and which of them are dead.

use std::collections::HashMap;
use std::time::SystemTime;

use bytes::Bytes;
use resque_core::wire::time::parse_any;
use resque_core::{DeadWorker, HeartbeatMark, Result, WorkerId, WorkerListing, WorkerStatus};

use crate::driver::{Batch, Value};
use crate::receipt;
use crate::store::{CHUNK, Store, bytes_of, list_of};

/// What a worker of Perl, Node or Go writes besides comes in four keys for each.
const KEYS_EACH: usize = 4;

impl Store {
    /// All registered workers.
    pub(crate) async fn list_workers(&self) -> Result<WorkerListing> {
        let (key, beats) = (self.keys.key("workers"), self.heartbeats_key());
        let mut batch = Batch::new();
        batch.command("SMEMBERS").arg(&key);
        batch.command("HGETALL").arg(&beats);
        let mut replies = self.run("list the workers", &batch).await?.into_iter();
        let mut next = |key: &str| {
            let reply = replies.next().unwrap_or(Value::Nil).ok();
            reply.map_err(|error| self.key_refused("list the workers", key, &error))
        };
        let members = list_of(next(&key)?);
        let beats: HashMap<Bytes, Bytes> = pairs(next(&beats)?).collect();

        let mut unreadable = Vec::new();
        let mut ids = Vec::with_capacity(members.len());
        for member in members.into_iter().map(bytes_of) {
            match worker_id(&member) {
                Some(id) => ids.push(id),
                None => unreadable.push(member),
            }
        }
        let mut workers = Vec::with_capacity(ids.len());
        for part in ids.chunks(CHUNK / KEYS_EACH) {
            let mut batch = Batch::with_capacity(KEYS_EACH * part.len() + 1, 240 * part.len());
            batch.command("MGET");
            for id in part {
                let note = self.keys.worker(id.as_str());
                batch
                    .arg(format!("{note}:started"))
                    .arg(self.keys.stat(&format!("processed:{id}")))
                    .arg(self.keys.stat(&format!("failed:{id}")))
                    .arg(note);
            }
            let values = list_of(self.one("list the workers", &batch).await?);
            for (id, values) in part.iter().zip(values.chunks_exact(KEYS_EACH)) {
                let heartbeat = beats.get(id.as_str().as_bytes());
                workers.push(status(id, heartbeat, values));
            }
        }
        Ok(WorkerListing::new(workers, unreadable))
    }

    /// The workers whose last heartbeat is older than `before`, and what they hold.
    pub(crate) async fn dead_workers(&self, before: SystemTime) -> Result<Vec<DeadWorker>> {
        let key = self.heartbeats_key();
        let mut batch = Batch::new();
        batch.command("HGETALL").arg(&key);
        let beats = pairs(self.on_key("look for dead workers", &key, &batch).await?);
        let silent: Vec<(WorkerId, SystemTime, HeartbeatMark)> = beats
            .filter_map(|(id, beat)| {
                let text = std::str::from_utf8(&beat).ok()?;
                let last = parse_any(text).filter(|last| *last < before)?;
                Some((worker_id(&id)?, last, HeartbeatMark::new(text)))
            })
            .collect();
        let mut dead = Vec::with_capacity(silent.len());
        for part in silent.chunks(CHUNK) {
            let mut batch = Batch::with_capacity(part.len() + 1, 60 * part.len());
            batch.command("MGET");
            for (id, ..) in part {
                batch.arg(self.keys.worker(id.as_str()));
            }
            let notes = list_of(self.one("look for dead workers", &batch).await?);
            for ((id, last, mark), note) in part.iter().zip(notes) {
                let note = note.into_bytes().filter(|note| !note.is_empty());
                let holds = note.map(|note| receipt::held(id.clone(), &note));
                dead.push(DeadWorker::new(id.clone(), *last, mark.clone(), holds));
            }
        }
        Ok(dead)
    }

    fn heartbeats_key(&self) -> String {
        self.keys.key("workers:heartbeat")
    }
}

fn worker_id(member: &[u8]) -> Option<WorkerId> {
    WorkerId::new(std::str::from_utf8(member).ok()?).ok()
}

/// The fields and values of a hash.
fn pairs(hash: Value) -> impl Iterator<Item = (Bytes, Bytes)> {
    let mut values = list_of(hash).into_iter();
    std::iter::from_fn(move || Some((bytes_of(values.next()?), bytes_of(values.next()?))))
}

fn status(id: &WorkerId, heartbeat: Option<&Bytes>, values: &[Value]) -> WorkerStatus {
    let time = |bytes: &[u8]| parse_any(std::str::from_utf8(bytes).ok()?);
    let count = |value: &Value| value.as_int().and_then(|n| n.try_into().ok()).unwrap_or(0);
    let mut status = WorkerStatus::new(id.clone());
    status.heartbeat = heartbeat.and_then(|beat| time(beat));
    if let [started, processed, failed, note] = values {
        status.started = started.as_bytes().and_then(time);
        status.processed = count(processed);
        status.failed = count(failed);
        let note = note.clone().into_bytes().filter(|note| !note.is_empty());
        status.holds = note.map(|note| receipt::held(id.clone(), &note));
    }
    status
}
