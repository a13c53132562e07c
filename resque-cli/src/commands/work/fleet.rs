//! Several processes of this program, watched by this one.
//!
//! Each is in a process group of its own, so that Ctrl-C reaches it by way of this process only,
//! and holds the end of a pipe as its standard input, by which it notices that this process died.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use resque::SharedClock;
use resque::worker::WorkerEnv;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal as SignalStream, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::background::DETACHED;
use super::probes::{Line, Probes, Seat, Several};
use super::supervised::{self, PAUSED, SUPERVISED};
use crate::context::runtime;
use crate::failure::{Failure, MISUSED, chain};

/// The first pause before a process that died is started again; it doubles with each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest one.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A process that has lived so long has done well, and the next pause is the first again.
const DONE_WELL: Duration = Duration::from_secs(60);

/// Runs so many processes until all have ended.
pub(super) fn run(
    processes: usize,
    pidfile: Option<PathBuf>,
    probes: &Probes,
    clock: SharedClock,
) -> Result<(), Failure> {
    if let Some(path) = pidfile {
        std::fs::write(&path, std::process::id().to_string())
            .map_err(|source| Failure::io(format!("write {}", path.display()), source))?;
    }
    let leaves_when_idle = WorkerEnv::read()?.polling.interval.is_zero();
    let program =
        std::env::current_exe().map_err(|source| Failure::io("find this program", source))?;
    let several = Several::new(processes, probes, clock.clone())?;
    runtime()?.block_on(async {
        // Before anything is started: what comes meanwhile is passed on, and a process that is the first of
        // a container is deaf to what it does not listen to.
        let signals = Signals::listen()?;
        // Whoever started this program may have ignored the ends of children, which outlives `exec`; the
        // system forgets how they ended as long as nobody listens.
        drop(listen(SignalKind::child())?);
        let mut orders = Orders::default();
        let mut keepers = JoinSet::new();
        for (seat, number) in several.seats().iter().zip(1..) {
            let keeper = Keeper {
                number,
                seat: seat.clone(),
                program: program.clone(),
                clock: clock.clone(),
                orders: orders.of_one_more(),
                leaves_when_idle,
                stopping: false,
                paused: false,
            };
            keepers.spawn(keeper.keep());
        }
        let passing = tokio::spawn(signals.pass_on(orders.clone()));
        let answering = tokio::spawn(several.clone().answer());
        let mut ended = Ok(());
        while let Some(kept) = keepers.join_next().await {
            let kept = kept.unwrap_or(Err(Failure::Crashed("the watch over a process")));
            if kept.is_err() && ended.is_ok() {
                // The others would fail alike.
                orders.give(Signal::TERM);
                ended = kept;
            }
        }
        passing.abort();
        answering.abort();
        several.ended();
        ended
    })
}

fn listen(kind: SignalKind) -> Result<SignalStream, Failure> {
    signal(kind).map_err(|source| Failure::io("listen to signals", source))
}

/// What the keepers are to pass on. Each has a list of its own, so that nothing is lost to one that
/// is busy.
#[derive(Clone, Debug, Default)]
struct Orders(Vec<mpsc::UnboundedSender<Signal>>);

impl Orders {
    fn of_one_more(&mut self) -> mpsc::UnboundedReceiver<Signal> {
        let (sender, orders) = mpsc::unbounded_channel();
        self.0.push(sender);
        orders
    }

    fn give(&self, order: Signal) {
        for keeper in &self.0 {
            // It may have ended.
            let _ = keeper.send(order);
        }
    }
}

/// The signals that this process gets.
#[derive(Debug)]
struct Signals {
    quit: SignalStream,
    term: SignalStream,
    int: SignalStream,
    usr1: SignalStream,
    usr2: SignalStream,
    cont: SignalStream,
}

impl Signals {
    /// From now on.
    fn listen() -> Result<Self, Failure> {
        Ok(Self {
            quit: listen(SignalKind::quit())?,
            term: listen(SignalKind::terminate())?,
            int: listen(SignalKind::interrupt())?,
            usr1: listen(SignalKind::user_defined1())?,
            usr2: listen(SignalKind::user_defined2())?,
            cont: listen(SignalKind::from_raw(Signal::CONT.as_raw()))?,
        })
    }

    /// Passes them on.
    async fn pass_on(mut self, orders: Orders) {
        loop {
            let order = tokio::select! {
                _ = self.quit.recv() => Signal::QUIT,
                _ = self.term.recv() => Signal::TERM,
                _ = self.int.recv() => Signal::INT,
                _ = self.usr1.recv() => Signal::USR1,
                _ = self.usr2.recv() => Signal::USR2,
                _ = self.cont.recv() => Signal::CONT,
            };
            orders.give(order);
        }
    }
}

/// Keeps one process running.
struct Keeper {
    number: usize,
    /// Where the process can be asked how it is.
    seat: Arc<Seat>,
    program: PathBuf,
    clock: SharedClock,
    orders: mpsc::UnboundedReceiver<Signal>,
    leaves_when_idle: bool,
    stopping: bool,
    paused: bool,
}

impl Keeper {
    async fn keep(mut self) -> Result<(), Failure> {
        let mut pause = FIRST_PAUSE;
        let mut first = true;
        loop {
            let started = self.clock.monotonic();
            let (ended, had_begun) = self.watch().await;
            let lived = self.clock.monotonic().saturating_sub(started);
            if self.stopping {
                return Ok(());
            }
            // What cannot work at all shows at once; later it is an accident, or a job's doing.
            if first && !had_begun {
                check(&ended)?;
            }
            first = false;
            let why = match ended {
                Ok(status) if status.success() && self.leaves_when_idle => return Ok(()),
                Ok(status) if status.success() && lived >= DONE_WELL => {
                    tracing::info!(
                        process = self.number,
                        "a worker process left; another one starts"
                    );
                    continue;
                }
                // A job that calls `exit(0)` takes with it what ran beside it, each time.
                Ok(status) if status.success() => "it left soon after its start".to_owned(),
                Ok(status) => format!("it died: {status}"),
                Err(failure) => chain(&failure),
            };
            if lived >= DONE_WELL {
                pause = FIRST_PAUSE;
            }
            tracing::error!(
                process = self.number,
                why,
                ?pause,
                "a worker process is missing; another one starts after a pause"
            );
            self.rest(pause).await;
            if self.stopping {
                return Ok(());
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Starts a process and passes orders on until it ends; answers how, and whether it had begun to
    /// work.
    async fn watch(&mut self) -> (Result<ExitStatus, Failure>, bool) {
        let opened = Line::open().map_err(|source| Failure::io("talk to a worker process", source));
        let started = opened.and_then(|(line, end)| Ok((line, self.start(end)?)));
        let (line, mut child) = match started {
            Ok(started) => started,
            Err(failure) => return (Err(failure), false),
        };
        self.seat.take(line.clone());
        let ended = self.watch_over(&mut child, &line).await;
        self.seat.leave();
        (ended, line.had_begun().await)
    }

    async fn watch_over(&mut self, child: &mut Child, line: &Line) -> Result<ExitStatus, Failure> {
        // Signals have their usual effects on a process that does not listen yet.
        let mut early = Some(Early::default());
        loop {
            tokio::select! {
                status = child.wait() => {
                    return status.map_err(|source| Failure::io("wait for a process", source));
                }
                () = line.is_heard(), if early.is_some() => {
                    let held = early.take().unwrap_or_default();
                    held.0.into_iter().for_each(|order| send(child, order));
                }
                order = self.orders.recv() => {
                    let order = self.note(order);
                    let now = match &mut early {
                        Some(early) => early.hold(order),
                        None => Some(order),
                    };
                    if let Some(order) = now {
                        send(child, order);
                    }
                }
            }
        }
    }

    /// Waits before the next process is started, unless all is to end.
    async fn rest(&mut self, pause: Duration) {
        let mut over = self.clock.sleep(pause);
        while !self.stopping {
            tokio::select! {
                () = &mut over => return,
                order = self.orders.recv() => drop(self.note(order)),
            }
        }
    }

    fn note(&mut self, order: Option<Signal>) -> Signal {
        let order = order.unwrap_or(Signal::TERM);
        match order {
            Signal::QUIT | Signal::TERM | Signal::INT => self.stopping = true,
            Signal::USR2 => self.paused = true,
            Signal::CONT => self.paused = false,
            _ => {}
        }
        order
    }

    fn start(&self, input: Stdio) -> Result<Child, Failure> {
        let mut command = Command::new(&self.program);
        command
            .args(std::env::args_os().skip(1))
            .env(SUPERVISED, supervised::seat(self.number))
            .env_remove(DETACHED)
            // Only the process that the service manager knows talks to it.
            .env_remove("NOTIFY_SOCKET")
            .env_remove("WATCHDOG_USEC")
            .env_remove("WATCHDOG_PID")
            .stdin(input)
            .process_group(0);
        if self.paused {
            command.env(PAUSED, "1");
        }
        let child = command.spawn();
        child.map_err(|source| Failure::io("start a worker process", source))
    }
}

/// What a process is told once it listens.
#[derive(Debug, Default)]
struct Early(Vec<Signal>);

impl Early {
    /// Keeps an order for later, or answers what is to be sent now instead.
    fn hold(&mut self, order: Signal) -> Option<Signal> {
        match order {
            // It has no jobs yet, so whatever ends it is right.
            Signal::QUIT | Signal::TERM | Signal::INT => return Some(Signal::TERM),
            Signal::USR2 | Signal::CONT => self.0 = vec![order],
            // There are no jobs to kill.
            _ => {}
        }
        None
    }
}

/// Whether the first process could be started and made sense of its settings.
fn check(ended: &Result<ExitStatus, Failure>) -> Result<(), Failure> {
    match ended {
        Ok(status) if status.code() == Some(MISUSED.into()) => {
            let reason = "a process could not make sense of its settings, as told above";
            Err(Failure::setting("work", reason))
        }
        Ok(_) => Ok(()),
        Err(failure) => Err(Failure::Undone(chain(failure))),
    }
}

fn send(child: &Child, order: Signal) {
    // There is no id any more once the process has ended and was waited for.
    let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    if let Some(pid) = pid {
        // It may have ended just now.
        let _ = kill_process(pid, order);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_does_not_listen_yet_is_told_later_or_ended() {
        let mut early = Early::default();
        for order in [Signal::USR1, Signal::USR2, Signal::CONT, Signal::USR2] {
            assert_eq!(early.hold(order), None);
        }
        assert_eq!(early.0, [Signal::USR2]);
        for order in [Signal::QUIT, Signal::TERM, Signal::INT] {
            assert_eq!(early.hold(order), Some(Signal::TERM));
        }
    }

    #[tokio::test]
    async fn no_order_is_lost_to_a_keeper_that_is_busy() {
        let mut orders = Orders::default();
        let mut keeper = orders.of_one_more();
        (0..1_000).for_each(|_| orders.give(Signal::USR1));
        orders.give(Signal::QUIT);
        drop(orders);
        let mut last = None;
        while let Some(order) = keeper.recv().await {
            last = Some(order);
        }
        assert_eq!(last, Some(Signal::QUIT));
    }
}
