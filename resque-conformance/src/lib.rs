//! The suite that defines a Resque backend.
//!
//! Whoever implements the three traits of [`resque_core`] proves with it that no crash and no lost
//! reply loses a job, that nobody else gets what one worker holds, that bytes stay bytes. One list
//! of [`Case`]s, each a sentence of the contract in a [group](CaseName::group) named after its
//! [`Guarantee`], runs in a [`World`] of its own: a fresh, empty store and whatever the suite may do
//! to it. The list knows no backend; it asks only what the traits offer.
//!
//! # Named tests
//!
//! The usual face is [`conformance_tests!`], as the whole of a file `tests/conformance.rs`. The
//! factory makes the world of one case; behind it stands what the backend and its worlds offer.
//!
//! ```
//! use resque_conformance::{CaseName, World, conformance_tests};
//! use resque_core::Result;
//! # mod my_store {
//! #     pub async fn open(_: &str) -> resque_core::Result<resque_core::Backend> {
//! #         Ok(resque_memory::MemoryBackend::new().backend())
//! #     }
//! # }
//!
//! async fn world(case: CaseName) -> Result<World> {
//!     // The slug is a short name that no other case has: a database, a directory, a prefix.
//!     let name = format!("suite_{}", case.slug());
//!     let backend = my_store::open(&name).await?;
//!     Ok(World::new(backend).named(name))
//! }
//!
//! conformance_tests! {
//!     factory: world,
//!     waiting: yes, delayed: yes, control: yes, keyspace: no, atomic_batch: yes,
//!     neighbour: no, outage: no, plant: no,
//! }
//! # fn main() {}
//! ```
//!
//! `cargo test` then shows a line for each case, such as
//! `g3_one_holder::a_reservation_is_settled_once … ok`. A case that needs what is not offered is
//! ignored and says so, and a declaration that is wrong in either direction fails a case. So a green
//! run tells exactly what was promised. When a case fails, the message is the sentence that is not
//! kept, and what was seen instead. `RESQUE_KEEP_WORLDS=1` keeps the world of a failed case and says
//! where it is.
//!
//! # A report
//!
//! The same list can be run by a program, for a page, a command or a live store:
//!
//! ```no_run
//! use resque_conformance::{CaseName, Declared, World, run};
//! use resque_core::Result;
//! # mod my_store {
//! #     pub async fn open(_: &str) -> resque_core::Result<resque_core::Backend> {
//! #         Ok(resque_memory::MemoryBackend::new().backend())
//! #     }
//! # }
//!
//! async fn world(case: CaseName) -> Result<World> {
//!     Ok(World::new(my_store::open(&case.slug()).await?))
//! }
//!
//! async fn check() -> Result<()> {
//!     // Whatever this store offers, nobody having declared anything.
//!     let declared = Declared::of(&World::new(my_store::open("a look").await?));
//!     let report = run(world, declared).await;
//!     println!("{report}"); // by guarantee, with every broken promise below
//!     println!("{}", report.to_markdown()); // the table for a page
//!     std::process::exit(if report.is_kept() { 0 } else { 1 });
//! }
//! ```
//!
//! [`Runner`] runs a part of it, several cases at once, or with another time limit.
//!
//! # What a world can add
//!
//! | with | the suite also shows |
//! |---|---|
//! | [`World::with_neighbour`] | that two namespaces of one store do not see each other |
//! | [`World::with_outage`] | that an outage costs waiting and nothing else |
//! | [`World::with_plant`] | that what other programs leave behind does no harm |
//! | [`World::guarded_by`], [`World::cleaned_by`] | nothing more, but it cleans up behind itself |
//!
//! The suite is tested itself: by backends that are wrong in one way each, with the exact list of
//! cases that must notice.

#[macro_use]
mod ability;
#[macro_use]
mod macros;
#[macro_use]
mod verdict;
mod case;
mod cases;
mod ledger;
mod loans;
mod model;
mod patience;
mod race;
mod report;
mod run;
mod schedule;
mod snapshot;
mod store;
mod world;

pub use self::ability::{Ability, Declared};
pub use self::case::{Case, CaseName, Guarantee};
pub use self::report::{Entry, Fate, Report};
pub use self::run::{Runner, report_as_test, run, run_as_test};
pub use self::verdict::{Broken, Verdict};
pub use self::world::{Factory, Outage, Plant, Planted, World};
