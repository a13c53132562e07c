//! The life of a child: it takes jobs from its worker, one at a time, and performs them.
//!
//! It talks to the worker on a thread of its own, so that a job that blocks every other thread
//! still hears that it should stop.

use std::collections::VecDeque;
use std::error::Error;
use std::fs::File;
use std::future::Future;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as StdStream;

use resque_core::worker::ProcessTitle;
use resque_core::{JobContext, JobFailure, Performed, Performer, Progress, WorkerHooks};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::frame::{self, Reader};
use super::message::{JobHead, Judged, Told, VERSION};
use crate::{Child, Limits, told};

/// How many threads perform a job: one that blocks leaves another to whoever it waits for.
const THREADS: usize = 2;

/// Performs jobs until the worker has no more; answers the exit status.
pub(super) fn serve<F, Fut, E>(child: F, limits: Limits) -> i32
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<Child, E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let title = std::env::args_os()
        .nth(4)
        .map(|prefix| ProcessTitle::new(&prefix.to_string_lossy()));
    let started = take_stdin().and_then(|stream| {
        // Before anything that may take long, so that the worker knows who it waits for.
        frame::write_now(&stream, &Told::Here { version: VERSION }.to_bytes()?)?;
        stream.set_nonblocking(true)?;
        let jobs = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("resque-job")
            .enable_all()
            .build()?;
        let talk = Builder::new_current_thread().enable_all().build()?;
        Ok((stream, jobs, talk))
    });
    let Ok((stream, jobs, talk)) = started else {
        return 1;
    };
    let (progress, reports) = mpsc::unbounded_channel();
    let (questions, failures) = mpsc::unbounded_channel();
    let Ok(mut link) = talk.block_on(async {
        let mut link = Link::new(stream)?;
        link.hear_what_is_told().await?;
        io::Result::Ok(link)
    }) else {
        return 1;
    };
    let made = jobs.block_on(async { child().await.map_err(Into::into) });
    let served = talk.block_on(async {
        let (performer, hooks) = match made {
            Ok(child) => child.into_parts(),
            Err(error) => return link.refuse(&*error).await,
        };
        let sink = move |_: &JobContext, report: Progress| {
            let _ = progress.send(report);
        };
        let judge = move |_: &JobContext, failure: JobFailure| ask(&questions, failure);
        let server = Server {
            performer: performer.with_progress(sink).with_judge(judge),
            hooks,
            limits,
            title,
            jobs: &jobs,
        };
        let from_jobs = FromJobs { reports, failures };
        server.run(link, from_jobs).await
    });
    jobs.shutdown_background();
    i32::from(served.is_err())
}

/// Takes the connection to the worker out of the standard input, where the programs that jobs start
/// would find it, and leaves nothing there.
fn take_stdin() -> io::Result<StdStream> {
    let stream = StdStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(stream)
}

/// What jobs have to say while they run.
struct FromJobs {
    reports: mpsc::UnboundedReceiver<Progress>,
    failures: mpsc::UnboundedReceiver<Failing>,
}

/// A job that fails, and waits for what the worker makes of that.
struct Failing {
    failure: JobFailure,
    judged: oneshot::Sender<JobFailure>,
}

/// Has the worker asked what becomes of a job that fails.
fn ask(
    questions: &mpsc::UnboundedSender<Failing>,
    failure: JobFailure,
) -> impl Future<Output = JobFailure> + Send + use<> {
    let (judged, answer) = oneshot::channel();
    let question = Failing {
        failure: failure.clone(),
        judged,
    };
    // Nobody answers when the worker has gone, and then nobody wants to know either.
    let _ = questions.send(question);
    async move { answer.await.unwrap_or(failure) }
}

/// The connection to the worker.
struct Link {
    reader: Reader,
    writer: OwnedWriteHalf,
    term: Signal,
}

impl Link {
    fn new(stream: StdStream) -> io::Result<Self> {
        let (reader, writer) = UnixStream::from_std(stream)?.into_split();
        Ok(Self {
            reader: Reader::new(reader),
            writer,
            term: signal(SignalKind::terminate())?,
        })
    }

    /// Takes the first message, which is about no job.
    async fn hear_what_is_told(&mut self) -> io::Result<()> {
        let frame = self.reader.next().await?;
        let frame = frame.ok_or(io::ErrorKind::UnexpectedEof)?;
        told::note(serde_json::from_slice(&frame)?);
        Ok(())
    }

    async fn tell(&mut self, told: Told) -> io::Result<()> {
        frame::write(&mut self.writer, &told.to_bytes()?, b"").await
    }

    async fn refuse(&mut self, error: &(dyn Error + Send + Sync)) -> io::Result<()> {
        let mut why = error.to_string();
        let mut cause = error.source();
        while let Some(next) = cause {
            why.push_str(&format!(": {next}"));
            cause = next.source();
        }
        self.tell(Told::Refused { why }).await
    }
}

struct Server<'a> {
    performer: Performer,
    hooks: WorkerHooks,
    limits: Limits,
    title: Option<ProcessTitle>,
    jobs: &'a Runtime,
}

impl Server<'_> {
    async fn run(&self, mut link: Link, mut from_jobs: FromJobs) -> io::Result<()> {
        self.show("Waiting for a job");
        link.tell(Told::Ready).await?;
        loop {
            let frame = tokio::select! {
                biased;
                frame = link.reader.next() => frame?,
                _ = link.term.recv() => None,
            };
            let Some(frame) = frame else {
                return Ok(());
            };
            let (head, payload) = JobHead::read(&frame)?;
            let fails_when_asked = head.fails_when_asked;
            let ctx = self.performer.prepare(head.attempt(payload));
            drop(frame);
            link.tell(Told::Began).await?;
            self.limits.grant_time()?;
            self.show_job(&ctx);
            let performed = self.watch(&mut link, &mut from_jobs, ctx, fails_when_asked);
            let performed = performed.await?;
            self.show("Waiting for a job");
            link.tell(Told::Ended(performed.into())).await?;
        }
    }

    /// Performs a job, tells of its progress and its failure, and hands on that it should stop.
    async fn watch(
        &self,
        link: &mut Link,
        from_jobs: &mut FromJobs,
        ctx: JobContext,
        fails_when_asked: bool,
    ) -> io::Result<Performed> {
        let asked = CancellationToken::new();
        // One of them may have been dropped meanwhile; the worker answers in order.
        let mut unjudged = VecDeque::new();
        let mut performed = self.begin(ctx.clone(), fails_when_asked.then(|| asked.clone()));
        loop {
            tokio::select! {
                biased;
                Some(report) = from_jobs.reports.recv() => {
                    let Progress { done, total, text, .. } = report;
                    link.tell(Told::Progress { done, total, text }).await?;
                }
                Some(Failing { failure, judged }) = from_jobs.failures.recv() => {
                    unjudged.push_back(judged);
                    link.tell(Told::Fails(failure)).await?;
                }
                ended = &mut performed => {
                    // The performer catches what a job throws; this is for what it cannot.
                    let failure = || Performed::Failed(JobFailure::new("Panic", "the job's task ended"));
                    return Ok(ended.unwrap_or_else(|_| failure()));
                }
                Some(()) = link.term.recv() => {
                    ctx.cancel();
                    asked.cancel();
                }
                frame = link.reader.next() => {
                    let Some(frame) = frame? else {
                        // Nobody wants to know how it ends.
                        std::process::exit(1);
                    };
                    let Judged(failure) = Judged::read(&frame)?;
                    let judged: Option<oneshot::Sender<_>> = unjudged.pop_front();
                    let judged = judged.ok_or_else(|| io::Error::other("an answer to nothing"))?;
                    let _ = judged.send(failure);
                }
            }
        }
    }

    fn begin(
        &self,
        ctx: JobContext,
        asked: Option<CancellationToken>,
    ) -> oneshot::Receiver<Performed> {
        let (done, performed) = oneshot::channel();
        let (performer, hooks) = (self.performer.clone(), self.hooks.clone());
        let span = tracing::info_span!(
            "job",
            class = ctx.class(),
            queue = ctx.queue(),
            worker = ctx.worker().map(tracing::field::display),
            attempt = ctx.attempt(),
        );
        let work = async move {
            let performed = perform(&performer, &hooks, &ctx, asked).await;
            let _ = done.send(performed);
        };
        self.jobs.spawn(work.instrument(span));
        performed
    }

    fn show(&self, text: &str) {
        if let Some(title) = &self.title {
            title.show(text);
        }
    }

    fn show_job(&self, ctx: &JobContext) {
        if let Some(title) = &self.title {
            let class = if ctx.is_known() {
                ctx.class()
            } else {
                "No Name"
            };
            title.show_processing(ctx.queue(), ctx.clock().now(), Some(class));
        }
    }
}

async fn perform(
    performer: &Performer,
    hooks: &WorkerHooks,
    ctx: &JobContext,
    asked: Option<CancellationToken>,
) -> Performed {
    let work = async {
        match hooks.run_after_fork(ctx).await {
            Ok(()) => performer.perform(ctx).await,
            Err(error) => Performed::Failed(performer.fail(ctx, error.into_failure()).await),
        }
    };
    let Some(asked) = asked else {
        return work.await;
    };
    tokio::select! {
        biased;
        performed = work => performed,
        () = asked.cancelled() => {
            Performed::Failed(performer.fail(ctx, JobFailure::terminated()).await)
        }
    }
}
