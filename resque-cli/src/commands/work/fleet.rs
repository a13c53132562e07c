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
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast;
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
        let (orders, _) = broadcast::channel(64);
        let mut keepers = JoinSet::new();
        for (seat, number) in several.seats().iter().zip(1..) {
            let keeper = Keeper {
                number,
                seat: seat.clone(),
                program: program.clone(),
                clock: clock.clone(),
                orders: orders.subscribe(),
                leaves_when_idle,
                stopping: false,
                paused: false,
            };
            keepers.spawn(keeper.keep());
        }
        let passing = tokio::spawn(pass_on(orders.clone()));
        let answering = tokio::spawn(several.clone().answer());
        let mut ended = Ok(());
        while let Some(kept) = keepers.join_next().await {
            let kept = kept.unwrap_or(Err(Failure::Crashed("the watch over a process")));
            if kept.is_err() && ended.is_ok() {
                // The others would fail alike.
                let _ = orders.send(Signal::TERM);
                ended = kept;
            }
        }
        passing.abort();
        answering.abort();
        several.ended();
        ended
    })
}

/// Passes on the signals that this process gets.
async fn pass_on(orders: broadcast::Sender<Signal>) -> Result<(), Failure> {
    let listen = |kind| signal(kind).map_err(|source| Failure::io("listen to signals", source));
    let mut quit = listen(SignalKind::quit())?;
    let mut term = listen(SignalKind::terminate())?;
    let mut int = listen(SignalKind::interrupt())?;
    let mut usr1 = listen(SignalKind::user_defined1())?;
    let mut usr2 = listen(SignalKind::user_defined2())?;
    let mut cont = listen(SignalKind::from_raw(Signal::CONT.as_raw()))?;
    loop {
        let order = tokio::select! {
            _ = quit.recv() => Signal::QUIT,
            _ = term.recv() => Signal::TERM,
            _ = int.recv() => Signal::INT,
            _ = usr1.recv() => Signal::USR1,
            _ = usr2.recv() => Signal::USR2,
            _ = cont.recv() => Signal::CONT,
        };
        // All have ended if nobody listens.
        let _ = orders.send(order);
    }
}

/// Keeps one process running.
struct Keeper {
    number: usize,
    /// Where the process can be asked how it is.
    seat: Arc<Seat>,
    program: PathBuf,
    clock: SharedClock,
    orders: broadcast::Receiver<Signal>,
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
        let ended = self.watch_over(&mut child).await;
        self.seat.leave();
        (ended, line.had_begun().await)
    }

    async fn watch_over(&mut self, child: &mut Child) -> Result<ExitStatus, Failure> {
        loop {
            tokio::select! {
                status = child.wait() => {
                    return status.map_err(|source| Failure::io("wait for a process", source));
                }
                order = self.orders.recv() => {
                    if let Some(order) = self.note(order) {
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

    fn note(&mut self, order: Result<Signal, broadcast::error::RecvError>) -> Option<Signal> {
        use broadcast::error::RecvError;
        let order = match order {
            Ok(order) => order,
            Err(RecvError::Lagged(_)) => return None,
            Err(RecvError::Closed) => Signal::TERM,
        };
        match order {
            Signal::QUIT | Signal::TERM | Signal::INT => self.stopping = true,
            Signal::USR2 => self.paused = true,
            Signal::CONT => self.paused = false,
            _ => {}
        }
        Some(order)
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
