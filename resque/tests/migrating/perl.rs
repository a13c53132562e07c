//! The rows about the Perl client.

use crate::support::*;

async fn perl_resque(store: Backend) -> TestResult {
    let page = Section::of("Perl: Resque");
    let client = &Client::new(store.clone());
    let backend = &store;
    let handlers = &handlers();
    let job = job();
    let from: QueueList = "high,low".parse()?;
    let it = row!(page: Client::new(connect("memory:?namespace=shop").await?));
    assert_eq!(it.key(&["x"])?, "shop:x");
    let it = row!(page: client.create_job("low", "Archive", (44, "masterbrew")).await?);
    assert_eq!(it, 1);
    let it = row!(page: client.enqueue_to("low", &job).await?);
    assert!(it.is_taken());
    let it = row!(page: client.peek("low", Page::perl(0, -1)).await?);
    assert_eq!(it.len(), 2);
    let it = row!(page: client.peek("low", Page::perl(1, 1)).await?[0].payload().clone());
    assert!(!it.as_bytes().is_empty());
    let it = row!(page: client.destroy("low", "Archive", Some(&(44, "masterbrew"))).await?);
    assert_eq!(it, 2);
    let it = row!(page: client.pop("low").await?);
    assert_eq!(it, None);
    client.enqueue_to("low", &job).await?;
    let it = row!(page: client.pop_wait(&from, Some(Duration::from_secs(30))).await?);
    assert_eq!(
        it.map(|job| job.queue().to_string()).as_deref(),
        Some("low")
    );
    let it = row!(page: client.size("low").await?);
    assert_eq!(it, 0);
    let it = row!(page: client.sizes().await?);
    assert_eq!(it["low"], 0);
    let it = row!(page: client.queues().await?);
    assert_eq!(it.len(), 1);
    let it = row!(page: client.create_queue("high").await?);
    assert!(it);
    let it = row!(page: client.remove_queue("high").await?);
    assert_eq!(it, 0);
    let it = row!(page: QueuedJob::new("low".parse()?, Payload::from(r#"{"class":"Archive","args":[44,"masterbrew"]}"#)));
    assert_eq!(it.class(), Some("Archive"));
    let it = row!(page: client.key(&["queue", "low"])?);
    assert!(it.ends_with(":queue:low"));
    let it = row!(page: client.keys().await?);
    assert!(!it.is_empty());
    row!(page: client.failures()?.record(FailureRecord::new(client.store_time().await?, Payload::from("{}"), "Resque::Failure::Job", "boom").on("w", "low")).await?);
    drop(
        row!(page: Worker::builder(backend.clone()).queues("high,low").handlers(handlers.clone()).build()?),
    );
    let it = row!(page: client.flush().await?);
    assert!(it > 0);
    page.finish();
    Ok(())
}

async fn perl_job(store: Backend) -> TestResult {
    let page = Section::of("Perl: Resque::Job");
    let client = &Client::new(store.clone());
    let handlers = &handlers();
    let queued = QueuedJob::new(
        "q".parse()?,
        Payload::from(r#"{"class":"Archive","args":[44,"masterbrew"]}"#),
    );
    let performer = Performer::new(handlers.clone(), client.clone());
    let it = row!(page: (queued.class(), queued.queue(), queued.payload()));
    assert_eq!(it.0, Some("Archive"));
    let it = row!(page: queued.args::<(u64, String)>()?);
    assert_eq!(it.0, 44);
    let it = row!(page: queued.payload().clone());
    assert!(it.to_text_lossy().starts_with(r#"{"class":"#));
    let it = row!(page: queued.to_string());
    assert_eq!(it, r#"(Job{q} | Archive | [44, "masterbrew"])"#);
    let it = row!(page: Archive::QUEUE);
    assert_eq!(it, "file_serve");
    let it = row!(page: performer.perform(&performer.prepare(queued.attempt())).await);
    assert_eq!(it, Performed::Done);
    let it = row!(page: client.push(queued.queue().as_str(), queued.payload().clone()).await?);
    assert_eq!(it, 1);
    let it = row!(page: client.destroy("q", "Archive", Some(&queued.args::<Archive>()?)).await?);
    assert_eq!(it, 1);
    row!(page: client.failures()?.record(JobFailure::new("RuntimeError", "boom").into_record(&performer.prepare(queued.attempt()), client.store_time().await?)).await?);
    page.finish();
    Ok(())
}

async fn perl_worker(store: Backend) -> TestResult {
    let page = Section::of("Perl: Resque::Worker");
    let client = &Client::new(store.clone());
    let backend = &store;
    let handlers = &handlers();
    let idle = Worker::builder(store.clone()).queues("*").build()?;
    let env = WorkerEnv::from_vars([("QUEUE", "high,low"), ("INTERVAL", "0")])?;
    let id = WorkerId::new("host:1:q")?;
    let now = client.store_time().await?;
    backend
        .workers()
        .register(std::slice::from_ref(&id), now)
        .await?;
    drop(row!(page: Worker::builder(backend.clone()).queues("high,low")));
    drop(
        row!(page: Worker::builder(backend.clone()).queues("high,low").polling(Polling::default())),
    );
    let it = row!(page: Worker::builder(backend.clone()).env(&env).handlers(handlers.clone()).build()?.run().await?);
    assert_eq!(it.processed, 0);
    row!(page: idle.handle().pause());
    row!(page: idle.handle().quit());
    row!(page: idle.handle().stop_now());
    let it = row!(page: drain(client, handlers.clone()).await?.done());
    assert_eq!(it, 0);
    let it = row!(page: client.workers().await?);
    assert_eq!(it.len(), 1);
    let status = row!(page: client.worker("host:1:q").await?.ok_or("no such worker")?);
    let it = row!(page: status.holds.is_some());
    assert!(!it);
    let it = row!(page: status.holds.as_ref().map(|held| (held.payload.clone(), held.since)));
    assert!(it.is_none());
    let it = row!(page: client.working().await?);
    assert!(it.is_empty());
    let it = row!(page: status.started);
    assert!(it.is_some());
    let it = row!(page: (status.processed, status.failed));
    assert_eq!(it, (0, 0));
    let it = row!(page: backend.workers().register(std::slice::from_ref(&id), now).await?);
    assert!(it.is_empty());
    let it = row!(page: backend.workers().dead(now - Duration::from_secs(60)).await?);
    assert!(it.is_empty());
    let it = row!(page: client.remove_worker("host:1:q").await?);
    assert!(it);
    page.finish();
    Ok(())
}

async fn perl_failures(store: Backend) -> TestResult {
    let page = Section::of("Perl: Resque::Failures");
    let client = &Client::new(store.clone());
    let failures = client.failures()?;
    let payload = Payload::from(r#"{"class":"Archive","args":[44,"masterbrew"]}"#);
    let now = client.store_time().await?;
    let record = FailureRecord::new(now, payload, "RuntimeError", "boom").on("w", "file_serve");
    row!(page: failures.record(record.clone()).await?);
    let it = row!(page: failures.count().await?);
    assert_eq!(it, 1);
    let entries = row!(page: failures.all(0, usize::MAX).await?);
    row!(page: failures.retry(&entries[0].id).await?);
    row!(page: failures.remove(&entries[0].id).await?);
    failures.record(record.clone()).await?;
    let it = row!(page: MassRemove::new().class("Archive").when(|record| record.error.contains("boom")).limit(9).run(&failures).await?);
    assert_eq!(it, 1);
    let it = row!(page: MassRemove::new().queue("file_serve").requeue_to("other")?.run(&failures).await?);
    assert_eq!(it, 0);
    let it = row!(page: failures.clear().await?);
    assert_eq!(it, 0);
    page.finish();
    Ok(())
}

async fn perl_stat(store: Backend) -> TestResult {
    let page = Section::of("Perl: Resque::Stat");
    let client = &Client::new(store.clone());
    let stats = client.stats()?;
    row!(page: stats.set("k", 1).await?);
    let it = row!(page: stats.incr("k", 2).await?);
    assert_eq!(it, 3);
    let it = row!(page: stats.decr("k", 1).await?);
    assert_eq!(it, 2);
    let it = row!(page: stats.get("k").await?);
    assert_eq!(it, 2);
    row!(page: stats.clear("k").await?);
    page.finish();
    Ok(())
}

on_each_store!(perl_resque, perl_job, perl_worker, perl_failures, perl_stat);
