//! What a process asks the worker processes that it has started, over their standard input.
//!
//! A question is a line, `17 health`; an answer is a line with its length, `17 123`, and so many
//! bytes behind it. Numbers tell a late answer from one to another question. The first line is an
//! answer that nobody has asked for: the process makes sense of its settings, and begins.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdStream;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use resque::Clock;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::Single;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// No answer is longer than this.
const LONGEST: u64 = 64 << 20;

/// What can be asked.
pub(super) const HEALTH: &str = "health";
/// What can be asked.
pub(super) const METRICS: &str = "metrics";

/// The answer that nobody has asked for.
const GREETING: &str = "0 0\n";

type Pending = Arc<Mutex<HashMap<u64, oneshot::Sender<String>>>>;

/// The line to a process. The process ends when this is dropped.
#[derive(Debug)]
pub(in crate::commands::work) struct Line {
    writer: tokio::sync::Mutex<OwnedWriteHalf>,
    pending: Pending,
    next: AtomicU64,
    answered: AtomicBool,
    greeted: watch::Receiver<bool>,
    listening: tokio::sync::Mutex<JoinHandle<()>>,
    ended: Arc<AtomicBool>,
}

impl Line {
    /// A line, and the other end of it.
    pub(in crate::commands::work) fn open() -> io::Result<(Arc<Self>, Stdio)> {
        let (ours, theirs) = StdStream::pair()?;
        ours.set_nonblocking(true)?;
        let (reader, writer) = UnixStream::from_std(ours)?.into_split();
        let pending = Pending::default();
        let ended = Arc::new(AtomicBool::new(false));
        let (greeting, greeted) = watch::channel(false);
        let listening = tokio::spawn({
            let (answers, ended) = (pending.clone(), ended.clone());
            async move {
                listen(reader, &answers, &greeting).await;
                ended.store(true, Ordering::Relaxed);
                // Nobody will answer any more.
                waiting(&answers).clear();
            }
        });
        let line = Self {
            writer: tokio::sync::Mutex::new(writer),
            pending,
            // The greeting has the number before.
            next: AtomicU64::new(1),
            answered: AtomicBool::new(false),
            greeted,
            listening: listening.into(),
            ended,
        };
        Ok((Arc::new(line), OwnedFd::from(theirs).into()))
    }

    /// Asks; `None` if there is no answer in time.
    pub(super) async fn ask(&self, what: &str, clock: &dyn Clock) -> Option<String> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        waiting(&self.pending).insert(number, sender);
        let asked = async {
            let question = format!("{number} {what}\n");
            let mut writer = self.writer.lock().await;
            writer.write_all(question.as_bytes()).await.ok()?;
            drop(writer);
            answer.await.ok()
        };
        let answer = tokio::select! {
            answer = asked => answer,
            () = clock.sleep(PATIENCE) => None,
        };
        waiting(&self.pending).remove(&number);
        if answer.is_some() {
            self.answered.store(true, Ordering::Relaxed);
        }
        answer
    }

    /// Whether nobody is at the other end any more.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// Waits until the process listens, to signals too; for ever if it ends before.
    pub(in crate::commands::work) async fn is_heard(&self) {
        let mut greeted = self.greeted.clone();
        if greeted.wait_for(|greeted| *greeted).await.is_err() {
            std::future::pending().await
        }
    }

    /// Whether the process, which has ended, had begun to work. What it said last may not have been
    /// heard yet.
    pub(in crate::commands::work) async fn had_begun(&self) -> bool {
        let mut listening = self.listening.lock().await;
        if !listening.is_finished() {
            let _ = (&mut *listening).await;
        }
        *self.greeted.borrow()
    }

    /// Whether it has ever answered.
    pub(super) fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }
}

/// Takes the answers.
async fn listen(
    reader: OwnedReadHalf,
    answers: &Pending,
    greeted: &watch::Sender<bool>,
) -> Option<()> {
    let mut reader = tokio::io::BufReader::new(reader);
    loop {
        let mut head = String::new();
        reader.read_line(&mut head).await.ok()?;
        if head == GREETING {
            greeted.send_replace(true);
            continue;
        }
        let (number, length) = head.trim_end().split_once(' ')?;
        let length = length.parse().ok().filter(|length| *length <= LONGEST)?;
        let mut text = String::new();
        (&mut reader)
            .take(length)
            .read_to_string(&mut text)
            .await
            .ok()?;
        let asked = waiting(answers).remove(&number.parse().ok()?);
        if let Some(asked) = asked {
            // Whoever asked may have had enough of waiting.
            let _ = asked.send(text);
        }
    }
}

fn waiting(pending: &Pending) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<String>>> {
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the line to the process that started this one out of the standard input, where the programs
/// that jobs start would find it, and leaves nothing there.
pub(in crate::commands::work) fn take_stdin() -> io::Result<File> {
    let line = io::stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(File::from(line))
}

/// Tells the process that started this one that it begins to work.
pub(in crate::commands::work) fn greet(mut line: &File) -> io::Result<()> {
    line.write_all(GREETING.as_bytes())
}

/// Answers whatever is asked on this line, until it ends. Blocks.
pub(in crate::commands::work) fn answer(line: &File, worker: &Single) {
    let mut output = line;
    let mut questions = BufReader::new(line);
    let mut question = String::new();
    loop {
        question.clear();
        match questions.read_line(&mut question) {
            Ok(1..) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(0) | Err(_) => return,
        }
        if let Some(answer) = answer_to(&question, worker) {
            // If it cannot be sent, nobody is there any more, and the input ends too.
            let _ = output.write_all(answer.as_bytes());
        }
    }
}

fn answer_to(question: &str, worker: &Single) -> Option<String> {
    let (number, what) = question.trim_end().split_once(' ')?;
    let text = match what {
        HEALTH => serde_json::to_string(&worker.now()).ok()?,
        METRICS => worker.rendered().unwrap_or_default(),
        _ => return None,
    };
    Some(format!("{number} {}\n{text}", text.len()))
}
