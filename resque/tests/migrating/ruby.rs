//! The rows about the Ruby client.

use crate::support::*;

async fn connecting(store: Backend) -> TestResult {
    let page = Section::of("Ruby: connecting");
    let client = &Client::new(store.clone());
    let handlers = &handlers();
    let job = job();
    let it = row!(page: Client::new(connect("memory:shop").await?));
    assert!(it.backend().is_some());
    let it = row!(page: Client::new(connect("memory:?namespace=shop").await?));
    assert_eq!(it.key(&["queues"])?, "shop:queues");
    let it = row!(page: client.backend());
    assert!(it.is_some());
    let it = row!(page: client.info().await?.backend.name);
    assert_eq!(it, store.queues().info().name);
    let it = row!(page: Client::inline(handlers.clone()));
    assert!(it.enqueue(&job).await?.is_taken());
    let it = row!(page: args::to_json(&job)?);
    assert_eq!(it, r#"[44,"masterbrew"]"#);
    let it = row!(page: args::from_json::<Archive>(r#"[44,"masterbrew"]"#)?);
    assert_eq!(it, job);
    page.finish();
    Ok(())
}

async fn queues(store: Backend) -> TestResult {
    let page = Section::of("Ruby: queues");
    let client = &Client::new(store.clone());
    let it = row!(page: client.push("q", r#"{"class":"Archive","args":[1,"x"]}"#).await?);
    assert_eq!(it, 1);
    let it = row!(page: client.size("q").await?);
    assert_eq!(it, 1);
    let it = row!(page: client.peek("q", Page::ruby(0, 1)).await?);
    assert_eq!(it[0].to_string(), r#"(Job{q} | Archive | [1, "x"])"#);
    let it = row!(page: client.peek("q", Page::new(0, 20)).await?);
    assert_eq!(it.len(), 1);
    let it = row!(page: client.peek("q", Page::ruby(-1, 1)).await?[0].payload().clone());
    assert!(it.to_text_lossy().contains("Archive"));
    let it = row!(page: client.pop("q").await?);
    assert_eq!(
        it.and_then(|job| job.class().map(str::to_owned)).as_deref(),
        Some("Archive")
    );
    let it = row!(page: client.create_queue("empty").await?);
    assert!(it);
    let it = row!(page: client.queues().await?);
    assert_eq!(it.len(), 2);
    let it = row!(page: client.sizes().await?);
    assert_eq!(it["empty"], 0);
    let it = row!(page: client.sample_queues(20).await?);
    assert_eq!(it["empty"].samples.len(), 0);
    let it = row!(page: client.remove_queue("empty").await?);
    assert_eq!(it, 0);
    let it = row!(page: client.keys().await?);
    assert!(!it.is_empty());
    let it = row!(page: client.info().await?);
    assert_eq!((it.pending, it.queues), (0, 1));
    page.finish();
    Ok(())
}

async fn jobs(store: Backend) -> TestResult {
    let page = Section::of("Ruby: jobs");
    let client = &Client::new(store.clone());
    let handlers = &handlers();
    let job = job();
    let queue: QueueName = "q".parse()?;
    let performer = Performer::new(handlers.clone(), client.clone());
    let it = row!(page: client.enqueue(&job).await?);
    assert_eq!(it, Enqueued::Queued { length: 1 });
    let it = row!(page: client.enqueue_to("q", &job).await?);
    assert!(it.is_taken());
    let it = row!(page: client.enqueue_raw("q", "Archive", &(44, "masterbrew")).await?);
    assert_eq!(it, Enqueued::Queued { length: 2 });
    let it = row!(page: Archive::QUEUE);
    assert_eq!(it, "file_serve");
    let it = row!(page: client.submit(NewJob::raw("", &()).to("q")).await.err());
    assert_eq!(
        it.ok_or("it was taken")?.to_string(),
        "Jobs must be given a class."
    );
    let it = row!(page: client.dequeue(&job).await?);
    assert_eq!(it, Some(1));
    let it = row!(page: client.dequeue_class::<Archive>().await?);
    assert_eq!(it, Some(0));
    let it = row!(page: client.create_job("q", "Archive", (45, "main")).await?);
    assert_eq!(it, 3);
    let it = row!(page: client.destroy("q", "Archive", Some(&(45, "main"))).await?);
    assert_eq!(it, 1);
    let it = row!(page: client.pop("q").await?.ok_or("an empty queue")?);
    assert_eq!(it.class(), Some("Archive"));
    let queued = row!(page: QueuedJob::new(queue.clone(), Payload::from(r#"{"class":"Archive","args":[44,"masterbrew"]}"#)));
    let it = row!(page: queued.queue());
    assert_eq!(it, &queue);
    let it = row!(page: queued.payload());
    assert!(it.to_text_lossy().contains("44"));
    let it = row!(page: queued.class());
    assert_eq!(it, Some("Archive"));
    let it = row!(page: handlers.knows("Archive"));
    assert!(it);
    let it = row!(page: queued.args::<Archive>()?);
    assert_eq!(it, job);
    let it = row!(page: queued.to_string());
    assert_eq!(it, r#"(Job{q} | Archive | [44, "masterbrew"])"#);
    let it = row!(page: queued == queued.clone());
    assert!(it);
    let it = row!(page: performer.perform(&performer.prepare(queued.attempt())).await);
    assert_eq!(it, Performed::Done);
    let it = row!(page: client.push(queued.queue().as_str(), queued.payload().clone()).await?);
    assert_eq!(it, 2);
    row!(page: client.failures()?.record(FailureRecord::new(client.store_time().await?, queued.payload().clone(), "RuntimeError", "boom").on("", "q")).await?);
    assert_eq!(client.failures()?.count().await?, 1);
    let it = row!(page: performer.prepare(queued.attempt()).worker().cloned());
    assert_eq!(it, None);
    page.finish();
    Ok(())
}

async fn hooks(store: Backend) -> TestResult {
    let page = Section::of("Ruby: hooks");
    let client = &Client::new(store.clone());
    let handlers = &handlers();
    let job = job();
    let worker = WorkerContext::new([], client.clone());
    let it = row!(page: Hooks::new().before_enqueue("x", |job| async move { Ok(job.class() != "Forbidden") }));
    assert!(!it.is_empty());
    let it = row!(page: Hooks::new().after_enqueue("x", |_job| async { Ok(()) }));
    assert!(!it.is_empty());
    let it = row!(page: Hooks::new().before_dequeue("x", |_job| async { Ok(true) }));
    assert!(!it.is_empty());
    let it = row!(page: Hooks::new().after_dequeue("x", |_job| async { Ok(()) }));
    assert!(!it.is_empty());
    let it = row!(page: Hooks::new().before_perform("x", |ctx| async move { ctx.args::<Archive>().map(drop) }));
    assert!(!it.is_empty());
    let it = row!(page: Hooks::new().before_perform("x", |_ctx| async { Err(JobError::dont_perform()) }));
    let drained = run(client, handlers.clone().hooks(it), &job).await?;
    assert_eq!(drained.skipped().len(), 1);
    let it =
        row!(page: Hooks::new().around_perform("x", |_ctx, next| async move { next.run().await }));
    let drained = run(client, handlers.clone().hooks(it), &job).await?;
    assert_eq!(drained.done(), 1);
    let it = row!(page: Hooks::new().after_perform("x", |_ctx| async { Ok(()) }));
    assert!(!it.is_empty());
    let it = row!(page: Hooks::new().on_failure("x", |_ctx, failure| async move { Err(failure.error.into()) }));
    assert!(!it.is_empty());
    let it = row!(page: WorkerHooks::new().before_first_fork(|_worker| async { Ok(()) }));
    it.run_before_first_fork(&worker).await?;
    drop(row!(page: WorkerHooks::new().before_fork(|_ctx| async { Ok(()) })));
    drop(row!(page: WorkerHooks::new().after_fork(|_ctx| async { Ok(()) })));
    let it = row!(page: WorkerHooks::new().before_pause(|_worker| async { Ok(()) }));
    it.run_before_pause(&worker).await?;
    let it = row!(page: WorkerHooks::new().after_pause(|_worker| async { Ok(()) }));
    it.run_after_pause(&worker).await?;
    let it = row!(page: WorkerHooks::new().queue_empty(|_worker| async { Ok(()) }));
    it.run_queue_empty(&worker).await?;
    let it = row!(page: WorkerHooks::new().worker_exit(|_worker| async { Ok(()) }));
    it.run_worker_exit(&worker).await?;
    let it = row!(page: WorkerHooks::new().shutdown(|_worker| async { Ok(()) }));
    it.run_shutdown(&worker).await?;
    page.finish();
    Ok(())
}

async fn running(store: Backend) -> TestResult {
    let page = Section::of("Ruby: workers that run");
    let client = &Client::new(store.clone());
    let backend = &store;
    let handlers = &handlers();
    let job = job();
    let idle = Worker::builder(store.clone()).queues("*").build()?;
    let env = WorkerEnv::from_vars([("QUEUE", "*"), ("INTERVAL", "0")])?;
    client.enqueue(&job).await?;
    drop(
        row!(page: Worker::builder(backend.clone()).queues("high,low").handlers(handlers.clone()).build()?),
    );
    let worker = row!(page: Worker::builder(backend.clone()).env(&env).handlers(handlers.clone()).handle_signals().build()?);
    row!(page: worker.handle().pause());
    row!(page: worker.handle().resume());
    let it = row!(page: worker.handle().phase() == Phase::Paused);
    assert!(!it);
    let it = row!(page: worker.run().await?);
    assert_eq!(it.processed, 1);
    row!(page: idle.handle().quit());
    row!(page: idle.handle().stop_now());
    let it = row!(page: drain(client, handlers.clone()).await?);
    assert_eq!(it.done(), 0);
    drop(
        row!(page: Worker::builder(backend.clone()).queues("*").heartbeat_every(Duration::from_secs(5))),
    );
    drop(
        row!(page: Worker::builder(backend.clone()).queues("*").prune_after(Duration::from_secs(60))),
    );
    page.finish();
    Ok(())
}

async fn registry(store: Backend) -> TestResult {
    let page = Section::of("Ruby: workers in the registry");
    let client = &Client::new(store.clone());
    let backend = &store;
    let job = job();
    let id = WorkerId::new("web1:4711:file_serve")?;
    let slots = std::slice::from_ref(&id);
    let now = client.store_time().await?;
    client.enqueue(&job).await?;
    let it = row!(page: backend.workers().register(slots, now).await?);
    assert!(it.is_empty());
    let it = row!(page: backend.workers().heartbeat(slots, now).await?);
    assert!(it.gone.is_empty());
    let it =
        row!(page: backend.queues().exchange(&[], slots, &QueueList::all(), now).await?.reserved);
    assert_eq!(it.len(), 1);
    let it = row!(page: client.workers().await?);
    assert_eq!(it.len(), 1);
    let it = row!(page: client.working().await?);
    assert_eq!(it.len(), 1);
    let it = row!(page: client.worker("nobody").await?.is_some());
    assert!(!it);
    let status = row!(page: client.worker("web1:4711:file_serve").await?.ok_or("no such worker")?);
    let it = row!(page: status.id.as_str());
    assert_eq!(it, "web1:4711:file_serve");
    let it = row!(page: status.id.host());
    assert_eq!(it, "web1");
    let it = row!(page: status.id.pid());
    assert_eq!(it, "4711");
    let it = row!(page: status.id.queues());
    assert_eq!(it, "file_serve");
    let it = row!(page: status.holds.as_ref().map(|held| (held.queue.clone(), held.payload.clone(), held.since)));
    assert!(it.is_some());
    let it = row!(page: status.holds.is_some());
    assert!(it);
    let it = row!(page: status.started);
    assert!(it.is_some());
    let it = row!(page: status.heartbeat);
    assert!(it.is_some());
    let it = row!(page: (status.processed, status.failed));
    assert_eq!(it, (0, 0));
    let it = row!(page: backend.workers().dead(now - Duration::from_secs(300)).await?);
    assert!(it.is_empty());
    let it = row!(page: client.suspects().await?);
    assert!(it.is_empty());
    let it = row!(page: client.remove_worker("web1:4711:file_serve").await?);
    assert!(it);
    assert_eq!(client.failures()?.count().await?, 1);
    row!(page: client.pause_all().await?);
    assert!(client.is_paused().await?);
    page.finish();
    Ok(())
}

async fn failures(store: Backend) -> TestResult {
    let page = Section::of("Ruby: failures");
    let client = &Client::new(store.clone());
    let failures = client.failures()?;
    let payload = Payload::from(r#"{"class":"Archive","args":[44,"masterbrew"]}"#);
    let now = client.store_time().await?;
    let record = FailureRecord::new(now, payload, "RuntimeError", "boom").on("w", "file_serve");
    let filter = FailureFilter::default().class("Archive");
    row!(page: failures.record(record.clone()).await?);
    let it = row!(page: failures.count().await?);
    assert_eq!(it, 1);
    let it = row!(page: failures.count_where(&FailureFilter::default().queue("file_serve").class("Archive")).await?);
    assert_eq!(it, 1);
    let entries = row!(page: failures.all(0, 20).await?);
    row!(page: failures.each(&filter, |entry| entry.content.record().is_some()).await?);
    let it = row!(page: failures.page(&FailureQuery::new(filter.clone()).limit(20)).await?);
    assert_eq!(it.entries.len(), 1);
    row!(page: failures.retry(&entries[0].id).await?);
    assert_eq!(client.size("file_serve").await?, 1);
    row!(page: failures.retry_as(FailureRetry::new(entries[0].id.clone()).and_remove()).await?);
    assert_eq!(failures.count().await?, 0);
    failures.record(record.clone()).await?;
    let it = row!(page: failures.retry_all().await?);
    assert_eq!(it, 1);
    let it = row!(page: failures.retry_queue("file_serve").await?);
    assert_eq!(it, 1);
    let it = row!(page: failures.clear_retried().await?);
    assert_eq!(it, 1);
    failures.record(record.clone()).await?;
    let entries = failures.all(0, 1).await?;
    row!(page: failures.remove(&entries[0].id).await?);
    failures.record(record.clone()).await?;
    let it = row!(page: failures.remove_queue("file_serve").await?);
    assert_eq!(it, 1);
    let it = row!(page: failures.clear().await?);
    assert_eq!(it, 0);
    page.finish();
    Ok(())
}

async fn counters(store: Backend) -> TestResult {
    let page = Section::of("Ruby: counters");
    let client = &Client::new(store.clone());
    let stats = client.stats()?;
    row!(page: stats.set("x", 5).await?);
    let it = row!(page: stats.incr("x", 2).await?);
    assert_eq!(it, 7);
    let it = row!(page: stats.decr("x", 1).await?);
    assert_eq!(it, 6);
    let it = row!(page: stats.get("x").await?);
    assert_eq!(it, 6);
    row!(page: stats.clear("x").await?);
    assert_eq!(stats.get("x").await?, 0);
    page.finish();
    Ok(())
}

async fn scheduler(store: Backend) -> TestResult {
    let page = Section::of("Ruby: resque-scheduler, delayed jobs");
    let client = &Client::new(store.clone());
    let job = job();
    let delayed = client.delayed()?;
    let minute = Duration::from_secs(60);
    let at = client.store_time().await? + minute;
    let it = row!(page: client.enqueue_at(at, &job).await?);
    assert!(it.is_taken());
    let it = row!(page: client.enqueue_in(minute, &job).await?);
    assert!(it.is_taken());
    let it = row!(page: client.submit(NewJob::of(&job).to("q").at(at)).await?);
    assert!(it.is_taken());
    let it = row!(page: client.submit(NewJob::of(&job).to("q").after(minute)).await?);
    assert!(it.is_taken());
    let it = row!(page: delayed.count().await?);
    assert_eq!(it, 4);
    let it = row!(page: !delayed.of(&job).await?.is_empty());
    assert!(it);
    let it = row!(page: delayed.of(&job).await?[0].due);
    assert!(it >= at);
    let it = row!(page: delayed.page(None, 20).await?.jobs);
    assert_eq!(it.len(), 4);
    let it = row!(page: delayed.next().await?.map(|job| job.due));
    assert!(it.is_some());
    let it = row!(page: delayed.find(|job| job.due > at).await?);
    assert!(it.len() <= 4);
    row!(page: delayed.cancel(&delayed.of(&job).await?[0].id).await?);
    row!(page: delayed.postpone(&delayed.of(&job).await?[0].id, at + minute).await?);
    row!(page: delayed.enqueue_now(&delayed.of(&job).await?[0].id).await?);
    let it = row!(page: delayed.enqueue_all_now(&delayed.of(&job).await?[..1]).await?);
    assert_eq!(it, 1);
    let it = row!(page: delayed.cancel_all(&delayed.of(&job).await?).await?);
    assert_eq!(it, 1);
    let it = row!(page: delayed.cancel_all(&delayed.find(|_| true).await?).await?);
    assert_eq!(it, 0);
    page.finish();
    Ok(())
}

on_each_store!(
    connecting, queues, jobs, hooks, running, registry, failures, counters, scheduler
);
