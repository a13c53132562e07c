//! One worker in this process.

use resque::Worker;
use resque::worker::{
    HeardSignals, KeepFailures, OnTerm, StopReason, StopReport, WorkerBuilder, WorkerEnv,
};
use tokio::runtime;

use super::probes::Single;
use super::{Work, supervised};
use crate::app::Setup;
use crate::context::Context;
use crate::failure::Failure;
use crate::place::Place;

/// Works until it is told to stop.
pub(super) fn run(
    work: Work,
    env: &WorkerEnv,
    place: &Place,
    context: Context,
) -> Result<(), Failure> {
    let runtime = runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("resque-job")
        .build()
        .map_err(|source| Failure::io("start a runtime", source))?;
    let Context {
        global,
        handlers,
        hooks,
        setup,
        clock,
        ..
    } = context;
    let probed = Single::begin(&work.probes, clock.clone())?;
    let ended = runtime.block_on(async {
        // Before the store is waited for: what comes meanwhile must not end this process.
        let signals = HeardSignals::listen()?;
        let backend = resque::connect_with(place.url(), env).await?;
        probed.watch_store(&work.probes, backend.clone(), clock);
        let builder = probed.count(Worker::builder(backend).env(env));
        let builder = builder.handlers(handlers).worker_hooks(hooks);
        let builder = work.isolated.apply(builder, place, &global);
        let builder = scheduled(builder, &work)?;
        let builder = builder.handle_heard_signals(signals);
        let worker = configured(builder, &work, setup).build()?;
        probed.is_about(worker.handle());
        supervised::obey(&worker.handle(), &probed)?;
        Ok::<_, Failure>(worker.run().await?)
    });
    probed.ended();
    // A job that does not yield must not keep the program: the worker has promised that it ends.
    runtime.shutdown_background();
    told(&ended?)
}

/// Which jobs recur.
fn scheduled(mut builder: WorkerBuilder, work: &Work) -> Result<WorkerBuilder, Failure> {
    for file in &work.schedules {
        builder = builder.schedule_file(file)?;
    }
    if work.stored_schedules {
        builder = builder.stored_schedules(true);
    }
    Ok(builder)
}

/// What flags and the program itself say.
fn configured(mut builder: WorkerBuilder, work: &Work, setup: Option<Setup>) -> WorkerBuilder {
    builder = builder.exits_after_run();
    builder = builder.on_term(match work.on_term {
        super::OnTerm::Release => OnTerm::Release,
        super::OnTerm::Fail => OnTerm::Fail,
    });
    if work.no_titles {
        builder = builder.process_titles(false);
    }
    if let Some(queues) = &work.queues {
        builder = builder.queues(queues.to_string());
    }
    if let Some(slots) = work.concurrency {
        builder = builder.concurrency(slots);
    }
    for pool in &work.pools {
        builder = builder.pool(pool.queues.to_string(), pool.slots);
    }
    if let Some(timeout) = work.job_timeout {
        builder = builder.job_timeout(timeout);
    }
    if let Some(timeout) = work.term_timeout {
        builder = builder.term_timeout(timeout);
    }
    if let Some(timeout) = work.pre_shutdown_timeout {
        builder = builder.pre_shutdown_timeout(timeout);
    }
    if work.graceful_term {
        builder = builder.graceful_term(true);
    }
    if let Some(silence) = work.prune_after {
        builder = builder.prune_after(silence);
    }
    let mut keep = KeepFailures::all();
    if let Some(count) = work.keep_failures {
        keep = keep.newest(count);
    }
    if let Some(age) = work.keep_failures_for {
        keep = keep.younger_than(age);
    }
    builder = builder.keep_failures(keep);
    if let Some(path) = &work.pidfile {
        builder = builder.pidfile(path);
    }
    match setup {
        Some(setup) => setup(builder),
        None => builder,
    }
}

fn told(report: &StopReport) -> Result<(), Failure> {
    match &report.reason {
        StopReason::Crashed(_) | StopReason::NoRuntime => {
            Err(Failure::Undone(format!("the worker {report}")))
        }
        _ => {
            tracing::info!("the worker {report}");
            Ok(())
        }
    }
}
