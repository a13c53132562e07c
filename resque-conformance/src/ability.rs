//! What a backend and its test worlds offer, and what their author says they offer.

use std::collections::BTreeSet;
use std::fmt;

use crate::World;

macro_rules! abilities {
    (($d:tt) $($(#[doc = $doc:literal])+ $variant:ident, $word:ident, $reason:literal;)+) => {
        /// Something that a case may need and that not every backend, or not every world, offers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Ability { $($(#[doc = $doc])+ $variant,)+ }

        impl Ability {
            /// Every ability there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word by which it is declared.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => stringify!($word),)+ }
            }

            /// Why a case that needs it is ignored where it is not offered.
            #[must_use]
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$variant => $reason,)+ }
            }
        }

        #[doc(hidden)]
        #[macro_export]
        macro_rules! __ability {
            $(($word) => { $crate::Ability::$variant };)+
        }

        /// Looks one need up in the declaration, which is walked until its word is found.
        #[doc(hidden)]
        #[macro_export]
        macro_rules! __need {
            $(
                ($word [$word yes $d($d rest:tt)*] $d($d test:tt)*) => {
                    $crate::__test! { $d($d test)* }
                };
                ($word [$word no $d($d rest:tt)*] $d needs:tt $d declared:tt $d group:ident $d name:ident) => {
                    $crate::__test! { @ignored $reason $d group $d name }
                };
                ($word [] $d needs:tt $d declared:tt $d group:ident $d name:ident) => {
                    $crate::__test! { @ignored $reason $d group $d name }
                };
            )+
            ($d need:ident [$d other:ident $d answer:ident $d($d rest:tt)*] $d($d test:tt)*) => {
                $crate::__need! { $d need [$d($d rest)*] $d($d test)* }
            };
        }
    };
}

abilities! { ($)
    /// The accessor `waiting`: waking up when a job is pushed.
    Waiting, waiting, "not offered: waiting";
    /// The accessor `delayed`: holding jobs until they are due.
    Delayed, delayed, "not offered: delayed";
    /// The accessor `control`: stopping queues and pausing workers.
    Control, control, "not offered: control";
    /// The accessor `schedules`: remembering schedules and firing each tick once.
    Schedules, schedules, "not offered: schedules";
    /// The accessor `keyspace`: naming and listing keys.
    Keyspace, keyspace, "not offered: keyspace";
    /// The accessor `limits`: locks of unique jobs, places and rates.
    Limits, limits, "not offered: limits";
    /// The accessor `cancel`: asking for the end of a running job.
    Cancel, cancel, "not offered: cancel";
    /// The accessor `history`: remembering what the store looked like, minute by minute.
    History, history, "not offered: history";
    /// The accessor `loans`: lending jobs to programs that are no workers.
    Loans, loans, "not offered: loans";
    /// The accessor `http_workers`: keeping account of workers that come over HTTP.
    HttpWorkers, http_workers, "not offered: http_workers";
    /// The fact `atomic_batch`: a push of many is all or nothing.
    AtomicBatch, atomic_batch, "not offered: atomic_batch";
    /// [`World::with_neighbour`]: another namespace of the same store.
    Neighbour, neighbour, "not offered: neighbour";
    /// [`World::with_outage`]: a way to make the store unreachable for a while.
    Outage, outage, "not offered: outage";
    /// [`World::with_plant`]: a way to put in bytes that no writer of ours puts in.
    Plant, plant, "not offered: plant";
}

impl Ability {
    /// Whether a world and its backend offer it.
    #[must_use]
    pub fn is_offered_by(self, world: &World) -> bool {
        let queues = world.backend().queues();
        match self {
            Self::Waiting => queues.waiting().is_some(),
            Self::Delayed => queues.delayed().is_some(),
            Self::Control => queues.control().is_some(),
            Self::Schedules => queues.schedules().is_some(),
            Self::Keyspace => queues.keyspace().is_some(),
            Self::Limits => queues.limits().is_some(),
            Self::Cancel => queues.cancel().is_some(),
            Self::History => queues.history().is_some(),
            Self::Loans => queues.loans().is_some(),
            Self::HttpWorkers => queues.http_workers().is_some(),
            Self::AtomicBatch => queues.info().atomic_batch,
            Self::Neighbour => world.neighbour().is_some(),
            Self::Outage => world.outage().is_some(),
            Self::Plant => world.plant().is_some(),
        }
    }
}

impl fmt::Display for Ability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What the author of a backend says it offers.
///
/// Cases that need something else are ignored, with the reason; a declaration that is wrong in
/// either direction fails a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared(BTreeSet<Ability>);

impl Declared {
    /// Nothing is offered.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// What a world and its backend really offer: a declaration that cannot be wrong, for stores
    /// about which nobody declared anything.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let offered = |ability: &Ability| ability.is_offered_by(world);
        Self(Ability::ALL.iter().copied().filter(offered).collect())
    }

    /// The same declaration with one more word on it.
    #[must_use]
    pub fn with(mut self, ability: Ability, offered: bool) -> Self {
        if offered {
            self.0.insert(ability);
        } else {
            self.0.remove(&ability);
        }
        self
    }

    /// Whether the ability is said to be offered.
    #[must_use]
    pub fn offers(&self, ability: Ability) -> bool {
        self.0.contains(&ability)
    }
}
