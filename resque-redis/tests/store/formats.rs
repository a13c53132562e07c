//! Exactly Resque's keys and texts.

use resque_core::{Enqueue, FailureRecord, FailureRetry, Settlement};
use resque_redis::FailureLayout;

use crate::support::{World, at, job, list, name, slot};

#[tokio::test]
async fn a_push_writes_what_ruby_writes() {
    let world = World::new().await;
    world.push("file_serve", job(44)).await;
    assert_eq!(world.raw.members("queues").await, ["file_serve"]);
    assert_eq!(
        world.raw.list("queue:file_serve").await,
        [r#"{"class":"Archive","args":[44,"masterbrew"]}"#]
    );
    assert_eq!(world.raw.dump().await.len(), 2);
}

#[tokio::test]
async fn a_delayed_push_writes_what_resque_scheduler_writes() {
    let world = World::new().await;
    let jobs = [44, 45, 45].map(|n| Enqueue::at(name("file_serve"), job(n), at(0)));
    world.backend.queues().push(&jobs).await.unwrap();
    let item = |n: usize| {
        format!(r#"{{"class":"Archive","args":[{n},"masterbrew"],"queue":"file_serve"}}"#)
    };
    assert_eq!(
        world.raw.list("delayed:1795215625").await,
        [item(44), item(45), item(45)]
    );
    for n in [44, 45] {
        let times = world.raw.members(&format!("timestamps:{}", item(n))).await;
        assert_eq!(times, ["delayed:1795215625"]);
    }
    let schedule = world
        .raw
        .on(
            "ZRANGE",
            "delayed_queue_schedule",
            &[b"0", b"-1", b"WITHSCORES"],
        )
        .await;
    assert_eq!(
        crate::support::texts(schedule),
        ["1795215625", "1795215625"]
    );
    assert_eq!(world.raw.dump().await.len(), 4);
}

#[tokio::test]
async fn what_resque_scheduler_cannot_keep_waits_in_our_own_set() {
    let world = World::new().await;
    let millis = std::time::Duration::from_millis(1);
    let odd = [
        Enqueue::at(name("mail"), r#"{"class":"A","args":[],"id":7}"#, at(0)),
        Enqueue::at(name("mail"), r#"{"args":[],"class":"A"}"#, at(0)),
        Enqueue::at(name("mail"), "{oops", at(0)),
        Enqueue::at(name("mail"), job(1), at(0) + millis),
    ];
    world.backend.queues().push(&odd).await.unwrap();
    let mut keys = world
        .backend
        .queues()
        .keyspace()
        .unwrap()
        .keys()
        .await
        .unwrap();
    keys.sort();
    assert_eq!(keys, ["rs:delayed", "rs:delayed:jobs"]);
}

#[tokio::test]
async fn a_note_and_a_failure_have_rubys_keys_in_rubys_order() {
    for (layout, list_name) in [
        (FailureLayout::Single, "failed"),
        (FailureLayout::PerQueue, "mail_failed"),
    ] {
        let world = World::laid_out(layout).await;
        world.push("mail", job(44)).await;
        let given = world.reserve_one(&slot(0), "mail").await;
        let note = world.raw.get(&format!("worker:{}", slot(0))).await.unwrap();
        let expected = format!(
            r#"{{"queue":"mail","run_at":"2026-11-20T23:00:25Z","payload":{},"rs":{{"receipt":""#,
            job(44)
        );
        assert!(
            note.starts_with(&expected) && note.ends_with(r#""}}"#),
            "{note}"
        );
        let record = FailureRecord::new(at(2), given.payload, "RuntimeError", "boom")
            .on(slot(0).as_str(), "mail")
            .backtrace(vec!["a.rs:1".to_owned()]);
        let queues = world.backend.queues();
        let failed = [Settlement::failed(given.receipt, record)];
        queues
            .exchange(&failed, &[], &list("mail"), at(2))
            .await
            .unwrap();
        let entry = world.raw.list(list_name).await.remove(0);
        let expected = format!(
            r#"{{"failed_at":"2026/11/20 23:00:27 UTC","payload":{},"exception":"RuntimeError","error":"boom","backtrace":["a.rs:1"],"worker":"{}","queue":"mail","id":""#,
            job(44),
            slot(0)
        );
        assert!(entry.starts_with(&expected), "{entry}");

        let failures = world.backend.failures();
        let page = failures.list(&Default::default()).await.unwrap();
        let retry = FailureRetry::new(page.entries[0].id.clone());
        failures
            .retry(&[retry], at(6))
            .await
            .unwrap()
            .remove(0)
            .unwrap();
        let marked = world.raw.list(list_name).await.remove(0);
        let zone = if layout == FailureLayout::Single {
            " UTC"
        } else {
            ""
        };
        let end = format!(r#","retried_at":"2026/11/20 23:00:31{zone}"}}"#);
        assert_eq!(marked, format!("{}{end}", &entry[..entry.len() - 1]));
        assert_eq!(world.raw.list("queue:mail").await, [job(44)]);
        let names = world.raw.members("failed_queues").await;
        let expected: &[&str] = if layout == FailureLayout::Single {
            &[]
        } else {
            &["mail_failed"]
        };
        assert_eq!(names, expected);
    }
}

#[tokio::test]
async fn a_stopped_queue_and_a_pause_are_the_plugins_and_rubys_keys() {
    let world = World::new().await;
    let control = world.backend.queues().control().unwrap();
    control.set_stopped(&name("mail"), true).await.unwrap();
    control.set_paused(true).await.unwrap();
    assert_eq!(
        world.raw.get("pause:queue:mail").await.as_deref(),
        Some("true")
    );
    assert_eq!(
        world.raw.get("pause-all-workers").await.as_deref(),
        Some("true")
    );
    control.set_stopped(&name("mail"), false).await.unwrap();
    control.set_paused(false).await.unwrap();
    assert_eq!(world.raw.dump().await, []);
}

#[tokio::test]
async fn a_namespace_with_glob_characters_is_cleared_alone() {
    let server = resque_testserver::shared_redis().unwrap();
    let config = |namespace: &str| {
        resque_redis::Config::parse(&server.url())
            .unwrap()
            .with_namespace(namespace)
    };
    let root = format!("glob:{}", resque_testserver::this_run());
    let mut worlds = Vec::new();
    for namespace in [
        format!("{root}[ab]*"),
        format!("{root}a"),
        format!("{root}[ab]x"),
    ] {
        let backend = resque_redis::RedisBackend::builder(config(&namespace))
            .connect()
            .await
            .unwrap();
        backend
            .queues()
            .push(&[Enqueue::new(name("mail"), job(1))])
            .await
            .unwrap();
        worlds.push(backend);
    }
    assert_eq!(worlds[0].queues().clear().await.unwrap(), 2);
    for (backend, left) in worlds.iter().zip([0, 2, 2]) {
        let keys = backend.queues().keyspace().unwrap().keys().await.unwrap();
        assert_eq!(keys.len(), left);
        backend.queues().clear().await.unwrap();
    }
}

#[tokio::test]
async fn thousands_of_keys_are_cleared() {
    let world = World::new().await;
    let jobs: Vec<_> = (0..3000)
        .map(|n| Enqueue::new(name(&format!("q{n}")), job(n)))
        .collect();
    world.backend.queues().push(&jobs).await.unwrap();
    assert_eq!(
        world.backend.queues().queues().await.unwrap().queues.len(),
        3000
    );
    assert_eq!(world.backend.queues().clear().await.unwrap(), 3001);
    assert_eq!(world.raw.dump().await, []);
}

#[tokio::test]
async fn the_server_says_what_it_is() {
    let world = World::new().await;
    let keyspace = world.backend.queues().keyspace().unwrap();
    let facts = keyspace.server_facts().await.unwrap();
    let fact = |name: &str| facts.iter().find(|(known, _)| known == name);
    assert_eq!(fact("redis_mode").unwrap().1, "standalone");
    assert!(fact("redis_version").unwrap().1.contains('.'));
    assert!(facts.iter().all(|(name, _)| !name.starts_with('#')));
}
