//! Up, down, and many at once.

use resque_core::Error;
use resque_postgres::{Migrator, VERSION};

use crate::support::{applied, config, run};

#[tokio::test]
async fn up_and_down_and_up_again() {
    let config = config("up 'and' down");
    let migrator = Migrator::new(config.clone());
    let steps = usize::try_from(VERSION).unwrap();
    assert_eq!(applied(&migrator).await.unwrap(), vec![false; steps]);
    for _ in 0..2 {
        assert_eq!(migrator.up().await.unwrap(), steps);
        assert_eq!(migrator.up().await.unwrap(), 0);
        assert_eq!(applied(&migrator).await.unwrap(), vec![true; steps]);
        assert_eq!(migrator.down_to(0).await.unwrap(), steps);
        assert_eq!(migrator.down_to(0).await.unwrap(), 0);
    }
    // Nothing is left of ours, so that the schema can go without force.
    run(&config, "drop schema SCHEMA restrict").await;
}

#[tokio::test]
async fn ten_processes_may_start_at_once() {
    let config = config("ten");
    let mut starts = Vec::new();
    for _ in 0..10 {
        let migrator = Migrator::new(config.clone());
        starts.push(tokio::spawn(async move { migrator.up().await }));
    }
    let mut made = 0;
    for start in starts {
        made += start.await.unwrap().unwrap();
    }
    assert_eq!(made, usize::try_from(VERSION).unwrap());
}

#[tokio::test]
async fn a_migration_that_was_applied_in_another_form_is_told_of() {
    let config = config("another form");
    let migrator = Migrator::new(config.clone());
    migrator.up().await.unwrap();
    let status = migrator.status().await.unwrap();
    assert!(status.iter().all(|step| !step.changed), "{status:?}");
    run(
        &config,
        "update SCHEMA.migrations set digest = digest + 1 where version = 2",
    )
    .await;
    let status = migrator.status().await.unwrap();
    let changed = status.iter().filter(|step| step.changed);
    let changed: Vec<String> = changed.map(ToString::to_string).collect();
    assert_eq!(changed, ["0002_schedules: applied in another form"]);
    // It is for people to say whether that is good enough.
    assert_eq!(migrator.up().await.unwrap(), 0);
}

#[tokio::test]
async fn a_newer_schema_is_left_alone() {
    let config = config("newer");
    let migrator = Migrator::new(config.clone());
    migrator.up().await.unwrap();
    let newer = "insert into SCHEMA.migrations (version, name) values (9999, '9999_later')";
    run(&config, newer).await;
    for outcome in [migrator.up().await, migrator.down_to(0).await] {
        let error = outcome.unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
        assert!(error.to_string().contains("version 9999"), "{error}");
    }
    let status = migrator.status().await.unwrap();
    assert!(status.last().is_some_and(|step| !step.known));
}
