//! Real signals. A test program of its own, because a signal reaches the whole process.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::process::Command;
use std::time::Duration;

use resque_core::WorkerHooks;
use resque_core::worker::{
    Event, HeardSignals, Phase, StopCause, StopReason, StopReport, Worker, WorkerBuilder,
};
use resque_memory::MemoryBackend;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Sends a signal to this process.
fn signal(name: &str) {
    let command = format!("kill -{name} {}", std::process::id());
    let status = Command::new("sh").args(["-c", &command]).status().unwrap();
    assert!(status.success());
}

struct Running {
    phases: mpsc::UnboundedReceiver<Phase>,
    task: JoinHandle<resque_core::Result<StopReport>>,
}

fn start(builder: WorkerBuilder) -> Running {
    let (sink, phases) = mpsc::unbounded_channel();
    let builder = builder.queues("*").handle_signals().on_event(move |event| {
        if let Event::Phase(phase) = event {
            let _ = sink.send(*phase);
        }
    });
    let worker = builder.build().unwrap();
    Running {
        phases,
        task: tokio::spawn(worker.run()),
    }
}

impl Running {
    async fn phase(&mut self) -> Phase {
        let phase = tokio::time::timeout(Duration::from_secs(20), self.phases.recv()).await;
        phase.expect("no phase came").unwrap()
    }

    async fn reason(self) -> StopReason {
        self.task.await.unwrap().unwrap().reason
    }
}

fn builder() -> WorkerBuilder {
    Worker::builder(MemoryBackend::new())
}

/// What no handler was installed for would have ended this process.
async fn signals_are_obeyed_before_anything_else_is_done() {
    let heard = HeardSignals::listen().unwrap();
    signal("USR2");
    let hooks = WorkerHooks::new().before_first_fork(|_| async {
        signal("USR1");
        Ok(())
    });
    let mut worker = start(builder().worker_hooks(hooks).handle_heard_signals(heard));
    while worker.phase().await != Phase::Paused {}
    signal("QUIT");
    assert_eq!(
        worker.reason().await,
        StopReason::Quit(StopCause::Signal("QUIT"))
    );

    let hooks = WorkerHooks::new().before_first_fork(|_| async {
        signal("TERM");
        std::future::pending().await
    });
    let worker = start(builder().worker_hooks(hooks));
    let reason = tokio::time::timeout(Duration::from_secs(20), worker.reason()).await;
    assert_eq!(
        reason.expect("the worker waits for its hook"),
        StopReason::StopNow(StopCause::Signal("TERM"))
    );
}

/// One test, because a signal reaches every worker of this process.
#[tokio::test]
async fn signals_pause_resume_finish_and_stop() {
    signals_are_obeyed_before_anything_else_is_done().await;

    let mut worker = start(builder());
    assert_eq!(worker.phase().await, Phase::Working);
    signal("USR2");
    assert_eq!(worker.phase().await, Phase::Paused);
    // It kills no worker: there is no child to kill.
    signal("USR1");
    signal("CONT");
    assert_eq!(worker.phase().await, Phase::Working);
    signal("QUIT");
    assert_eq!(worker.phase().await, Phase::Finishing);
    assert_eq!(
        worker.reason().await,
        StopReason::Quit(StopCause::Signal("QUIT"))
    );

    for name in ["TERM", "INT"] {
        let mut worker = start(builder());
        assert_eq!(worker.phase().await, Phase::Working);
        signal(name);
        assert_eq!(worker.phase().await, Phase::Stopping);
        assert_eq!(
            worker.reason().await,
            StopReason::StopNow(StopCause::Signal(name))
        );
    }

    let mut worker = start(builder().graceful_term(true));
    assert_eq!(worker.phase().await, Phase::Working);
    signal("TERM");
    assert_eq!(worker.phase().await, Phase::Finishing);
    assert_eq!(
        worker.reason().await,
        StopReason::Quit(StopCause::Signal("TERM"))
    );
}
