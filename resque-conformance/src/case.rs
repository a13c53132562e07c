//! One promise, and how it is checked.

use std::fmt;

use futures::future::BoxFuture;

use crate::{Ability, Declared, Verdict, World};

/// The guarantee that a case belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Guarantee {
    /// At every instant a job is in exactly one place.
    Conservation,
    /// First in, first out; queue lists are strict.
    Order,
    /// Nobody else holds what one worker holds.
    OneHolder,
    /// What a dead worker held comes back, once.
    Recovery,
    /// A payload comes back byte for byte.
    Bytes,
    /// What is no job stops nothing.
    BadInput,
    /// A push of many is all or nothing.
    Batch,
    /// Nothing before its time, everything in order of it.
    Time,
    /// An outage costs waiting and nothing else.
    Outage,
    /// A rule of the traits beside the nine guarantees.
    Rules,
}

impl Guarantee {
    /// All of them, in the order of the tables.
    pub const ALL: &'static [Self] = &[
        Self::Conservation,
        Self::Order,
        Self::OneHolder,
        Self::Recovery,
        Self::Bytes,
        Self::BadInput,
        Self::Batch,
        Self::Time,
        Self::Outage,
        Self::Rules,
    ];

    /// `G1` to `G9`; `–` for the rules.
    #[must_use]
    pub const fn number(self) -> &'static str {
        match self {
            Self::Conservation => "G1",
            Self::Order => "G2",
            Self::OneHolder => "G3",
            Self::Recovery => "G4",
            Self::Bytes => "G5",
            Self::BadInput => "G6",
            Self::Batch => "G7",
            Self::Time => "G8",
            Self::Outage => "G9",
            Self::Rules => "–",
        }
    }

    /// The guarantee in a word or two.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Conservation => "conservation",
            Self::Order => "order",
            Self::OneHolder => "one holder",
            Self::Recovery => "recovery",
            Self::Bytes => "bytes",
            Self::BadInput => "bad input",
            Self::Batch => "batch",
            Self::Time => "time",
            Self::Outage => "outage",
            Self::Rules => "rules",
        }
    }

    /// The promise in a sentence.
    #[must_use]
    pub const fn promise(self) -> &'static str {
        match self {
            Self::Conservation => {
                "at every instant a job is in exactly one place, whatever crashes and whichever \
                 reply is lost"
            }
            Self::Order => {
                "jobs leave a queue first in, first out, and a queue list is strict priority"
            }
            Self::OneHolder => {
                "two workers never hold the same job, and a settlement by a worker that has lost \
                 it changes nothing and says so"
            }
            Self::Recovery => "what a dead worker held is recorded or retried, exactly once",
            Self::Bytes => "a payload comes back byte for byte",
            Self::BadInput => "a payload that is no job stops nothing and can be restored",
            Self::Batch => "a push of many is all or nothing",
            Self::Time => "a due job becomes visible not before its time, in order of due time",
            Self::Outage => "a store that goes away and comes back costs waiting, not jobs",
            Self::Rules => "everything else the traits say",
        }
    }
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rules => f.write_str(self.title()),
            _ => write!(f, "{} {}", self.number(), self.title()),
        }
    }
}

/// The name of a case: the group it stands in and a sentence in snake_case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseName {
    group: &'static str,
    sentence: &'static str,
}

impl CaseName {
    /// The group, named after its guarantee: `g3_one_holder`.
    #[must_use]
    pub const fn group(self) -> &'static str {
        self.group
    }

    /// The sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        self.sentence
    }

    /// A short text of letters, digits and underscores that no other case has, for naming
    /// directories, databases and key prefixes.
    #[must_use]
    pub fn slug(self) -> String {
        // FNV-1a: the same in every build, which a hasher of the standard library is not.
        let hash = self
            .to_string()
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
        let start: String = self.sentence.chars().take(24).collect();
        format!("{start}_{:08x}", hash >> 32)
    }
}

impl fmt::Display for CaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.group, self.sentence)
    }
}

impl fmt::Debug for CaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One promise of the traits and the check of it.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    name: CaseName,
    guarantee: Guarantee,
    doc: &'static str,
    needs: &'static [Ability],
    check: for<'w> fn(&'w World) -> BoxFuture<'w, Verdict>,
}

impl Case {
    pub(crate) const fn new(
        (group, sentence): (&'static str, &'static str),
        guarantee: Guarantee,
        doc: &'static str,
        needs: &'static [Ability],
        check: for<'w> fn(&'w World) -> BoxFuture<'w, Verdict>,
    ) -> Self {
        let name = CaseName { group, sentence };
        Self {
            name,
            guarantee,
            doc,
            needs,
            check,
        }
    }

    /// Every case, in the order of the guarantees.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        crate::cases::GROUPS.iter().copied().flatten()
    }

    /// The case of this full name, `group::sentence`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().find(|case| case.name.to_string() == name)
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> CaseName {
        self.name
    }

    /// The guarantee it belongs to.
    #[must_use]
    pub const fn guarantee(&self) -> Guarantee {
        self.guarantee
    }

    /// The promise in a sentence or two.
    #[must_use]
    pub fn doc(&self) -> &'static str {
        self.doc.trim()
    }

    /// What it cannot do without.
    #[must_use]
    pub const fn needs(&self) -> &'static [Ability] {
        self.needs
    }

    /// Why it is ignored under this declaration; `None` when it is not.
    #[must_use]
    pub fn ignored(&self, declared: &Declared) -> Option<&'static str> {
        let missing = self.needs.iter().find(|need| !declared.offers(**need));
        missing.map(|need| need.reason())
    }

    pub(crate) async fn check(&self, world: &World) -> Verdict {
        (self.check)(world).await
    }
}
