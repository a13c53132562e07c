//! Jobs in processes of their own: what a job breaks, leaks or blocks, it breaks for itself.
//!
//! [`Processes`] performs jobs in children of the same program, which wait warm for the next job;
//! [`Exec`] starts any program for each job. Both are given to a worker with
//! `WorkerBuilder::isolation`, and both need one line at the beginning of `main`:
//!
//! ```no_run
//! use resque_core::{Handlers, Worker};
//! use resque_isolation::{Child, Processes, child_entry};
//!
//! fn handlers() -> Handlers {
//!     Handlers::new().register_fn("Resize", |(id,): (u64,), _ctx| async move {
//!         tracing::info!("resizing {id}");
//!         Ok(())
//!     })
//! }
//!
//! async fn child() -> resque_core::Result<Child> {
//!     Ok(Child::new(handlers()))
//! }
//!
//! fn main() -> resque_core::Result<()> {
//!     // A process that a worker started for its jobs serves them here and goes no further.
//!     child_entry(child);
//!
//!     let backend = resque_memory::MemoryBackend::new();
//!     let worker = Worker::builder(backend)
//!         .queues("*")
//!         .handlers(handlers())
//!         .isolation(Processes::new().jobs_per_child(100))
//!         .handle_signals()
//!         .exits_after_run()
//!         .build()?;
//!     worker.run_blocking()?;
//!     Ok(())
//! }
//! ```
//!
//! A child dies with its worker, even if that is killed, and takes with it what the job has started
//! as long as that stays in its process group. Linux only, from version 5.3 on; elsewhere a worker
//! that is to isolate its jobs does not start and says why.

mod absent;
mod child;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
mod exec;
mod limits;
#[cfg(target_os = "linux")]
mod linux;
mod processes;
mod told;

pub use self::child::Child;
#[cfg(not(target_os = "linux"))]
pub use self::elsewhere::child_entry;
pub use self::exec::Exec;
pub use self::limits::Limits;
#[cfg(target_os = "linux")]
pub use self::linux::child_entry;
pub use self::processes::Processes;
pub use self::told::told;
