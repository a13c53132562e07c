//! Starts processes on a thread that outlives them.
//!
//! A process is told of the death of the *thread* that started it, and the threads of a runtime
//! come and go.

use std::io;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// A thread that starts processes, as long as this exists.
#[derive(Debug)]
pub(crate) struct Starter {
    orders: Sender<Order>,
}

struct Order {
    command: Command,
    started: oneshot::Sender<io::Result<Child>>,
}

impl Starter {
    /// Begins; to be called within a runtime.
    pub(super) fn new() -> io::Result<Self> {
        hear_of_children()?;
        let (orders, inbox) = channel::<Order>();
        let thread = thread::Builder::new().name("resque-starter".to_owned());
        thread.spawn(move || {
            for mut order in inbox {
                let started = order.command.spawn();
                // Our end of what the child holds is closed before anybody hears of the child.
                drop(order.command);
                if let Err(Ok(mut unwanted)) = order.started.send(started) {
                    let _ = unwanted.kill();
                    let _ = unwanted.wait();
                }
            }
        })?;
        Ok(Self { orders })
    }

    /// Starts a process.
    pub(super) async fn start(&self, command: Command) -> io::Result<Child> {
        let (started, child) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts processes has ended");
        let order = Order { command, started };
        self.orders.send(order).map_err(|_| gone())?;
        child.await.map_err(|_| gone())?
    }
}

/// Whoever started this program may have ignored SIGCHLD, as a script does with `trap '' CHLD`. That
/// outlives `exec`, and the system then forgets how children end. A handler takes it back, for good.
fn hear_of_children() -> io::Result<()> {
    signal(SignalKind::child()).map(drop)
}
