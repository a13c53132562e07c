//! The slots that hold what is under way.
//!
//! Portions alternate between two sets of slots, and a portion is pushed before the next one is
//! taken. So the number of the last portion that reached the other store tells of every job that is
//! still held whether it did: those of that portion's set did, those of the other set did not.

use std::time::{Duration, SystemTime};

use resque::{Backend, Held, Leaving, Settlement, WorkerId};

use crate::failure::Failure;

/// How many jobs are one portion.
const SLOTS: usize = 250;
/// For how long what is held is left alone after the last sign of life: long enough to start a
/// killed move again, before anybody records it as failed.
const LEASE: Duration = Duration::from_secs(3600);
/// A number that no process has, so that nobody kills one by it.
const PID: u32 = 99_999_999;

/// Both sets of slots.
#[derive(Debug)]
pub(super) struct Slots {
    sets: [Vec<WorkerId>; 2],
}

impl Slots {
    pub(super) fn new() -> Result<Self, Failure> {
        let id = |slot| WorkerId::compose("resque-move", "mover", PID, slot, "move");
        let set = |from: usize| {
            (from..from + SLOTS)
                .map(id)
                .collect::<resque::Result<Vec<_>>>()
        };
        Ok(Self {
            sets: [set(0)?, set(SLOTS)?],
        })
    }

    /// The slots of a portion.
    pub(super) fn of(&self, portion: u64) -> &[WorkerId] {
        &self.sets[usize::from(portion % 2 == 1)]
    }

    fn all(&self) -> Vec<WorkerId> {
        self.sets.concat()
    }

    /// Puts the slots on the registry, and answers what they hold since an earlier time.
    pub(super) async fn register(
        &self,
        source: &Backend,
        now: SystemTime,
    ) -> Result<Vec<Held>, Failure> {
        let held = source.workers().register(&self.all(), now).await?;
        self.beat(source, now).await?;
        Ok(held)
    }

    /// Says that what they hold is to be left alone for a while.
    pub(super) async fn beat(&self, source: &Backend, now: SystemTime) -> Result<(), Failure> {
        let until = now.checked_add(LEASE).unwrap_or(now);
        source.workers().heartbeat(&self.all(), until).await?;
        Ok(())
    }

    /// What is held by the slots of a portion, to be dropped: it is in the other store.
    pub(super) fn arrived(&self, held: Vec<Held>, portion: u64) -> Vec<Settlement> {
        let slots = self.of(portion);
        let arrived = held
            .into_iter()
            .filter(|held| slots.contains(held.receipt.worker()));
        arrived
            .map(|held| Settlement::discard(held.receipt))
            .collect()
    }

    /// Takes the slots off the registry; those that hold something stay.
    pub(super) async fn leave(&self, source: &Backend) -> Result<(), Failure> {
        let leaving: Vec<Leaving> = self.all().into_iter().map(Leaving::new).collect();
        source.workers().unregister(&leaving).await?;
        Ok(())
    }
}
