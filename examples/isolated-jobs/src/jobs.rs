//! Jobs that behave, and jobs that do not.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use resque::{Handlers, Hooks, JobContext, JobError, JobResult, WorkerHooks};

/// Everything that can be performed here.
#[must_use]
pub fn handlers() -> Handlers {
    let hooks = Hooks::new().around_perform("told", |ctx, next| async move {
        ctx.progress(0, 1, format!("performed by {}", std::process::id()));
        next.run().await
    });
    let hooks = hooks.on_failure("told", |ctx, failure| async move {
        ctx.progress(0, 1, format!("on_failure {}", failure.exception));
        ctx.progress(0, 1, format!("tried again at {:?}", failure.retry_at()));
        Ok(())
    });
    Handlers::new()
        .hooks(hooks)
        .register_fn("Noop", |_: Vec<serde_json::Value>, _| async { Ok(()) })
        .register_fn("Write", |(path, text): (String, String), _| async move {
            write(&path, &text)
        })
        .register_fn(
            "Fail",
            |(text,): (String,), _| async move { Err(text.into()) },
        )
        .register_fn("FailUntil", |(attempt,): (u32,), ctx| async move {
            if ctx.attempt() < attempt {
                return Err(format!("attempt {}", ctx.attempt()).into());
            }
            Ok(())
        })
        .register_fn("Discard", |(): (), _| async {
            Err(JobError::from("nobody needs this any more").discard())
        })
        .register_fn("Panic", |(): (), _| panics())
        .register_fn("Sleep", |(milliseconds,): (u64,), ctx| async move {
            ctx.clock().sleep(Duration::from_millis(milliseconds)).await;
            Ok(())
        })
        .register_fn("Await", |(path,): (PathBuf,), ctx| async move {
            while !path.exists() {
                ctx.clock().sleep(Duration::from_millis(5)).await;
            }
            Ok(())
        })
        .register_fn("Polite", |(): (), ctx| async move {
            ctx.cancellation().cancelled().await;
            Ok(())
        })
        .register_fn("Complain", |(): (), ctx| async move {
            ctx.cancellation().cancelled().await;
            Err("half done".into())
        })
        .register_fn("Loop", |(): (), _| endless())
        .register_fn("Exit", |(status,): (i32,), _| async move {
            std::process::exit(status)
        })
        .register_fn("Abort", |(): (), _| async { std::process::abort() })
        .register_fn("Segfault", |(): (), _| async { segfault() })
        .register_fn("Eat", |(bytes,): (usize,), _| async move { eat(bytes) })
        .register_fn("EatAndAbort", |(bytes,): (usize,), _| async move {
            let _ = eat(bytes);
            std::process::abort()
        })
        .register_fn("Spin", |(): (), _| async {
            loop {
                std::hint::spin_loop();
            }
        })
        .register_fn("Breed", |(path,): (String,), ctx| breed(path, ctx))
        .register_fn("Follow", |(): (), ctx| async move {
            ctx.client()
                .push("q", r#"{"class":"Noop","args":[]}"#)
                .await?;
            Ok(())
        })
}

/// Told about in the log of each child.
pub(crate) fn worker_hooks() -> WorkerHooks {
    WorkerHooks::new().after_fork(|ctx| async move {
        ctx.progress(0, 1, "after_fork");
        Ok(())
    })
}

fn write(path: &str, text: &str) -> JobResult {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(format!("{text}\n").as_bytes())?;
    Ok(())
}

async fn panics() -> JobResult {
    panic!("no way")
}

/// Never yields.
async fn endless() -> JobResult {
    loop {
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// Ends by SIGSEGV. The runtime of Rust takes the first one for a stack overflow and looks into it.
fn segfault() -> JobResult {
    let script = "while kill -s SEGV $PPID; do sleep 0.05; done";
    Command::new("sh").args(["-c", script]).status()?;
    Ok(())
}

/// Takes memory and uses it.
fn eat(bytes: usize) -> JobResult {
    let eaten = vec![1_u8; bytes];
    let sum: u64 = eaten.iter().step_by(4_096).copied().map(u64::from).sum();
    Err(format!("there was enough: {sum}").into())
}

/// Starts a process that outlives it unless somebody cares, and never ends.
async fn breed(path: String, ctx: JobContext) -> JobResult {
    let child = Command::new("sleep")
        .arg("1000")
        .stdin(Stdio::null())
        .spawn()?;
    write(&path, &child.id().to_string())?;
    ctx.progress(1, 1, "bred");
    std::future::pending().await
}
