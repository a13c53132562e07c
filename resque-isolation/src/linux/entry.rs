//! The first thing in `main`: a process that was started for jobs goes its own way here.

use std::error::Error;
use std::ffi::OsString;
use std::future::Future;
use std::io;
use std::os::unix::process::{CommandExt, parent_id};
use std::process::{Command, exit};
use std::sync::atomic::{AtomicBool, Ordering};

use super::serve::serve;
use super::sign::Sign;
use crate::{Child, Limits};

/// The argument that makes a process a child that performs jobs.
pub(super) const SERVE: &str = "--resque-child";

/// The argument that makes a process become another program.
pub(super) const BECOME: &str = "--resque-exec";

/// The exit status when a program cannot be started, as in shells.
const CANNOT_START: i32 = 127;

/// The exit status of a process that was started for jobs and does not understand how.
const USAGE: i32 = 64;

static CALLED: AtomicBool = AtomicBool::new(false);

/// Whether `main` called [`child_entry`].
pub(super) fn was_called() -> bool {
    CALLED.load(Ordering::Relaxed)
}

/// To be called by `main` before anything else. In a process that a worker started for its jobs
/// this performs them, with what `child` gives it, and never returns; in every other process it
/// does nothing.
///
/// `child` runs on the runtime that will perform the jobs. It is the place to connect to stores
/// and to start logging, both of which the worker's process does for itself alone.
///
/// ```no_run
/// # use resque_core::Handlers;
/// use resque_isolation::{Child, child_entry};
///
/// async fn child() -> resque_core::Result<Child> {
///     Ok(Child::new(Handlers::new()))
/// }
///
/// fn main() {
///     child_entry(child);
///     // … the rest of the program
/// }
/// ```
pub fn child_entry<F, Fut, E>(child: F)
where
    F: FnOnce() -> Fut + Send,
    Fut: Future<Output = Result<Child, E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    CALLED.store(true, Ordering::Relaxed);
    let mut arguments = std::env::args_os().skip(1);
    let duty = arguments.next();
    let is = |wanted: &str| duty.as_deref().is_some_and(|duty| duty == wanted);
    if !is(SERVE) && !is(BECOME) {
        return;
    }
    let Some(limits) = bind(&mut arguments) else {
        exit(USAGE);
    };
    if is(BECOME) {
        exit(become_program(arguments, limits));
    }
    // `main` may have started a runtime already, in which no other can be entered.
    let served = std::thread::scope(|scope| scope.spawn(|| serve(child, limits)).join());
    exit(served.unwrap_or(USAGE));
}

/// Ties the life of this process to the worker's, and limits it. `None` if it was not started as it
/// should.
fn bind(arguments: &mut impl Iterator<Item = OsString>) -> Option<Limits> {
    let mut text = || arguments.next()?.into_string().ok();
    let worker: u32 = text()?.parse().ok()?;
    let limits = Limits::from_argument(&text()?)?;
    let kill = rustix::process::Signal::KILL;
    rustix::process::set_parent_process_death_signal(Some(kill)).ok()?;
    // It may have died before anybody asked to hear of it.
    if parent_id() != worker {
        exit(0);
    }
    limits.confine().ok()?;
    Some(limits)
}

/// Becomes the program of the arguments; answers the exit status if that is not possible.
fn become_program(mut arguments: impl Iterator<Item = OsString>, limits: Limits) -> i32 {
    let sign = arguments.next().and_then(|sign| sign.into_string().ok());
    let (Some(sign), Some(program)) = (sign.map(Sign::from_argument), arguments.next()) else {
        return USAGE;
    };
    let become_it = || -> io::Result<()> {
        limits.grant_time()?;
        tell(&sign.begins());
        Err(Command::new(&program).args(arguments).exec())
    };
    if let Err(error) = become_it() {
        tell(&sign.failed(&error));
    }
    CANNOT_START
}

fn tell(line: &str) {
    // A worker that has gone hears nothing.
    let _ = io::Write::write_all(&mut io::stderr(), line.as_bytes());
}
